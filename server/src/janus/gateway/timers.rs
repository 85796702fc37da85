//! Deadlines, each under a key.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// At most one deadline for each key.
#[derive(Debug)]
pub(super) struct Timers<K> {
    in_order: BTreeSet<(Instant, K)>,
    by_key: HashMap<K, Instant>,
}

impl<K: Copy + Eq + Hash + Ord> Timers<K> {
    pub(super) fn new() -> Self {
        Self {
            in_order: BTreeSet::new(),
            by_key: HashMap::new(),
        }
    }

    /// Sets the deadline of `key`, in place of the one it had.
    pub(super) fn set(&mut self, key: K, at: Instant) {
        self.cancel(key);
        self.by_key.insert(key, at);
        self.in_order.insert((at, key));
    }

    pub(super) fn cancel(&mut self, key: K) {
        if let Some(at) = self.by_key.remove(&key) {
            self.in_order.remove(&(at, key));
        }
    }

    pub(super) fn is_set(&self, key: K) -> bool {
        self.by_key.contains_key(&key)
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// Takes out the earliest deadline that has passed.
    pub(super) fn pop(&mut self, now: Instant) -> Option<K> {
        let (at, key) = *self.in_order.first()?;
        if at > now {
            return None;
        }
        self.cancel(key);
        Some(key)
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
        let mut timers = Timers::new();
        timers.set('b', after(2));
        timers.set('a', after(1));
        timers.set('c', after(3));
        timers.set('a', after(3));
        timers.cancel('c');
        assert_eq!(timers.next(), Some(after(2)));
        assert_eq!(timers.pop(after(1)), None);
        assert_eq!(timers.pop(after(9)), Some('b'));
        assert_eq!(timers.pop(after(9)), Some('a'));
        assert_eq!(timers.pop(after(9)), None);
        assert_eq!(timers.next(), None);
    }
}
