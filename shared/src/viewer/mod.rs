//! A viewer, from opening the page to leaving it, as a state machine without input and output.

mod config;
mod io;
mod problem;
mod time;

pub use config::{Backoff, Config, Timing};
pub use io::{Attempt, Input, Output, PeerState, Stats, Status};
pub use problem::{Problem, Remedy};
pub use time::Time;

use std::collections::VecDeque;

/// A viewer of one stream.
#[derive(Debug)]
pub struct Viewer {
    config: Config,
    now: Time,
    seed: u64,
    visible: bool,
    outputs: VecDeque<Output>,
}

impl Viewer {
    /// A viewer that wants to watch: its first outputs are waiting. Waits are jittered by random
    /// numbers that all come of `seed`.
    pub fn new(config: Config, now: Time, seed: u64) -> Self {
        let attempt = Attempt(0);
        Self {
            config,
            now,
            seed,
            visible: true,
            outputs: VecDeque::from([
                Output::Status(Status::Connecting { after: None }),
                Output::Open { attempt },
            ]),
        }
    }

    /// Takes in what happened to an attempt's socket or peer connection. Ignored when the attempt
    /// has ended.
    pub fn handle(&mut self, now: Time, attempt: Attempt, input: Input<'_>) {
        self.now = self.now.max(now);
        let _ = (attempt, input, &self.config, self.seed, self.visible);
    }

    /// What is to be done next, in this order. To be asked until `None` after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Viewer::handle_timeout`] is to be called, unless another call changes it before.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }

    /// Does what has become due. Calling it too early or too often does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    /// Tries again at once, when the viewer waits, has stopped or has left: somebody presses a
    /// button, the network is back (`online`), the page is shown again (`pageshow`). Does nothing
    /// while an attempt is under way.
    pub fn reconnect(&mut self, now: Time) {
        self.now = self.now.max(now);
    }

    /// Whether the page can be seen (`visibilitychange`); at first it can. Browsers may stop
    /// decoding what nobody sees, so then missing frames are no standstill.
    pub fn set_visible(&mut self, now: Time, visible: bool) {
        self.now = self.now.max(now);
        self.visible = visible;
    }

    /// Leaves: the server is told and everything closed. Needs no further call, so that a page can
    /// do it while it is being unloaded (`pagehide`).
    pub fn leave(&mut self, now: Time) {
        self.now = self.now.max(now);
    }
}
