//! Whose packets are taken when several senders use one port.

use std::time::{Duration, Instant};

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
        let heard = Sender { ssrc, heard: now };
        match &mut self.current {
            Some(current) if current.ssrc == ssrc => {
                *current = heard;
                Whose::Current
            }
            Some(current) if now.saturating_duration_since(current.heard) < self.window => {
                Whose::Other
            }
            current => {
                *current = Some(heard);
                Whose::New
            }
        }
    }

    /// The current sender.
    pub(super) fn ssrc(&self) -> Option<u32> {
        Some(self.current?.ssrc)
    }

    /// Whether the current sender was heard within the last `window`.
    pub(super) fn is_alive(&self, now: Instant, window: Duration) -> bool {
        let silent = |sender: Sender| now.saturating_duration_since(sender.heard);
        self.current.is_some_and(|sender| silent(sender) < window)
    }

    /// A sender said goodbye: if it is the current one, the next takes its place at once.
    pub(super) fn bye(&mut self, ssrc: u32) {
        if self.ssrc() == Some(ssrc) {
            self.current = None;
        }
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
        latch.bye(2);
        assert_eq!(judge(&mut latch, start, &[(1, 2)]), [Whose::Other]);
        latch.bye(1);
        assert_eq!(judge(&mut latch, start, &[(2, 2)]), [Whose::New]);
    }
}
