//! When the sender captured what it sends.

use std::time::{Duration, SystemTime};

use crate::ntp;
use crate::picture::Captured;

/// A sender whose clock is no further from ours than this is believed to tell the same time.
const SAME_CLOCK: Duration = Duration::from_secs(1);
/// No frame is believed to be older than this when it comes.
const MAX_AGE: Duration = Duration::from_secs(2);

/// What a sender has told of its clock. A value: who calls brings the time.
///
/// Sender reports say which RTP time is which time of day at the sender (RFC 3550 section 6.4.1).
/// Where its clock goes with ours, that is when a frame was captured. Where it does not, the report
/// is taken to have been sent at the moment when it came: what is captured together still is shown
/// together.
#[derive(Debug, Default)]
pub(super) struct SenderClock {
    report: Option<Report>,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    rtp: u32,
    wall: SystemTime,
}

impl SenderClock {
    /// A sender report that came at `now`.
    pub(super) fn report(&mut self, now: SystemTime, ntp: u64, rtp: u32) {
        // Some send reports before they know the time.
        if ntp == 0 {
            return;
        }
        let told = ntp::to_time(ntp);
        let wall = if distance(told, now) <= SAME_CLOCK {
            told
        } else {
            now
        };
        self.report = Some(Report { rtp, wall });
    }

    /// Another sender: what the last one told is void.
    pub(super) fn restart(&mut self) {
        self.report = None;
    }

    /// When a frame with this RTP time was captured that began to come at `arrived`. `told` is what
    /// the sender said in the frame itself (abs-capture-time).
    pub(super) fn captured(
        &self,
        arrived: Captured,
        timestamp: u32,
        clock_rate: u32,
        told: Option<u64>,
    ) -> Captured {
        let since = |wall: SystemTime| {
            let age = arrived.wall.duration_since(wall).ok();
            age.filter(|age| *age <= MAX_AGE)
        };
        let reported = || self.report?.wall_at(timestamp, clock_rate);
        // A frame that tells the time of a clock that is off says nothing of our time.
        let age = told.map(ntp::to_time).and_then(since);
        let age = age.or_else(|| reported().and_then(since));
        let age = age.unwrap_or_default();
        Captured {
            at: arrived.at.checked_sub(age).unwrap_or(arrived.at),
            wall: arrived.wall - age,
        }
    }
}

impl Report {
    fn wall_at(self, timestamp: u32, clock_rate: u32) -> Option<SystemTime> {
        let ticks = timestamp.wrapping_sub(self.rtp).cast_signed();
        let apart = Duration::from_secs(u64::from(ticks.unsigned_abs())) / clock_rate.max(1);
        if ticks < 0 {
            self.wall.checked_sub(apart)
        } else {
            self.wall.checked_add(apart)
        }
    }
}

fn distance(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 90_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// How old a frame is taken to be when it comes, in ms. Its RTP time is 9000 after a report of
    /// a clock that is `ahead` of ours by so many ms; the report came at once, the frame 150 ms
    /// later.
    fn age(ahead: i64) -> u128 {
        let now = Captured::now();
        let theirs = if ahead < 0 {
            now.wall - ms(ahead.unsigned_abs())
        } else {
            now.wall + ms(ahead.unsigned_abs())
        };
        let mut clock = SenderClock::default();
        clock.report(now.wall, ntp::from(theirs), 1_000);
        let arrived = Captured {
            at: now.at + ms(150),
            wall: now.wall + ms(150),
        };
        let captured = clock.captured(arrived, 10_000, RATE, None);
        let age = arrived.wall.duration_since(captured.wall).unwrap();
        assert_eq!(arrived.at - captured.at, age);
        (age + Duration::from_micros(500)).as_millis()
    }

    #[test]
    fn without_a_report_a_frame_was_captured_when_it_came() {
        let now = Captured::now();
        let captured = SenderClock::default().captured(now, 5, RATE, None);
        assert_eq!(captured, now);
    }

    #[test]
    fn a_clock_that_goes_with_ours_is_believed() {
        assert_eq!(age(0), 50);
        assert_eq!(age(-200), 250);
        assert_eq!(age(40), 10);
    }

    #[test]
    fn a_clock_that_is_far_from_ours_tells_differences_only() {
        assert_eq!(age(3_600_000), 50);
        assert_eq!(age(-3_600_000), 50);
    }

    #[test]
    fn no_frame_is_captured_after_it_came() {
        assert_eq!(age(500), 0);
    }

    #[test]
    fn a_frame_that_says_when_it_was_captured_is_believed_within_reason() {
        let now = Captured::now();
        let told = |age| {
            let told = ntp::from(now.wall - age);
            let captured = SenderClock::default().captured(now, 0, RATE, Some(told));
            let age = now.wall.duration_since(captured.wall).unwrap();
            (age + Duration::from_micros(500)).as_millis()
        };
        assert_eq!(told(ms(30)), 30);
        assert_eq!(told(ms(60_000)), 0);
    }

    #[test]
    fn a_frame_that_tells_a_clock_that_is_off_hides_no_report() {
        let now = Captured::now();
        let mut clock = SenderClock::default();
        clock.report(now.wall - ms(150), ntp::from(now.wall - ms(150)), 1_000);
        for off in [ms(3_600_000), MAX_AGE + ms(1)] {
            let told = ntp::from(now.wall - off);
            let captured = clock.captured(now, 10_000, RATE, Some(told));
            let age = now.wall.duration_since(captured.wall).unwrap();
            assert_eq!((age + Duration::from_micros(500)).as_millis(), 50);
        }
    }

    #[test]
    fn reports_of_nonsense_do_no_harm() {
        let now = Captured::now();
        for ntp in [0, 1, u64::MAX, 1 << 63] {
            let mut clock = SenderClock::default();
            clock.report(now.wall, ntp, 77);
            for timestamp in [0, 77, u32::MAX, 1 << 31] {
                let captured = clock.captured(now, timestamp, RATE, Some(ntp));
                assert!(captured.wall <= now.wall && now.wall - MAX_AGE <= captured.wall);
            }
        }
    }
}
