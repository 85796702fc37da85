//! Which offers wait for an answer, and which peers live: what callers' threads need to know.
use super::{
    AnswerError, OfferError, Orientation, PeerId, ice::Credentials, rtp::Sources, source::Source,
};
use mio::Waker;
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// An offer is good for so long.
const OFFER_LIFETIME: Duration = Duration::from_secs(60);
/// More offers than this do not wait at the same time.
const MAX_OFFERS: usize = 1024;

/// An offer that was made.
pub(super) struct Pending {
    pub(super) source: Arc<dyn Source>,
    pub(super) credentials: Credentials,
    pub(super) sources: Sources,
    pub(super) orientation: Orientation,
    /// Where we can be reached.
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) since: Instant,
}

/// All peers by their state.
#[derive(Default)]
pub(super) struct Registry {
    /// In the order of time, as identifiers count up.
    offered: BTreeMap<PeerId, Pending>,
    answered: HashMap<PeerId, Arc<dyn Source>>,
    closed: bool,
}

impl Registry {
    /// Keeps an offer for its answer.
    pub(super) fn offer(&mut self, peer: PeerId, pending: Pending) -> Result<(), OfferError> {
        if self.closed {
            return Err(OfferError::Down);
        }
        while let Some(oldest) = self.offered.first_entry() {
            if pending.since.saturating_duration_since(oldest.get().since) < OFFER_LIFETIME {
                break;
            }
            oldest.remove();
        }
        if self.offered.len() >= MAX_OFFERS {
            return Err(OfferError::TooMany);
        }
        self.offered.insert(peer, pending);
        Ok(())
    }

    /// Whether an answer may come.
    pub(super) fn awaits_answer(&self, peer: PeerId) -> Result<(), AnswerError> {
        if self.offered.contains_key(&peer) {
            Ok(())
        } else if self.answered.contains_key(&peer) {
            Err(AnswerError::AnsweredBefore)
        } else {
            Err(AnswerError::UnknownPeer)
        }
    }

    /// The answer has come.
    pub(super) fn answer(&mut self, peer: PeerId) -> Result<Pending, AnswerError> {
        self.awaits_answer(peer)?;
        let pending = self.offered.remove(&peer).ok_or(AnswerError::UnknownPeer)?;
        self.answered.insert(peer, Arc::clone(&pending.source));
        Ok(pending)
    }

    /// Whether the peer has answered and lives.
    pub(super) fn is_answered(&self, peer: PeerId) -> bool {
        self.answered.contains_key(&peer)
    }

    /// What an answered peer watches.
    pub(super) fn source(&self, peer: PeerId) -> Option<Arc<dyn Source>> {
        self.answered.get(&peer).cloned()
    }

    /// The offer is no longer good.
    pub(super) fn withdraw(&mut self, peer: PeerId) {
        self.offered.remove(&peer);
    }

    /// The peer is gone.
    pub(super) fn forget(&mut self, peer: PeerId) {
        self.answered.remove(&peer);
    }

    /// All that had answered are gone.
    pub(super) fn forget_all(&mut self) -> impl Iterator<Item = PeerId> + use<> {
        std::mem::take(&mut self.answered).into_keys()
    }

    /// There will be no more peers.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.offered.clear();
    }
}

/// Wakes the I/O thread.
pub(super) fn wake(waker: &Waker) {
    if let Err(error) = waker.wake() {
        tracing::error!("cannot wake the thread of the viewers: {error}");
    }
}
