//! What every part of the viewer is given to work with.

use std::collections::VecDeque;

use super::backoff::Random;
use super::{Config, Output, Status, Time};

/// What every part of the viewer is given to work with.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Config,
    pub(super) now: Time,
    pub(super) visible: bool,
    pub(super) random: Random,
    pub(super) outputs: Outputs,
}

impl Context {
    /// The clock stands at `now`. A clock that goes back stands still instead.
    pub(super) fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
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

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
