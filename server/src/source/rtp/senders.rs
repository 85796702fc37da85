//! Whose packets are taken when several senders use one port.

use std::time::{Duration, Instant};

/// Packets that a sender's goodbye overtook come within this time.
const STRAGGLING: Duration = Duration::from_millis(100);

/// The sender of a medium. A value: who calls brings the time.
#[derive(Debug)]
pub(super) struct Latch {
    /// How long it has to be silent before another takes its place.
    window: Duration,
    current: Option<Sender>,
}

#[derive(Clone, Copy, Debug)]
struct Sender {
    ssrc: u32,
    heard: Instant,
    /// When it said goodbye.
    left: Option<Instant>,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// It is the current sender's.
    Current,
    /// It is of a new sender, which is the current one now.
    New,
    /// It is of another sender while the current one is alive.
    Other,
}

impl Latch {
    /// A medium without a sender yet. `window` is how long one has to be silent before another
    /// takes its place, 0 to follow the newest at once.
    pub(super) fn new(window: Duration) -> Latch {
        Latch {
            window,
            current: None,
        }
    }

    /// Judges a packet of `ssrc` that came at `now`.
    pub(super) fn judge(&mut self, now: Instant, ssrc: u32) -> Whose {
        let since = |then| now.saturating_duration_since(then);
        match &mut self.current {
            Some(current)
                if current.ssrc == ssrc
                    && current.left.is_none_or(|left| since(left) < STRAGGLING) =>
            {
                current.heard = now;
                Whose::Current
            }
            Some(current) if current.left.is_none() && since(current.heard) < self.window => {
                Whose::Other
            }
            current => {
                *current = Some(Sender {
                    ssrc,
                    heard: now,
                    left: None,
                });
                Whose::New
            }
        }
    }

    /// The current sender, unless it said goodbye.
    pub(super) fn ssrc(&self) -> Option<u32> {
        Some(self.present()?.ssrc)
    }

    /// Whether the current sender was heard within the last `window`.
    pub(super) fn is_alive(&self, now: Instant, window: Duration) -> bool {
        let silent = |sender: Sender| now.saturating_duration_since(sender.heard);
        self.present().is_some_and(|sender| silent(sender) < window)
    }

    /// A sender said goodbye at `now`: if it is the current one, the next takes its place at once.
    pub(super) fn bye(&mut self, now: Instant, ssrc: u32) {
        let is_current = |sender: &&mut Sender| sender.ssrc == ssrc;
        if let Some(current) = self.current.as_mut().filter(is_current) {
            current.left.get_or_insert(now);
        }
    }

    /// Forgets the current sender: whoever comes next is new.
    pub(super) fn forget(&mut self) {
        self.current = None;
    }

    fn present(&self) -> Option<Sender> {
        self.current.filter(|sender| sender.left.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(latch: &mut Latch, start: Instant, packets: &[(u64, u32)]) -> Vec<Whose> {
        let judge = |&(ms, ssrc)| latch.judge(start + Duration::from_millis(ms), ssrc);
        packets.iter().map(judge).collect()
    }

    #[test]
    fn another_sender_is_ignored_until_the_first_was_silent_for_the_window() {
        let mut latch = Latch::new(Duration::from_millis(100));
        let packets = [(0, 1), (50, 2), (90, 1), (189, 2), (190, 2), (191, 1)];
        assert_eq!(
            judge(&mut latch, Instant::now(), &packets),
            [
                Whose::New,
                Whose::Other,
                Whose::Current,
                Whose::Other,
                Whose::New,
                Whose::Other
            ]
        );
    }

    #[test]
    fn without_a_window_the_newest_sender_is_followed() {
        let mut latch = Latch::new(Duration::ZERO);
        assert_eq!(
            judge(&mut latch, Instant::now(), &[(0, 1), (0, 2), (0, 2)]),
            [Whose::New, Whose::New, Whose::Current]
        );
    }

    #[test]
    fn a_goodbye_makes_room_at_once() {
        let start = Instant::now();
        let mut latch = Latch::new(Duration::from_secs(1));
        judge(&mut latch, start, &[(0, 1)]);
        latch.bye(start, 2);
        assert_eq!(judge(&mut latch, start, &[(1, 2)]), [Whose::Other]);
        latch.bye(start, 1);
        assert_eq!(latch.ssrc(), None);
        assert_eq!(judge(&mut latch, start, &[(2, 2)]), [Whose::New]);
    }

    #[test]
    fn what_a_goodbye_overtook_still_belongs_to_its_sender() {
        let start = Instant::now();
        let mut latch = Latch::new(Duration::ZERO);
        judge(&mut latch, start, &[(0, 1)]);
        latch.bye(start, 1);
        assert_eq!(
            judge(&mut latch, start, &[(1, 1), (99, 1), (100, 1), (101, 1)]),
            [Whose::Current, Whose::Current, Whose::New, Whose::Current]
        );
    }
}
