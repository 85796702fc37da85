//! Where pictures come from.

pub(crate) mod rtp;
mod spec;
mod test_pattern;
mod v4l2;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::picture::{Picture, Size};
pub(crate) use spec::{CameraSpec, SourceSpec};

/// Decides what `auto` means. Any other source is what it is. An error if there is a camera that
/// has to be waited for: to be asked again.
pub(crate) fn resolve(spec: &SourceSpec) -> Result<SourceSpec, SourceError> {
    Ok(match spec {
        SourceSpec::Auto => v4l2::first_device()?.map_or(SourceSpec::Test, SourceSpec::V4l2),
        other => other.clone(),
    })
}

/// Opens a source.
pub(crate) fn open(
    spec: &SourceSpec,
    options: &SourceOptions,
) -> Result<Box<dyn Source>, SourceError> {
    match spec {
        SourceSpec::V4l2(device) => Ok(Box::new(v4l2::Camera::open(device, options)?)),
        SourceSpec::Auto | SourceSpec::Test => {
            Ok(Box::new(test_pattern::TestPattern::new(options)))
        }
    }
}

/// An open source of pictures. Belongs to the capture thread of its stream.
pub(crate) trait Source: Send {
    /// What the source gives, as far as it is known beforehand.
    fn mode(&self) -> Mode;

    /// Whether pictures come by themselves and have to be taken away while nobody watches. A source
    /// that is not live makes a picture when it is asked.
    fn is_live(&self) -> bool;

    /// Waits at most `patience` for a picture newer than the last and writes it into `picture`; of
    /// several that wait, the newest. Without `picture` it is only taken away.
    fn next(
        &mut self,
        patience: Duration,
        picture: Option<&mut Picture>,
    ) -> Result<Grab, SourceError>;
}

/// What came of waiting for a picture.
#[derive(Debug)]
pub(crate) enum Grab {
    /// A picture; converting it took this long.
    Picture(Duration),
    /// Nothing in the time allowed.
    Nothing,
    /// Something came that is no picture. The next one may be.
    Damaged(String),
}

/// Size and rate of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mode {
    pub(crate) size: Size,
    /// Pictures a second: what the device promises, not what it keeps.
    pub(crate) fps: f32,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 30, 12.5 and 29.97 all read as people write them.
        write!(f, "{}@{}", self.size, (self.fps * 100.0).round() / 100.0)
    }
}

/// What the user wants of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceOptions {
    /// The size, or `None` for the source's best.
    pub(crate) size: Option<Size>,
    /// Pictures a second, or `None` for the source's best.
    pub(crate) fps: Option<u32>,
    /// What becomes of a camera while nobody watches.
    pub(crate) idle: Idle,
}

/// What becomes of a live source while nobody watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Idle {
    /// It runs on, and its pictures are thrown away unseen: the first picture for a new viewer is
    /// there at once.
    #[default]
    Keep,
    /// It is closed: its light goes out and other programs may have it; the next viewer waits until
    /// it is up again.
    Close,
}

/// A text that is no [`Idle`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not what to do with an idle camera: write keep or close")]
pub(crate) struct IdleError(String);

impl FromStr for Idle {
    type Err = IdleError;

    fn from_str(text: &str) -> Result<Idle, IdleError> {
        match text {
            "keep" => Ok(Idle::Keep),
            "close" => Ok(Idle::Close),
            _ => Err(IdleError(text.to_owned())),
        }
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Idle::Keep => "keep",
            Idle::Close => "close",
        })
    }
}

/// Why a source gives no pictures. Each is one line that says what to do where there is something
/// to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("there is no {0}: is the camera plugged in?")]
    NoDevice(PathBuf),
    #[error("no permission to open {0}: add the user to the group `video`")]
    Permission(PathBuf),
    #[error("{0} is in use by another program")]
    Busy(PathBuf),
    #[error("the USB bus has no room for {0}: choose a smaller size or another port")]
    Bandwidth(PathBuf),
    #[error("{0} is not a capture device")]
    NotACamera(PathBuf),
    #[error(
        "{device} has no usable format: it offers {offers}, Fanlight takes YUYV, UYVY and MJPEG"
    )]
    NoFormat { device: PathBuf, offers: String },
    #[error("{0} has no signal at its input")]
    NoSignal(PathBuf),
    #[error("{0} cannot lock on to the signal at its input")]
    NoLock(PathBuf),
    #[error("{0} cannot take the signal at its input: {1}")]
    SignalOutOfRange(PathBuf, String),
    #[error("the signal at the input of {0} changed")]
    SignalChanged(PathBuf),
    #[error("{0} gives no pictures")]
    Silent(PathBuf),
    #[error("{0} was unplugged")]
    Unplugged(PathBuf),
    #[error("{device}: {doing}: {error}")]
    Device {
        device: PathBuf,
        doing: &'static str,
        error: std::io::Error,
    },
    #[error("no memory for a JPEG decoder: {0}")]
    Decoder(#[from] crate::picture::JpegError),
}
