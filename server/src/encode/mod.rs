//! Pictures to H.264.

pub(crate) mod annex_b;
mod openh264;
mod tune;

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::picture::{Picture, Size};
pub(crate) use openh264::OpenH264;

/// An H.264 encoder without delay: what goes in comes out.
pub(crate) trait Encoder: Send {
    /// Encodes one picture, captured `at` after the stream's epoch, and appends its access unit to
    /// `out` in Annex B form; a key frame, which carries its parameter sets, if `key` or if it is
    /// the first of its size.
    fn encode(
        &mut self,
        picture: &Picture,
        at: Duration,
        key: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError>;

    /// Changes the bit rate from the next picture on, without a key frame.
    fn set_kbps(&mut self, kbps: u32) -> Result<(), EncodeError>;

    /// Tells how many pictures a second really come.
    fn set_fps(&mut self, fps: f32) -> Result<(), EncodeError>;
}

/// Quality and size of what is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EncoderSettings {
    /// Bit rate aimed at, in kbit/s (1,000 bits).
    pub(crate) kbps: u32,
    /// Quantisers from the finest to the coarsest. The coarsest bounds how ugly a picture may get,
    /// and with that how far the bit rate can be kept when there is too much to see.
    pub(crate) qp: RangeInclusive<u8>,
}

impl EncoderSettings {
    /// Bit rates that may be asked for, in kbit/s.
    pub(crate) const KBPS: RangeInclusive<u32> = 50..=50_000;
    /// Quantisers that OpenH264 takes. H.264 knows finer ones, whose gain nobody sees.
    pub(crate) const QP: RangeInclusive<u8> = 12..=51;

    /// Checks that every setting is in its range.
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        if !EncoderSettings::KBPS.contains(&self.kbps) {
            return Err(EncodeError::BitRate(self.kbps));
        }
        let possible = |qp: &u8| EncoderSettings::QP.contains(qp);
        if self.qp.is_empty() || !possible(self.qp.start()) || !possible(self.qp.end()) {
            return Err(EncodeError::Qp(self.qp.clone()));
        }
        Ok(())
    }
}

impl Default for EncoderSettings {
    fn default() -> EncoderSettings {
        EncoderSettings {
            kbps: 2_500,
            qp: EncoderSettings::QP,
        }
    }
}

/// Why a picture was not encoded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EncodeError {
    #[error(
        "a bit rate of {0} kbit/s is not possible: {least} to {most} are",
        least = EncoderSettings::KBPS.start(),
        most = EncoderSettings::KBPS.end()
    )]
    BitRate(u32),
    #[error("quantisers from {} to {} are not possible: they go from 12, the finest, to 51", .0.start(), .0.end())]
    Qp(RangeInclusive<u8>),
    #[error("a picture of {0} cannot be encoded")]
    Size(Size),
    #[error("OpenH264 failed to {doing}: {reason}")]
    Library { doing: &'static str, reason: String },
}
