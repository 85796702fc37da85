//! What plugins are asked: a file for each.

mod ustreamer;

use std::time::Instant;

use fanlight_protocol::{Error, Object};

use super::answer::Outcome;
use super::{Address, Gateway};
use crate::janus::media::Media;
pub(super) use ustreamer::Waiting;

/// The plugin that a handle is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    Ustreamer,
}

impl Plugin {
    /// The plugin that Janus knows by this name.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        match name {
            fanlight_protocol::ustreamer::PLUGIN => Some(Self::Ustreamer),
            _ => None,
        }
    }
}

impl<M: Media> Gateway<M> {
    /// Hands a message to the handle's plugin.
    pub(super) fn plugin_message(
        &mut self,
        now: Instant,
        at: Address,
        body: &Object,
    ) -> Result<Outcome, Error> {
        match self.handle(at).map(|handle| handle.plugin) {
            Some(Plugin::Ustreamer) => Ok(self.ustreamer_message(now, at, body)),
            None => Err(Error::no_such_handle(at.handle, at.session)),
        }
    }
}
