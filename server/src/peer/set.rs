//! All viewers of this process behind one port: who gets a datagram, a frame, a moment to act. It
//! does no I/O and reads no clock.
use super::{
    CloseReason, PeerEvent, PeerId,
    answer::Answer,
    candidate::Remote,
    connection::{Connection, Received},
    demux::{self, Kind},
    dtls::{Dtls, Identity},
    early::EarlyChecks,
    feed::{Delivery, Feeds, Watcher},
    ice::{Credentials, Ice, IceConfig},
    info::LiveInfo,
    medium::Medium,
    outgoing::{Outgoing, Path},
    rtcp::{Feedback, Reception},
    rtp::Terms,
    stats::Counters,
};
use crate::{stream::Track, timers::Timers};
use rtc::shared::error::Error;
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use watching::Watched;

mod watching;

/// The port of mDNS, whose traffic the ICE agent would take for an answer to a question of its own.
const MDNS: u16 = 5353;

/// What is not urgent happens at multiples of this, for many viewers at once.
const GRID: Duration = Duration::from_millis(50);

/// A fan-out pauses when so many bytes wait, for them to be sent while they are in the cache.
const BATCH: usize = 128 * 1024;

/// A viewer that has answered an offer.
pub(super) struct NewPeer {
    pub(super) media: Vec<NewMedium>,
    pub(super) credentials: Credentials,
    /// Where we can be reached.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) answer: Answer,
}

/// A viewer that has answered an offer to look for another path.
pub(super) struct Restart {
    pub(super) credentials: Credentials,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) answer: Answer,
}

/// A track that a new viewer takes.
pub(super) struct NewMedium {
    pub(super) mid: String,
    pub(super) track: Arc<dyn Track>,
    pub(super) terms: Terms,
    /// Whether its frames are to be sent from the start.
    pub(super) on: bool,
}

/// All viewers.
pub(super) struct Set {
    identity: Arc<Identity>,
    ice_lite: bool,
    began: Instant,
    connections: HashMap<PeerId, Member>,
    by_ufrag: HashMap<String, PeerId>,
    /// Whom an address belongs to, proven by an authentic check.
    by_remote: HashMap<SocketAddr, PeerId>,
    early: EarlyChecks,
    feeds: Feeds,
    deliveries: VecDeque<Delivery>,
    timers: Timers<PeerId>,
    /// What is to be sent.
    pub(super) out: Outgoing,
    events: VecDeque<(PeerId, PeerEvent)>,
    /// What has been going on since somebody last looked.
    pub(super) counters: Counters,
}

struct Member {
    connection: Box<Connection>,
    /// By which checks for it are known.
    ufrags: Vec<String>,
    watched: Vec<Watched>,
}

impl Set {
    /// Nobody yet. `wake` is called on encoders' threads when frames have come.
    pub(super) fn new(
        now: Instant,
        identity: Arc<Identity>,
        ice_lite: bool,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self {
            identity,
            ice_lite,
            began: now,
            connections: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_remote: HashMap::new(),
            early: EarlyChecks::default(),
            feeds: Feeds::new(wake),
            deliveries: VecDeque::new(),
            timers: Timers::default(),
            out: Outgoing::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// A viewer has answered its offer.
    pub(super) fn add(&mut self, now: Instant, peer: PeerId, new: NewPeer) {
        let ufrag = new.credentials.ufrag.clone();
        let wanted: Vec<bool> = new.media.iter().map(|medium| medium.on).collect();
        let watched = new.media.iter().map(|medium| Watched {
            track: Arc::clone(&medium.track),
            on: false,
            begins_again_until: None,
        });
        let watched = watched.collect();
        let connection = match self.connect(now, new) {
            Ok(connection) => Box::new(connection),
            Err(error) => {
                let reason = CloseReason::Failed(error.to_string());
                self.events.push_back((peer, PeerEvent::Closed(reason)));
                return;
            }
        };
        self.connections.insert(
            peer,
            Member {
                connection,
                ufrags: Vec::new(),
                watched,
            },
        );
        for (medium, _) in wanted.into_iter().enumerate().filter(|(_, on)| *on) {
            self.watch(now, peer, medium);
        }
        self.find(now, peer, &ufrag);
    }

    /// A viewer looks for another path.
    pub(super) fn restart(&mut self, now: Instant, peer: PeerId, restart: Restart) {
        let Restart {
            credentials,
            addresses,
            answer,
        } = restart;
        let ufrag = credentials.ufrag.clone();
        let ice = self.search(now, credentials, &addresses, answer);
        let Some(member) = self.connections.get_mut(&peer) else {
            return;
        };
        match ice {
            Ok(ice) => {
                member.connection.restart(now, ice);
                self.find(now, peer, &ufrag);
            }
            Err(error) => tracing::warn!("viewer {peer} cannot look for another path: {error}"),
        }
    }

    /// A viewer has named another address of its own.
    pub(super) fn add_candidate(&mut self, now: Instant, peer: PeerId, remote: Remote) {
        if let Some(member) = self.connections.get_mut(&peer) {
            member.connection.add_remote(now, remote);
            self.schedule(peer);
        }
    }

    /// Says goodbye to a viewer.
    pub(super) fn close(&mut self, now: Instant, peer: PeerId, reason: CloseReason) {
        if let Some(member) = self.connections.get_mut(&peer) {
            member.connection.close(now, &mut self.out);
            self.remove(peer, reason);
        }
    }

    /// Says goodbye to everybody.
    pub(super) fn close_all(&mut self, now: Instant, reason: &CloseReason) {
        let peers: Vec<PeerId> = self.connections.keys().copied().collect();
        for peer in peers {
            self.close(now, peer, reason.clone());
        }
    }

    /// A datagram has come.
    pub(super) fn receive(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        let Some(kind) = demux::kind(datagram).filter(|_| path.remote.port() != MDNS) else {
            self.counters.garbage += 1;
            return;
        };
        let known = self.by_remote.get(&path.remote).copied();
        match (kind, known) {
            (Kind::Check, _) => match demux::ufrag(datagram).and_then(|u| self.by_ufrag.get(u)) {
                Some(peer) => self.pass(now, *peer, kind, path, datagram),
                None => self.early.keep(now, path, datagram),
            },
            (_, Some(peer)) => self.pass(now, peer, kind, path, datagram),
            (Kind::CheckAnswer, None) => self.pass_first_answer(now, path, datagram),
            (_, None) => self.counters.garbage += 1,
        }
    }

    /// Fetches the frames that have come.
    pub(super) fn collect(&mut self) {
        self.feeds.collect(&mut self.deliveries);
    }

    /// Gives the next frame to the next viewers, as many as a batch takes. False when there is
    /// nothing left to do.
    pub(super) fn fan_out(&mut self, now: Instant) -> bool {
        let Some(mut delivery) = self.deliveries.pop_front() else {
            return false;
        };
        let mut failed = Vec::new();
        let mut key_frame = false;
        let feed = self.feeds.get(&delivery.feed);
        let viewers = feed.map_or(&[][..], |feed| feed.viewers.as_slice());
        let batch_ends = self.out.len() + BATCH;
        while let Some(&Watcher { peer, medium }) = viewers.get(delivery.next) {
            if self.out.len() >= batch_ends {
                break;
            }
            delivery.next += 1;
            let Some(member) = self.connections.get_mut(&peer) else {
                continue;
            };
            match member
                .connection
                .send(medium, &delivery.frame, &mut self.out)
            {
                Ok(wanted) => key_frame |= wanted,
                Err(reason) => failed.push((peer, reason)),
            }
        }
        if let Some(feed) = feed.filter(|_| key_frame) {
            feed.track.request_key_frame();
        }
        if delivery.next < viewers.len() {
            let is_leaving =
                |viewer: &&Watcher| failed.iter().any(|(peer, _)| *peer == viewer.peer);
            let served = viewers.iter().take(delivery.next);
            delivery.next -= served.filter(is_leaving).count();
            self.deliveries.push_front(delivery);
        }
        for (peer, reason) in failed {
            self.close(now, peer, reason);
        }
        true
    }

    /// Whether a frame is on its way to the viewers.
    pub(super) fn is_fanning_out(&self) -> bool {
        !self.deliveries.is_empty()
    }

    /// When to call [`Self::handle_timeout`] next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for peer in self.timers.expire(now) {
            let Some(member) = self.connections.get_mut(&peer) else {
                continue;
            };
            match member.connection.handle_timeout(now, &mut self.out) {
                Ok(slow) => {
                    let events = slow.into_iter().map(PeerEvent::from);
                    self.events.extend(events.map(|event| (peer, event)));
                    self.schedule(peer);
                }
                Err(reason) => self.close(now, peer, reason),
            }
        }
    }

    /// What viewers' ends are to be told.
    pub(super) fn poll_event(&mut self) -> Option<(PeerId, PeerEvent)> {
        self.events.pop_front()
    }

    /// How those fare who get frames.
    pub(super) fn receptions(&self) -> impl Iterator<Item = Reception> {
        let secured = self
            .connections
            .values()
            .filter(|m| m.connection.is_secured());
        secured.flat_map(|member| member.connection.receptions())
    }

    /// What administrators are shown of a viewer.
    pub(super) fn info(&self, peer: PeerId) -> Option<LiveInfo> {
        let member = self.connections.get(&peer)?;
        let mut info = member.connection.info();
        for (medium, watched) in info.media.iter_mut().zip(&member.watched) {
            medium.sending = watched.on;
        }
        Some(info)
    }

    fn connect(&self, now: Instant, new: NewPeer) -> Result<Connection, Error> {
        let NewPeer {
            media,
            credentials,
            addresses,
            answer,
        } = new;
        let dtls = Dtls::new(Arc::clone(&self.identity), answer.role, answer.fingerprint);
        let ice = self.search(now, credentials, &addresses, answer)?;
        let media = media.into_iter().map(|m| Medium::new(m.mid, m.terms));
        Ok(Connection::new(now, ice, dtls, media.collect()))
    }

    fn search(
        &self,
        now: Instant,
        local: Credentials,
        addresses: &[SocketAddr],
        answer: Answer,
    ) -> Result<Ice, Error> {
        let config = IceConfig {
            lite: self.ice_lite,
            local,
            remote: answer.credentials,
            addresses,
            crypto: Arc::clone(self.identity.crypto()),
        };
        let mut ice = Ice::new(now, config)?;
        for remote in answer.candidates {
            ice.add_remote(now, remote);
        }
        Ok(ice)
    }

    /// A viewer looks for a path under a new name: some of its checks may have come before.
    fn find(&mut self, now: Instant, peer: PeerId, ufrag: &str) {
        if let Some(member) = self.connections.get_mut(&peer) {
            for old in &member.ufrags {
                self.by_ufrag.remove(old);
            }
            let ufrags = member.connection.ufrags().map(str::to_owned);
            member.ufrags = ufrags.collect();
            let names = member.ufrags.iter().cloned();
            self.by_ufrag.extend(names.map(|ufrag| (ufrag, peer)));
        }
        self.schedule(peer);
        for check in self.early.take(now, ufrag) {
            self.pass(now, peer, Kind::Check, check.path, &check.datagram);
        }
    }

    /// An answer to a check of ours, from an address that nobody has proven to be at: it belongs to
    /// one of those who named the address.
    fn pass_first_answer(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        let expecting = |member: &Member| {
            member.connection.is_searching() && member.connection.expects(path.remote)
        };
        let peers = self
            .connections
            .iter()
            .filter(|(_, member)| expecting(member));
        let peers: Vec<PeerId> = peers.map(|(peer, _)| *peer).collect();
        for peer in peers {
            self.pass(now, peer, Kind::CheckAnswer, path, datagram);
            if self.by_remote.contains_key(&path.remote) {
                return;
            }
        }
        self.counters.garbage += 1;
    }

    fn pass(&mut self, now: Instant, peer: PeerId, kind: Kind, path: Path, datagram: &[u8]) {
        let Some(member) = self.connections.get_mut(&peer) else {
            return;
        };
        let received = member
            .connection
            .receive(now, kind, path, datagram, &mut self.out);
        match received.and_then(|received| self.follow(now, peer, path, received)) {
            Ok(()) => self.schedule(peer),
            Err(CloseReason::ByViewer) => self.remove(peer, CloseReason::ByViewer),
            Err(reason) => self.close(now, peer, reason),
        }
    }

    fn schedule(&mut self, peer: PeerId) {
        let Some(member) = self.connections.get(&peer) else {
            return;
        };
        let mut due = member.connection.poll_timeout();
        if !member.connection.is_searching() {
            let since = due.saturating_duration_since(self.began).as_nanos();
            let ticks = since.div_ceil(GRID.as_nanos());
            due = self.began + GRID * u32::try_from(ticks).unwrap_or(u32::MAX);
        }
        self.timers.set(peer, due);
    }

    fn follow(
        &mut self,
        now: Instant,
        peer: PeerId,
        path: Path,
        received: Received,
    ) -> Result<(), CloseReason> {
        if received.authentic && !self.is_others(now, peer, path.remote) {
            self.by_remote.insert(path.remote, peer);
        }
        for (medium, feedback) in received.feedback {
            self.help(now, peer, medium, &feedback)?;
        }
        if received.secured {
            tracing::info!("viewer {peer} at {} connected", path.remote);
            self.events.push_back((peer, PeerEvent::Connected));
            self.begin_all(now, peer);
        }
        if received.told_again {
            self.begin_all_again(now, peer)?;
        }
        Ok(())
    }

    /// Whether another viewer is at this address. Who is heard there keeps it, as checks can be sent
    /// under any address.
    fn is_others(&self, now: Instant, peer: PeerId, remote: SocketAddr) -> bool {
        let owner = self.by_remote.get(&remote).filter(|owner| **owner != peer);
        owner
            .and_then(|owner| self.connections.get(owner))
            .is_some_and(|member| member.connection.is_alive_at(now, remote))
    }

    /// Does what a viewer asks for.
    fn help(
        &mut self,
        now: Instant,
        peer: PeerId,
        medium: usize,
        feedback: &Feedback,
    ) -> Result<(), CloseReason> {
        if feedback.key_frame {
            self.give_key_frame(now, peer, medium)?;
        }
        let Some(member) = self.connections.get_mut(&peer) else {
            return Ok(());
        };
        let watched = member.watched.get(medium).filter(|watched| watched.on);
        let Some(feed) = watched.and_then(|w| self.feeds.get(w.track.name())) else {
            return Ok(());
        };
        let resent =
            member
                .connection
                .resend(medium, &feedback.lost, &feed.history, &mut self.out)?;
        self.counters.missed += feedback.lost.len() as u64;
        self.counters.resent += u64::from(resent);
        Ok(())
    }

    fn remove(&mut self, peer: PeerId, reason: CloseReason) {
        let media = self.connections.get(&peer).map_or(0, |m| m.watched.len());
        for medium in 0..media {
            self.unwatch(peer, medium);
        }
        let Some(member) = self.connections.remove(&peer) else {
            return;
        };
        self.timers.cancel(peer);
        for ufrag in &member.ufrags {
            self.by_ufrag.remove(ufrag);
        }
        self.by_remote.retain(|_, owner| *owner != peer);
        tracing::info!("viewer {peer} disconnected: {reason}");
        self.events.push_back((peer, PeerEvent::Closed(reason)));
    }
}
