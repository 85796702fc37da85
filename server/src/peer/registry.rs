//! Which offers wait for an answer, and which peers live: what callers' threads need to know.
use super::{
    AnswerError, OfferError, OfferOptions, OfferedTrack, PeerId, SwitchError, codec,
    ice::Credentials, offer::Section,
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
    connected: bool,
}

impl Registry {
    /// Keeps an offer for its answer.
    pub(super) fn offer(&mut self, peer: PeerId, pending: Pending) -> Result<(), OfferError> {
        if self.closed {
            return Err(OfferError::Down);
        }
        while let Some(oldest) = self.offered.first_entry() {
            if oldest.get().is_good(pending.since) {
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
    pub(super) fn awaits_answer(
        &self,
        now: Instant,
        peer: PeerId,
    ) -> Result<Arc<Session>, AnswerError> {
        match self.offered.get(&peer) {
            _ if self.answered.contains_key(&peer) => Err(AnswerError::AnsweredBefore),
            Some(pending) if pending.is_good(now) => Ok(Arc::clone(&pending.session)),
            _ => Err(AnswerError::UnknownPeer),
        }
    }

    /// The answer has come.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        peer: PeerId,
        sdp: &str,
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
                connected: false,
            },
        );
        self.connecting += 1;
        Ok(pending)
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

impl Pending {
    fn is_good(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < OFFER_LIFETIME
    }
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
    use crate::peer::testing::Stub;

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
            registry.answer(now, PeerId(id), "").err()
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
            registry.answer(now, PeerId(id), "").map(drop).unwrap();
            registry.connected(PeerId(id));
        }
        assert_eq!(
            registry.offer(PeerId(9999), pending(now)),
            Err(OfferError::TooMany)
        );
    }
}
