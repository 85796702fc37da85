//! What is asked of the plugin.

use serde::Serialize;

use super::{Create, MountpointId, PluginError, RecordingAction, code};
use crate::error::Error;
use crate::fields::Object;
use crate::hidden::Hidden;

/// The longest text that a mountpoint keeps, in bytes: lists have those of all mountpoints.
const MAX_TEXT: usize = 4 << 10;

/// The longest metadata, in bytes.
const MAX_METADATA: usize = 16 << 10;

/// What clients ask of the plugin.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Which mountpoints are there?
    List,
    /// What is known of a mountpoint?
    /// Whoever may manage it is told more.
    Info(Target),
    /// Make a mountpoint.
    Create(Box<Create>),
    /// Change what is said of a mountpoint.
    Edit(Edit),
    /// End a mountpoint.
    Destroy {
        /// What proves that the client may.
        #[serde(flatten)]
        target: Target,
        /// For good, rather than until the server starts again.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        permanent: bool,
    },
    /// Let viewers in again.
    Enable(Target),
    /// Let no viewers in.
    Disable {
        /// What proves that the client may.
        #[serde(flatten)]
        target: Target,
        /// Whether recordings end, too.
        #[serde(skip_serializing_if = "Clone::clone")]
        stop_recording: bool,
    },
    /// Send all viewers away. They may come back.
    KickAll(Target),
    /// Begin or end to record a mountpoint.
    Recording {
        /// What proves that the client may.
        #[serde(flatten)]
        target: Target,
        /// What to do.
        #[serde(flatten)]
        action: RecordingAction,
    },
    /// Send an offer.
    Watch(Watch),
    /// Comes with the answer to the offer; without one, goes on after a pause.
    Start,
    /// Send nothing until start.
    Pause,
    /// Send or do not send some of the media.
    Configure(Configure),
    /// Go on with the media of another mountpoint.
    Switch {
        /// The mountpoint.
        id: MountpointId,
        /// Asked for by mountpoints that have one.
        #[serde(skip_serializing_if = "Option::is_none")]
        pin: Option<Hidden>,
    },
    /// Send no more and end the peer connection.
    Stop,
}

/// The names of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are those of the requests")]
pub enum RequestName {
    List,
    Info,
    Create,
    Edit,
    Destroy,
    Enable,
    Disable,
    KickAll,
    Recording,
    Watch,
    Start,
    Pause,
    Configure,
    Switch,
    Stop,
}

/// A request that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Malformed {
    /// The request, where that much is understood.
    pub request: Option<RequestName>,
    /// The answer to it.
    pub error: PluginError,
}

/// A mountpoint, and what proves that the client may manage it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The mountpoint.
    pub id: MountpointId,
    /// The mountpoint's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Hidden>,
    /// The plugin's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_key: Option<Hidden>,
}

/// What shall be said of a mountpoint from now on; what is left out stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What proves that the client may.
    #[serde(flatten)]
    pub target: Target,
    /// For people.
    #[serde(rename = "new_description", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For programs; handed out as it is.
    #[serde(rename = "new_metadata", skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// Asked of those who manage the mountpoint; empty for none.
    #[serde(rename = "new_secret", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Hidden>,
    /// Asked of viewers; empty for none.
    #[serde(rename = "new_pin", skip_serializing_if = "Option::is_none")]
    pub pin: Option<Hidden>,
    /// Whether it is left out of lists.
    #[serde(rename = "new_is_private", skip_serializing_if = "Option::is_none")]
    pub is_private: Option<bool>,
    /// For good, rather than until the server starts again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub permanent: bool,
    /// Whether viewers are told of new metadata.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edited_event: bool,
}

/// A viewer's wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Watch {
    /// The mountpoint.
    pub id: MountpointId,
    /// Asked for by mountpoints that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Hidden>,
    /// The mids that are wanted; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// False: no sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_audio: Option<bool>,
    /// False: no pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_video: Option<bool>,
    /// A new offer for the peer connection that the viewer has (an ICE restart).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
}

/// What to send of a viewer's media from now on; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Configure {
    /// The medium that `send` is about; all when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// Whether it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send: Option<bool>,
    /// Whether sound is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<bool>,
    /// Whether pictures are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<bool>,
}

impl Request {
    /// Reads a message's body.
    ///
    /// # Errors
    ///
    /// As the plugin answers it. Fields that a request does not have to have, and that Janus
    /// overlooks when they have the wrong type, count as left out.
    pub fn parse(body: &Object) -> Result<Self, Malformed> {
        let name = body.string("request").map_err(|error| Malformed {
            request: None,
            error: error.into(),
        })?;
        let name = RequestName::by_name(name).ok_or_else(|| Malformed {
            request: None,
            error: PluginError::new(code::INVALID_REQUEST, format!("Unknown request '{name}'")),
        })?;
        Self::read(name, body).map_err(|error| Malformed {
            request: Some(name),
            error,
        })
    }

    /// Its name.
    pub fn name(&self) -> RequestName {
        match self {
            Self::List => RequestName::List,
            Self::Info(_) => RequestName::Info,
            Self::Create(_) => RequestName::Create,
            Self::Edit(_) => RequestName::Edit,
            Self::Destroy { .. } => RequestName::Destroy,
            Self::Enable(_) => RequestName::Enable,
            Self::Disable { .. } => RequestName::Disable,
            Self::KickAll(_) => RequestName::KickAll,
            Self::Recording { .. } => RequestName::Recording,
            Self::Watch(_) => RequestName::Watch,
            Self::Start => RequestName::Start,
            Self::Pause => RequestName::Pause,
            Self::Configure(_) => RequestName::Configure,
            Self::Switch { .. } => RequestName::Switch,
            Self::Stop => RequestName::Stop,
        }
    }

    fn read(name: RequestName, body: &Object) -> Result<Self, PluginError> {
        Ok(match name {
            RequestName::List => Self::List,
            RequestName::Info => Self::Info(Target {
                id: id(body)?,
                secret: hidden(body, "secret").unwrap_or(None),
                admin_key: hidden(body, "admin_key").unwrap_or(None),
            }),
            RequestName::Create => Self::Create(Box::new(Create::read(body)?)),
            RequestName::Edit => Self::Edit(Edit::read(body)?),
            RequestName::Destroy => Self::Destroy {
                target: Target::read(body)?,
                permanent: flag(body, "permanent")?,
            },
            RequestName::Enable => Self::Enable(Target::read(body)?),
            RequestName::Disable => Self::Disable {
                target: Target::read(body)?,
                stop_recording: body.opt_bool("stop_recording")?.unwrap_or(true),
            },
            RequestName::KickAll => Self::KickAll(Target::read(body)?),
            RequestName::Recording => {
                let action = RecordingAction::read(body)?;
                let target = Target::read(body)?;
                Self::Recording { target, action }
            }
            RequestName::Watch => Self::Watch(Watch::read(body)?),
            RequestName::Start => Self::Start,
            RequestName::Pause => Self::Pause,
            RequestName::Configure => Self::Configure(Configure::read(body)?),
            RequestName::Switch => Self::Switch {
                id: id(body)?,
                pin: hidden(body, "pin")?,
            },
            RequestName::Stop => Self::Stop,
        })
    }
}

const NAMES: [(&str, RequestName); 15] = [
    ("list", RequestName::List),
    ("info", RequestName::Info),
    ("create", RequestName::Create),
    ("edit", RequestName::Edit),
    ("destroy", RequestName::Destroy),
    ("enable", RequestName::Enable),
    ("disable", RequestName::Disable),
    ("kick_all", RequestName::KickAll),
    ("recording", RequestName::Recording),
    ("watch", RequestName::Watch),
    ("start", RequestName::Start),
    ("pause", RequestName::Pause),
    ("configure", RequestName::Configure),
    ("switch", RequestName::Switch),
    ("stop", RequestName::Stop),
];

impl RequestName {
    /// The request with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(known, _)| *known == name);
        named.map(|(_, request)| *request)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(_, request)| *request == self);
        named.map_or("", |(name, _)| name)
    }

    /// Whether its outcome is told in an event after an `ack`, rather than in the answer.
    pub fn is_asynchronous(self) -> bool {
        matches!(
            self,
            Self::Watch | Self::Start | Self::Pause | Self::Configure | Self::Switch | Self::Stop
        )
    }
}

impl Target {
    fn read(body: &Object) -> Result<Self, PluginError> {
        Ok(Self {
            id: id(body)?,
            secret: hidden(body, "secret")?,
            admin_key: hidden(body, "admin_key")?,
        })
    }
}

impl Edit {
    fn read(body: &Object) -> Result<Self, PluginError> {
        Ok(Self {
            target: Target::read(body)?,
            description: kept_text(body, "new_description")?,
            metadata: kept_metadata(body, "new_metadata")?,
            secret: kept_text(body, "new_secret")?.map(Hidden::from),
            pin: kept_text(body, "new_pin")?.map(Hidden::from),
            is_private: body.opt_bool("new_is_private")?,
            permanent: flag(body, "permanent")?,
            edited_event: flag(body, "edited_event")?,
        })
    }
}

impl Watch {
    /// Everything that the mountpoint has.
    pub fn all(id: MountpointId) -> Self {
        Self {
            id,
            pin: None,
            media: Vec::new(),
            offer_audio: None,
            offer_video: None,
            restart: false,
        }
    }

    fn read(body: &Object) -> Result<Self, PluginError> {
        let mids = body.opt_strings("media")?.unwrap_or_default();
        let media = mids.into_iter().collect::<Option<_>>().ok_or_else(|| {
            let reason = "The media array must only contain strings (mid values)";
            PluginError::new(code::INVALID_ELEMENT, reason)
        })?;
        Ok(Self {
            id: id(body)?,
            pin: hidden(body, "pin")?,
            media,
            offer_audio: body.opt_bool("offer_audio")?,
            offer_video: body.opt_bool("offer_video")?,
            restart: flag(body, "restart")?,
        })
    }
}

impl Configure {
    fn read(body: &Object) -> Result<Self, PluginError> {
        Ok(Self {
            mid: text(body, "mid")?,
            send: body.opt_bool("send")?,
            audio: body.opt_bool("audio")?,
            video: body.opt_bool("video")?,
        })
    }
}

fn id(body: &Object) -> Result<MountpointId, Error> {
    body.unsigned("id").map(MountpointId)
}

pub(super) fn text(body: &Object, field: &str) -> Result<Option<String>, Error> {
    Ok(body.opt_string(field)?.map(str::to_owned))
}

/// What a client proves itself with.
pub(super) fn hidden(body: &Object, field: &str) -> Result<Option<Hidden>, Error> {
    Ok(body.opt_string(field)?.map(Hidden::from))
}

/// A text that a mountpoint keeps.
pub(super) fn kept_text(body: &Object, field: &str) -> Result<Option<String>, Error> {
    bounded(body, field, MAX_TEXT)
}

/// What a mountpoint keeps for programs.
pub(super) fn kept_metadata(body: &Object, field: &str) -> Result<Option<String>, Error> {
    bounded(body, field, MAX_METADATA)
}

fn bounded(body: &Object, field: &str, bytes: usize) -> Result<Option<String>, Error> {
    match body.opt_string(field)? {
        Some(text) if text.len() > bytes => {
            let expected = format!("a string of at most {bytes} bytes");
            Err(Error::wrong_type(field, &expected))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// A truth value that is false when it is left out.
pub(super) fn flag(body: &Object, field: &str) -> Result<bool, Error> {
    Ok(body.opt_bool(field)?.unwrap_or(false))
}
