//! What administrators are answered.

use serde::Serialize;

use super::HandleInfo;
use crate::error::{Error, ErrorCode};
use crate::fields::Object;
use crate::hidden::Hidden;
use crate::{HandleId, SessionId};

/// The answer to a request that did not fail. Errors, `pong` and `server_info` are
/// [`ServerMessage`](crate::ServerMessage)s.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "janus", rename = "success")]
pub struct AdminSuccess {
    /// The session of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// The transaction of the request.
    pub transaction: String,
    /// The handle, where something is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle_id: Option<HandleId>,
    /// What was asked for.
    #[serde(flatten)]
    pub found: Option<Found>,
}

impl AdminSuccess {
    /// The message as a server sends it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What an answer brings, under the name of the variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// How things are set.
    Status(Status),
    /// The handles of each event loop.
    Loops(Vec<u64>),
    /// How much is logged now.
    Level(u8),
    /// Whether new sessions are taken now.
    Accept(bool),
    /// Seconds after which an unused session ends now.
    Timeout(i64),
    /// All sessions.
    Sessions(Vec<SessionId>),
    /// All handles of a session.
    Handles(Vec<HandleId>),
    /// What is known of a handle.
    Info(Box<HandleInfo>),
    /// What a plugin says.
    Response(Object),
    /// Tokens.
    Data(TokenData),
}

/// How things are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Whether clients are asked for a token.
    pub token_auth: bool,
    /// Seconds after which an unused session ends.
    pub session_timeout: u64,
    /// Seconds for which a session outlives its connection.
    pub reclaim_session_timeout: u64,
    /// Seconds for which candidates wait for an answer.
    pub candidates_timeout: u64,
    /// How much is logged, from 0 to 7.
    pub log_level: u8,
}

/// Tokens, and the plugins that they are good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenData {
    /// The plugins of the token that the request was about.
    Plugins(Vec<String>),
    /// All tokens.
    Tokens(Vec<TokenInfo>),
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// The token itself: an administrator may see it.
    pub token: Hidden,
    /// The plugins that it is good for.
    pub allowed_plugins: Vec<String>,
}

impl Error {
    /// The answer to a request about tokens while clients are asked for none.
    pub fn no_stored_tokens() -> Self {
        let reason = "Stored-Token based authentication disabled";
        Self::new(ErrorCode::Unknown, reason)
    }

    /// The answer to a request about a token that is none.
    pub fn token_not_found(token: &str) -> Self {
        let reason = format!("Token {token} not found");
        Self::new(ErrorCode::TokenNotFound, reason)
    }

    /// The answer to a list of plugins that there are not.
    pub fn invalid_plugins() -> Self {
        let reason = "Invalid element type (some of the provided plugins are invalid)";
        Self::new(ErrorCode::InvalidElementType, reason)
    }

    /// The answer to an empty list of plugins.
    pub fn no_plugins() -> Self {
        Self::wrong_type("plugins", "a non-empty array")
    }
}
