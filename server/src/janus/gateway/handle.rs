//! Handles: attach, detach, and messages for their plugins.

use std::time::Instant;

use fanlight_protocol::message::ServerMessage;
use fanlight_protocol::request::Credentials;
use fanlight_protocol::{Error, ErrorCode, HandleId, Jsep, JsepKind, Object, SessionId};

use super::answer::{Answer, Outcome, Then};
use super::link::Link;
use super::plugin::{Plugin, Watching};
use super::{Address, Gateway, random_id};
use crate::janus::media::Media;

/// The longest name that clients may give a handle, in bytes.
const MAX_OPAQUE_ID: usize = 256;

/// One session's attachment to one plugin.
#[derive(Debug)]
pub(super) struct Handle<P> {
    pub(super) plugin: Plugin,
    pub(super) link: Link<P>,
    /// What the peer connection of the link is for.
    pub(super) watching: Option<Watching>,
    /// The client's name for it.
    pub(super) opaque_id: Option<String>,
    pub(super) created: Instant,
}

impl<M: Media> Gateway<M> {
    pub(super) fn attach(
        &mut self,
        now: Instant,
        id: SessionId,
        plugin: &str,
        opaque_id: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Outcome, Error> {
        let name = plugin;
        let plugin = Plugin::by_name(name).ok_or_else(|| Error::no_such_plugin(name))?;
        self.config.access.check_plugin(credentials, plugin)?;
        let limit = self.config.limits.handles_of_a_session;
        let Some(session) = self.sessions.get_mut(&id) else {
            return Err(Error::no_such_session(id));
        };
        let refuse = |reason: &str| {
            let reason = format!("Couldn't attach to plugin '{name}': {reason}");
            Err(Error::new(ErrorCode::PluginAttach, reason))
        };
        if session.handles.len() >= limit {
            return refuse("the session has too many handles");
        }
        if opaque_id.is_some_and(|id| id.len() > MAX_OPAQUE_ID) {
            return refuse("the opaque_id is too long");
        }
        let handle = loop {
            let handle = HandleId(random_id());
            if !session.handles.contains_key(&handle) {
                break handle;
            }
        };
        let made = Handle {
            plugin,
            link: Link::Down,
            watching: None,
            opaque_id: opaque_id.map(str::to_owned),
            created: now,
        };
        session.handles.insert(handle, made);
        tracing::debug!(session = %id, %handle, opaque_id, "attached");
        Ok(Answer::Created(handle.0).into())
    }

    pub(super) fn detach(&mut self, at: Address) -> Outcome {
        self.end_handle(at);
        Outcome {
            answer: Answer::Success,
            then: Some(Then::Event(
                at.session,
                ServerMessage::Detached {
                    session_id: at.session,
                    sender: at.handle,
                },
            )),
        }
    }

    /// A session description is for the peer connection, the rest for the plugin.
    pub(super) fn message(
        &mut self,
        now: Instant,
        at: Address,
        transaction: &str,
        body: &Object,
        jsep: Option<Jsep>,
    ) -> Result<Outcome, Error> {
        if let Some(Jsep { kind, sdp }) = jsep {
            self.media.check_sdp(&sdp)?;
            match kind {
                JsepKind::Answer => self.take_answer(at, &sdp)?,
                JsepKind::Offer => {
                    return Err(Error::new(
                        ErrorCode::WrongWebrtcState,
                        "Unexpected OFFER (offers are made by the server)",
                    ));
                }
            }
        }
        self.plugin_message(now, at, transaction, body)
    }

    pub(super) fn end_handle(&mut self, at: Address) {
        self.stop_waiting(at);
        self.close_link(at);
        if let Some(session) = self.sessions.get_mut(&at.session) {
            session.handles.remove(&at.handle);
        }
    }
}
