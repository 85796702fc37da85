//! What a user writes to name a source.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A source by name: `auto`, `test` or `v4l2:/dev/video0`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SourceSpec {
    /// The first capture device of this machine, or the test pattern where there is none.
    #[default]
    Auto,
    /// The test pattern.
    Test,
    /// A V4L2 capture device.
    V4l2(PathBuf),
}

/// Where the camera's pictures come from, if there is to be a camera: a source, or `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CameraSpec(pub(crate) Option<SourceSpec>);

impl Default for CameraSpec {
    fn default() -> CameraSpec {
        CameraSpec(Some(SourceSpec::default()))
    }
}

impl fmt::Display for CameraSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(source) => source.fmt(f),
            None => f.write_str("none"),
        }
    }
}

impl FromStr for CameraSpec {
    type Err = SourceSpecError;

    fn from_str(text: &str) -> Result<CameraSpec, SourceSpecError> {
        match text {
            "none" => Ok(CameraSpec(None)),
            text => text.parse().map(Some).map(CameraSpec),
        }
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceSpec::Auto => write!(f, "auto"),
            SourceSpec::Test => write!(f, "test"),
            SourceSpec::V4l2(device) => write!(f, "v4l2:{}", device.display()),
        }
    }
}

/// Why a text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SourceSpecError {
    #[error("`{0}` is not a source: write auto, test, v4l2:/dev/videoN or none")]
    Unknown(String),
    #[error("`{0}` is a device: write v4l2:{0}")]
    BareDevice(String),
    #[error("`v4l2:` needs the path of a device, as in v4l2:/dev/video0")]
    NoDevice,
}

impl FromStr for SourceSpec {
    type Err = SourceSpecError;

    fn from_str(text: &str) -> Result<SourceSpec, SourceSpecError> {
        match text.split_once(':') {
            Some(("v4l2", "")) => Err(SourceSpecError::NoDevice),
            // A NUL cannot be in a path; the system calls would refuse it later and less clearly.
            Some(("v4l2", path)) if !path.contains('\0') => {
                Ok(SourceSpec::V4l2(PathBuf::from(path)))
            }
            None if text == "auto" => Ok(SourceSpec::Auto),
            None if text == "test" => Ok(SourceSpec::Test),
            None if text.starts_with("/dev/") => Err(SourceSpecError::BareDevice(text.to_owned())),
            _ => Err(SourceSpecError::Unknown(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_as_it_is_written() {
        for text in [
            "auto",
            "test",
            "v4l2:/dev/video0",
            "v4l2:/dev/v4l/by-id/usb-cam:1",
        ] {
            assert_eq!(text.parse::<SourceSpec>().unwrap().to_string(), text);
        }
        assert_eq!(SourceSpec::default(), SourceSpec::Auto);
    }

    #[test]
    fn what_is_no_source_says_what_would_be_one() {
        let error = |text: &str| text.parse::<SourceSpec>().unwrap_err().to_string();
        assert_eq!(
            error("webcam"),
            "`webcam` is not a source: write auto, test, v4l2:/dev/videoN or none"
        );
        assert_eq!(
            error("/dev/video2"),
            "`/dev/video2` is a device: write v4l2:/dev/video2"
        );
        assert_eq!(
            error("v4l2:"),
            "`v4l2:` needs the path of a device, as in v4l2:/dev/video0"
        );
        assert!(error("V4L2:/dev/video0").contains("is not a source"));
        assert!(error("v4l2:/dev/\0").contains("is not a source"));
        assert!(error("").contains("is not a source"));
    }
}
