//! Raw pictures: what sources make and encoders take.
//!
//! Inside Fanlight every picture is 8-bit planar 4:2:0 (I420) in limited range, with even sides and
//! without padding between rows. Sources convert what their device gives, once, on the capture
//! thread.

mod jpeg;
mod packed;
mod range;

use std::fmt;
use std::str::FromStr;
use std::time::{Instant, SystemTime};

pub(crate) use jpeg::{JpegDecoder, JpegError};
pub(crate) use packed::{Packing, read_packed};
pub(crate) use range::full_to_limited;

/// When a picture was captured, on both clocks: one to measure with, one that other machines know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    /// On this process's monotonic clock.
    pub(crate) at: Instant,
    /// On the wall clock.
    pub(crate) wall: SystemTime,
}

impl Captured {
    /// A picture that is being captured at this moment.
    pub(crate) fn now() -> Captured {
        Captured {
            at: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// A picture that was captured `age` ago.
    pub(crate) fn ago(age: std::time::Duration) -> Captured {
        let now = Captured::now();
        Captured {
            at: now.at.checked_sub(age).unwrap_or(now.at),
            wall: now.wall.checked_sub(age).unwrap_or(now.wall),
        }
    }

    /// Microseconds since the Unix epoch, 0 for a clock that stands before it.
    pub(crate) fn unix_micros(&self) -> u64 {
        let since = self
            .wall
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

/// Width and height in pixels. Parses from and displays as `1280x720`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Size {
    /// The smallest side that a picture may have.
    pub(crate) const MIN_SIDE: u32 = 16;
    /// The longest side that a picture may have: OpenH264's limit, together with
    /// [`Size::MAX_SHORT_SIDE`].
    pub(crate) const MAX_LONG_SIDE: u32 = 3840;
    /// The longest that the shorter side may be.
    pub(crate) const MAX_SHORT_SIDE: u32 = 2160;

    /// A size of these sides, unchecked.
    pub(crate) const fn new(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    /// Both sides rounded down to even numbers: 4:2:0 has one chroma sample for two pixels each
    /// way.
    pub(crate) const fn even(self) -> Size {
        Size {
            width: self.width & !1,
            height: self.height & !1,
        }
    }

    /// Pixels in all.
    pub(crate) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether a picture of this size can be encoded.
    pub(crate) fn is_encodable(self) -> bool {
        let (long, short) = (self.width.max(self.height), self.width.min(self.height));
        short >= Size::MIN_SIDE
            && long <= Size::MAX_LONG_SIDE
            && short <= Size::MAX_SHORT_SIDE
            && self == self.even()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Why a text is no [`Size`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SizeError {
    #[error("`{0}` is not a size: write width and height as in 1280x720")]
    Syntax(String),
    #[error(
        "{0} cannot be encoded: sides are even numbers from 16 on, at most 3840x2160 or 2160x3840"
    )]
    Range(Size),
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Size, SizeError> {
        let syntax = || SizeError::Syntax(text.to_owned());
        let (width, height) = text.split_once('x').ok_or_else(syntax)?;
        let side = |text: &str| text.parse::<u32>().map_err(|_| syntax());
        let size = Size::new(side(width)?, side(height)?);
        if size.is_encodable() {
            Ok(size)
        } else {
            Err(SizeError::Range(size))
        }
    }
}

/// The matrix between RGB and YCbCr that a picture's colours were made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Matrix {
    /// ITU-R BT.601: webcams, JPEG.
    #[default]
    Bt601,
    /// ITU-R BT.709: HDMI in high definition.
    Bt709,
}

/// One picture in I420, limited range. Made once and filled again and again.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    size: Size,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
    pub(crate) captured: Captured,
    pub(crate) matrix: Matrix,
}

/// The three planes of a picture to write to: luma, then the two chroma planes of half its width
/// and height.
pub(crate) struct PlanesMut<'a> {
    pub(crate) y: &'a mut [u8],
    pub(crate) u: &'a mut [u8],
    pub(crate) v: &'a mut [u8],
}

impl Picture {
    /// A picture without pixels, to be filled by a source.
    pub(crate) fn empty() -> Picture {
        Picture {
            size: Size::new(0, 0),
            y: Vec::new(),
            u: Vec::new(),
            v: Vec::new(),
            captured: Captured::now(),
            matrix: Matrix::default(),
        }
    }

    /// Gives the picture this size, with odd sides rounded down, and returns its planes, whose
    /// content is unspecified.
    pub(crate) fn reshape(&mut self, size: Size) -> PlanesMut<'_> {
        let size = size.even();
        if size != self.size {
            let pixels = size.width as usize * size.height as usize;
            self.y.resize(pixels, 16);
            self.u.resize(pixels / 4, 128);
            self.v.resize(pixels / 4, 128);
            self.size = size;
        }
        PlanesMut {
            y: &mut self.y,
            u: &mut self.u,
            v: &mut self.v,
        }
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Luma, `width` bytes a row.
    pub(crate) fn y(&self) -> &[u8] {
        &self.y
    }

    /// Blue-difference chroma, `width / 2` bytes a row.
    pub(crate) fn u(&self) -> &[u8] {
        &self.u
    }

    /// Red-difference chroma, `width / 2` bytes a row.
    pub(crate) fn v(&self) -> &[u8] {
        &self.v
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_as_it_is_written() {
        assert_eq!("1280x720".parse(), Ok(Size::new(1280, 720)));
        assert_eq!(Size::new(1280, 720).to_string(), "1280x720");
    }

    #[test]
    fn what_is_no_size_says_how_one_is_written() {
        for text in [
            "",
            "x",
            "1280",
            "1280x",
            "1280*720",
            "-2x2",
            "1280x720x2",
            "99999999999x2",
        ] {
            assert_eq!(
                text.parse::<Size>(),
                Err(SizeError::Syntax(text.to_owned()))
            );
        }
    }

    #[test]
    fn sizes_that_no_encoder_takes_are_refused() {
        for size in [
            (0, 0),
            (14, 14),
            (641, 480),
            (640, 481),
            (3842, 100),
            (2200, 2200),
        ] {
            let size = Size::new(size.0, size.1);
            assert_eq!(
                size.to_string().parse::<Size>(),
                Err(SizeError::Range(size))
            );
        }
        assert!("2160x3840".parse::<Size>().is_ok());
    }

    #[test]
    fn odd_sides_are_cropped() {
        let mut picture = Picture::empty();
        let planes = picture.reshape(Size::new(33, 17));
        assert_eq!(
            (planes.y.len(), planes.u.len(), planes.v.len()),
            (32 * 16, 16 * 8, 16 * 8)
        );
        assert_eq!(picture.size(), Size::new(32, 16));
    }
}
