//! One attempt: from opening the socket to the moving picture.

use super::answer::takes_h264;
use super::context::Context;
use super::picture::{Finding, Picture};
use super::requests::{Asked, Requests};
use super::{Attempt, Input, Output, PeerState, Problem, Status, Time};
use crate::jsep::{Candidate, Jsep};
use crate::request::{Request, RequestKind};
use crate::{HandleId, Object, SessionId, ustreamer};

/// Candidates of the server that may come before its offer. Nobody has more addresses than this.
const MAX_EARLY_CANDIDATES: usize = 64;

/// One attempt: from opening the socket to the moving picture. Every function that returns a
/// [`Problem`] has found that the attempt has failed.
#[derive(Debug)]
pub(super) struct Conversation {
    attempt: Attempt,
    pub(super) phase: Phase,
    pub(super) session: Option<SessionId>,
    pub(super) handle: Option<HandleId>,
    pub(super) requests: Requests,
    pub(super) features: Features,
    /// How often the source was not ready.
    refusals: u32,
    /// Candidates of the server before its offer.
    early: Vec<Candidate>,
    /// Candidates of the browser before its answer.
    gathered: Vec<Candidate>,
    last_sent: Time,
    /// Since when the attempt is all that it can be: playing, or waiting for the source.
    good_since: Option<Time>,
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
            phase: Phase::Opening {
                until: cx.now + cx.config.timing.answer,
            },
            session: None,
            handle: None,
            requests: Requests::new(attempt),
            features: Features::Awaited {
                transaction: String::new(),
            },
            refusals: 0,
            early: Vec::new(),
            gathered: Vec::new(),
            last_sent: cx.now,
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

    pub(super) fn handle(&mut self, cx: &mut Context, input: Input<'_>) -> Result<(), Problem> {
        match input {
            Input::SocketOpened => self.socket_opened(cx),
            Input::SocketClosed => {
                return Err(match self.phase {
                    Phase::Opening { .. } => Problem::Unreachable,
                    _ => Problem::SocketLost,
                });
            }
            Input::Message(text) => return self.message(cx, text),
            Input::Answer { sdp } => return self.answer(cx, sdp),
            Input::AnswerFailed { reason } => {
                return Err(Problem::AnswerFailed(reason.to_owned()));
            }
            Input::NoH264 => return Err(Problem::NoH264),
            Input::LocalCandidate(candidate) => self.local_candidate(cx, candidate),
            Input::PeerState(state) => return self.peer_state(cx, state),
            Input::FrameShown => {
                if let Some(picture) = self.picture(cx.now) {
                    picture.moves(cx.now);
                    self.playing(cx);
                }
            }
            Input::Stats(stats) => {
                if stats.packets > 0 || matches!(self.phase, Phase::Watching(_)) {
                    return self.stats(cx, stats);
                }
            }
        }
        Ok(())
    }

    fn socket_opened(&mut self, cx: &mut Context) {
        if let Phase::Opening { .. } = self.phase {
            self.phase = Phase::Creating;
            self.send(cx, Asked::Create, RequestKind::Create { id: None });
        }
    }

    /// Sends `watch` for the first time or again.
    pub(super) fn watch(&mut self, cx: &mut Context) {
        let params = cx.config.params;
        self.send_body(
            cx,
            Asked::Watch,
            &ustreamer::Request::Watch { params },
            None,
        );
        self.phase = Phase::Asking {
            until: cx.now + cx.config.timing.answer,
        };
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
        match self.phase {
            Phase::Answering { .. } | Phase::Joining { .. } | Phase::Watching(_) => {
                cx.outputs.push(Output::AddCandidate(candidate));
            }
            _ if self.early.len() < MAX_EARLY_CANDIDATES => self.early.push(candidate),
            _ => {}
        }
    }

    fn answer(&mut self, cx: &mut Context, sdp: &str) -> Result<(), Problem> {
        let Phase::Answering { .. } = self.phase else {
            return Ok(());
        };
        if !takes_h264(sdp) {
            return Err(Problem::NoH264);
        }
        let answer = Some(Jsep::answer(sdp));
        self.send_body(cx, Asked::Start, &ustreamer::Request::Start, answer);
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
        match self.phase {
            Phase::Answering { .. } => self.gathered.push(candidate),
            Phase::Joining { .. } | Phase::Watching(_) => {
                self.send(cx, Asked::Trickle, RequestKind::Trickle(vec![candidate]));
            }
            _ => {}
        }
    }

    fn peer_state(&mut self, cx: &mut Context, state: PeerState) -> Result<(), Problem> {
        match (&mut self.phase, state) {
            (
                Phase::Answering { .. } | Phase::Joining { .. } | Phase::Watching(_),
                PeerState::Failed | PeerState::Closed,
            ) => return Err(Problem::PeerFailed),
            (Phase::Joining { .. }, PeerState::Connected) => {
                self.phase = Phase::Watching(Picture::new(cx.now));
            }
            (Phase::Watching(picture), state) => picture.peer_state(cx.now, state),
            _ => {}
        }
        Ok(())
    }

    fn stats(&mut self, cx: &mut Context, stats: super::Stats) -> Result<(), Problem> {
        let Some(picture) = self.picture(cx.now) else {
            return Ok(());
        };
        match picture.stats(cx.now, stats, cx.visible, &cx.config.timing)? {
            Finding::Moving => self.playing(cx),
            Finding::NeedsKeyFrame => {
                let body = ustreamer::Request::KeyRequired;
                self.send_body(cx, Asked::KeyRequired, &body, None);
                if self.good_since.is_some() {
                    cx.outputs.status(Status::Stalled);
                }
            }
            Finding::Nothing => {}
        }
        Ok(())
    }

    /// Whether frames are expected has changed: those of before do not count.
    pub(super) fn visibility_changed(&mut self, now: Time) {
        if let Phase::Watching(picture) = &mut self.phase {
            picture.moves(now);
        }
    }

    /// The picture, where one may be. That something arrives says as well as the peer connection's
    /// state that it stands, and sometimes sooner.
    fn picture(&mut self, now: Time) -> Option<&mut Picture> {
        if let Phase::Joining { .. } = self.phase {
            self.phase = Phase::Watching(Picture::new(now));
        }
        match &mut self.phase {
            Phase::Watching(picture) => Some(picture),
            _ => None,
        }
    }

    fn playing(&mut self, cx: &mut Context) {
        self.good_since.get_or_insert(cx.now);
        cx.outputs.status(Status::Playing);
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
            Phase::Watching(picture) => picture.deadline(timing),
            Phase::Creating | Phase::Attaching => None,
        };
        let keepalive = self.session.map(|_| self.last_sent + timing.keepalive);
        let all = [phase, self.requests.deadline(), keepalive];
        all.into_iter().flatten().min()
    }

    /// Does what has become due.
    pub(super) fn handle_timeout(&mut self, cx: &mut Context) -> Result<(), Problem> {
        if let Some(asked) = self.requests.overdue(cx.now) {
            return Err(Problem::NoAnswer(asked.name()));
        }
        let due = |time: Time| time <= cx.now;
        match &self.phase {
            Phase::Opening { until } if due(*until) => return Err(Problem::Unreachable),
            Phase::Asking { until } if due(*until) => {
                return Err(Problem::NoAnswer(Asked::Watch.name()));
            }
            Phase::NotReady { again } if due(*again) => self.watch(cx),
            Phase::Offered { until, .. } if due(*until) => self.apply_offer(cx),
            Phase::Answering { until } if due(*until) => {
                return Err(Problem::AnswerFailed("no answer in time".to_owned()));
            }
            Phase::Joining { until } if due(*until) => return Err(Problem::PeerFailed),
            Phase::Watching(picture) if picture.deadline(&cx.config.timing).is_some_and(due) => {
                return Err(Problem::PeerFailed);
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
        if let Phase::Answering { .. } | Phase::Joining { .. } | Phase::Watching(_) = self.phase {
            self.send_body(cx, Asked::Goodbye, &ustreamer::Request::Stop, None);
        }
        if self.handle.is_some() {
            self.send(cx, Asked::Goodbye, RequestKind::Detach);
        }
        if self.session.is_some() {
            self.send(cx, Asked::Goodbye, RequestKind::Destroy);
        }
    }

    pub(super) fn send_body(
        &mut self,
        cx: &mut Context,
        asked: Asked,
        body: &ustreamer::Request,
        jsep: Option<Jsep>,
    ) -> String {
        // Every request of the plugin is written as an object.
        let body = Object::from_serialize(body).unwrap_or_default();
        self.send(cx, asked, RequestKind::Message { body, jsep })
    }

    /// Sends a request and returns its transaction.
    pub(super) fn send(&mut self, cx: &mut Context, asked: Asked, kind: RequestKind) -> String {
        let patience = cx.config.timing.answer;
        let transaction = self.requests.note(asked, cx.now, patience);
        let for_session = matches!(kind, RequestKind::Keepalive | RequestKind::Destroy);
        let request = Request {
            transaction: transaction.clone(),
            session: self.session,
            handle: self.handle.filter(|_| !for_session),
            credentials: cx.config.credentials.clone(),
            kind: Ok(kind),
        };
        cx.outputs.push(Output::Send(request.to_json()));
        self.last_sent = cx.now;
        transaction
    }
}
