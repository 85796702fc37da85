//! Sessions: create, claim, destroy, and their end by time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use fanlight_protocol::{Error, ErrorCode, HandleId, ServerMessage, SessionId};

use super::answer::{Answer, Outcome, Then};
use super::handle::Handle;
use super::polls::Queue;
use super::{Address, Asker, ConnectionId, Gateway, Timer, random_id};
use crate::janus::media::Media;

/// What a client makes first, and what all else belongs to.
#[derive(Debug)]
pub(super) struct Session<P> {
    pub(super) holder: Holder,
    /// When it was last used.
    pub(super) last_activity: Instant,
    /// How long it lives unused, if not as long as all others; zero is for ever.
    pub(super) timeout: Option<Duration>,
    pub(super) handles: HashMap<HandleId, Handle<P>>,
}

/// Where a session's events go. Requests may come from elsewhere: whoever knows the id may ask.
#[derive(Debug)]
pub(super) enum Holder {
    Connection(ConnectionId),
    /// A client over HTTP, who polls for them.
    Polls(Queue),
    /// The connection is gone, and the session waits to be claimed.
    Nobody,
}

impl<P: Copy> Session<P> {
    /// Peers that were offered and do not stand yet.
    pub(super) fn count_unproven(&self) -> usize {
        let links = self.handles.values().map(|handle| &handle.link);
        links.filter(|link| link.is_unproven()).count()
    }
}

impl<M: Media> Gateway<M> {
    pub(super) fn create_session(
        &mut self,
        now: Instant,
        asker: Asker,
        chosen: Option<SessionId>,
    ) -> Result<Outcome, Error> {
        if !self.config.accepting_sessions {
            return Err(Error::not_accepting_sessions());
        }
        if chosen.is_some_and(|id| self.sessions.contains_key(&id)) {
            return Err(Error::new(
                ErrorCode::SessionConflict,
                "Session ID already in use",
            ));
        }
        if self.sessions.len() >= self.config.limits.sessions {
            return Err(Error::not_accepting_sessions());
        }
        let id = chosen.unwrap_or_else(|| {
            loop {
                let id = SessionId(random_id());
                if !self.sessions.contains_key(&id) {
                    break id;
                }
            }
        });
        let session = Session {
            holder: self.give_session(id, asker)?,
            last_activity: now,
            timeout: None,
            handles: HashMap::new(),
        };
        self.sessions.insert(id, session);
        self.epoch.get_or_insert(now);
        self.touch_session(now, id);
        Ok(Answer::Created(id.0).into())
    }

    /// Counts as use of the session; false when there is none.
    pub(super) fn touch_session(&mut self, now: Instant, id: SessionId) -> bool {
        let Some(session) = self.sessions.get_mut(&id) else {
            return false;
        };
        session.last_activity = now;
        let timeout = match session.holder {
            Holder::Nobody => self.config.reclaim_timeout,
            Holder::Connection(_) | Holder::Polls(_) => {
                session.timeout.unwrap_or(self.config.session_timeout)
            }
        };
        match timeout {
            Duration::ZERO => self.timers.cancel(Timer::Session(id)),
            timeout => self.timers.set(Timer::Session(id), now + timeout),
        }
        true
    }

    /// The session speaks to another client from now on, and ends with that one. What has not been
    /// polled for is still to be said, to the new client alone.
    pub(super) fn claim_session(
        &mut self,
        now: Instant,
        id: SessionId,
        by: Asker,
    ) -> Result<Outcome, Error> {
        let holder = self.give_session(id, by)?;
        let mut then = None;
        if let Some(session) = self.sessions.get_mut(&id) {
            match std::mem::replace(&mut session.holder, holder) {
                Holder::Connection(before) if by != Asker::Connection(before) => {
                    self.forget_session(id, before);
                }
                Holder::Polls(queue) => {
                    if by != Asker::Http(queue.client) {
                        self.forget_client(id, queue.client);
                    }
                    let unsaid = self.take_queue(queue);
                    then = Some(Then::Texts(id, unsaid));
                }
                Holder::Connection(_) | Holder::Nobody => {}
            }
        }
        self.touch_session(now, id);
        let answer = Answer::Success;
        Ok(Outcome { answer, then })
    }

    /// The connection of the session is gone.
    pub(super) fn abandon_session(&mut self, now: Instant, id: SessionId) {
        if self.config.reclaim_timeout.is_zero() {
            self.end_session(id);
        } else if let Some(session) = self.sessions.get_mut(&id) {
            session.holder = Holder::Nobody;
            self.touch_session(now, id);
        }
    }

    /// Ends a session without a word to its client, as Janus does.
    pub(super) fn end_session(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let handles: Vec<HandleId> = session.handles.keys().copied().collect();
        for handle in handles {
            self.end_handle(Address {
                session: id,
                handle,
            });
        }
        self.timers.cancel(Timer::Session(id));
        match self.sessions.remove(&id).map(|session| session.holder) {
            Some(Holder::Connection(connection)) => self.forget_session(id, connection),
            Some(Holder::Polls(queue)) => {
                self.forget_client(id, queue.client);
                self.close_queue(queue);
            }
            Some(Holder::Nobody) | None => {}
        }
    }

    pub(super) fn time_out_session(&mut self, now: Instant, id: SessionId) {
        let holder = self.sessions.get(&id).map(|session| &session.holder);
        if let Some(Holder::Polls(queue)) = holder
            && queue.is_polled()
        {
            self.touch_session(now, id);
            return;
        }
        tracing::debug!(session = %id, "session timed out");
        self.tell(id, &ServerMessage::Timeout { session_id: id });
        self.end_session(id);
    }

    /// Counts the session among those of a connection or an address, which may have only so many.
    fn give_session(&mut self, id: SessionId, to: Asker) -> Result<Holder, Error> {
        let limits = &self.config.limits;
        let (sessions, limit, holder) = match to {
            Asker::Connection(to) => (
                self.connections.entry(to).or_default(),
                limits.sessions_of_a_connection,
                Holder::Connection(to),
            ),
            Asker::Http(client) => (
                self.clients.entry(client).or_default(),
                match client.is_loopback() {
                    true => usize::MAX,
                    false => limits.sessions_of_an_address,
                },
                Holder::Polls(Queue::new(client)),
            ),
        };
        if sessions.len() >= limit && !sessions.contains(&id) {
            return Err(Error::not_accepting_sessions());
        }
        sessions.insert(id);
        Ok(holder)
    }

    fn forget_session(&mut self, id: SessionId, of: ConnectionId) {
        if let Some(sessions) = self.connections.get_mut(&of) {
            sessions.remove(&id);
        }
    }
    fn forget_client(&mut self, id: SessionId, of: IpAddr) {
        if let Some(sessions) = self.clients.get_mut(&of) {
            sessions.remove(&id);
            if sessions.is_empty() {
                self.clients.remove(&of);
            }
        }
    }
}
