//! What plugins are asked: a file for each.

mod ustreamer;

use std::time::Instant;

use fanlight_protocol::{Error, Object};

use super::answer::Outcome;
use super::{Address, Gateway};
use crate::janus::media::Media;
pub(super) use ustreamer::Waiting;

/// The plugin that a handle is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Plugin {
    Ustreamer,
}

impl Plugin {
    pub(crate) const ALL: [Self; 1] = [Self::Ustreamer];

    /// The plugin that Janus knows by this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plugin| plugin.name() == name)
    }

    /// Its name in Janus.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ustreamer => fanlight_protocol::ustreamer::PLUGIN,
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
