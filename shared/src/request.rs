//! What clients send: requests of the Janus API.

use serde::Serialize;

use crate::error::{Error, ErrorCode};
use crate::fields::{NotAnObject, Object};
use crate::jsep::{Candidate, Jsep};
use crate::{HandleId, SessionId};

/// A request with its address.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What the answer will carry, chosen by the client.
    pub transaction: String,
    /// The session it is for.
    pub session: Option<SessionId>,
    /// The handle it is for.
    pub handle: Option<HandleId>,
    /// What proves that the client may ask.
    pub credentials: Credentials,
    /// What is asked. Janus looks up the session and the handle before it looks at the request's
    /// own fields, so an error in those waits here until then.
    pub kind: Result<RequestKind, Malformed>,
}

/// Where a client posts its requests over HTTP: what is in the path goes before what is in the
/// message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The session in the path.
    pub session: Option<SessionId>,
    /// The handle in the path.
    pub handle: Option<HandleId>,
}

/// What the requests of clients and of administrators begin with.
pub(crate) struct Head<'a> {
    pub(crate) transaction: &'a str,
    pub(crate) name: &'a str,
    pub(crate) path: Path,
}

impl<'a> Head<'a> {
    /// Reads it from a message that came by this path.
    ///
    /// # Errors
    ///
    /// `janus` or `transaction` is missing or no text.
    pub(crate) fn read(path: Path, message: &'a Object) -> Result<Self, Error> {
        let transaction = message.string("transaction")?;
        let name = message.string("janus")?;
        let id = |field| message.lenient_unsigned(field).filter(|id| *id != 0);
        Ok(Self {
            transaction,
            name,
            path: Path {
                session: path.session.or_else(|| id("session_id").map(SessionId)),
                handle: path.handle.or_else(|| id("handle_id").map(HandleId)),
            },
        })
    }

    pub(crate) fn malformed(&self, error: Error) -> Malformed {
        Malformed {
            request: self.name.to_owned(),
            error,
        }
    }
}

/// A request with a field that is missing or of the wrong type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{request}: {error}")]
pub struct Malformed {
    /// The request's name in the field `janus`.
    pub request: String,
    /// The answer to it, if it gets that far.
    pub error: Error,
}

/// Secrets that come with a request.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// The secret that all clients share.
    #[serde(rename = "apisecret", skip_serializing_if = "Option::is_none")]
    pub api_secret: Option<String>,
    /// A token of this client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestKind {
    /// Are you there?
    Ping,
    /// Who are you?
    Info,
    /// Make a session.
    Create {
        /// The id it shall have; the server chooses one otherwise.
        id: Option<SessionId>,
    },
    /// Make a handle to a plugin.
    Attach {
        /// The plugin's name.
        plugin: String,
        /// A name for logs, given by the client.
        opaque_id: Option<String>,
    },
    /// The session is still wanted.
    Keepalive,
    /// Take the session over to this connection.
    Claim,
    /// End the session and all that belongs to it.
    Destroy,
    /// End the handle.
    Detach,
    /// End the handle's peer connection.
    Hangup,
    /// A message for the handle's plugin.
    Message {
        /// What the plugin reads.
        body: Object,
        /// An offer or an answer.
        jsep: Option<Jsep>,
    },
    /// Candidates of the client.
    Trickle(Vec<Candidate>),
    /// Anything else, by its name.
    Unknown(String),
}

impl Request {
    /// Reads a message of a client.
    ///
    /// # Errors
    ///
    /// Those that Janus answers without the message's transaction: it is not JSON, or `janus` or
    /// `transaction` is missing or no text, or a chosen session id is no number. All other errors
    /// are in [`Request::kind`].
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::read(Path::default(), &Object::parse(text.as_ref())?)
    }

    /// Reads a message that a client has posted to this path.
    ///
    /// # Errors
    ///
    /// As [`Request::parse`], in the words that Janus has for them over HTTP.
    pub fn parse_posted(path: Path, text: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::read(path, &NotAnObject::parse_posted(text.as_ref())?)
    }

    fn read(path: Path, message: &Object) -> Result<Self, Error> {
        let head = Head::read(path, message)?;
        let kind = match RequestKind::read(head.name, message) {
            Err(error) if head.name == "create" => return Err(error),
            kind => kind.map_err(|error| head.malformed(error)),
        };
        let secret = |field| message.opt_string(field).unwrap_or(None).map(str::to_owned);
        Ok(Self {
            transaction: head.transaction.to_owned(),
            session: head.path.session,
            handle: head.path.handle,
            credentials: Credentials {
                api_secret: secret("apisecret"),
                token: secret("token"),
            },
            kind,
        })
    }

    /// The message as a client sends it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The request's name in the field `janus`.
    pub fn name(&self) -> &str {
        match &self.kind {
            Ok(kind) => kind.name(),
            Err(malformed) => &malformed.request,
        }
    }
}

impl RequestKind {
    /// The name in the field `janus`.
    pub fn name(&self) -> &str {
        match self {
            Self::Ping => "ping",
            Self::Info => "info",
            Self::Create { .. } => "create",
            Self::Attach { .. } => "attach",
            Self::Keepalive => "keepalive",
            Self::Claim => "claim",
            Self::Destroy => "destroy",
            Self::Detach => "detach",
            Self::Hangup => "hangup",
            Self::Message { .. } => "message",
            Self::Trickle(_) => "trickle",
            Self::Unknown(name) => name,
        }
    }

    fn read(name: &str, message: &Object) -> Result<Self, Error> {
        Ok(match name {
            "ping" => Self::Ping,
            "info" => Self::Info,
            "create" => Self::Create {
                id: message
                    .opt_unsigned("id")?
                    .filter(|id| *id != 0)
                    .map(SessionId),
            },
            "attach" => Self::Attach {
                plugin: message.string("plugin")?.to_owned(),
                opaque_id: message.opt_string("opaque_id")?.map(str::to_owned),
            },
            "keepalive" => Self::Keepalive,
            "claim" => Self::Claim,
            "destroy" => Self::Destroy,
            "detach" => Self::Detach,
            "hangup" => Self::Hangup,
            "message" => Self::Message {
                body: message.object("body")?,
                jsep: Jsep::read(message)?,
            },
            "trickle" => Self::Trickle(Candidate::read_all(message)?),
            unknown => Self::Unknown(unknown.to_owned()),
        })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A log must never hold a secret.
        let given = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("Credentials")
            .field("api_secret", &given(&self.api_secret))
            .field("token", &given(&self.token))
            .finish()
    }
}

impl Serialize for Request {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize, Default)]
        struct Shape<'a> {
            janus: &'a str,
            transaction: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            session_id: Option<SessionId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            handle_id: Option<HandleId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<SessionId>,
            #[serde(skip_serializing_if = "Option::is_none")]
            plugin: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            opaque_id: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            body: Option<&'a Object>,
            #[serde(skip_serializing_if = "Option::is_none")]
            jsep: Option<&'a Jsep>,
            #[serde(skip_serializing_if = "Option::is_none")]
            candidate: Option<&'a Candidate>,
            #[serde(skip_serializing_if = "Option::is_none")]
            candidates: Option<&'a [Candidate]>,
            #[serde(flatten)]
            credentials: Option<&'a Credentials>,
        }
        let mut shape = Shape {
            janus: self.name(),
            transaction: &self.transaction,
            session_id: self.session,
            handle_id: self.handle,
            credentials: Some(&self.credentials),
            ..Shape::default()
        };
        match &self.kind {
            Ok(RequestKind::Create { id }) => shape.id = *id,
            Ok(RequestKind::Attach { plugin, opaque_id }) => {
                shape.plugin = Some(plugin);
                shape.opaque_id = opaque_id.as_deref();
            }
            Ok(RequestKind::Message { body, jsep }) => {
                shape.body = Some(body);
                shape.jsep = jsep.as_ref();
            }
            Ok(RequestKind::Trickle(candidates)) => match candidates.as_slice() {
                [candidate] => shape.candidate = Some(candidate),
                candidates => shape.candidates = Some(candidates),
            },
            Ok(_) => {}
            Err(error) => return Err(serde::ser::Error::custom(error)),
        }
        shape.serialize(serializer)
    }
}

impl Error {
    /// The answer to a request that is known, or not, but has no place without a session or handle.
    pub fn unhandled(request: &str) -> Self {
        let reason = format!("Unhandled request '{request}' at this path");
        Self::new(ErrorCode::InvalidRequestPath, reason)
    }

    /// The answer to a request that nobody knows.
    pub fn unknown_request(request: &str) -> Self {
        let reason = format!("Unknown request '{request}'");
        Self::new(ErrorCode::UnknownRequest, reason)
    }

    /// The answer to a request for a session that is not there.
    pub fn no_such_session(session: SessionId) -> Self {
        let reason = format!("No such session {session}");
        Self::new(ErrorCode::SessionNotFound, reason)
    }

    /// The answer to a request for a handle that is not there.
    pub fn no_such_handle(handle: HandleId, session: SessionId) -> Self {
        let reason = format!("No such handle {handle} in session {session}");
        Self::new(ErrorCode::HandleNotFound, reason)
    }

    /// The answer to a request that brings no secret or token, or a wrong one.
    pub fn unauthorized() -> Self {
        let reason = "Unauthorized request (wrong or missing secret/token)";
        Self::new(ErrorCode::Unauthorized, reason)
    }

    /// The answer to a create while the server takes no new sessions.
    pub fn not_accepting_sessions() -> Self {
        let reason = "Currently not accepting new sessions";
        Self::new(ErrorCode::NotAcceptingSessions, reason)
    }

    /// The answer to an attach to a plugin that is not there.
    pub fn no_such_plugin(plugin: &str) -> Self {
        let reason = format!("No such plugin '{plugin}'");
        Self::new(ErrorCode::PluginNotFound, reason)
    }
}
