//! What can be set while the server runs.

use std::time::Duration;

use fanlight_protocol::Error;
use fanlight_protocol::admin::{Found, Status};

use super::AdminAnswer;
use crate::janus::gateway::Gateway;
use crate::janus::media::Media;

impl<M: Media> Gateway<M> {
    pub(super) fn get_status(&self) -> AdminAnswer {
        let config = &self.config;
        let log_level = config.admin.as_ref().map(|admin| admin.log.level());
        AdminAnswer::Found(Found::Status(Status {
            token_auth: config.access.tokens.is_some(),
            session_timeout: config.session_timeout.as_secs(),
            reclaim_session_timeout: config.reclaim_timeout.as_secs(),
            candidates_timeout: config.limits.offer_timeout.as_secs(),
            log_level: log_level.unwrap_or_default(),
        }))
    }

    /// For all sessions without a time of their own, from their next use on.
    pub(super) fn set_session_timeout(
        &mut self,
        timeout: Option<u32>,
    ) -> Result<AdminAnswer, Error> {
        let timeout = timeout.ok_or_else(|| Error::wrong_type("timeout", "a positive integer"))?;
        self.config.session_timeout = Duration::from_secs(timeout.into());
        Ok(AdminAnswer::Found(Found::Timeout(timeout.into())))
    }

    pub(super) fn set_log_level(&mut self, level: u8) -> AdminAnswer {
        if let Some(admin) = &self.config.admin {
            admin.log.set_level(level);
        }
        AdminAnswer::Found(Found::Level(level))
    }

    pub(super) fn accept_new_sessions(&mut self, accept: bool) -> AdminAnswer {
        self.config.accepting_sessions = accept;
        AdminAnswer::Found(Found::Accept(accept))
    }
}
