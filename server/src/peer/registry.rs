//! Which offers wait for an answer, and which peers live: what callers' threads need to know.
use super::{
    AnswerError, OfferError, OfferOptions, OfferedTrack, PeerId, RestartError, SwitchError, codec,
    dtls::Fingerprint, ice::Credentials, offer::Section,
};
use crate::stream::Track;
use mio::Waker;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// An offer is good for so long.
const OFFER_LIFETIME: Duration = Duration::from_secs(30);
/// More offers than this do not wait at the same time.
const MAX_OFFERS: usize = 1024;
/// More viewers than this are not served. A network card is full long before.
const MAX_PEERS: usize = 4096;
/// A restart may make us send as many checks to unproven addresses as a new viewer may.
const RESTART_INTERVAL: Duration = Duration::from_secs(5);
/// So many viewers may be connecting at the same time: until one is connected, the checks that it
/// makes us send go to addresses that nobody has proven to want them.
const MAX_CONNECTING: usize = 256;

/// What a peer is offered, the same each time.
#[derive(Debug)]
pub(super) struct Session {
    /// Identifies it in session descriptions.
    pub(super) id: u64,
    pub(super) sections: Vec<Section>,
    pub(super) options: OfferOptions,
    pub(super) began: Instant,
}

/// What callers may be shown of a peer without asking the I/O thread.
pub(super) struct Known {
    pub(super) session: Arc<Session>,
    pub(super) paused: BTreeSet<String>,
    pub(super) sdps: Sdps,
}

/// The session descriptions that were exchanged.
#[derive(Clone, Debug, Default)]
pub(super) struct Sdps {
    pub(super) local: String,
    /// Our addresses, as candidate lines.
    pub(super) candidates: Vec<String>,
    pub(super) remote: Option<String>,
}

/// An offer that was made.
pub(super) struct Pending {
    pub(super) session: Arc<Session>,
    /// One for each section.
    pub(super) tracks: Vec<Arc<dyn Track>>,
    /// Those that are not to be sent.
    pub(super) paused: BTreeSet<String>,
    pub(super) credentials: Credentials,
    /// Where we can be reached.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) sdps: Sdps,
    pub(super) since: Instant,
}

/// An offer to look for another path.
struct PendingRestart {
    credentials: Credentials,
    /// Where we can be reached.
    addresses: Vec<SocketAddr>,
    since: Instant,
    answered: bool,
}

/// What an answer is to.
pub(super) enum Awaited {
    /// The first offer.
    Offer(Arc<Session>),
    /// An offer to look for another path. The viewer's certificate has to stay the same.
    Restart(Arc<Session>, Fingerprint),
}

/// All peers by their state.
#[derive(Default)]
pub(super) struct Registry {
    /// In the order of time, as identifiers count up.
    offered: BTreeMap<PeerId, Pending>,
    answered: HashMap<PeerId, Answered>,
    /// How many of those that have answered are not connected.
    connecting: usize,
    closed: bool,
}

struct Answered {
    session: Arc<Session>,
    tracks: Vec<Arc<dyn Track>>,
    sdps: Sdps,
    fingerprint: Fingerprint,
    /// How many offers there were.
    version: u32,
    restart: Option<PendingRestart>,
    connected: bool,
}

impl Registry {
    /// Keeps an offer for its answer.
    pub(super) fn offer(&mut self, peer: PeerId, pending: Pending) -> Result<(), OfferError> {
        if self.closed {
            return Err(OfferError::Down);
        }
        while let Some(oldest) = self.offered.first_entry() {
            if is_good(oldest.get().since, pending.since) {
                break;
            }
            oldest.remove();
        }
        if self.offered.len() >= MAX_OFFERS || self.answered.len() >= MAX_PEERS {
            return Err(OfferError::TooMany);
        }
        self.offered.insert(peer, pending);
        Ok(())
    }

    /// What an answer may come to.
    pub(super) fn awaits_answer(&self, now: Instant, peer: PeerId) -> Result<Awaited, AnswerError> {
        if let Some(answered) = self.answered.get(&peer) {
            let awaited = answered.restart.as_ref();
            return awaited
                .filter(|restart| !restart.answered && is_good(restart.since, now))
                .map(|_| Awaited::Restart(Arc::clone(&answered.session), answered.fingerprint))
                .ok_or(AnswerError::AnsweredBefore);
        }
        match self.offered.get(&peer) {
            Some(pending) if is_good(pending.since, now) => {
                Ok(Awaited::Offer(Arc::clone(&pending.session)))
            }
            _ => Err(AnswerError::UnknownPeer),
        }
    }

    /// The answer has come.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        peer: PeerId,
        sdp: &str,
        fingerprint: Fingerprint,
    ) -> Result<Pending, AnswerError> {
        self.awaits_answer(now, peer)?;
        if self.connecting >= MAX_CONNECTING || self.answered.len() >= MAX_PEERS {
            return Err(AnswerError::TooMany);
        }
        let mut pending = self.offered.remove(&peer).ok_or(AnswerError::UnknownPeer)?;
        let mut sdps = std::mem::take(&mut pending.sdps);
        sdps.remote = Some(sdp.to_owned());
        self.answered.insert(
            peer,
            Answered {
                session: Arc::clone(&pending.session),
                tracks: pending.tracks.clone(),
                sdps,
                fingerprint,
                version: 1,
                restart: None,
                connected: false,
            },
        );
        self.connecting += 1;
        Ok(pending)
    }

    /// Another path is to be looked for. Yields what is offered, and the number of the offer.
    pub(super) fn restart(
        &mut self,
        now: Instant,
        peer: PeerId,
    ) -> Result<(Arc<Session>, u32), RestartError> {
        let answered = self.answered.get_mut(&peer);
        let answered = answered.ok_or(RestartError::UnknownPeer)?;
        let last = answered.restart.as_ref().map(|restart| restart.since);
        if last.is_some_and(|last| now.saturating_duration_since(last) < RESTART_INTERVAL) {
            return Err(RestartError::TooSoon);
        }
        answered.version = answered.version.saturating_add(1);
        Ok((Arc::clone(&answered.session), answered.version))
    }

    /// The offer to look for another path is made.
    pub(super) fn offer_restart(
        &mut self,
        now: Instant,
        peer: PeerId,
        credentials: Credentials,
        addresses: Vec<SocketAddr>,
        sdps: Sdps,
    ) {
        if let Some(answered) = self.answered.get_mut(&peer) {
            answered.sdps.local = sdps.local;
            answered.sdps.candidates = sdps.candidates;
            answered.restart = Some(PendingRestart {
                credentials,
                addresses,
                since: now,
                answered: false,
            });
        }
    }

    /// The answer to such an offer has come.
    pub(super) fn answer_restart(
        &mut self,
        peer: PeerId,
        sdp: &str,
    ) -> Result<(Credentials, Vec<SocketAddr>), AnswerError> {
        let answered = self.answered.get_mut(&peer);
        let answered = answered.ok_or(AnswerError::UnknownPeer)?;
        let restart = answered.restart.as_mut().filter(|r| !r.answered);
        let restart = restart.ok_or(AnswerError::AnsweredBefore)?;
        restart.answered = true;
        answered.sdps.remote = Some(sdp.to_owned());
        Ok((restart.credentials.clone(), restart.addresses.clone()))
    }

    /// Whether the peer has answered and lives.
    pub(super) fn is_answered(&self, peer: PeerId) -> bool {
        self.answered.contains_key(&peer)
    }

    /// What is known of a peer.
    pub(super) fn known(&self, peer: PeerId) -> Option<Known> {
        if let Some(pending) = self.offered.get(&peer) {
            return Some(Known {
                session: Arc::clone(&pending.session),
                paused: pending.paused.clone(),
                sdps: pending.sdps.clone(),
            });
        }
        let answered = self.answered.get(&peer)?;
        Some(Known {
            session: Arc::clone(&answered.session),
            paused: BTreeSet::new(),
            sdps: answered.sdps.clone(),
        })
    }

    /// What an answered peer watches.
    pub(super) fn tracks(&self, peer: PeerId) -> Vec<Arc<dyn Track>> {
        let answered = self.answered.get(&peer);
        answered.map_or_else(Vec::new, |answered| answered.tracks.clone())
    }

    /// An offered track, or all of them, is not to be sent from the start, or is to be after all.
    pub(super) fn set_sending(&mut self, peer: PeerId, mid: Option<&str>, on: bool) {
        let Some(pending) = self.offered.get_mut(&peer) else {
            return;
        };
        let mids = pending.session.sections.iter().map(|s| s.mid.as_str());
        for mid in mids.filter(|other| mid.is_none_or(|mid| mid == *other)) {
            if on {
                pending.paused.remove(mid);
            } else {
                pending.paused.insert(mid.to_owned());
            }
        }
    }

    /// Other tracks take the place of some that were offered.
    pub(super) fn switch(
        &mut self,
        peer: PeerId,
        tracks: &[OfferedTrack],
    ) -> Result<(), SwitchError> {
        let offered = self.offered.get_mut(&peer);
        let (session, current) = match (offered, self.answered.get_mut(&peer)) {
            (Some(pending), _) => (&pending.session, &mut pending.tracks),
            (None, Some(answered)) => (&answered.session, &mut answered.tracks),
            (None, None) => return Err(SwitchError::UnknownPeer),
        };
        let mut switched = current.clone();
        for OfferedTrack { mid, track } in tracks {
            let sections = session.sections.iter().zip(&mut switched);
            let Some((section, place)) = sections.into_iter().find(|(s, _)| s.mid == *mid) else {
                return Err(SwitchError::UnknownMid(mid.clone()));
            };
            if !codec::is_same(&section.format, track.format()) {
                return Err(SwitchError::OtherCodec(mid.clone()));
            }
            *place = Arc::clone(track);
        }
        *current = switched;
        Ok(())
    }

    /// The offer is no longer good.
    pub(super) fn withdraw(&mut self, peer: PeerId) {
        self.offered.remove(&peer);
    }

    /// The peer gets frames.
    pub(super) fn connected(&mut self, peer: PeerId) {
        if let Some(answered) = self.answered.get_mut(&peer)
            && !std::mem::replace(&mut answered.connected, true)
        {
            self.connecting -= 1;
        }
    }

    /// The peer is gone.
    pub(super) fn forget(&mut self, peer: PeerId) {
        if self
            .answered
            .remove(&peer)
            .is_some_and(|answered| !answered.connected)
        {
            self.connecting -= 1;
        }
    }

    /// All that had answered are gone.
    pub(super) fn forget_all(&mut self) -> impl Iterator<Item = PeerId> + use<> {
        self.connecting = 0;
        std::mem::take(&mut self.answered).into_keys()
    }

    /// There will be no more peers.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.offered.clear();
    }
}

/// Whether an offer of that time may still be answered.
fn is_good(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < OFFER_LIFETIME
}

/// Wakes the I/O thread.
pub(super) fn wake(waker: &Waker) {
    if let Err(error) = waker.wake() {
        tracing::error!("cannot wake the thread of the viewers: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{dtls::Identity, testing::Stub};

    fn fingerprint() -> Fingerprint {
        Identity::generate().unwrap().fingerprint()
    }

    fn pending(since: Instant) -> Pending {
        Pending {
            session: Arc::new(Session {
                id: 1,
                sections: Vec::new(),
                options: OfferOptions::default(),
                began: since,
            }),
            tracks: vec![Arc::new(Stub::new("camera"))],
            paused: BTreeSet::new(),
            credentials: Credentials::random(),
            addresses: Vec::new(),
            sdps: Sdps::default(),
            since,
        }
    }

    #[test]
    fn offers_that_nobody_answers_are_bounded_and_expire() {
        let mut registry = Registry::default();
        let now = Instant::now();
        let offer = |registry: &mut Registry, id, at| registry.offer(PeerId(id), pending(at));
        for id in 0..MAX_OFFERS as u64 {
            assert_eq!(offer(&mut registry, id, now), Ok(()));
        }
        assert_eq!(offer(&mut registry, 5000, now), Err(OfferError::TooMany));
        let later = now + OFFER_LIFETIME;
        assert!(registry.awaits_answer(now, PeerId(7)).is_ok());
        assert_eq!(
            registry.awaits_answer(later, PeerId(7)).err(),
            Some(AnswerError::UnknownPeer)
        );
        assert_eq!(offer(&mut registry, 5001, later), Ok(()));
        assert_eq!(registry.offered.len(), 1);
    }

    #[test]
    fn only_so_many_connect_at_the_same_time() {
        let mut registry = Registry::default();
        let now = Instant::now();
        let answer = |registry: &mut Registry, id| {
            registry.offer(PeerId(id), pending(now)).unwrap();
            registry.answer(now, PeerId(id), "", fingerprint()).err()
        };
        for id in 0..MAX_CONNECTING as u64 {
            assert_eq!(answer(&mut registry, id), None);
        }
        assert_eq!(answer(&mut registry, 1000), Some(AnswerError::TooMany));
        // Each that connects, or goes, makes room for another.
        registry.connected(PeerId(0));
        registry.connected(PeerId(0));
        registry.forget(PeerId(0));
        registry.forget(PeerId(1));
        registry.forget(PeerId(1));
        assert_eq!(answer(&mut registry, 1001), None);
        assert_eq!(answer(&mut registry, 1002), None);
        assert_eq!(answer(&mut registry, 1003), Some(AnswerError::TooMany));
    }

    #[test]
    fn only_so_many_are_served() {
        let mut registry = Registry::default();
        let now = Instant::now();
        for id in 0..MAX_PEERS as u64 {
            registry.offer(PeerId(id), pending(now)).unwrap();
            registry
                .answer(now, PeerId(id), "", fingerprint())
                .map(drop)
                .unwrap();
            registry.connected(PeerId(id));
        }
        assert_eq!(
            registry.offer(PeerId(9999), pending(now)),
            Err(OfferError::TooMany)
        );
    }
}
