//! Why something cannot be done.

use fanlight_protocol::streaming::MountpointId;

use super::config::MountpointConfigError;
use super::store::StoreError;
use super::{MAX_MOUNTPOINTS, MAX_TEXTS};
use crate::recording::RecordingError;
use crate::source::rtp::RtpError;

/// Why something cannot be done with a mountpoint.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MountpointError {
    #[error("No such mountpoint/stream {0}")]
    NoSuch(MountpointId),
    #[error("Mountpoint/stream {0} is disabled")]
    Disabled(MountpointId),
    #[error("Missing mandatory element ({0})")]
    Missing(&'static str),
    #[error("Unauthorized (wrong secret)")]
    WrongSecret,
    #[error("Unauthorized (wrong pin)")]
    WrongPin,
    #[error("Unauthorized (wrong admin_key)")]
    WrongAdminKey,
    #[error("Unauthorized (the camera is managed with an admin_key, and there is none)")]
    Camera,
    #[error("The camera's mountpoint ends with the server")]
    CameraStays,
    #[error("A stream with the provided ID already exists")]
    Exists,
    #[error("Can't add 'rtp' stream, there are {MAX_MOUNTPOINTS} already")]
    TooMany,
    #[error("There is no room for so much text: all mountpoints together have {MAX_TEXTS} bytes")]
    TooMuchText,
    #[error("Can't add '{0}' stream, only 'rtp' is offered")]
    NotOffered(&'static str),
    #[error("Can't add 'rtp' stream, {0}")]
    Config(#[from] MountpointConfigError),
    #[error("Can't add 'rtp' stream, {0}")]
    Source(#[from] RtpError),
    #[error("No mountpoints file, can't {0} mountpoint permanently")]
    NoFile(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("Missing {0}")]
    NothingNamed(&'static str),
    #[error("Recording for audio, video and/or data already started for this stream")]
    Recorded,
    #[error("Can't record, Fanlight was started without --recordings DIRECTORY")]
    NoRecordings,
    #[error("Can't record to `{0}`: it is not in the directory of the recordings")]
    OutsideRecordings(String),
    #[error("Can't record, {0}")]
    Recording(#[from] RecordingError),
}

impl MountpointError {
    /// Whether the same mountpoint may be had another time.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            MountpointError::Source(error) => error.is_passing(),
            MountpointError::TooMany => true,
            _ => false,
        }
    }
}

/// Why the mountpoints cannot be had when the server starts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MountpointsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("mountpoint {id}: {error}")]
    Mountpoint {
        id: MountpointId,
        error: MountpointError,
    },
}
