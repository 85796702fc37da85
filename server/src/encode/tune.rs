//! Options of an OpenH264 encoder that the crate `openh264` has no safe function for.
#![allow(unsafe_code)]

use openh264::Error;
use openh264::encoder::Encoder;
use openh264_sys2::{
    ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE,
    ENCODER_OPTION_TRACE_LEVEL, SBitrateInfo, SPATIAL_LAYER_0, SPATIAL_LAYER_ALL, WELS_LOG_QUIET,
};
use std::ffi::c_int;

/// Keeps the library from writing to standard error. To be called before the first picture: as it
/// starts, the library warns of settings that are meant.
pub(super) fn silence(encoder: &mut Encoder) -> Result<(), Error> {
    set(encoder, Setting::TraceLevel(WELS_LOG_QUIET as c_int))
}

/// Sets the bit rate, in bit/s, of an encoder that has encoded a picture.
pub(super) fn set_bit_rate(encoder: &mut Encoder, bps: u32) -> Result<(), Error> {
    let bps = c_int::try_from(bps).unwrap_or(c_int::MAX);
    let limit = Setting::BitRateLimit(SBitrateInfo {
        iLayer: SPATIAL_LAYER_0,
        iBitrate: bps,
    });
    let target = Setting::BitRate(SBitrateInfo {
        iLayer: SPATIAL_LAYER_ALL,
        iBitrate: bps,
    });
    // The library refuses a target above the limit and a limit below the target. On the way up the
    // limit goes first; on the way down it is refused at first and follows.
    let limit_first = set(encoder, limit);
    set(encoder, target)?;
    limit_first.or_else(|_| set(encoder, limit))
}

/// Sets how many pictures a second the rate control counts on, for an encoder that has encoded one.
pub(super) fn set_frame_rate(encoder: &mut Encoder, fps: f32) -> Result<(), Error> {
    set(encoder, Setting::FrameRate(fps))
}

/// An option with a value of its type, as `codec_api.h` documents them.
#[derive(Clone, Copy)]
enum Setting {
    TraceLevel(c_int),
    BitRate(SBitrateInfo),
    BitRateLimit(SBitrateInfo),
    FrameRate(f32),
}

fn set(encoder: &mut Encoder, mut setting: Setting) -> Result<(), Error> {
    let (option, value) = match &mut setting {
        Setting::TraceLevel(level) => (ENCODER_OPTION_TRACE_LEVEL, (&raw mut *level).cast()),
        Setting::BitRate(rate) => (ENCODER_OPTION_BITRATE, (&raw mut *rate).cast()),
        Setting::BitRateLimit(rate) => (ENCODER_OPTION_MAX_BITRATE, (&raw mut *rate).cast()),
        Setting::FrameRate(fps) => (ENCODER_OPTION_FRAME_RATE, (&raw mut *fps).cast()),
    };
    // SAFETY: `value` is of the type that belongs to `option`, it outlives the call, and the
    // library copies it. The crate relies on the size and format of pictures, which none of these
    // options changes. An encoder that is not yet initialised takes the trace level and refuses
    // the others.
    let code = unsafe { encoder.raw_api().set_option(option, value) };
    if code == 0 {
        Ok(())
    } else {
        Err(Error::msg(&format!(
            "option {option} refused with code {code}"
        )))
    }
}
