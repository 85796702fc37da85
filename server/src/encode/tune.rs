//! Changes to a running OpenH264 encoder that the crate `openh264` has no safe function for.
#![allow(unsafe_code)]

use openh264::Error;
use openh264::encoder::Encoder;
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE,
    SBitrateInfo, SPATIAL_LAYER_0, SPATIAL_LAYER_ALL,
};
use std::ffi::c_int;

/// Sets the bit rate, in bit/s. The encoder has to have encoded a picture.
pub(super) fn set_bit_rate(encoder: &mut Encoder, bps: u32) -> Result<(), Error> {
    let bps = c_int::try_from(bps).unwrap_or(c_int::MAX);
    let mut limit = SBitrateInfo {
        iLayer: SPATIAL_LAYER_0,
        iBitrate: bps,
    };
    let mut target = SBitrateInfo {
        iLayer: SPATIAL_LAYER_ALL,
        iBitrate: bps,
    };
    // The library refuses a target above the limit and a limit below the target. On the way up the limit goes first; on
    // the way down it is refused at first and follows.
    let limit_first = set(encoder, ENCODER_OPTION_MAX_BITRATE, &mut limit);
    set(encoder, ENCODER_OPTION_BITRATE, &mut target)?;
    limit_first.or_else(|_| set(encoder, ENCODER_OPTION_MAX_BITRATE, &mut limit))
}

/// Sets how many pictures a second the rate control counts on. The encoder has to have encoded a picture.
pub(super) fn set_frame_rate(encoder: &mut Encoder, mut fps: f32) -> Result<(), Error> {
    set(encoder, ENCODER_OPTION_FRAME_RATE, &mut fps)
}

/// The types that the options above take.
trait Value {}
impl Value for SBitrateInfo {}
impl Value for f32 {}

fn set(encoder: &mut Encoder, option: ENCODER_OPTION, value: &mut impl Value) -> Result<(), Error> {
    // SAFETY: `value` is of the type that `codec_api.h` documents for `option` (only this file's two callers choose
    // the pair), it outlives the call, and the library copies it. The options change none of the parameters that the
    // crate relies on, which are size and format. The encoder is initialised: it has encoded.
    let code = unsafe {
        encoder
            .raw_api()
            .set_option(option, std::ptr::from_mut(value).cast())
    };
    if code == 0 {
        Ok(())
    } else {
        Err(Error::msg(&format!(
            "option {option} refused with code {code}"
        )))
    }
}
