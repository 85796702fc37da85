//! One attempt: from opening the socket to the moving picture.

use super::answer::{takes_video, video_codecs};
use super::context::Context;
use super::mountpoints::Lister;
use super::picture::Picture;
use super::requests::{Asked, Overdue, Requests};
use super::watching::Switching;
use super::{Attempt, Input, Output, Problem, Status, Time, Watch};
use crate::jsep::{Candidate, Jsep};
use crate::request::{Request, RequestKind};
use crate::{HandleId, SessionId, streaming};

/// Candidates of the server that may come before its offer. Nobody has more addresses than this.
const MAX_EARLY_CANDIDATES: usize = 64;

/// One attempt: from opening the socket to the moving picture. Every function that returns a
/// [`Problem`] has found that the attempt has failed.
#[derive(Debug)]
pub(super) struct Conversation {
    attempt: Attempt,
    /// What the attempt is about.
    pub(super) watch: Watch,
    pub(super) phase: Phase,
    pub(super) session: Option<SessionId>,
    pub(super) handle: Option<HandleId>,
    pub(super) lister: Lister,
    /// When the list of mountpoints was asked for last.
    pub(super) listed_at: Option<Time>,
    pub(super) requests: Requests,
    pub(super) features: Features,
    /// How often the source was not ready.
    refusals: u32,
    /// Candidates of the server before its offer.
    early: Vec<Candidate>,
    /// Candidates of the browser before its answer.
    gathered: Vec<Candidate>,
    /// The codecs of the video that is offered; none where there is only sound.
    pub(super) video: Vec<String>,
    /// A switch to another mountpoint of which nothing is heard yet.
    pub(super) switching: Option<Switching>,
    /// The picture has not moved since a switch to another mountpoint.
    pub(super) unproven: bool,
    last_sent: Time,
    last_heard: Time,
    /// Since when the attempt is all that it can be: playing, or waiting for the source.
    pub(super) good_since: Option<Time>,
}

/// How far the attempt is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The socket is opening.
    Opening { until: Time },
    /// `create` was sent.
    Creating,
    /// `attach` was sent.
    Attaching,
    /// There is nothing to be watched yet. Where it is to be told what there is, it is asked for
    /// again.
    Idle { again: Option<Time> },
    /// `watch` was sent.
    Asking { until: Time },
    /// The source has no picture; `watch` is sent again.
    NotReady { again: Time },
    /// The offer is here but has overtaken the answer to `features`.
    Offered { sdp: String, until: Time },
    /// The browser makes the answer.
    Answering { until: Time },
    /// `start` was sent with the answer; the peer connection is being made.
    Joining { until: Time },
    /// The peer connection stands.
    Watching(Picture),
    /// The peer connection stands, and nothing is to be sent on it.
    Paused(Picture),
}

/// What is known of the server's features.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Features {
    /// `features` was sent with this transaction, or will be.
    Awaited { transaction: String },
    /// What the server answered, or that it has no answer.
    Told { ice_url: Option<String> },
}

impl Conversation {
    pub(super) fn open(attempt: Attempt, cx: &mut Context) -> Self {
        cx.outputs.push(Output::Open { attempt });
        Self {
            attempt,
            watch: cx.config.watch.clone(),
            phase: Phase::Opening {
                until: cx.now + cx.config.timing.answer,
            },
            session: None,
            handle: None,
            lister: Lister::None,
            listed_at: None,
            requests: Requests::new(attempt),
            features: Features::Awaited {
                transaction: String::new(),
            },
            refusals: 0,
            early: Vec::new(),
            gathered: Vec::new(),
            video: Vec::new(),
            switching: None,
            unproven: false,
            last_sent: cx.now,
            last_heard: cx.now,
            good_since: None,
        }
    }

    pub(super) fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Whether the attempt has been good for long enough not to be held against the next one.
    pub(super) fn was_good(&self, cx: &Context) -> bool {
        let stable = cx.config.timing.stable;
        self.good_since
            .is_some_and(|since| cx.now.since(since) >= stable)
    }

    /// Whether the server's offer has been given to the browser.
    pub(super) fn has_offer(&self) -> bool {
        matches!(
            self.phase,
            Phase::Answering { .. } | Phase::Joining { .. } | Phase::Watching(_) | Phase::Paused(_)
        )
    }

    pub(super) fn handle(&mut self, cx: &mut Context, input: Input<'_>) -> Result<(), Problem> {
        match input {
            Input::SocketOpened => self.socket_opened(cx),
            Input::SocketClosed => {
                return Err(match self.phase {
                    Phase::Opening { .. } => Problem::Unreachable,
                    _ => Problem::SocketLost,
                });
            }
            Input::Message(text) => {
                self.last_heard = cx.now;
                return self.message(cx, text);
            }
            Input::Answer { sdp } => return self.answer(cx, sdp),
            Input::AnswerFailed { reason } => {
                return Err(Problem::AnswerFailed(reason.to_owned()));
            }
            Input::LocalCandidate(candidate) => self.local_candidate(cx, candidate),
            Input::PeerState(state) => return self.peer_state(cx, state),
            Input::FrameShown => self.frame_shown(cx),
            Input::Stats(stats) => return self.stats(cx, stats),
        }
        Ok(())
    }

    fn socket_opened(&mut self, cx: &mut Context) {
        if let Phase::Opening { .. } = self.phase {
            self.phase = Phase::Creating;
            self.send(cx, Asked::Create, RequestKind::Create { id: None });
        }
    }

    /// The session is there: asks for a handle of the plugin.
    pub(super) fn attach(&mut self, cx: &mut Context) {
        self.phase = Phase::Attaching;
        let attach = RequestKind::Attach {
            plugin: self.watch.plugin().to_owned(),
            opaque_id: cx.config.opaque_id.clone(),
        };
        self.send(cx, Asked::Attach, attach);
    }

    /// The handle is there. Nothing that is asked now needs another's answer, so all of it goes
    /// together: round trips less.
    pub(super) fn attached(&mut self, cx: &mut Context) {
        self.features = match self.ask(cx, Asked::Features, None) {
            Some(transaction) => Features::Awaited { transaction },
            None => Features::Told { ice_url: None },
        };
        // The list is answered at once, and says more than that a mountpoint is refused. That of
        // another handle takes longer, which the picture need not.
        let same_handle = self.watch.plugin() == streaming::PLUGIN;
        if cx.config.list && same_handle {
            self.list(cx);
        }
        self.ask_to_watch(cx);
        if cx.config.list && !same_handle {
            self.list(cx);
        }
    }

    /// Sends `watch` for the first time or again.
    pub(super) fn ask_to_watch(&mut self, cx: &mut Context) {
        if self.ask(cx, Asked::Watch, None).is_some() {
            self.phase = Phase::Asking {
                until: cx.now + cx.config.timing.answer,
            };
        } else {
            self.idle(cx);
            self.good_since = Some(cx.now);
            cx.outputs.status(Status::Idle);
        }
    }

    fn idle(&mut self, cx: &Context) {
        let again = cx.now + cx.config.timing.look_again;
        let again = cx.config.list.then_some(again);
        self.phase = Phase::Idle { again };
    }

    /// The source has no picture yet.
    pub(super) fn source_is_not_ready(&mut self, cx: &mut Context, reason: String) {
        let backoff = cx.config.timing.source;
        let wait = backoff.wait(self.refusals, &mut cx.random);
        self.refusals = self.refusals.saturating_add(1);
        self.phase = Phase::NotReady {
            again: cx.now + wait,
        };
        self.good_since.get_or_insert(cx.now);
        cx.outputs.status(Status::WaitingForSource { reason });
    }

    /// An offer has come.
    pub(super) fn offered(&mut self, cx: &mut Context, sdp: String) {
        self.good_since = None;
        cx.outputs.status(Status::Starting);
        let until = cx.now + cx.config.timing.features;
        self.phase = Phase::Offered { sdp, until };
        if let Features::Told { .. } = self.features {
            self.apply_offer(cx);
        }
    }

    /// Hands the offer, and the candidates that came before it, to the browser.
    pub(super) fn apply_offer(&mut self, cx: &mut Context) {
        if let Phase::Offered { sdp, .. } = &mut self.phase {
            let sdp = std::mem::take(sdp);
            let ice_url = match &self.features {
                Features::Told { ice_url } => ice_url.clone(),
                Features::Awaited { .. } => None,
            };
            self.video = video_codecs(&sdp);
            self.phase = Phase::Answering {
                until: cx.now + cx.config.timing.connect,
            };
            cx.outputs.push(Output::ApplyOffer { sdp, ice_url });
            for candidate in self.early.drain(..) {
                cx.outputs.push(Output::AddCandidate(candidate));
            }
        }
    }

    /// A candidate of the server.
    pub(super) fn remote_candidate(&mut self, cx: &mut Context, candidate: Candidate) {
        if self.has_offer() {
            cx.outputs.push(Output::AddCandidate(candidate));
        } else if self.early.len() < MAX_EARLY_CANDIDATES {
            self.early.push(candidate);
        }
    }

    fn answer(&mut self, cx: &mut Context, sdp: &str) -> Result<(), Problem> {
        let Phase::Answering { .. } = self.phase else {
            return Ok(());
        };
        takes_video(&self.video, sdp)?;
        self.ask(cx, Asked::Start, Some(Jsep::answer(sdp)));
        let gathered = std::mem::take(&mut self.gathered);
        if !gathered.is_empty() {
            self.send(cx, Asked::Trickle, RequestKind::Trickle(gathered));
        }
        self.phase = Phase::Joining {
            until: cx.now + cx.config.timing.connect,
        };
        Ok(())
    }

    fn local_candidate(&mut self, cx: &mut Context, candidate: Candidate) {
        if let Phase::Answering { .. } = self.phase {
            self.gathered.push(candidate);
        } else if self.has_offer() {
            self.send(cx, Asked::Trickle, RequestKind::Trickle(vec![candidate]));
        }
    }

    /// When something is due. There is always something: nothing is awaited without a deadline, and
    /// a session has to be kept alive.
    pub(super) fn timeout(&self, cx: &Context) -> Option<Time> {
        let timing = &cx.config.timing;
        let phase = match &self.phase {
            Phase::Opening { until }
            | Phase::Asking { until }
            | Phase::NotReady { again: until }
            | Phase::Offered { until, .. }
            | Phase::Answering { until }
            | Phase::Joining { until } => Some(*until),
            Phase::Watching(picture) | Phase::Paused(picture) => picture.deadline(timing),
            Phase::Idle { again } => *again,
            Phase::Creating | Phase::Attaching => None,
        };
        let switching = self.switching.as_ref().map(|switching| switching.until);
        let keepalive = self.session.map(|_| self.last_sent + timing.keepalive);
        let all = [phase, switching, self.requests.deadline(), keepalive];
        all.into_iter().flatten().min()
    }

    /// Does what has become due.
    pub(super) fn handle_timeout(&mut self, cx: &mut Context) -> Result<(), Problem> {
        while let Some(Overdue { asked, sent }) = self.requests.overdue(cx.now) {
            let server_is_there = self.last_heard > sent;
            if !(asked.is_optional() && server_is_there) {
                return Err(Problem::NoAnswer(asked.name()));
            }
            self.do_without(cx, asked);
        }
        let due = |time: Time| time <= cx.now;
        if self.switching.as_ref().is_some_and(|s| due(s.until)) {
            return Err(Problem::NoAnswer(Asked::Switch.name()));
        }
        match &self.phase {
            Phase::Opening { until } if due(*until) => return Err(Problem::Unreachable),
            Phase::Asking { until } if due(*until) => {
                return Err(Problem::NoAnswer(Asked::Watch.name()));
            }
            Phase::NotReady { again } if due(*again) => self.ask_to_watch(cx),
            Phase::Offered { until, .. } if due(*until) => self.apply_offer(cx),
            Phase::Answering { until } if due(*until) => {
                return Err(Problem::AnswerFailed("no answer in time".to_owned()));
            }
            Phase::Joining { until } if due(*until) => return Err(Problem::PeerFailed),
            Phase::Watching(picture) | Phase::Paused(picture)
                if picture.deadline(&cx.config.timing).is_some_and(due) =>
            {
                return Err(Problem::PeerFailed);
            }
            Phase::Idle { again } if again.is_some_and(due) => {
                self.idle(cx);
                self.list(cx);
            }
            _ => {}
        }
        if self.session.is_some() && cx.now.since(self.last_sent) >= cx.config.timing.keepalive {
            self.send(cx, Asked::Keepalive, RequestKind::Keepalive);
        }
        Ok(())
    }

    /// Tells the server that nobody watches any more, as far as it knows of anybody.
    pub(super) fn say_goodbye(&mut self, cx: &mut Context) {
        if self.has_offer() {
            self.ask(cx, Asked::Stop, None);
        }
        if self.handle.is_some() {
            self.send(cx, Asked::Goodbye, RequestKind::Detach);
        }
        if self.session.is_some() {
            self.send(cx, Asked::Goodbye, RequestKind::Destroy);
        }
    }

    /// Sends the plugin a request and returns its transaction; `None` where the plugin has no such
    /// request.
    pub(super) fn ask(
        &mut self,
        cx: &mut Context,
        asked: Asked,
        jsep: Option<Jsep>,
    ) -> Option<String> {
        let body = self.watch.body(asked)?;
        Some(self.send(cx, asked, RequestKind::Message { body, jsep }))
    }

    /// Sends a request to the attempt's session, and to its handle where there is one, and returns
    /// its transaction.
    pub(super) fn send(&mut self, cx: &mut Context, asked: Asked, kind: RequestKind) -> String {
        self.send_to(self.handle, cx, asked, kind)
    }

    /// The same for any handle.
    pub(super) fn send_to(
        &mut self,
        handle: Option<HandleId>,
        cx: &mut Context,
        asked: Asked,
        kind: RequestKind,
    ) -> String {
        let patience = cx.config.timing.answer;
        let transaction = self.requests.note(asked, cx.now, patience);
        let for_session = matches!(
            kind,
            RequestKind::Keepalive | RequestKind::Destroy | RequestKind::Attach { .. }
        );
        let request = Request {
            transaction: transaction.clone(),
            session: self.session,
            handle: handle.filter(|_| !for_session),
            credentials: cx.config.credentials.clone(),
            kind: Ok(kind),
        };
        cx.outputs.push(Output::Send(request.to_json()));
        self.last_sent = cx.now;
        transaction
    }
}
