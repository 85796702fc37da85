//! Sessions and handles, listed and ended.

use std::time::{Duration, Instant};

use fanlight_protocol::admin::Found;
use fanlight_protocol::{ServerMessage, SessionId};

use super::AdminAnswer;
use crate::janus::gateway::{Address, Gateway};
use crate::janus::media::Media;

impl<M: Media> Gateway<M> {
    pub(super) fn list_sessions(&self) -> AdminAnswer {
        let mut sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        sessions.sort_unstable();
        AdminAnswer::Found(Found::Sessions(sessions))
    }

    pub(super) fn list_handles(&self, session: SessionId) -> AdminAnswer {
        let handles = self.sessions.get(&session).map(|session| &session.handles);
        let mut handles: Vec<_> = handles
            .into_iter()
            .flat_map(|h| h.keys().copied())
            .collect();
        handles.sort_unstable();
        AdminAnswer::Found(Found::Handles(handles))
    }

    /// For this session alone; `None` is as for all others.
    pub(super) fn set_timeout_of_session(
        &mut self,
        now: Instant,
        id: SessionId,
        timeout: Option<u32>,
    ) -> AdminAnswer {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.timeout = timeout.map(|seconds| Duration::from_secs(seconds.into()));
            self.touch_session(now, id);
        }
        AdminAnswer::Found(Found::Timeout(timeout.map_or(-1, i64::from)))
    }

    pub(super) fn hang_up_by_admin(&mut self, at: Address) -> AdminAnswer {
        self.stop_waiting(at);
        self.hang_up(at, "Admin API");
        AdminAnswer::Done
    }

    pub(super) fn detach_by_admin(&mut self, at: Address) -> AdminAnswer {
        self.end_handle(at);
        let detached = ServerMessage::Detached {
            session_id: at.session,
            sender: at.handle,
        };
        self.tell(at.session, &detached);
        AdminAnswer::Done
    }
}
