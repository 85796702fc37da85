//! Bodies of `janus.plugin.streaming`, as Janus 1.1 speaks.
//!
//! * [`Request`]: what is asked; [`Create`] and [`RecordingAction`] have the longer ones
//! * [`Data`]: what the plugin says: answers, outcomes and news
//!
//! A mountpoint is one stream with one or more media, each named by its mid.

mod create;
mod data;
mod info;
mod record;
mod request;

pub use create::{Create, MAX_MEDIA, RtpMedia, RtpMountpoint, Source, SrtpSuite};
pub use data::{Data, Status};
pub use info::{Created, Info, Listed, ListedMedia, MediaInfo, Ports};
pub use record::{Recorded, RecordingAction};
pub use request::{Configure, Edit, Malformed, Request, RequestName, Target, Watch};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, PluginError};

/// The plugin's name.
pub const PLUGIN: &str = "janus.plugin.streaming";

/// The plugin's error codes.
pub mod code {
    /// The request is not known, or cannot be done with what it says.
    pub const INVALID_REQUEST: u32 = 452;
    /// A field has to be there and is not.
    pub const MISSING_ELEMENT: u32 = 453;
    /// A field has the wrong type or value.
    pub const INVALID_ELEMENT: u32 = 454;
    /// There is no such mountpoint, or the viewer watches none.
    pub const NO_SUCH_MOUNTPOINT: u32 = 455;
    /// The mountpoint cannot be made.
    pub const CANNOT_CREATE: u32 = 456;
    /// A secret, PIN or key is wrong.
    pub const UNAUTHORIZED: u32 = 457;
    /// The viewer cannot switch to that mountpoint.
    pub const CANNOT_SWITCH: u32 = 458;
    /// The mountpoint cannot be recorded.
    pub const CANNOT_RECORD: u32 = 459;
    /// The viewer is watching already, or has nothing to go on with.
    pub const INVALID_STATE: u32 = 460;
    /// Something went wrong on the server that the client has no part in.
    pub const UNKNOWN: u32 = 470;
}

/// A mountpoint. Chosen by whoever makes it, or by the server. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MountpointId(pub u64);

impl std::fmt::Display for MountpointId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a medium is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Messages.
    Data,
}

impl MediaKind {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Data => "data",
        }
    }

    /// The kind with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Audio, Self::Video, Self::Data]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl PluginError {
    /// The answer of the streaming plugin to a request without a field that has to be there.
    pub fn missing(field: &str) -> Self {
        Error::missing(field).into()
    }

    /// The answer of the streaming plugin to a request for a mountpoint that is not there.
    pub fn no_such_mountpoint(id: MountpointId) -> Self {
        let reason = format!("No such mountpoint/stream {id}");
        Self::new(code::NO_SUCH_MOUNTPOINT, reason)
    }
}

/// The plugin words these errors as Janus itself does, but numbers them differently.
impl From<Error> for PluginError {
    fn from(error: Error) -> Self {
        let code = match error.code {
            ErrorCode::MissingMandatoryElement => code::MISSING_ELEMENT,
            ErrorCode::InvalidElementType => code::INVALID_ELEMENT,
            _ => code::UNKNOWN,
        };
        Self::new(code, error.reason)
    }
}
