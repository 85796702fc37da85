//! YUYV (YUY2, packed 4:2:2) to I420.

use super::{Picture, Size};
use yuv::{BufferStoreMut, YuvPackedImage, YuvPlanarImageMut, yuyv422_to_yuv420};

/// Why a buffer is no picture in YUYV.
#[derive(Debug, thiserror::Error)]
pub(crate) enum YuyvError {
    #[error("the device gave {got} bytes for a picture of {size}, which takes {need}")]
    Short { size: Size, got: usize, need: usize },
    #[error("a picture of {size} cannot be converted: {reason}")]
    Convert { size: Size, reason: String },
}

/// Converts `bytes`, `stride` bytes a row (0: no padding), into `picture`. An odd last row or
/// column is cropped.
pub(crate) fn read_yuyv(
    bytes: &[u8],
    size: Size,
    stride: usize,
    picture: &mut Picture,
) -> Result<(), YuyvError> {
    let size = size.even();
    let row = size.width as usize * 2;
    let stride = stride.max(row);
    let need = stride * size.height as usize;
    let Some(yuy) = bytes.get(..need) else {
        return Err(YuyvError::Short {
            size,
            got: bytes.len(),
            need,
        });
    };
    let planes = picture.reshape(size);
    let mut planar = YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(planes.y),
        y_stride: size.width,
        u_plane: BufferStoreMut::Borrowed(planes.u),
        u_stride: size.width / 2,
        v_plane: BufferStoreMut::Borrowed(planes.v),
        v_stride: size.width / 2,
        width: size.width,
        height: size.height,
    };
    let convert = |reason: String| YuyvError::Convert { size, reason };
    let yuy_stride =
        u32::try_from(stride).map_err(|_| convert("the rows are too long".to_owned()))?;
    let packed = YuvPackedImage {
        yuy,
        yuy_stride,
        width: size.width,
        height: size.height,
    };
    yuyv422_to_yuv420(&mut planar, &packed).map_err(|error| convert(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose luma counts pixels and whose chroma counts pairs, `padding` bytes after each
    /// row.
    fn packed(size: Size, padding: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for y in 0..size.height {
            for x in (0..size.width).step_by(2) {
                let at = (y * size.width + x) as u8;
                bytes.extend([at, (x / 2) as u8 + 100, at + 1, (x / 2) as u8 + 200]);
            }
            bytes.extend(std::iter::repeat_n(0xee, padding));
        }
        bytes
    }

    #[test]
    fn luma_is_copied_and_chroma_halved() {
        let size = Size::new(8, 4);
        for padding in [0, 12] {
            let mut picture = Picture::empty();
            read_yuyv(&packed(size, padding), size, 16 + padding, &mut picture).unwrap();
            assert_eq!(picture.y(), (0..32).collect::<Vec<u8>>());
            assert_eq!(picture.u(), [100, 101, 102, 103, 100, 101, 102, 103]);
            assert_eq!(picture.v(), [200, 201, 202, 203, 200, 201, 202, 203]);
        }
    }

    #[test]
    fn an_odd_last_row_is_cropped() {
        let size = Size::new(8, 5);
        let mut picture = Picture::empty();
        read_yuyv(&packed(size, 0), size, 0, &mut picture).unwrap();
        assert_eq!(picture.size(), Size::new(8, 4));
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error() {
        let size = Size::new(8, 4);
        let bytes = packed(size, 0);
        let mut picture = Picture::empty();
        for len in 0..bytes.len() {
            assert!(matches!(
                read_yuyv(&bytes[..len], size, 16, &mut picture),
                Err(YuyvError::Short { need: 64, .. })
            ));
        }
    }
}
