//! Sessions: create, claim, destroy, and their end by time.

use std::collections::HashMap;
use std::time::Instant;

use fanlight_protocol::{Error, ErrorCode, HandleId, ServerMessage, SessionId};

use super::answer::{Answer, Outcome};
use super::handle::Handle;
use super::{Address, ConnectionId, Gateway, Timer, random_id};
use crate::janus::media::Media;

/// What a client makes first, and what all else belongs to.
#[derive(Debug)]
pub(super) struct Session<P> {
    /// Where its events go. Requests may come from elsewhere: whoever knows the id may ask.
    pub(super) connection: ConnectionId,
    pub(super) handles: HashMap<HandleId, Handle<P>>,
}

impl<M: Media> Gateway<M> {
    pub(super) fn create_session(
        &mut self,
        now: Instant,
        from: ConnectionId,
        chosen: Option<SessionId>,
    ) -> Result<Outcome, Error> {
        if chosen.is_some_and(|id| self.sessions.contains_key(&id)) {
            return Err(Error::new(
                ErrorCode::SessionConflict,
                "Session ID already in use",
            ));
        }
        if self.sessions.len() >= self.config.limits.sessions {
            return Err(too_many_sessions());
        }
        let id = chosen.unwrap_or_else(|| {
            loop {
                let id = SessionId(random_id());
                if !self.sessions.contains_key(&id) {
                    break id;
                }
            }
        });
        self.give_session(id, from)?;
        let session = Session {
            connection: from,
            handles: HashMap::new(),
        };
        self.sessions.insert(id, session);
        self.touch_session(now, id);
        Ok(Answer::Created(id.0).into())
    }

    /// Counts as use of the session; false when there is none.
    pub(super) fn touch_session(&mut self, now: Instant, id: SessionId) -> bool {
        let exists = self.sessions.contains_key(&id);
        if exists {
            let at = now + self.config.session_timeout;
            self.timers.set(Timer::Session(id), at);
        }
        exists
    }

    /// The session speaks to another connection from now on, and ends with that one.
    pub(super) fn claim_session(
        &mut self,
        id: SessionId,
        by: ConnectionId,
    ) -> Result<Outcome, Error> {
        self.give_session(id, by)?;
        if let Some(session) = self.sessions.get_mut(&id) {
            let before = std::mem::replace(&mut session.connection, by);
            if let Some(sessions) = self.connections.get_mut(&before).filter(|_| before != by) {
                sessions.remove(&id);
            }
        }
        Ok(Answer::Success.into())
    }

    /// Ends a session without a word to its client, as Janus does.
    pub(super) fn end_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let connection = session.connection;
        let handles: Vec<HandleId> = session.handles.keys().copied().collect();
        for handle in handles {
            self.end_handle(Address {
                session: id,
                handle,
            });
        }
        self.sessions.remove(&id);
        self.timers.cancel(Timer::Session(id));
        if let Some(sessions) = self.connections.get_mut(&connection) {
            sessions.remove(&id);
        }
    }

    pub(super) fn time_out_session(&mut self, id: SessionId) {
        tracing::debug!(session = %id, "session timed out");
        self.tell(id, &ServerMessage::Timeout { session_id: id });
        self.end_session(id);
    }

    /// Counts the session among those of a connection, which may have only so many.
    fn give_session(&mut self, id: SessionId, to: ConnectionId) -> Result<(), Error> {
        let limit = self.config.limits.sessions_of_a_connection;
        let sessions = self.connections.entry(to).or_default();
        if sessions.len() >= limit && !sessions.contains(&id) {
            return Err(too_many_sessions());
        }
        sessions.insert(id);
        Ok(())
    }
}

fn too_many_sessions() -> Error {
    Error::new(
        ErrorCode::NotAcceptingSessions,
        "Not accepting new sessions: there are too many",
    )
}
