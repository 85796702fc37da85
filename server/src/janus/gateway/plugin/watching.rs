//! What a handle watches, whichever plugin it is attached to.

use std::collections::BTreeSet;

use fanlight_protocol::streaming::{Data, MountpointId, Status};
use fanlight_protocol::ustreamer;

use super::Plugin;
use crate::janus::gateway::{Address, Gateway};
use crate::janus::media::{Ending, Media, Wishes};

/// What the peer connection of a handle is for.
#[derive(Debug)]
pub(in crate::janus::gateway) struct Watching {
    pub(in crate::janus::gateway) mountpoint: MountpointId,
    /// The media that were offered.
    pub(super) offered: Vec<String>,
    /// Those of them that the mountpoint has.
    mids: Vec<String>,
    /// Nothing is sent.
    pub(super) is_paused: bool,
    /// The media that are not sent even without a pause.
    pub(super) muted: BTreeSet<String>,
}

impl Watching {
    pub(in crate::janus::gateway) fn new(wishes: &Wishes) -> Self {
        Self {
            mountpoint: wishes.mountpoint,
            offered: wishes.mids.clone(),
            mids: wishes.mids.clone(),
            is_paused: false,
            muted: BTreeSet::new(),
        }
    }

    /// The media are another mountpoint's from now on. That ends a pause, as in Janus; what was
    /// switched off stays off.
    pub(in crate::janus::gateway) fn switch(&mut self, wishes: &Wishes) {
        self.mountpoint = wishes.mountpoint;
        self.mids = wishes.mids.clone();
        self.is_paused = false;
    }

    /// Whether each medium is sent, if the mountpoint lets viewers in or not.
    pub(in crate::janus::gateway) fn sent(&self, enabled: bool) -> Vec<(String, bool)> {
        let sent = |mid: &String| {
            let has = self.mids.contains(mid) && !self.muted.contains(mid);
            (mid.clone(), enabled && !self.is_paused && has)
        };
        self.offered.iter().map(sent).collect()
    }
}

impl<M: Media> Gateway<M> {
    /// Those who watch a mountpoint, in no order.
    pub(super) fn viewers(&self, mountpoint: MountpointId) -> Vec<Address> {
        let handles = self.peers.values().copied();
        let watches = |at: &Address| {
            let watching = self.handle(*at).and_then(|handle| handle.watching.as_ref());
            watching.is_some_and(|watching| watching.mountpoint == mountpoint)
        };
        handles.filter(watches).collect()
    }

    /// Sends all viewers of a mountpoint away, and tells those of the streaming plugin why.
    pub(super) fn send_away(&mut self, mountpoint: MountpointId, status: Status) {
        for at in self.viewers(mountpoint) {
            match self.handle(at).map(|handle| handle.plugin) {
                Some(Plugin::Streaming) => self.tell_streaming(at, None, Data::Status(status)),
                Some(Plugin::Ustreamer) => {
                    let stopped = ustreamer::Data::Status(ustreamer::Status::Stopped);
                    self.tell_ustreamer(at, stopped);
                }
                None => {}
            }
            self.hang_up(at, Ending::Server.reason());
        }
    }
}
