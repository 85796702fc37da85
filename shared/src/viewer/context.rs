//! What every part of the viewer is given to work with.

use std::collections::VecDeque;

use super::backoff::Random;
use super::{Config, Output, Status, Time};
use crate::streaming::{Listed, MountpointId};

/// What every part of the viewer is given to work with.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Config,
    pub(super) now: Time,
    pub(super) visible: bool,
    pub(super) random: Random,
    /// What there is to watch, as the server told last.
    pub(super) mountpoints: Vec<Listed>,
    pub(super) outputs: Outputs,
}

impl Context {
    /// The clock stands at `now`. A clock that goes back stands still instead.
    pub(super) fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    /// The server has told what there is to watch.
    pub(super) fn listed(&mut self, mountpoints: Vec<Listed>) {
        self.mountpoints.clone_from(&mountpoints);
        self.outputs.push(Output::Mountpoints(mountpoints));
    }

    /// What the server told of a mountpoint. Private ones it does not tell of.
    pub(super) fn mountpoint(&self, id: MountpointId) -> Option<&Listed> {
        self.mountpoints.iter().find(|listed| listed.id == id)
    }

    /// Whether the server has told that a mountpoint lets no viewers in.
    pub(super) fn is_disabled(&self, id: MountpointId) -> bool {
        self.mountpoint(id).is_some_and(|listed| !listed.enabled)
    }
}

/// What waits to be done by the caller.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    queue: VecDeque<Output>,
    status: Option<Status>,
}

impl Outputs {
    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Tells a status, unless it is the one told last.
    pub(super) fn status(&mut self, status: Status) {
        if self.status.as_ref() != Some(&status) {
            self.status = Some(status.clone());
            self.push(Output::Status(status));
        }
    }

    /// Whether the status told last is that of a moving picture.
    pub(super) fn plays(&self) -> bool {
        self.status == Some(Status::Playing)
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
