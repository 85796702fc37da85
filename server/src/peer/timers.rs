//! When which viewer has something to do.
use super::PeerId;
use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

/// One deadline a viewer, the earliest first.
#[derive(Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Instant, PeerId)>,
    due: HashMap<PeerId, Instant>,
}

impl Timers {
    /// Sets the deadline of `peer`.
    pub(super) fn set(&mut self, peer: PeerId, due: Instant) {
        match self.due.insert(peer, due) {
            Some(before) if before == due => {}
            before => {
                if let Some(before) = before {
                    self.queue.remove(&(before, peer));
                }
                self.queue.insert((due, peer));
            }
        }
    }

    /// Forgets `peer`.
    pub(super) fn remove(&mut self, peer: PeerId) {
        if let Some(due) = self.due.remove(&peer) {
            self.queue.remove(&(due, peer));
        }
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// Takes out the deadlines that have come, and tells whose they are.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<PeerId> {
        let mut expired = Vec::new();
        while let Some(&(due, peer)) = self.queue.first() {
            if due > now {
                break;
            }
            self.remove(peer);
            expired.push(peer);
        }
        expired
    }
}
