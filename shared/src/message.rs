//! What servers send: answers to requests, and events.

use serde::Serialize;

use crate::error::{Error, ErrorCode};
use crate::fields::Object;
use crate::jsep::{Candidate, Jsep};
use crate::{HandleId, SessionId, streaming, ustreamer};

/// A message of the server.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "janus", rename_all = "lowercase")]
pub enum ServerMessage {
    /// The request was done. Also the answer to a message that its plugin answers at once.
    Success {
        /// The session of the request.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<SessionId>,
        /// The transaction of the request.
        transaction: String,
        /// The handle, where a plugin answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        sender: Option<HandleId>,
        /// What was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<Created>,
        /// What the plugin answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        plugindata: Option<PluginData>,
    },
    /// The request was taken; what comes of it is told in an event, which may even come first.
    Ack {
        /// The session of the request.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<SessionId>,
        /// The transaction of the request.
        transaction: String,
    },
    /// The request failed.
    Error {
        /// The session of the request.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<SessionId>,
        /// The transaction of the request, where it could be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        transaction: Option<String>,
        /// Why.
        error: Error,
    },
    /// The answer to ping.
    Pong {
        /// The transaction of the request.
        transaction: String,
    },
    /// The answer to info.
    #[serde(rename = "server_info")]
    ServerInfo(Box<ServerInfo>),
    /// A plugin has news.
    Event {
        /// The session it concerns.
        session_id: SessionId,
        /// The transaction of the request that it is the outcome of, where it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        transaction: Option<String>,
        /// The handle it concerns.
        sender: HandleId,
        /// The news.
        plugindata: PluginData,
        /// An offer or an answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        jsep: Option<Jsep>,
    },
    /// A candidate of the server.
    Trickle {
        /// The session it concerns.
        session_id: SessionId,
        /// The handle it concerns.
        sender: HandleId,
        /// The candidate.
        candidate: Candidate,
    },
    /// The handle's peer connection stands.
    WebrtcUp {
        /// The session it concerns.
        session_id: SessionId,
        /// The handle it concerns.
        sender: HandleId,
    },
    /// Media from the client begins or ends to arrive at the server.
    Media {
        /// The session it concerns.
        session_id: SessionId,
        /// The handle it concerns.
        sender: HandleId,
        /// `audio` or `video`.
        #[serde(rename = "type")]
        kind: String,
        /// Whether it arrives.
        receiving: bool,
    },
    /// Packets are lost on the way.
    SlowLink {
        /// The session it concerns.
        session_id: SessionId,
        /// The handle it concerns.
        sender: HandleId,
        /// Which medium, where the server tells.
        #[serde(skip_serializing_if = "Option::is_none")]
        mid: Option<String>,
        /// `audio` or `video`, where the server tells.
        #[serde(skip_serializing_if = "Option::is_none")]
        media: Option<String>,
        /// Whether the client misses packets of the server; the server misses those of the client
        /// otherwise.
        uplink: bool,
        /// How many packets were lost of late.
        lost: u64,
    },
    /// The handle's peer connection has ended.
    Hangup {
        /// The session it concerns.
        session_id: SessionId,
        /// The handle it concerns.
        sender: HandleId,
        /// Why, in Janus' words.
        reason: String,
    },
    /// The handle has ended.
    Detached {
        /// The session it concerns.
        session_id: SessionId,
        /// The handle it concerns.
        sender: HandleId,
    },
    /// The session was not used for too long and has ended.
    Timeout {
        /// The session it concerns.
        session_id: SessionId,
    },
    /// A long poll ends without news.
    Keepalive,
}

/// What a request made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Created {
    /// The id of the session or handle.
    pub id: u64,
}

/// What a plugin says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "plugin", content = "data")]
pub enum PluginData {
    /// `janus.plugin.ustreamer`.
    #[serde(rename = "janus.plugin.ustreamer")]
    Ustreamer(ustreamer::Data),
    /// `janus.plugin.streaming`.
    #[serde(rename = "janus.plugin.streaming")]
    Streaming(streaming::Data),
}

/// The answer to info. Clients look at little of it; what Fanlight has no counterpart for is
/// left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServerInfo {
    /// The transaction of the request.
    pub transaction: String,
    /// The server's name.
    pub name: String,
    /// The version of Janus whose API is spoken: 1102 for 1.1.2.
    pub version: u32,
    /// The server's own version.
    #[serde(rename = "version_string")]
    pub version_string: String,
    /// Who made the server.
    pub author: String,
    /// No channel for data is offered.
    #[serde(rename = "data_channels")]
    pub data_channels: bool,
    /// What its operator calls the server.
    pub server_name: String,
    /// New sessions are taken.
    pub accepting_new_sessions: bool,
    /// Seconds after which an unused session ends.
    pub session_timeout: u64,
    /// Seconds for which a session outlives its connection.
    pub reclaim_session_timeout: u64,
    /// Only answers checks of the viewer, makes none of its own (RFC 8445, 2.5).
    pub ice_lite: bool,
    /// Media over TCP is offered.
    pub ice_tcp: bool,
    /// Candidates are trickled rather than in the offer.
    pub full_trickle: bool,
    /// A secret is needed.
    #[serde(rename = "api_secret")]
    pub api_secret: bool,
    /// A token is needed.
    #[serde(rename = "auth_token")]
    pub auth_token: bool,
    /// The transports, by their names in Janus.
    pub transports: std::collections::BTreeMap<String, ModuleInfo>,
    /// The plugins, by their names in Janus.
    pub plugins: std::collections::BTreeMap<String, ModuleInfo>,
}

/// A plugin or a transport.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModuleInfo {
    /// Its name for people.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// What it is for.
    pub description: String,
    /// Its version.
    pub version_string: String,
    /// Its version as a number.
    pub version: u32,
}

impl ServerMessage {
    /// Reads a message of a server, Fanlight or Janus.
    ///
    /// It is read for viewers: what nobody is told who watches ([`Self::ServerInfo`], and what is
    /// answered to managers of mountpoints) counts as not known. A program consists of what it
    /// reads, and a page that is to be there at once of little.
    ///
    /// # Errors
    ///
    /// Names the field that is missing or has the wrong type. A message that is not known is no
    /// error but `None`.
    pub fn parse(text: &str) -> Result<Option<Self>, Error> {
        let message = Object::parse(text.as_bytes())?;
        let session = || message.unsigned("session_id").map(SessionId);
        let opt_session = || Ok::<_, Error>(message.opt_unsigned("session_id")?.map(SessionId));
        let sender = || message.unsigned("sender").map(HandleId);
        let transaction = || message.string("transaction").map(str::to_owned);
        let opt_transaction =
            || Ok::<_, Error>(message.opt_string("transaction")?.map(str::to_owned));
        let flag = |field| message.lenient_bool(field).unwrap_or(false);
        Ok(Some(match message.string("janus")? {
            "success" => Self::Success {
                session_id: opt_session()?,
                transaction: transaction()?,
                sender: message.opt_unsigned("sender")?.map(HandleId),
                data: match message.lenient_object("data") {
                    Some(data) => data.opt_unsigned("id")?.map(|id| Created { id }),
                    None => None,
                },
                plugindata: PluginData::read(&message)?,
            },
            "ack" => Self::Ack {
                session_id: opt_session()?,
                transaction: transaction()?,
            },
            "error" => {
                let error = message.object("error")?;
                let code = u32::try_from(error.unsigned("code")?).unwrap_or(u32::MAX);
                Self::Error {
                    session_id: opt_session()?,
                    transaction: opt_transaction()?,
                    error: Error::new(ErrorCode::from(code), error.string("reason")?),
                }
            }
            "pong" => Self::Pong {
                transaction: transaction()?,
            },
            "event" => Self::Event {
                session_id: session()?,
                transaction: opt_transaction()?,
                sender: sender()?,
                plugindata: match PluginData::read(&message)? {
                    Some(plugindata) => plugindata,
                    None => return Ok(None),
                },
                jsep: Jsep::read(&message)?,
            },
            "trickle" => Self::Trickle {
                session_id: session()?,
                sender: sender()?,
                candidate: Candidate::read(message.object_or_null("candidate")?.as_ref())?,
            },
            "webrtcup" => Self::WebrtcUp {
                session_id: session()?,
                sender: sender()?,
            },
            "media" => Self::Media {
                session_id: session()?,
                sender: sender()?,
                kind: message.string("type")?.to_owned(),
                receiving: flag("receiving"),
            },
            "slowlink" => Self::SlowLink {
                session_id: session()?,
                sender: sender()?,
                mid: message.opt_string("mid")?.map(str::to_owned),
                media: message.opt_string("media")?.map(str::to_owned),
                uplink: flag("uplink"),
                lost: message.lenient_unsigned("lost").unwrap_or(0),
            },
            "hangup" => Self::Hangup {
                session_id: session()?,
                sender: sender()?,
                reason: message.opt_string("reason")?.unwrap_or_default().to_owned(),
            },
            "detached" => Self::Detached {
                session_id: session()?,
                sender: sender()?,
            },
            "timeout" => Self::Timeout {
                session_id: session()?,
            },
            "keepalive" => Self::Keepalive,
            _ => return Ok(None),
        }))
    }

    /// The message as a server sends it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl PluginData {
    /// What a known plugin says in this message, if any does.
    fn read(message: &Object) -> Result<Option<Self>, Error> {
        if !message.has("plugindata") {
            return Ok(None);
        }
        let plugindata = message.object("plugindata")?;
        match plugindata.string("plugin")? {
            ustreamer::PLUGIN => {
                let data = ustreamer::Data::read(&plugindata.object("data")?)?;
                Ok(Some(Self::Ustreamer(data)))
            }
            streaming::PLUGIN => {
                let data = streaming::Data::read(&plugindata.object("data")?)?;
                Ok(data.map(Self::Streaming))
            }
            _ => Ok(None),
        }
    }
}
