//! What administrators ask: a file for each family.
//!
//! * here: who may ask, and what is asked of the server or of its plugins
//! * [`settings`]: what can be set while the server runs
//! * [`tokens`]: which tokens are good
//! * [`sessions`]: sessions and handles; [`info`]: all that is known of a handle

mod info;
mod sessions;
mod settings;
mod tokens;

use std::time::Instant;

use fanlight_protocol::admin::{AdminKind, AdminRequest, AdminSuccess, Found};
use fanlight_protocol::request::Path;
use fanlight_protocol::{Error, ErrorCode, HandleId, Object, ServerMessage, streaming};

use super::answer::{Answer, Then};
use super::{Address, ConnectionId, Gateway, Outgoing, Plugin, Recipient};
use crate::janus::media::Media;
use crate::log::Log;
use crate::secret::Secret;

/// What administrators have to know, and what they can change beside the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) secret: Secret,
    pub(crate) log: Log,
}

/// What an administrator is answered.
enum AdminAnswer {
    Done,
    Found(Found),
    /// Something about the handle.
    FoundOf(HandleId, Found),
    /// The same as clients are answered.
    Common(Answer),
}

impl<M: Media> Gateway<M> {
    /// An administrator has sent a message. It gets exactly one answer, whatever it has sent.
    pub(crate) fn handle_admin_message(
        &mut self,
        now: Instant,
        from: ConnectionId,
        message: &[u8],
    ) {
        let text = self.answer_admin(now, AdminRequest::parse(message));
        let to = Recipient::Connection(from);
        self.outgoing.push_back(Outgoing { to, text });
    }

    /// An administrator has posted a message over HTTP. Returns the one answer to it.
    pub(crate) fn handle_admin_post(&mut self, now: Instant, path: Path, message: &[u8]) -> String {
        self.answer_admin(now, AdminRequest::parse_posted(path, message))
    }

    fn answer_admin(&mut self, now: Instant, request: Result<AdminRequest, Error>) -> String {
        let (session_id, transaction, answer) = match request {
            Ok(request) => {
                let (session, transaction) = (request.session, request.transaction.clone());
                let answer = self.handle_admin(now, request);
                (session, Some(transaction), answer)
            }
            Err(error) => (None, None, Err(error)),
        };
        let (handle_id, found) = match answer {
            Ok(AdminAnswer::Done) => (None, None),
            Ok(AdminAnswer::Found(found)) => (None, Some(found)),
            Ok(AdminAnswer::FoundOf(handle, found)) => (Some(handle), Some(found)),
            Ok(AdminAnswer::Common(answer)) => {
                let transaction = transaction.unwrap_or_default();
                let message = answer.into_message(session_id, transaction, &self.config);
                return message.to_json();
            }
            Err(error) => {
                let message = ServerMessage::Error {
                    session_id,
                    transaction,
                    error,
                };
                return message.to_json();
            }
        };
        let success = AdminSuccess {
            session_id,
            transaction: transaction.unwrap_or_default(),
            handle_id,
            found,
        };
        success.to_json()
    }

    /// Finds who is to do it, in the order in which Janus looks, and has it done.
    fn handle_admin(&mut self, now: Instant, request: AdminRequest) -> Result<AdminAnswer, Error> {
        let path = Path {
            session: request.session,
            handle: request.handle,
        };
        if path == Path::default() {
            match request.kind {
                Ok(AdminKind::Ping) => return Ok(AdminAnswer::Common(Answer::Pong)),
                Ok(AdminKind::Info) => return Ok(AdminAnswer::Common(Answer::Info)),
                _ => {}
            }
        }
        let given = request.secret.as_deref().unwrap_or_default();
        let admin = self.config.admin.as_ref();
        if !admin.is_some_and(|admin| admin.secret.is(given)) {
            return Err(Error::unauthorized());
        }
        if let Some(session) = path.session.filter(|id| !self.sessions.contains_key(id)) {
            return Err(Error::no_such_session(session));
        }
        let at = path.session.zip(path.handle);
        let at = at.map(|(session, handle)| Address { session, handle });
        if let Some(at) = at.filter(|at| self.handle(*at).is_none()) {
            return Err(Error::no_such_handle(at.handle, at.session));
        }
        if !has_place(request.name(), path) {
            return Err(Error::unhandled(request.name()));
        }
        let kind = request.kind.map_err(|malformed| malformed.error)?;
        match (kind, path.session, at) {
            (AdminKind::HandleInfo { plugin_only }, _, Some(at)) => {
                self.handle_info(now, at, plugin_only)
            }
            (AdminKind::HangupWebrtc, _, Some(at)) => Ok(self.hang_up_by_admin(at)),
            (AdminKind::DetachHandle, _, Some(at)) => Ok(self.detach_by_admin(at)),
            (AdminKind::ListHandles, Some(session), _) => Ok(self.list_handles(session)),
            (AdminKind::DestroySession, Some(session), _) => {
                self.end_session(session);
                Ok(AdminAnswer::Done)
            }
            (AdminKind::SetSessionTimeout(timeout), Some(session), _) => {
                Ok(self.set_timeout_of_session(now, session, timeout))
            }
            (AdminKind::SetSessionTimeout(timeout), None, _) => self.set_session_timeout(timeout),
            (AdminKind::ListSessions, ..) => Ok(self.list_sessions()),
            (AdminKind::GetStatus, ..) => Ok(self.get_status()),
            (AdminKind::LoopsInfo, ..) => Ok(AdminAnswer::Found(Found::Loops(Vec::new()))),
            (AdminKind::SetLogLevel(level), ..) => Ok(self.set_log_level(level)),
            (AdminKind::AcceptNewSessions(accept), ..) => Ok(self.accept_new_sessions(accept)),
            (AdminKind::MessagePlugin { plugin, request }, ..) => {
                self.message_plugin(now, &plugin, &request)
            }
            (AdminKind::QueryEventHandler, ..) => Err(Error::new(
                ErrorCode::PluginNotFound,
                "Invalid event handler",
            )),
            (AdminKind::ListTokens, ..) => self.list_tokens(),
            (AdminKind::AddToken(change), ..) => self.add_token(&change),
            (AdminKind::AllowToken(change), ..) => self.allow_token(&change),
            (AdminKind::DisallowToken(change), ..) => self.disallow_token(&change),
            (AdminKind::RemoveToken(token), ..) => self.remove_token(&token),
            (kind, ..) => Err(Error::unhandled(kind.name())),
        }
    }

    /// What comes of it for viewers is done before the administrator has the answer.
    fn message_plugin(
        &mut self,
        now: Instant,
        name: &str,
        request: &Object,
    ) -> Result<AdminAnswer, Error> {
        match Plugin::by_name(name) {
            Some(Plugin::Streaming) => {
                let (data, work) = self.manage(now, streaming::Request::parse(request));
                self.follow(now, work.map(Then::Streaming));
                let response = Object::from_serialize(&data)?;
                Ok(AdminAnswer::Found(Found::Response(response)))
            }
            Some(Plugin::Ustreamer) => {
                let reason = "Plugin doesn't support Admin API messages";
                Err(Error::new(ErrorCode::Unknown, reason))
            }
            None => Err(Error::new(ErrorCode::PluginNotFound, "Invalid plugin")),
        }
    }
}

/// Whether a request can be made at this path.
fn has_place(request: &str, path: Path) -> bool {
    let of_session = matches!(request, "list_handles" | "destroy_session");
    let of_handle = matches!(request, "handle_info" | "hangup_webrtc" | "detach_handle");
    match (path.session, path.handle) {
        (None, None) => !of_session && !of_handle,
        (Some(_), None) => of_session || request == "set_session_timeout",
        (Some(_), Some(_)) => of_handle,
        (None, Some(_)) => false,
    }
}
