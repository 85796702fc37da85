//! Sessions, handles and what is asked of them.
//!
//! A [`Gateway`] is a value: messages, news of peers and the time go in, messages come out. It is
//! driven by [`task`](super::task), and by tests with a clock of their own.
//!
//! Who may ask is said in [`access`], what administrators ask in [`admin`]. Requests are answered by one file for each family: [`session`] and [`handle`], and under those
//! [`link`] for the peer connection of a handle and [`plugin`] for what plugins are asked. Who has a
//! connection hears of everything at once; [`polls`] is for those who ask over HTTP.

mod access;
mod admin;
mod answer;
mod handle;
mod link;
mod plugin;
mod polls;
mod session;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use fanlight_protocol::request::{Path, RequestKind};
use fanlight_protocol::{Error, HandleId, Request, ServerMessage, SessionId};

pub(crate) use self::access::{Access, StoredToken, Tokens};
pub(crate) use self::admin::Admin;
use self::answer::{Answer, Outcome, Then};
use self::handle::Handle;
pub(crate) use self::plugin::Plugin;
use self::plugin::Waiting;
use self::polls::Unheard;
pub(crate) use self::polls::{Poll, PollId, PollRefused};
use self::session::{Holder, Session};
use super::media::{Ending, Media};
use crate::timers::Timers;

/// How a gateway is set up.
#[derive(Clone, Debug)]
pub(crate) struct GatewayConfig {
    /// What its operator calls this server. Told to whoever asks, not used.
    pub(crate) server_name: String,
    /// Where viewers learn their own public address (`stun:host:port`). Told to them, not used.
    pub(crate) stun_server: Option<String>,
    /// Whether the server's candidates are trickled after the offer rather than written into it.
    pub(crate) full_trickle: bool,
    /// Whether the server is ICE-lite. Told to whoever asks, not used.
    pub(crate) ice_lite: bool,
    /// How long a session lives of which nothing is asked; zero is for ever.
    pub(crate) session_timeout: Duration,
    /// How long a session outlives its connection, to be claimed by another.
    pub(crate) reclaim_timeout: Duration,
    pub(crate) access: Access,
    /// Whether new sessions are taken.
    pub(crate) accepting_sessions: bool,
    /// Who may use the admin API; nobody without it.
    pub(crate) admin: Option<Admin>,
    pub(crate) limits: Limits,
}

/// So that no client can take what others need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) sessions: usize,
    pub(crate) sessions_of_a_connection: usize,
    /// Sessions that clients at one address hold over HTTP. This machine has as many as it likes: a
    /// proxy on it stands for many clients.
    pub(crate) sessions_of_an_address: usize,
    pub(crate) handles_of_a_session: usize,
    /// Peers of one connection that were offered and do not stand yet.
    pub(crate) offers_of_a_connection: usize,
    /// Such peers of all who have no connection. Fewer than there may be in all, so that they leave
    /// something for the others.
    pub(crate) offers_over_http: usize,
    /// How long an offer waits for its answer.
    pub(crate) offer_timeout: Duration,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            server_name: "Fanlight".to_owned(),
            stun_server: None,
            full_trickle: false,
            ice_lite: false,
            session_timeout: Duration::from_secs(60),
            reclaim_timeout: Duration::ZERO,
            access: Access::default(),
            accepting_sessions: true,
            admin: None,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 10_000,
            sessions_of_a_connection: 16,
            sessions_of_an_address: 1_000,
            handles_of_a_session: 16,
            offers_of_a_connection: 8,
            offers_over_http: 256,
            offer_timeout: Duration::from_secs(30),
        }
    }
}

/// One client of a transport that it can be spoken to by. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Connection(ConnectionId),
    /// Somebody at this address who is gone with the answer: what comes later is polled for.
    Http(IpAddr),
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Recipient {
    Connection(ConnectionId),
    /// The answer to a poll.
    Poll(PollId),
}

/// A message for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) to: Recipient,
    pub(crate) text: String,
}

/// The gateway.
pub(crate) struct Gateway<M: Media> {
    config: GatewayConfig,
    media: M,
    connections: HashMap<ConnectionId, BTreeSet<SessionId>>,
    /// Sessions that are held over HTTP, by the address of their client.
    clients: HashMap<IpAddr, BTreeSet<SessionId>>,
    sessions: HashMap<SessionId, Session<M::Peer>>,
    /// Polls that hang, and at which session.
    polls: HashMap<PollId, SessionId>,
    /// Polls that were answered with news, until it is known whether somebody has heard them.
    unheard: HashMap<PollId, Unheard>,
    /// Sessions that may have an answer for a poll.
    with_news: BTreeSet<SessionId>,
    /// The handles that peer connections belong to.
    peers: HashMap<M::Peer, Address>,
    /// Those of them that were offered to somebody without a connection and have not stood yet.
    unproven_over_http: HashSet<Address>,
    /// Viewers who came before there was something to offer.
    waiting: BTreeMap<Address, Waiting>,
    timers: Timers<Timer>,
    outgoing: VecDeque<Outgoing>,
    /// When the first session was made. Administrators are told times since then.
    epoch: Option<Instant>,
}

/// A handle, by its session and its own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Address {
    session: SessionId,
    handle: HandleId,
}

/// What deadlines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Timer {
    /// Nothing was asked of the session for too long.
    Session(SessionId),
    /// The poll has hung without news.
    Poll(PollId),
    /// Nobody answered the handle's offer.
    Offer(Address),
    /// The viewer at the handle has waited long enough to be told that there is no picture yet.
    Waiting(Address),
    /// Time to see whether there is a picture for those who wait.
    Readiness,
}

impl<M: Media> Gateway<M> {
    pub(crate) fn new(config: GatewayConfig, media: M) -> Self {
        Self {
            config,
            media,
            connections: HashMap::new(),
            clients: HashMap::new(),
            sessions: HashMap::new(),
            polls: HashMap::new(),
            unheard: HashMap::new(),
            with_news: BTreeSet::new(),
            peers: HashMap::new(),
            unproven_over_http: HashSet::new(),
            waiting: BTreeMap::new(),
            timers: Timers::default(),
            outgoing: VecDeque::new(),
            epoch: None,
        }
    }

    /// A client has come.
    pub(crate) fn handle_opened(&mut self, connection: ConnectionId) {
        self.connections.entry(connection).or_default();
    }

    /// A client has gone: its sessions end, or wait for a while to be claimed.
    pub(crate) fn handle_closed(&mut self, now: Instant, connection: ConnectionId) {
        for session in self.connections.remove(&connection).unwrap_or_default() {
            self.abandon_session(now, session);
        }
    }

    /// A client has sent a message. It gets exactly one answer, whatever it has sent.
    pub(crate) fn handle_message(&mut self, now: Instant, from: ConnectionId, message: &[u8]) {
        if self.connections.contains_key(&from) {
            let request = Request::parse(message);
            let (answer, then) = self.answer(now, Asker::Connection(from), request);
            self.send(from, &answer);
            self.follow(now, then);
        }
    }

    /// A client at this address, or in this network, has posted a message over HTTP. Returns the one
    /// answer to it.
    pub(crate) fn handle_post(
        &mut self,
        now: Instant,
        client: IpAddr,
        path: Path,
        message: &[u8],
    ) -> String {
        let request = Request::parse_posted(path, message);
        let (answer, then) = self.answer(now, Asker::Http(client), request);
        let answer = answer.to_json();
        self.follow(now, then);
        answer
    }

    /// When [`Gateway::handle_timeout`] wants to be called. Changes with every other call.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does what was due by `now`.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        for timer in self.timers.expire(now) {
            match timer {
                Timer::Session(session) => self.time_out_session(now, session),
                Timer::Poll(poll) => self.time_out_poll(now, poll),
                Timer::Offer(at) => self.give_up_offer(at),
                Timer::Waiting(at) => self.tell_not_ready(at),
                Timer::Readiness => self.serve_waiting(now),
            }
        }
    }

    /// The next message to send, in order for each client.
    pub(crate) fn poll_outgoing(&mut self, now: Instant) -> Option<Outgoing> {
        self.serve_polls(now);
        self.outgoing.pop_front()
    }

    /// Ends everything: those who have a peer connection are told that it has ended.
    pub(crate) fn shut_down(&mut self) {
        let peers: Vec<Address> = self.peers.values().copied().collect();
        for at in peers {
            self.hang_up(at, Ending::Server.reason());
        }
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.end_session(session);
        }
    }

    /// The answer to a request, and what follows it.
    fn answer(
        &mut self,
        now: Instant,
        asker: Asker,
        request: Result<Request, Error>,
    ) -> (ServerMessage, Option<Then>) {
        let (session_id, transaction, outcome) = match request {
            Ok(request) => {
                let transaction = request.transaction.clone();
                let session = match request.kind {
                    Ok(RequestKind::Create { id }) => request.session.or(id),
                    _ => request.session,
                };
                let outcome = self.handle_request(now, asker, request);
                (session, Some(transaction), outcome)
            }
            Err(error) => (None, None, Err(error)),
        };
        match outcome {
            Ok(Outcome { answer, then }) => {
                let transaction = transaction.unwrap_or_default();
                let answer = answer.into_message(session_id, transaction, &self.config);
                (answer, then)
            }
            Err(error) => {
                let answer = ServerMessage::Error {
                    session_id,
                    transaction,
                    error,
                };
                (answer, None)
            }
        }
    }

    /// Finds who is to do it, in the order in which Janus looks, and has it done.
    fn handle_request(
        &mut self,
        now: Instant,
        asker: Asker,
        request: Request,
    ) -> Result<Outcome, Error> {
        let unhandled = Error::unhandled(request.name());
        let Some(session) = request.session else {
            return match request.kind {
                _ if request.handle.is_some() => Err(unhandled),
                Ok(RequestKind::Ping) => Ok(Answer::Pong.into()),
                Ok(RequestKind::Info) => Ok(Answer::Info.into()),
                Ok(RequestKind::Create { id }) => {
                    self.config.access.check(&request.credentials)?;
                    self.create_session(now, asker, id)
                }
                _ => Err(unhandled),
            };
        };
        self.config.access.check(&request.credentials)?;
        if !self.touch_session(now, session) {
            return Err(Error::no_such_session(session));
        }
        let at = request.handle.map(|handle| Address { session, handle });
        if let Some(at) = at.filter(|at| self.handle(*at).is_none()) {
            return Err(Error::no_such_handle(at.handle, session));
        }
        let wants_handle = matches!(request.name(), "message" | "trickle" | "detach" | "hangup");
        let wants_none = matches!(request.name(), "attach" | "destroy");
        if (wants_handle && at.is_none()) || (wants_none && at.is_some()) {
            return Err(unhandled);
        }
        let kind = request.kind.map_err(|malformed| malformed.error)?;
        match (kind, at) {
            (RequestKind::Attach { plugin, opaque_id }, _) => self.attach(
                now,
                session,
                &plugin,
                opaque_id.as_deref(),
                &request.credentials,
            ),
            (RequestKind::Keepalive, _) => Ok(Answer::Ack.into()),
            (RequestKind::Claim, _) => self.claim_session(now, session, asker),
            (RequestKind::Destroy, _) => {
                self.end_session(session);
                Ok(Answer::Success.into())
            }
            (RequestKind::Detach, Some(at)) => Ok(self.detach(at)),
            (RequestKind::Hangup, Some(at)) => Ok(self.hang_up_on_request(at)),
            (RequestKind::Message { body, jsep }, Some(at)) => {
                self.message(now, at, &request.transaction, &body, jsep)
            }
            (RequestKind::Trickle(candidates), Some(at)) => self.trickle(at, candidates),
            (kind, _) => Err(Error::unknown_request(kind.name())),
        }
    }

    fn handle(&self, at: Address) -> Option<&Handle<M::Peer>> {
        self.sessions.get(&at.session)?.handles.get(&at.handle)
    }

    fn handle_mut(&mut self, at: Address) -> Option<&mut Handle<M::Peer>> {
        self.sessions
            .get_mut(&at.session)?
            .handles
            .get_mut(&at.handle)
    }

    /// Sends an event to whoever holds the session.
    fn tell(&mut self, session: SessionId, event: &ServerMessage) {
        match self.sessions.get(&session).map(|session| &session.holder) {
            Some(Holder::Connection(connection)) => self.send(*connection, event),
            Some(Holder::Polls(_)) => self.queue_message(session, event),
            Some(Holder::Nobody) | None => {}
        }
    }

    /// Sends events that somebody else was to hear to whoever holds the session now. They are older
    /// than all that waits there.
    fn tell_again(&mut self, session: SessionId, texts: Vec<String>) {
        match self.sessions.get(&session).map(|session| &session.holder) {
            Some(Holder::Connection(connection)) => {
                let to = Recipient::Connection(*connection);
                let texts = texts.into_iter().map(|text| Outgoing { to, text });
                self.outgoing.extend(texts);
            }
            Some(Holder::Polls(_)) => self.queue_again(session, texts),
            Some(Holder::Nobody) | None => {}
        }
    }

    /// Does what follows an answer.
    fn follow(&mut self, now: Instant, then: Option<Then>) {
        match then {
            Some(Then::Event(session, event)) => self.tell(session, &event),
            Some(Then::Texts(session, texts)) => self.tell_again(session, texts),
            Some(Then::Streaming(work)) => self.streaming_work(now, work),
            None => {}
        }
    }

    fn send(&mut self, to: ConnectionId, message: &ServerMessage) {
        let text = message.to_json();
        let to = Recipient::Connection(to);
        self.outgoing.push_back(Outgoing { to, text });
    }
}

/// An id that cannot be guessed, and that survives JavaScript's numbers.
fn random_id() -> u64 {
    rand::random_range(1..1 << 53)
}
