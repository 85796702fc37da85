//! What plugins are asked: a file for each.

mod streaming;
mod ustreamer;
mod watching;

use std::time::Instant;

use fanlight_protocol::admin::info;
use fanlight_protocol::{Error, Object};

use super::answer::Outcome;
use super::{Address, Gateway};
use crate::janus::media::Media;
pub(super) use streaming::StreamingWork;
pub(super) use ustreamer::Waiting;
pub(super) use watching::Watching;

/// The plugin that a handle is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Plugin {
    Streaming,
    Ustreamer,
}

impl Plugin {
    pub(crate) const ALL: [Self; 2] = [Self::Streaming, Self::Ustreamer];

    /// The plugin that Janus knows by this name.
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plugin| plugin.name() == name)
    }

    /// Its name in Janus.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Streaming => fanlight_protocol::streaming::PLUGIN,
            Self::Ustreamer => fanlight_protocol::ustreamer::PLUGIN,
        }
    }
}

impl<M: Media> Gateway<M> {
    /// What administrators are shown of the handle by its plugin.
    pub(super) fn plugin_info(&self, at: Address) -> Option<info::Watching> {
        let handle = self.handle(at)?;
        match handle.plugin {
            Plugin::Streaming => Some(self.streaming_info(handle)),
            // It says nothing in Janus either.
            Plugin::Ustreamer => None,
        }
    }

    /// Hands a message to the handle's plugin.
    pub(super) fn plugin_message(
        &mut self,
        now: Instant,
        at: Address,
        transaction: &str,
        body: &Object,
    ) -> Result<Outcome, Error> {
        match self.handle(at).map(|handle| handle.plugin) {
            Some(Plugin::Streaming) => Ok(self.streaming_message(now, at, transaction, body)),
            Some(Plugin::Ustreamer) => Ok(self.ustreamer_message(now, at, body)),
            None => Err(Error::no_such_handle(at.handle, at.session)),
        }
    }
}
