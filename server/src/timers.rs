//! Deadlines, each under a key.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// At most one deadline for each key.
#[derive(Debug)]
pub(crate) struct Timers<K> {
    in_order: BTreeSet<(Instant, K)>,
    by_key: HashMap<K, Instant>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self {
            in_order: BTreeSet::new(),
            by_key: HashMap::new(),
        }
    }
}

impl<K: Copy + Eq + Hash + Ord> Timers<K> {
    /// Sets the deadline of `key`, in place of the one it had.
    pub(crate) fn set(&mut self, key: K, at: Instant) {
        match self.by_key.insert(key, at) {
            Some(before) if before == at => {}
            before => {
                if let Some(before) = before {
                    self.in_order.remove(&(before, key));
                }
                self.in_order.insert((at, key));
            }
        }
    }

    pub(crate) fn cancel(&mut self, key: K) {
        if let Some(at) = self.by_key.remove(&key) {
            self.in_order.remove(&(at, key));
        }
    }

    pub(crate) fn is_set(&self, key: K) -> bool {
        self.by_key.contains_key(&key)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// Takes out the deadlines that have passed, the earliest first.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<K> {
        let mut expired = Vec::new();
        while let Some(&(at, key)) = self.in_order.first() {
            if at > now {
                break;
            }
            self.cancel(key);
            expired.push(key);
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn deadlines_pass_in_order_and_only_once() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut timers = Timers::default();
        timers.set('b', after(2));
        timers.set('a', after(1));
        timers.set('c', after(3));
        timers.set('a', after(3));
        timers.cancel('c');
        assert_eq!(timers.next(), Some(after(2)));
        assert!(timers.expire(after(1)).is_empty());
        assert_eq!(timers.expire(after(9)), ['b', 'a']);
        assert!(timers.expire(after(9)).is_empty());
        assert_eq!(timers.next(), None);
    }
}
