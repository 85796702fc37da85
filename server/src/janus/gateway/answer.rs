//! What requests are answered with.

use fanlight_protocol::message::{Created, ModuleInfo, PluginData, ServerInfo};
use fanlight_protocol::{HandleId, ServerMessage, SessionId};

use super::GatewayConfig;
use super::plugin::StreamingWork;

/// The answer to a request that did not fail.
#[derive(Debug)]
pub(super) enum Answer {
    /// It was done.
    Success,
    /// A session or handle was made.
    Created(u64),
    /// It was taken.
    Ack,
    /// What the handle's plugin answers.
    Plugin(HandleId, PluginData),
    Pong,
    Info,
}

/// An answer, and what follows it rather than going before.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) answer: Answer,
    pub(super) then: Option<Then>,
}

/// What follows an answer.
#[derive(Debug)]
pub(super) enum Then {
    /// An event.
    Event(SessionId, ServerMessage),
    /// Events that another client of the session has not heard.
    Texts(SessionId, Vec<String>),
    /// Work for the streaming plugin.
    Streaming(StreamingWork),
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        Self { answer, then: None }
    }
}

impl Answer {
    pub(super) fn into_message(
        self,
        session_id: Option<SessionId>,
        transaction: String,
        config: &GatewayConfig,
    ) -> ServerMessage {
        let success = |session_id, sender, data, plugindata| ServerMessage::Success {
            session_id,
            transaction: transaction.clone(),
            sender,
            data,
            plugindata,
        };
        match self {
            Self::Success => success(session_id, None, None, None),
            // A new session is named by its id alone.
            Self::Created(id) if session_id.is_none_or(|session| session.0 == id) => {
                success(None, None, Some(Created { id }), None)
            }
            Self::Created(id) => success(session_id, None, Some(Created { id }), None),
            Self::Plugin(sender, data) => success(session_id, Some(sender), None, Some(data)),
            Self::Ack => ServerMessage::Ack {
                session_id,
                transaction,
            },
            Self::Pong => ServerMessage::Pong { transaction },
            Self::Info => ServerMessage::ServerInfo(Box::new(info(transaction, config))),
        }
    }
}

fn info(transaction: String, config: &GatewayConfig) -> ServerInfo {
    let version = env!("CARGO_PKG_VERSION");
    let module = |name: &str, description: &str| ModuleInfo {
        name: name.to_owned(),
        author: "Fanlight".to_owned(),
        description: description.to_owned(),
        version_string: version.to_owned(),
        version: 1,
    };
    ServerInfo {
        transaction,
        name: "Fanlight".to_owned(),
        version: 1102,
        version_string: version.to_owned(),
        author: "Fanlight".to_owned(),
        data_channels: false,
        server_name: config.server_name.clone(),
        accepting_new_sessions: config.accepting_sessions,
        session_timeout: config.session_timeout.as_secs(),
        reclaim_session_timeout: config.reclaim_timeout.as_secs(),
        ice_lite: config.ice_lite,
        ice_tcp: false,
        full_trickle: config.full_trickle,
        api_secret: config.access.api_secret.is_some(),
        auth_token: config.access.tokens.is_some(),
        transports: [
            (
                "janus.transport.http".to_owned(),
                module("HTTP", "The Janus API over HTTP, with long polls"),
            ),
            (
                "janus.transport.websockets".to_owned(),
                module("WebSockets", "The Janus API over WebSocket"),
            ),
        ]
        .into(),
        plugins: [
            (
                fanlight_protocol::streaming::PLUGIN.to_owned(),
                module("Streaming", "The camera and RTP, as mountpoints"),
            ),
            (
                fanlight_protocol::ustreamer::PLUGIN.to_owned(),
                module(
                    "uStreamer",
                    "One video stream, as uStreamer's plugin gives it",
                ),
            ),
        ]
        .into(),
    }
}
