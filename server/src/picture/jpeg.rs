//! JPEG pictures, as cameras put them into MJPEG, to I420.
//!
//! libjpeg-turbo decodes to planar YCbCr at the JPEG's own subsampling; chroma is then reduced to
//! 4:2:0 and everything compressed to limited range in the same pass. Colours never go through RGB.

use super::range::{chroma, luma};
use super::{Matrix, Picture, Size};
use turbojpeg::{Colorspace, Decompressor, Subsamp, YuvImage};

/// Why a JPEG gave no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JpegError {
    #[error("no JPEG decoder: {0}")]
    Decoder(String),
    #[error("damaged JPEG of {bytes} bytes: {reason}")]
    Damaged { bytes: usize, reason: String },
    #[error("a JPEG of {0} cannot be encoded as video")]
    Size(Size),
    #[error("a JPEG with {0} is not supported")]
    Layout(String),
}

/// A decoder with its memory, for one source.
pub(crate) struct JpegDecoder {
    turbo: Decompressor,
    planar: Vec<u8>,
}

impl JpegDecoder {
    pub(crate) fn new() -> Result<JpegDecoder, JpegError> {
        let turbo = Decompressor::new().map_err(|error| JpegError::Decoder(error.to_string()))?;
        Ok(JpegDecoder {
            turbo,
            planar: Vec::new(),
        })
    }

    /// Decodes one JPEG into `picture`, which takes the JPEG's size, odd sides cropped. After an
    /// error `picture` is as it was.
    pub(crate) fn decode(&mut self, jpeg: &[u8], picture: &mut Picture) -> Result<(), JpegError> {
        let result = self.decode_with(jpeg, picture);
        if result.is_err() {
            // Tables of a damaged JPEG stay behind in the decoder and fail the next one.
            *self = JpegDecoder::new()?;
        }
        result
    }

    fn decode_with(&mut self, jpeg: &[u8], picture: &mut Picture) -> Result<(), JpegError> {
        let damaged = |reason: String| JpegError::Damaged {
            bytes: jpeg.len(),
            reason,
        };
        let header = self
            .turbo
            .read_header(jpeg)
            .map_err(|error| damaged(error.to_string()))?;
        let size = size_of(header.width, header.height)?;
        let reduce = Reduce::of(header.colorspace, header.subsamp)?;

        let layout = YuvImage {
            pixels: (),
            width: header.width,
            align: 1,
            height: header.height,
            subsamp: header.subsamp,
        };
        let y = Plane {
            width: layout.y_width(),
            height: layout.y_height(),
        };
        let c = match reduce {
            Reduce::Grey => Plane {
                width: 0,
                height: 0,
            },
            _ => Plane {
                width: layout.uv_width(),
                height: layout.uv_height(),
            },
        };
        self.planar.resize(y.len() + 2 * c.len(), 0);
        let image = YuvImage {
            pixels: self.planar.as_mut_slice(),
            width: layout.width,
            align: layout.align,
            height: layout.height,
            subsamp: layout.subsamp,
        };
        match self.turbo.decompress_to_yuv(jpeg, image) {
            Err(error) if !is_harmless(&error.to_string()) => {
                return Err(damaged(error.to_string()));
            }
            _ => {}
        }

        let planes = picture.reshape(size);
        let (width, half) = (size.width as usize, size.width as usize / 2);
        let (luma_plane, chroma_planes) = self.planar.split_at(y.len());
        let (u, v) = chroma_planes.split_at(c.len());
        for (to, from) in planes
            .y
            .chunks_exact_mut(width)
            .zip(luma_plane.chunks_exact(y.width))
        {
            for (to, from) in to.iter_mut().zip(from) {
                *to = luma(*from);
            }
        }
        reduce.plane(u, c.width, planes.u, half);
        reduce.plane(v, c.width, planes.v, half);
        picture.matrix = Matrix::Bt601;
        Ok(())
    }
}

/// The extent of a decoded plane.
struct Plane {
    width: usize,
    height: usize,
}

impl Plane {
    fn len(&self) -> usize {
        self.width * self.height
    }
}

fn size_of(width: usize, height: usize) -> Result<Size, JpegError> {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let size = Size::new(side(width), side(height));
    if size.even().is_encodable() {
        Ok(size.even())
    } else {
        Err(JpegError::Size(size))
    }
}

/// libjpeg-turbo fails on every warning, the picture decoded all the same. Many webcams pad their
/// JPEGs with a byte or two, which is one; all other warnings mean that a part of the picture is
/// missing or wrong.
fn is_harmless(warning: &str) -> bool {
    warning.contains("extraneous bytes before marker")
}

/// How to get from the JPEG's chroma to that of 4:2:0.
#[derive(Clone, Copy)]
enum Reduce {
    /// 4:2:0: as it is.
    Copy,
    /// 4:2:2: the mean of two rows.
    Rows,
    /// 4:4:0: the mean of two columns.
    Columns,
    /// 4:4:4: the mean of four.
    Both,
    /// No chroma at all.
    Grey,
}

impl Reduce {
    fn of(colours: Colorspace, subsampling: Subsamp) -> Result<Reduce, JpegError> {
        match (colours, subsampling) {
            (Colorspace::YCbCr, Subsamp::Sub2x2) => Ok(Reduce::Copy),
            (Colorspace::YCbCr, Subsamp::Sub2x1) => Ok(Reduce::Rows),
            (Colorspace::YCbCr, Subsamp::Sub1x2) => Ok(Reduce::Columns),
            (Colorspace::YCbCr, Subsamp::None) => Ok(Reduce::Both),
            (Colorspace::Gray | Colorspace::YCbCr, Subsamp::Gray) => Ok(Reduce::Grey),
            (colours, subsampling) => Err(JpegError::Layout(format!(
                "{colours:?} colours and {subsampling:?} subsampling"
            ))),
        }
    }

    /// Writes `to`, rows of `half` bytes, from `from`, rows of `width` bytes.
    fn plane(self, from: &[u8], width: usize, to: &mut [u8], half: usize) {
        if matches!(self, Reduce::Grey) {
            return to.fill(128);
        }
        let rows_each = if matches!(self, Reduce::Rows | Reduce::Both) {
            2
        } else {
            1
        };
        // The even part of the picture has two whole rows of chroma for each of ours: nothing is
        // read past the end.
        for (to, from) in to
            .chunks_exact_mut(half)
            .zip(from.chunks_exact(width * rows_each))
        {
            let (upper, lower) = from.split_at(width);
            match self {
                Reduce::Grey | Reduce::Copy => {
                    to.iter_mut()
                        .zip(upper)
                        .for_each(|(to, a)| *to = chroma(*a));
                }
                Reduce::Rows => {
                    to.iter_mut()
                        .zip(upper.iter().zip(lower))
                        .for_each(|(to, (a, b))| *to = chroma(a.midpoint(*b)));
                }
                Reduce::Columns => {
                    to.iter_mut()
                        .zip(upper.chunks_exact(2))
                        .for_each(|(to, a)| *to = chroma(mean(a)));
                }
                Reduce::Both => {
                    let fours = upper.chunks_exact(2).zip(lower.chunks_exact(2));
                    to.iter_mut()
                        .zip(fours)
                        .for_each(|(to, (a, b))| *to = chroma(mean(a).midpoint(mean(b))));
                }
            }
        }
    }
}

/// The mean of two samples.
fn mean(pair: &[u8]) -> u8 {
    match pair {
        [a, b] => a.midpoint(*b),
        _ => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use turbojpeg::{Compressor, Image, PixelFormat};

    const RED: [u8; 3] = [200, 30, 40];
    /// [`RED`] in limited-range BT.601.
    const RED_YUV: [i32; 3] = [86, 107, 202];

    fn jpeg(width: usize, height: usize, subsampling: Subsamp) -> Vec<u8> {
        let pixels = RED.repeat(width * height);
        let image = Image {
            pixels: &pixels[..],
            width,
            pitch: width * 3,
            height,
            format: PixelFormat::RGB,
        };
        let mut compressor = Compressor::new().unwrap();
        compressor.set_subsamp(subsampling).unwrap();
        compressor.compress_to_vec(image).unwrap()
    }

    fn is_close(plane: &[u8], value: i32) -> bool {
        !plane.is_empty()
            && plane
                .iter()
                .all(|&sample| (i32::from(sample) - value).abs() <= 2)
    }

    #[test]
    fn colours_come_out_right_at_every_subsampling_and_size() {
        let mut decoder = JpegDecoder::new().unwrap();
        let mut picture = Picture::empty();
        for subsampling in [
            Subsamp::Sub2x2,
            Subsamp::Sub2x1,
            Subsamp::Sub1x2,
            Subsamp::None,
            Subsamp::Gray,
        ] {
            for (width, height) in [(64, 48), (33, 31), (32, 31), (33, 32), (17, 17)] {
                decoder
                    .decode(&jpeg(width, height, subsampling), &mut picture)
                    .unwrap();
                let case = format!("{subsampling:?} {width}x{height}");
                assert_eq!(
                    picture.size(),
                    Size::new(width as u32, height as u32).even(),
                    "{case}"
                );
                assert!(
                    is_close(picture.y(), RED_YUV[0]),
                    "{case}: {:?}",
                    &picture.y()[..4]
                );
                let [_, u, v] = if subsampling == Subsamp::Gray {
                    [0, 128, 128]
                } else {
                    RED_YUV
                };
                assert!(
                    is_close(picture.u(), u) && is_close(picture.v(), v),
                    "{case}: {:?}",
                    &picture.u()[..4]
                );
            }
        }
    }

    #[test]
    fn a_truncated_jpeg_is_an_error_wherever_it_ends() {
        let mut decoder = JpegDecoder::new().unwrap();
        let mut picture = Picture::empty();
        let jpeg = jpeg(64, 48, Subsamp::Sub2x1);
        for len in 0..jpeg.len() - 2 {
            assert!(
                decoder.decode(&jpeg[..len], &mut picture).is_err(),
                "{len} bytes of {}",
                jpeg.len()
            );
        }
    }

    #[test]
    fn garbage_is_an_error_and_the_next_picture_is_fine() {
        let mut decoder = JpegDecoder::new().unwrap();
        let mut picture = Picture::empty();
        let good = jpeg(64, 48, Subsamp::Sub2x1);
        for seed in 0..2_000u32 {
            let mut bad = good.clone();
            for n in 0..4 {
                let at = seed.wrapping_mul(2_654_435_761).rotate_left(n * 7) as usize % bad.len();
                bad[at] = (seed.wrapping_mul(40_503) >> (n * 3)) as u8;
            }
            // Changed bytes may make another valid picture: only that nothing else happens is
            // claimed.
            let _ = decoder.decode(&bad, &mut picture);
        }
        assert!(decoder.decode(b"no JPEG at all", &mut picture).is_err());
        decoder.decode(&good, &mut picture).unwrap();
        assert!(is_close(picture.y(), RED_YUV[0]));
    }

    #[test]
    fn stray_bytes_before_the_end_marker_are_forgiven() {
        let mut padded = jpeg(64, 48, Subsamp::Sub2x1);
        let end = padded.len() - 2;
        padded.splice(end..end, [0, 0]);
        let mut picture = Picture::empty();
        JpegDecoder::new()
            .unwrap()
            .decode(&padded, &mut picture)
            .unwrap();
        assert!(is_close(picture.y(), RED_YUV[0]));
    }

    #[test]
    fn a_size_that_no_encoder_takes_is_refused() {
        let mut decoder = JpegDecoder::new().unwrap();
        let result = decoder.decode(&jpeg(8, 8, Subsamp::Sub2x2), &mut Picture::empty());
        assert!(matches!(result, Err(JpegError::Size(_))), "{result:?}");
    }
}
