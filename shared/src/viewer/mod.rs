//! A viewer, from opening the page to leaving it, as a state machine without input, output or
//! clock.
//!
//! The caller owns a WebSocket, a peer connection and a timer. It tells the [`Viewer`] what happens
//! to them ([`Viewer::handle`], [`Viewer::handle_timeout`]) and does what the viewer says
//! ([`Viewer::poll_output`]): open a socket, send a text, apply an offer, show a status. All else is
//! decided here: the conversation with the server, keepalives, when to try again, what to do about a
//! picture that stands.
//!
//! # Attempts
//!
//! One attempt has one socket, one session, one peer connection and its handle. Whatever goes wrong
//! ends the attempt, and after a wait another one starts anew: there is one way to recover, and it is
//! the one that is used on every start. What an old socket or peer connection still reports carries
//! the number of its [`Attempt`] and is ignored.
//!
//! # Example
//!
//! The loop around a viewer; a browser does the same in callbacks. The server here is played by a
//! function that refuses everybody.
//!
//! ```
//! use std::time::Duration;
//! use fanlight_protocol::viewer::{Config, Input, Output, Problem, Status, Time, Viewer};
//!
//! fn server(request: &str) -> String {
//!     let transaction = request.split('"').skip_while(|word| *word != "transaction").nth(2);
//!     format!(
//!         r#"{{"janus":"error","transaction":"{}","error":{{"code":403,"reason":"Unauthorized"}}}}"#,
//!         transaction.unwrap_or_default(),
//!     )
//! }
//!
//! let mut now = Time::ZERO;
//! let mut viewer = Viewer::new(Config::default(), now, 42);
//! let mut attempt = None;
//! let mut answers = Vec::new();
//! let status = 'watching: loop {
//!     while let Some(output) = viewer.poll_output() {
//!         match output {
//!             Output::Open { attempt: opened } => attempt = Some(opened),
//!             Output::Send(text) => answers.push(server(&text)),
//!             Output::ApplyOffer { .. } | Output::AddCandidate(_) | Output::Mountpoints(_) => {}
//!             Output::Close => attempt = None,
//!             Output::Status(status @ Status::Waiting { .. }) => break 'watching status,
//!             Output::Status(status) => println!("{status:?}"),
//!         }
//!     }
//!     match (attempt, answers.pop(), viewer.poll_timeout()) {
//!         (Some(attempt), Some(text), _) => viewer.handle(now, attempt, Input::Message(&text)),
//!         (Some(attempt), None, _) if now == Time::ZERO => {
//!             now = now + Duration::from_millis(3);
//!             viewer.handle(now, attempt, Input::SocketOpened);
//!         }
//!         (_, _, Some(timeout)) => {
//!             now = timeout;
//!             viewer.handle_timeout(now);
//!         }
//!         (_, _, None) => break Status::Left,
//!     }
//! };
//! assert!(matches!(status, Status::Waiting { problem: Problem::Unauthorized, .. }));
//! ```

mod answer;
mod backoff;
mod config;
mod context;
mod conversation;
mod io;
mod messages;
mod mountpoints;
mod picture;
mod plugin;
mod problem;
mod requests;
#[cfg(test)]
mod tests;
mod time;
mod watching;

pub use config::{Backoff, Config, Timing, Watch};
pub use io::{Attempt, Input, Output, PeerState, Stats, Status};
pub use problem::{Problem, Remedy};
pub use time::Time;

use backoff::Random;
use context::{Context, Outputs};
use conversation::Conversation;

/// A viewer of one stream.
///
/// After every call, [`Viewer::poll_output`] is to be asked until it has nothing more, and then
/// [`Viewer::poll_timeout`].
#[derive(Debug)]
pub struct Viewer {
    cx: Context,
    state: State,
    /// Attempts begun so far.
    attempts: u64,
    /// Attempts in a row that came to nothing.
    failures: u32,
}

#[derive(Debug)]
enum State {
    Trying(Box<Conversation>),
    Waiting { problem: Problem, until: Time },
    Paused,
    Left,
}

impl Viewer {
    /// A viewer that wants to watch: its first outputs are waiting. `now` is the time on the clock
    /// that all later calls use. Waits are jittered by random numbers that all come of `seed`.
    pub fn new(config: Config, now: Time, seed: u64) -> Self {
        let mut viewer = Self {
            cx: Context {
                config,
                now,
                visible: true,
                random: Random::new(seed),
                mountpoints: Vec::new(),
                outputs: Outputs::default(),
            },
            state: State::Left,
            attempts: 0,
            failures: 0,
        };
        viewer.open(None);
        viewer
    }

    /// Takes in what happened to an attempt's socket or peer connection. Ignored when the attempt
    /// has ended.
    pub fn handle(&mut self, now: Time, attempt: Attempt, input: Input<'_>) {
        self.cx.advance(now);
        if let State::Trying(conversation) = &mut self.state
            && conversation.attempt() == attempt
            && let Err(problem) = conversation.handle(&mut self.cx, input)
        {
            self.fail(problem);
        }
    }

    /// What is to be done next, in this order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.cx.outputs.pop()
    }

    /// When [`Viewer::handle_timeout`] is to be called, unless another call changes it before.
    /// `None` only when the viewer is paused or has left.
    pub fn poll_timeout(&self) -> Option<Time> {
        match &self.state {
            State::Trying(conversation) => conversation.timeout(&self.cx),
            State::Waiting { until, .. } => Some(*until),
            State::Paused | State::Left => None,
        }
    }

    /// Does what has become due. Calling it too early or too often does no harm.
    pub fn handle_timeout(&mut self, now: Time) {
        self.cx.advance(now);
        match &mut self.state {
            State::Trying(conversation) => {
                if let Err(problem) = conversation.handle_timeout(&mut self.cx) {
                    self.fail(problem);
                }
            }
            State::Waiting { until, .. } if *until <= self.cx.now => self.retry(),
            _ => {}
        }
    }

    /// Tries again at once, when the viewer waits or has left: somebody presses a
    /// button, the network is back (`online`), the page is shown again (`pageshow`). Does nothing
    /// while an attempt is under way, or paused.
    pub fn reconnect(&mut self, now: Time) {
        self.cx.advance(now);
        self.retry();
    }

    /// Watches something else from now on, at once: the viewer need neither be connected for that
    /// nor have left what it watches. From one mountpoint to another alike the peer connection
    /// stays; otherwise another attempt begins. What was paused goes on.
    pub fn watch(&mut self, now: Time, watch: Watch) {
        self.cx.advance(now);
        self.cx.config.watch = watch.clone();
        self.failures = 0;
        if let State::Trying(conversation) = &mut self.state
            && conversation.turn_to(&mut self.cx, &watch)
        {
            return;
        }
        self.end();
        self.open(None);
    }

    /// Asks what there is to watch; [`Output::Mountpoints`] tells. Where the server is not there,
    /// nothing is told.
    pub fn list(&mut self, now: Time) {
        self.cx.advance(now);
        if let State::Trying(conversation) = &mut self.state {
            conversation.list(&mut self.cx);
        }
    }

    /// Has nothing sent until [`Viewer::resume`]. A mountpoint keeps its peer connection meanwhile,
    /// and goes on without delay; anything else is left and watched anew.
    pub fn pause(&mut self, now: Time) {
        self.cx.advance(now);
        if let State::Trying(conversation) = &mut self.state
            && conversation.pause(&mut self.cx)
        {
            return;
        }
        self.end();
        self.stay_paused();
    }

    /// Goes on after [`Viewer::pause`].
    pub fn resume(&mut self, now: Time) {
        self.cx.advance(now);
        match &mut self.state {
            State::Trying(conversation) => conversation.resume(&mut self.cx),
            State::Paused => self.open(None),
            _ => {}
        }
    }

    /// Whether the page can be seen (`visibilitychange`); at first it can. Browsers may stop
    /// decoding what nobody sees, so then missing frames are no standstill.
    pub fn set_visible(&mut self, now: Time, visible: bool) {
        self.cx.advance(now);
        self.cx.visible = visible;
        if let State::Trying(conversation) = &mut self.state {
            conversation.visibility_changed(self.cx.now);
        }
    }

    /// Leaves: the server is told and everything closed. Needs no answer, so that a page can do it
    /// while it is being unloaded (`pagehide`).
    pub fn leave(&mut self, now: Time) {
        self.cx.advance(now);
        self.end();
        self.failures = 0;
        self.cx.outputs.status(Status::Left);
    }

    /// Ends the attempt under way, if there is one, on good terms.
    fn end(&mut self) {
        if let State::Trying(conversation) = &mut self.state {
            conversation.say_goodbye(&mut self.cx);
            self.cx.outputs.push(Output::Close);
        }
        self.state = State::Left;
    }

    fn stay_paused(&mut self) {
        self.state = State::Paused;
        self.cx.outputs.status(Status::Paused);
    }

    fn retry(&mut self) {
        match std::mem::replace(&mut self.state, State::Left) {
            State::Waiting { problem, .. } => self.open(Some(problem)),
            State::Left => self.open(None),
            state @ (State::Trying(_) | State::Paused) => self.state = state,
        }
    }

    fn open(&mut self, after: Option<Problem>) {
        self.cx.outputs.status(Status::Connecting { after });
        let attempt = Attempt(self.attempts);
        self.attempts += 1;
        let conversation = Conversation::open(attempt, &mut self.cx);
        self.state = State::Trying(Box::new(conversation));
    }

    /// The attempt under way has failed.
    fn fail(&mut self, problem: Problem) {
        let State::Trying(conversation) = &mut self.state else {
            return;
        };
        if conversation.was_good(&self.cx) {
            self.failures = 0;
        }
        let server_listens = !matches!(problem, Problem::SocketLost | Problem::SessionGone);
        if server_listens {
            conversation.say_goodbye(&mut self.cx);
        }
        self.cx.outputs.push(Output::Close);
        if conversation.is_paused() {
            // Nobody misses it until then.
            return self.stay_paused();
        }
        let timing = &self.cx.config.timing;
        let wait = match problem.remedy() {
            Remedy::Retry => timing.reconnect.wait(self.failures, &mut self.cx.random),
            Remedy::RetrySlowly => timing.slow,
        };
        self.failures = self.failures.saturating_add(1);
        let until = self.cx.now + wait;
        self.cx.outputs.status(Status::Waiting {
            problem: problem.clone(),
            until,
        });
        self.state = State::Waiting { problem, until };
    }
}
