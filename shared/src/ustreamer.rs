//! Bodies of `janus.plugin.ustreamer`, as µStreamer's plugin 6.62 speaks.

use serde::Serialize;

use crate::error::Error;
pub use crate::error::PluginError;
use crate::fields::Object;
use crate::hidden::Hidden;

/// The plugin's name.
pub const PLUGIN: &str = "janus.plugin.ustreamer";

/// The code of the answer to a [`Request::Watch`] that comes before the source has a picture.
/// Clients retry it.
pub const NOT_READY: u32 = 503;

/// The code of the answer to a [`Request::Watch`] for a source that asks for a PIN, without it or with
/// a wrong one. To try again the same way is of no use.
pub const FORBIDDEN: u32 = 403;

/// What a viewer asks of the plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// What the server can do.
    Features,
    /// Send an offer.
    Watch(Watch),
    /// Comes with the answer to the offer.
    Start,
    /// The viewer wants no more. Media goes on until hangup or detach.
    Stop,
    /// Packets arrive but no picture can be made of them: send a key frame.
    KeyRequired,
}

/// What a viewer wants to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Watch {
    /// What is wished for; what the server does not have is left out of the offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<WatchParams>,
    /// The word that lets one watch it, where it asks for one. A field of Fanlight's own, which
    /// µStreamer's plugin does not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Hidden>,
}

/// A viewer's wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WatchParams {
    /// Degrees by which the picture is turned for display: 0, 90, 180 or 270.
    pub orientation: u16,
    /// Sound from the source.
    pub audio: bool,
    /// The viewer's microphone to the source.
    pub mic: bool,
    /// The viewer's camera to the source.
    pub camera: bool,
}

impl Request {
    /// Reads a message's body.
    ///
    /// # Errors
    ///
    /// As the plugin answers it: 400 without a request, 405 for one it does not know. A wish of the
    /// wrong type counts as not wished for.
    pub fn parse(body: &Object) -> Result<Self, PluginError> {
        if !body.has("request") {
            return Err(PluginError::new(400, "Request missing"));
        }
        let Ok(request) = body.string("request") else {
            return Err(PluginError::new(400, "Request not a string"));
        };
        match request {
            "features" => Ok(Self::Features),
            "watch" => {
                let params = body.lenient_object("params");
                Ok(Self::Watch(Watch {
                    params: params.as_ref().map(WatchParams::read),
                    pin: body.opt_string("pin").unwrap_or(None).map(Hidden::from),
                }))
            }
            "start" => Ok(Self::Start),
            "stop" => Ok(Self::Stop),
            "key_required" => Ok(Self::KeyRequired),
            _ => Err(PluginError::new(405, "Not implemented")),
        }
    }
}

impl WatchParams {
    fn read(params: &Object) -> Self {
        let flag = |field| params.lenient_bool(field).unwrap_or(false);
        Self {
            orientation: match params.lenient_unsigned("orientation") {
                Some(90) => 90,
                Some(180) => 180,
                Some(270) => 270,
                _ => 0,
            },
            audio: flag("audio"),
            mic: flag("mic"),
            camera: flag("camera"),
        }
    }
}

/// What the plugin says: `data` of an event or of the answer to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// The message was taken. Says nothing of what became of it: that comes in an event.
    Ok,
    /// The outcome of a request.
    Status(Status),
    /// What the server can do.
    Features(Features),
    /// A request failed.
    Error(PluginError),
}

/// How far the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It has begun: with an offer, the answer to watch; without, to start.
    Started,
    /// It was stopped.
    Stopped,
}

/// What the server can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Features {
    /// There is sound.
    pub audio: bool,
    /// A viewer's microphone is taken.
    pub mic: bool,
    /// What the viewer needs to be reached through a NAT.
    pub ice: Ice,
}

/// Where a viewer learns its own public address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ice {
    /// A STUN server (`stun:host:port`), empty when none is needed.
    pub url: String,
}

impl Data {
    pub(crate) fn read(data: &Object) -> Result<Self, Error> {
        if data.lenient_bool("ok") == Some(true) {
            return Ok(Self::Ok);
        }
        if data.has("error_code") {
            let code = u32::try_from(data.unsigned("error_code")?).unwrap_or(u32::MAX);
            return Ok(Self::Error(PluginError::new(code, data.string("error")?)));
        }
        let result = data.object("result")?;
        match result.string("status")? {
            "started" => Ok(Self::Status(Status::Started)),
            "stopped" => Ok(Self::Status(Status::Stopped)),
            "features" => {
                let features = result.object("features")?;
                let flag = |field| features.lenient_bool(field).unwrap_or(false);
                let ice = features.lenient_object("ice").unwrap_or_default();
                Ok(Self::Features(Features {
                    audio: flag("audio"),
                    mic: flag("mic"),
                    ice: Ice {
                        url: ice.opt_string("url")?.unwrap_or_default().to_owned(),
                    },
                }))
            }
            _ => Err(Error::wrong_type("status", "started, stopped or features")),
        }
    }
}

impl Serialize for Data {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Shape<'a> {
            Ok {
                ok: bool,
            },
            Result {
                ustreamer: &'static str,
                result: Outcome<'a>,
            },
            Error {
                ustreamer: &'static str,
                error_code: u32,
                error: &'a str,
            },
        }
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Outcome<'a> {
            Status {
                status: Status,
            },
            Features {
                status: &'static str,
                features: &'a Features,
            },
        }
        let ustreamer = "event";
        match self {
            Self::Ok => Shape::Ok { ok: true },
            Self::Status(status) => Shape::Result {
                ustreamer,
                result: Outcome::Status { status: *status },
            },
            Self::Features(features) => Shape::Result {
                ustreamer,
                result: Outcome::Features {
                    status: "features",
                    features,
                },
            },
            Self::Error(error) => Shape::Error {
                ustreamer,
                error_code: error.code,
                error: &error.reason,
            },
        }
        .serialize(serializer)
    }
}
