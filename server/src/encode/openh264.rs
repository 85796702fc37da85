//! Cisco's OpenH264, in software.
//!
//! Constrained baseline, one reference, one slice, no periodic key frames: the settings are those
//! that came out fastest at equal quality; the design notes have the figures.

#[cfg(test)]
mod tests;

use openh264::OpenH264API;
use openh264::Timestamp;
use openh264::encoder::{
    BitRate, Complexity, Encoder as Library, EncoderConfig, FrameRate, IntraFramePeriod, QpRange,
    RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;
use std::time::Duration;

use super::{EncodeError, Encoder, EncoderSettings, tune};
use crate::picture::{Matrix, Picture, Size};

/// The encoder. It follows the size and colours of the pictures it gets.
pub(crate) struct OpenH264 {
    settings: EncoderSettings,
    /// Pictures a second, however many.
    fps: f32,
    running: Option<Running>,
}

/// A library instance for pictures of one kind.
struct Running {
    library: Library,
    size: Size,
    matrix: Matrix,
}

impl OpenH264 {
    /// An encoder for about `fps` pictures a second.
    pub(crate) fn new(settings: &EncoderSettings, fps: f32) -> Result<OpenH264, EncodeError> {
        settings.check()?;
        Ok(OpenH264 {
            settings: settings.clone(),
            fps: sane(fps),
            running: None,
        })
    }

    fn config(&self, matrix: Matrix) -> EncoderConfig {
        let colours = match matrix {
            Matrix::Bt601 => VuiConfig::bt601(),
            Matrix::Bt709 => VuiConfig::bt709(),
        };
        EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Low)
            .rate_control_mode(RateControlMode::Bitrate)
            .bitrate(BitRate::from_bps(self.library_bps()))
            .max_frame_rate(FrameRate::from_hz(self.library_fps()))
            .qp(QpRange::new(
                *self.settings.qp.start(),
                *self.settings.qp.end(),
            ))
            .skip_frames(false)
            .intra_frame_period(IntraFramePeriod::auto())
            // A scene change makes a P picture of intra blocks: as big as a key frame, but nobody
            // asked for one.
            .scene_change_detect(false)
            .sps_pps_strategy(SpsPpsStrategy::ConstantId)
            .num_threads(1)
            .vui(colours)
    }

    /// The rate that the library is told.
    fn library_fps(&self) -> f32 {
        self.fps.min(LIBRARY_MAX_FPS)
    }

    /// The bit rate, in bit/s, that the library is told. With more pictures than it knows of, each
    /// gets the smaller part that makes the bit rate that is meant.
    fn library_bps(&self) -> u32 {
        let bps = f64::from(self.settings.kbps) * 1000.0;
        (bps * f64::from(self.library_fps() / self.fps)) as u32
    }

    fn start(&self, matrix: Matrix) -> Result<Library, EncodeError> {
        let api = OpenH264API::from_source();
        let library = Library::with_api_config(api, self.config(matrix));
        let mut library = library.map_err(failed_to("start"))?;
        tune::silence(&mut library).map_err(failed_to("keep quiet"))?;
        Ok(library)
    }

    /// The library instance for pictures like this one. A new one begins with a key frame.
    fn running(&mut self, picture: &Picture) -> Result<&mut Running, EncodeError> {
        let (size, matrix) = (picture.size(), picture.matrix);
        let running = self
            .running
            .take()
            .filter(|running| running.size == size && running.matrix == matrix);
        let running = match running {
            Some(running) => running,
            None => Running {
                library: self.start(matrix)?,
                size,
                matrix,
            },
        };
        Ok(self.running.insert(running))
    }
}

impl Encoder for OpenH264 {
    fn encode(
        &mut self,
        picture: &Picture,
        at: Duration,
        key: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let size = picture.size();
        if !size.is_encodable() {
            return Err(EncodeError::Size(size));
        }
        let running = self.running(picture)?;
        if key {
            running.library.force_intra_frame();
        }
        let (width, height) = (size.width as usize, size.height as usize);
        let planes = YUVSlices::new(
            (picture.y(), picture.u(), picture.v()),
            (width, height),
            (width, width / 2, width / 2),
        );
        let at = Timestamp::from_millis(
            u64::try_from(at.as_millis()).unwrap_or(u64::MAX) & (u64::MAX >> 1),
        );
        let stream = running
            .library
            .encode_at(&planes, at)
            .map_err(failed_to("encode"))?;
        stream.write_vec(out);
        Ok(())
    }

    fn set_kbps(&mut self, kbps: u32) -> Result<(), EncodeError> {
        let settings = EncoderSettings {
            kbps,
            ..self.settings.clone()
        };
        settings.check()?;
        self.settings = settings;
        let bps = self.library_bps();
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        tune::set_bit_rate(&mut running.library, bps).map_err(failed_to("change the bit rate"))
    }

    fn set_fps(&mut self, fps: f32) -> Result<(), EncodeError> {
        self.fps = sane(fps);
        let (fps, bps) = (self.library_fps(), self.library_bps());
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        tune::set_frame_rate(&mut running.library, fps)
            .map_err(failed_to("change the frame rate"))?;
        tune::set_bit_rate(&mut running.library, bps).map_err(failed_to("change the bit rate"))
    }
}

/// OpenH264 counts on no more than this, whatever it is told.
const LIBRARY_MAX_FPS: f32 = 60.0;

/// OpenH264 takes frame rates from 1 on.
fn sane(fps: f32) -> f32 {
    if fps.is_finite() { fps.max(1.0) } else { 30.0 }
}

fn failed_to<E: std::fmt::Display>(doing: &'static str) -> impl Fn(E) -> EncodeError {
    move |error| EncodeError::Library {
        doing,
        reason: error.to_string(),
    }
}
