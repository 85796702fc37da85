//! Puts packets back into order, and decides when one is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::packet::Packet;

/// How long a missing packet is waited for. On the way from an encoder to a server packets overtake
/// each other by a few milliseconds; longer would only delay what comes after a loss.
const PATIENCE: Duration = Duration::from_millis(20);
/// So many packets wait for a missing one at most.
const MAX_WAITING: usize = 256;
/// A packet that is further ahead than this, or further behind than the other, does not belong to
/// what came before (RFC 3550 appendix A.1).
const MAX_DROPOUT: i64 = 3_000;
const MAX_MISORDER: i64 = 500;

/// The packets of one sender on their way into order. A value: who calls brings the time.
#[derive(Debug, Default)]
pub(super) struct Reorder {
    /// The number that comes next, with its roll-overs.
    next: Option<i64>,
    /// What came too early, with the time when it came.
    waiting: BTreeMap<i64, (Instant, Packet)>,
    /// A packet out of all order. If the next one follows it, the sender has begun anew.
    stray: Option<(Instant, Packet)>,
}

/// What became of a packet that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// It is in order, or waits for those before it.
    Taken,
    /// It came before, or was given up.
    Late,
    /// It is out of all order. What the next one says, decides.
    Stray,
    /// The sender counts anew: what follows has nothing to do with what came before.
    Restarted,
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next packet, with the time when it came.
    Packet(Instant, Packet),
    /// So many packets are lost.
    Lost(u64),
}

impl Reorder {
    /// Puts a packet in. [`Reorder::pop`] has to be called until it gives nothing.
    pub(super) fn push(&mut self, now: Instant, packet: Packet) -> Accepted {
        let next = *self.next.get_or_insert(i64::from(packet.sequence));
        let ahead = i64::from(packet.sequence.wrapping_sub(next as u16) as i16);
        if !(-MAX_MISORDER..MAX_DROPOUT).contains(&ahead) {
            return self.astray(now, packet);
        }
        self.stray = None;
        let number = next + ahead;
        if ahead < 0 || self.waiting.contains_key(&number) {
            return Accepted::Late;
        }
        self.waiting.insert(number, (now, packet));
        Accepted::Taken
    }

    fn astray(&mut self, now: Instant, packet: Packet) -> Accepted {
        let Some((at, stray)) = self.stray.take() else {
            self.stray = Some((now, packet));
            return Accepted::Stray;
        };
        if packet.sequence == stray.sequence {
            self.stray = Some((at, stray));
            return Accepted::Stray;
        }
        if packet.sequence != stray.sequence.wrapping_add(1) {
            self.stray = Some((now, packet));
            return Accepted::Stray;
        }
        let first = i64::from(stray.sequence);
        *self = Reorder {
            next: Some(first),
            waiting: BTreeMap::from([(first, (at, stray)), (first + 1, (now, packet))]),
            stray: None,
        };
        Accepted::Restarted
    }

    /// The next packet or the loss of some, as far as that is known `now`.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Next> {
        let next = self.next?;
        let (&number, _) = self.waiting.first_key_value()?;
        if number == next {
            let (at, packet) = self.waiting.pop_first()?.1;
            self.next = Some(next + 1);
            return Some(Next::Packet(at, packet));
        }
        let is_overdue = self.poll_timeout().is_some_and(|due| due <= now);
        if is_overdue || self.waiting.len() > MAX_WAITING {
            self.next = Some(number);
            return Some(Next::Lost(number.abs_diff(next)));
        }
        None
    }

    /// When something may come out though nothing is put in.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        // The missing one is late since the first of those behind it came, which need not be the
        // one with the lowest number.
        let since = self.waiting.values().map(|(at, _)| *at).min()?;
        Some(since + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::rtp::testing::packet;

    struct Line {
        start: Instant,
        reorder: Reorder,
        out: Vec<String>,
    }

    impl Line {
        fn new() -> Line {
            Line {
                start: Instant::now(),
                reorder: Reorder::default(),
                out: Vec::new(),
            }
        }

        fn put(&mut self, ms: u64, sequences: &[u16]) -> Vec<Accepted> {
            let now = self.start + Duration::from_millis(ms);
            let push = |&sequence: &u16| {
                let accepted = self.reorder.push(now, packet(sequence, 0));
                if accepted == Accepted::Restarted {
                    self.out.push("restart".into());
                }
                while let Some(next) = self.reorder.pop(now) {
                    self.out.push(match next {
                        Next::Packet(_, packet) => packet.sequence.to_string(),
                        Next::Lost(count) => format!("-{count}"),
                    });
                }
                accepted
            };
            sequences.iter().map(push).collect()
        }

        fn wait(&mut self, ms: u64) {
            let now = self.start + Duration::from_millis(ms);
            while let Some(next) = self.reorder.pop(now) {
                self.out.push(match next {
                    Next::Packet(_, packet) => packet.sequence.to_string(),
                    Next::Lost(count) => format!("-{count}"),
                });
            }
        }
    }

    #[test]
    fn packets_in_order_pass_at_once_across_the_roll_over() {
        let mut line = Line::new();
        line.put(0, &[65_534, 65_535, 0, 1]);
        assert_eq!(line.out, ["65534", "65535", "0", "1"]);
        assert_eq!(line.reorder.poll_timeout(), None);
    }

    #[test]
    fn packets_that_overtook_each_other_are_put_in_order() {
        let mut line = Line::new();
        line.put(0, &[1, 3, 4]);
        line.put(5, &[2, 6, 5]);
        assert_eq!(line.out, ["1", "2", "3", "4", "5", "6"]);
    }

    #[test]
    fn a_packet_that_came_twice_is_taken_once() {
        let mut line = Line::new();
        assert_eq!(
            line.put(0, &[1, 1, 3, 3]),
            [
                Accepted::Taken,
                Accepted::Late,
                Accepted::Taken,
                Accepted::Late
            ]
        );
        line.put(1, &[2]);
        assert_eq!(line.out, ["1", "2", "3"]);
    }

    #[test]
    fn a_missing_packet_is_given_up_after_a_while_and_is_late_then() {
        let mut line = Line::new();
        line.put(0, &[1, 4]);
        line.wait(19);
        assert_eq!(line.out, ["1"]);
        let due = line.reorder.poll_timeout().unwrap();
        assert_eq!(due, line.start + Duration::from_millis(20));
        line.wait(20);
        assert_eq!(line.out, ["1", "-2", "4"]);
        assert_eq!(line.put(21, &[3]), [Accepted::Late]);
    }

    #[test]
    fn packets_that_come_in_reverse_make_nobody_wait_longer() {
        let mut line = Line::new();
        line.put(0, &[5, 9]);
        line.put(9, &[8]);
        line.put(18, &[7]);
        let due = line.reorder.poll_timeout().unwrap();
        assert_eq!(due, line.start + Duration::from_millis(20));
        line.wait(20);
        assert_eq!(line.out, ["5", "-1", "7", "8", "9"]);
    }

    #[test]
    fn too_many_that_wait_give_up_the_missing_one() {
        let mut line = Line::new();
        let many: Vec<u16> = (2..400).collect();
        line.put(0, &[0]);
        line.put(0, &many);
        assert_eq!(line.out[..3], ["0", "-1", "2"]);
        assert!(line.reorder.waiting.is_empty());
    }

    #[test]
    fn a_sender_that_counts_anew_is_followed_from_its_first_packet() {
        let mut line = Line::new();
        line.put(0, &[1, 2, 30_000, 30_001, 30_002]);
        assert_eq!(line.out, ["1", "2", "restart", "30000", "30001", "30002"]);
    }

    #[test]
    fn one_packet_out_of_all_order_is_no_new_beginning() {
        let mut line = Line::new();
        line.put(0, &[1, 30_000, 2, 30_001, 3, 50_000, 12_345, 4]);
        assert_eq!(line.out, ["1", "2", "3", "4"]);
    }
}
