//! Why there is no picture.

use crate::error::{Error, ErrorCode};
use crate::streaming::MountpointId;
use crate::ustreamer::PluginError;

/// Why an attempt has ended. Shown to people: the text says what happened in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The socket could not be opened.
    #[error("the server cannot be reached")]
    Unreachable,
    /// The socket was closed by the server or on the way.
    #[error("the connection to the server was lost")]
    SocketLost,
    /// A request was not answered in time. Its name is that of the message.
    #[error("the server does not answer ({0})")]
    NoAnswer(&'static str),
    /// The server does not know the session or the handle any more: it was restarted, or the viewer
    /// slept for longer than a session lives.
    #[error("the server has ended the session")]
    SessionGone,
    /// The server has ended the peer connection, for the reason that it gives.
    #[error("the server has hung up ({0})")]
    HungUp(String),
    /// The server refused a request.
    #[error("the server refuses: {0}")]
    Refused(Error),
    /// The plugin refused to let the viewer watch.
    #[error("the server refuses: {0}")]
    WatchRefused(PluginError),
    /// The browser made no peer connection, or no answer of the offer, for the reason that it gives.
    #[error("this browser cannot answer the server's offer ({0})")]
    AnswerFailed(String),
    /// No way between the browser and the server was found for the picture, or it broke off.
    #[error("the connection for the picture failed")]
    PeerFailed,
    /// Nothing of the picture arrives.
    #[error("the picture has stopped arriving")]
    NoPackets,
    /// The picture arrives but cannot be shown, with key frames neither.
    #[error("the picture arrives but cannot be decoded")]
    NoFrames,
    /// A secret or token is missing or wrong.
    #[error("the server asks for a secret that this page does not have")]
    Unauthorized,
    /// The server lacks the plugin of this name.
    #[error("the server has nothing to watch (it lacks the plugin {0})")]
    NoSuchPlugin(&'static str),
    /// The mountpoint is not there.
    #[error("the server has no such stream ({0})")]
    NoSuchStream(MountpointId),
    /// The mountpoint is there, but lets no viewers in.
    #[error("the stream is switched off on the server")]
    StreamDisabled,
    /// The mountpoint was taken away while it was watched.
    #[error("the server has ended the stream")]
    StreamEnded,
    /// The server has sent everybody away who watched the mountpoint.
    #[error("the server has sent all viewers away")]
    Kicked,
    /// The mountpoint asks for a PIN.
    #[error("the stream asks for a PIN")]
    PinRequired,
    /// The mountpoint asks for another PIN than the viewer has.
    #[error("the PIN is wrong")]
    WrongPin,
    /// The browser has no decoder for the stream's video, which is of this codec.
    #[error("this browser cannot play {0}")]
    NoCodec(String),
}

/// What helps against a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Another attempt soon.
    Retry,
    /// A change on the server or in the browser. Somebody has to make it; attempts are rare until
    /// then, but a screen that nobody stands before recovers.
    RetrySlowly,
}

impl Problem {
    /// What helps.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Unauthorized
            | Self::NoSuchPlugin(_)
            | Self::Kicked
            | Self::PinRequired
            | Self::WrongPin
            | Self::NoCodec(_) => Remedy::RetrySlowly,
            _ => Remedy::Retry,
        }
    }

    /// What an error of Janus' core means to a viewer of `plugin`.
    pub(super) fn of(error: Error, plugin: &'static str) -> Self {
        match error.code {
            ErrorCode::Unauthorized | ErrorCode::TokenNotFound => Self::Unauthorized,
            ErrorCode::PluginNotFound => Self::NoSuchPlugin(plugin),
            ErrorCode::SessionNotFound | ErrorCode::HandleNotFound => Self::SessionGone,
            _ => Self::Refused(error),
        }
    }
}
