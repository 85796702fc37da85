//! Packed 4:2:2 to I420.

use super::{Picture, Size};
use yuv::{
    BufferStoreMut, YuvPackedImage, YuvPlanarImageMut, uyvy422_to_yuv420, yuyv422_to_yuv420,
};

/// The order of the bytes of two pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Also called YUY2: webcams.
    Yuyv,
    /// HDMI bridges.
    Uyvy,
}

/// Why a buffer is no packed picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackedError {
    #[error("the device gave {got} bytes for a picture of {size}, which takes {need}")]
    Short { size: Size, got: usize, need: usize },
    #[error("a picture of {size} cannot be converted: {reason}")]
    Convert { size: Size, reason: String },
}

/// Converts `bytes`, `stride` bytes a row (0: no padding), into `picture`. An odd last row or
/// column is cropped.
pub(crate) fn read_packed(
    packing: Packing,
    bytes: &[u8],
    size: Size,
    stride: usize,
    picture: &mut Picture,
) -> Result<(), PackedError> {
    let size = size.even();
    let row = size.width as usize * 2;
    let stride = stride.max(row);
    let need = stride * size.height as usize;
    let Some(yuy) = bytes.get(..need) else {
        return Err(PackedError::Short {
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
    let convert = |reason: String| PackedError::Convert { size, reason };
    let yuy_stride =
        u32::try_from(stride).map_err(|_| convert("the rows are too long".to_owned()))?;
    let packed = YuvPackedImage {
        yuy,
        yuy_stride,
        width: size.width,
        height: size.height,
    };
    let unpack = match packing {
        Packing::Yuyv => yuyv422_to_yuv420,
        Packing::Uyvy => uyvy422_to_yuv420,
    };
    unpack(&mut planar, &packed).map_err(|error| convert(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKINGS: [Packing; 2] = [Packing::Yuyv, Packing::Uyvy];

    /// A picture whose luma counts pixels and whose chroma counts pairs, `padding` bytes after each
    /// row.
    fn packed(packing: Packing, size: Size, padding: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for y in 0..size.height {
            for x in (0..size.width).step_by(2) {
                let left = (y * size.width + x) as u8;
                let (u, v) = ((x / 2) as u8 + 100, (x / 2) as u8 + 200);
                bytes.extend(match packing {
                    Packing::Yuyv => [left, u, left + 1, v],
                    Packing::Uyvy => [u, left, v, left + 1],
                });
            }
            bytes.extend(std::iter::repeat_n(0xee, padding));
        }
        bytes
    }

    #[test]
    fn luma_is_copied_and_chroma_halved() {
        // The second is wide enough for vector instructions and leaves a rest.
        for (size, padding) in [
            (Size::new(8, 4), 0),
            (Size::new(8, 4), 12),
            (Size::new(100, 2), 0),
        ] {
            for packing in PACKINGS {
                let bytes = packed(packing, size, padding);
                let stride = size.width as usize * 2 + padding;
                let mut picture = Picture::empty();
                read_packed(packing, &bytes, size, stride, &mut picture).unwrap();
                let luma = 0..(size.width * size.height) as u8;
                assert_eq!(picture.y(), luma.collect::<Vec<_>>(), "{packing:?}");
                let pairs = size.width as usize / 2;
                for (plane, first) in [(picture.u(), 100), (picture.v(), 200)] {
                    let row: Vec<_> = (first..).take(pairs).collect();
                    for chroma in plane.chunks(pairs) {
                        assert_eq!(chroma, row, "{packing:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_odd_last_row_is_cropped() {
        let size = Size::new(8, 5);
        for packing in PACKINGS {
            let mut picture = Picture::empty();
            read_packed(packing, &packed(packing, size, 0), size, 0, &mut picture).unwrap();
            assert_eq!(picture.size(), Size::new(8, 4));
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error() {
        let size = Size::new(8, 4);
        let mut picture = Picture::empty();
        for packing in PACKINGS {
            let bytes = packed(packing, size, 0);
            for len in 0..bytes.len() {
                assert!(matches!(
                    read_packed(packing, &bytes[..len], size, 16, &mut picture),
                    Err(PackedError::Short { need: 64, .. })
                ));
            }
        }
    }
}
