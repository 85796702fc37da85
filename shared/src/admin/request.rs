//! What administrators ask.

use crate::error::Error;
use crate::fields::{NotAnObject, Object};
use crate::hidden::Hidden;
use crate::request::{Head, Malformed, Path};
use crate::{HandleId, SessionId};

/// A request of an administrator.
#[derive(Clone, Debug, PartialEq)]
pub struct AdminRequest {
    /// What the answer will carry, chosen by the client.
    pub transaction: String,
    /// The session it is about.
    pub session: Option<SessionId>,
    /// The handle it is about.
    pub handle: Option<HandleId>,
    /// What proves that it is an administrator.
    pub secret: Option<Hidden>,
    /// What is asked, or what is wrong with it: told once the session and handle are found.
    pub kind: Result<AdminKind, Malformed>,
}

/// What administrators can ask.
#[derive(Clone, Debug, PartialEq)]
pub enum AdminKind {
    /// Are you there?
    Ping,
    /// Who are you?
    Info,
    /// How are the things set that can be set?
    GetStatus,
    /// How many handles has each event loop? There are none in Fanlight.
    LoopsInfo,
    /// Log as much as this: from 0, nothing, to 7, everything.
    SetLogLevel(u8),
    /// Take new sessions, or none.
    AcceptNewSessions(bool),
    /// End sessions of which nothing is asked for so many seconds: the session of the request, or
    /// all that have no time of their own. 0 is never; for one session, `None` is as all others.
    SetSessionTimeout(Option<u32>),
    /// Which sessions are there?
    ListSessions,
    /// End the session.
    DestroySession,
    /// Which handles has the session?
    ListHandles,
    /// What is known of the handle?
    HandleInfo {
        /// Nothing but what its plugin knows.
        plugin_only: bool,
    },
    /// End the handle's peer connection.
    HangupWebrtc,
    /// End the handle.
    DetachHandle,
    /// A message for a plugin.
    MessagePlugin {
        /// The plugin's name.
        plugin: String,
        /// What the plugin reads.
        request: Object,
    },
    /// A message for an event handler. There are none in Fanlight.
    QueryEventHandler,
    /// Which tokens are good?
    ListTokens,
    /// This token is good, for these plugins; for all of them without names.
    AddToken(TokenChange),
    /// The token is good for these plugins, too.
    AllowToken(TokenChange),
    /// The token is not good for these plugins any more.
    DisallowToken(TokenChange),
    /// The token is not good any more.
    RemoveToken(Hidden),
    /// Anything else, by its name.
    Unknown(String),
}

/// A token and names of plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenChange {
    /// The token.
    pub token: Hidden,
    /// The names. What is no text is none.
    pub plugins: Vec<String>,
}

impl AdminRequest {
    /// Reads a message of an administrator.
    ///
    /// # Errors
    ///
    /// Those that Janus answers without the message's transaction: it is not JSON, or `janus` or
    /// `transaction` is missing or no text.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::read(Path::default(), &Object::parse(text.as_ref())?)
    }

    /// Reads a message that an administrator has posted to this path.
    ///
    /// # Errors
    ///
    /// As [`AdminRequest::parse`], in the words that Janus has for them over HTTP.
    pub fn parse_posted(path: Path, text: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::read(path, &NotAnObject::parse_posted(text.as_ref())?)
    }

    fn read(path: Path, message: &Object) -> Result<Self, Error> {
        let head = Head::read(path, message)?;
        Ok(Self {
            transaction: head.transaction.to_owned(),
            session: head.path.session,
            handle: head.path.handle,
            secret: message
                .opt_string("admin_secret")
                .unwrap_or(None)
                .map(Hidden::from),
            kind: AdminKind::read(head.name, message).map_err(|error| head.malformed(error)),
        })
    }

    /// The request's name in the field `janus`.
    pub fn name(&self) -> &str {
        match &self.kind {
            Ok(kind) => kind.name(),
            Err(malformed) => &malformed.request,
        }
    }
}

impl AdminKind {
    /// The name in the field `janus`.
    pub fn name(&self) -> &str {
        match self {
            Self::Ping => "ping",
            Self::Info => "info",
            Self::GetStatus => "get_status",
            Self::LoopsInfo => "loops_info",
            Self::SetLogLevel(_) => "set_log_level",
            Self::AcceptNewSessions(_) => "accept_new_sessions",
            Self::SetSessionTimeout(_) => "set_session_timeout",
            Self::ListSessions => "list_sessions",
            Self::DestroySession => "destroy_session",
            Self::ListHandles => "list_handles",
            Self::HandleInfo { .. } => "handle_info",
            Self::HangupWebrtc => "hangup_webrtc",
            Self::DetachHandle => "detach_handle",
            Self::MessagePlugin { .. } => "message_plugin",
            Self::QueryEventHandler => "query_eventhandler",
            Self::ListTokens => "list_tokens",
            Self::AddToken(_) => "add_token",
            Self::AllowToken(_) => "allow_token",
            Self::DisallowToken(_) => "disallow_token",
            Self::RemoveToken(_) => "remove_token",
            Self::Unknown(name) => name,
        }
    }

    fn read(name: &str, message: &Object) -> Result<Self, Error> {
        Ok(match name {
            "ping" => Self::Ping,
            "info" => Self::Info,
            "get_status" => Self::GetStatus,
            "loops_info" => Self::LoopsInfo,
            "set_log_level" => {
                let level = u8::try_from(message.unsigned("level")?).ok();
                let level = level.filter(|level| *level <= 7);
                Self::SetLogLevel(level.ok_or_else(|| {
                    let expected = "between 0 and 7";
                    Error::wrong_type("level", expected)
                })?)
            }
            "accept_new_sessions" => Self::AcceptNewSessions(message.bool("accept")?),
            "set_session_timeout" => Self::SetSessionTimeout(match message.integer("timeout")? {
                -1 => None,
                seconds => Some(
                    u32::try_from(seconds)
                        .map_err(|_| Error::wrong_type("timeout", "a positive integer"))?,
                ),
            }),
            "list_sessions" => Self::ListSessions,
            "destroy_session" => Self::DestroySession,
            "list_handles" => Self::ListHandles,
            "handle_info" => Self::HandleInfo {
                plugin_only: message.opt_bool("plugin_only")?.unwrap_or(false),
            },
            "hangup_webrtc" => Self::HangupWebrtc,
            "detach_handle" => Self::DetachHandle,
            "message_plugin" => Self::MessagePlugin {
                plugin: message.string("plugin")?.to_owned(),
                request: match message.has("request") {
                    true => message.object("request")?,
                    false => Object::default(),
                },
            },
            "query_eventhandler" => {
                message.string("handler")?;
                Self::QueryEventHandler
            }
            "list_tokens" => Self::ListTokens,
            "add_token" => Self::AddToken(TokenChange::read(message)?),
            "allow_token" => Self::AllowToken(TokenChange::read(message)?),
            "disallow_token" => Self::DisallowToken(TokenChange::read(message)?),
            "remove_token" => Self::RemoveToken(message.string("token")?.into()),
            unknown => Self::Unknown(unknown.to_owned()),
        })
    }
}

impl TokenChange {
    fn read(message: &Object) -> Result<Self, Error> {
        Ok(Self {
            token: message.string("token")?.into(),
            plugins: match message.opt_strings("plugins")? {
                Some(names) => names.into_iter().flatten().collect(),
                None => Vec::new(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_show_no_secrets() {
        for asked in [
            r#""janus":"list_tokens""#,
            r#""janus":"add_token","token":"hunter2""#,
            r#""janus":"remove_token","token":"hunter2""#,
            r#""janus":"message_plugin","plugin":"p","request":{"admin_key":"hunter2"}"#,
        ] {
            let text = format!(r#"{{"transaction":"t","admin_secret":"hunter2",{asked}}}"#);
            let request = AdminRequest::parse(text).unwrap();
            let shown = format!("{request:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
