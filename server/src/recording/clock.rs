//! Where in a file a frame belongs: RTP time, held to the clock of this machine.
//!
//! RTP time says exactly how far apart two frames of a track are, but it begins anywhere, runs as
//! fast as the sender's crystal does and jumps when the sender is restarted. The capture time is
//! on one clock for all tracks, but where the sender does not tell it, it is the time of arrival,
//! which is late when the network is, by any time. So frames follow each other by RTP time, and
//! only what they have in common over some time corrects it: the least by which any was late.

use std::time::Instant;

/// How far a track may be away from its capture times before it is drawn back, in fractions of a
/// second: 40 ms between sound and picture are not noticed.
const TOLERANCE: i64 = 25;
/// The part of a frame's duration by which it is lengthened or shortened at most, to draw the track
/// back.
const GENTLY: i64 = 50;
/// For how many seconds frames are looked at before anything is corrected: a network that stalls
/// for less brings what was late and then goes on as before.
const WINDOW: i64 = 2;

/// Converts the times of one track's frames.
#[derive(Debug)]
pub(super) struct Clock {
    /// Ticks of RTP time, and of the file's, a second.
    rate: i64,
    /// Where the file begins.
    epoch: Instant,
    last: Option<Last>,
}

/// All but `rtp` in ticks since the epoch.
#[derive(Clone, Copy, Debug)]
struct Last {
    rtp: u32,
    captured: i64,
    ticks: i64,
    /// What is still to be corrected.
    owed: i64,
    /// The capture time at which the window began, and the least by which a frame in it was
    /// captured later than its place in the file says.
    since: i64,
    least: i64,
}

impl Clock {
    pub(super) fn new(rate: u32, epoch: Instant) -> Clock {
        Clock {
            rate: i64::from(rate),
            epoch,
            last: None,
        }
    }

    /// Ticks from the beginning of the file to a frame of this RTP time, captured `at`; below 0
    /// for what was captured earlier.
    pub(super) fn ticks(&mut self, rtp: u32, at: Instant) -> i64 {
        let captured = self.since_epoch(at);
        let begun = |ticks| Last {
            rtp,
            captured,
            ticks,
            owed: 0,
            since: captured,
            least: captured - ticks,
        };
        let next = match self.last {
            None => begun(captured),
            Some(last) => {
                // Signed: with B-frames, time goes back a little.
                let step = i64::from(rtp.wrapping_sub(last.rtp).cast_signed());
                match self.is_jump(step, captured - last.captured) {
                    true => begun(captured.max(last.ticks + 1)),
                    false => self.follow(last, rtp, step, captured),
                }
            }
        };
        self.last = Some(next);
        next.ticks
    }

    /// Whether a sender that goes on cannot have made this step of RTP time in the time that went
    /// by. It may have made less: then frames wait somewhere, and come in a burst.
    fn is_jump(&self, step: i64, elapsed: i64) -> bool {
        step < -self.rate || step > elapsed.max(0) + WINDOW * self.rate
    }

    fn follow(&self, last: Last, rtp: u32, step: i64, captured: i64) -> Last {
        let most = step.abs() / GENTLY;
        let correction = last.owed.clamp(-most, most);
        let mut next = Last {
            rtp,
            captured,
            ticks: last.ticks + step + correction,
            owed: last.owed - correction,
            ..last
        };
        next.least = (last.least - correction).min(captured - next.ticks);
        if captured - last.since >= WINDOW * self.rate {
            if next.least.abs() > self.rate {
                // It has gone on for longer than any stall: the sender paused, or its clock jumped.
                next.ticks = (next.ticks + next.least).max(last.ticks + 1);
                next.owed = 0;
            } else {
                let tolerated = self.rate / TOLERANCE;
                next.owed = next.least - next.least.clamp(-tolerated, tolerated);
            }
            (next.since, next.least) = (captured, captured - next.ticks);
        }
        next
    }

    fn since_epoch(&self, at: Instant) -> i64 {
        let ticks = |nanos: u128| {
            let ticks = nanos.saturating_mul(self.rate.unsigned_abs().into()) / 1_000_000_000;
            i64::try_from(ticks).unwrap_or(i64::MAX / 2)
        };
        match at.checked_duration_since(self.epoch) {
            Some(after) => ticks(after.as_nanos()),
            None => -ticks((self.epoch - at).as_nanos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const RATE: u32 = 90_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn frames_are_as_far_apart_as_their_rtp_times_whatever_the_network_adds() {
        let epoch = Instant::now();
        let mut clock = Clock::new(RATE, epoch);
        let first = u32::MAX - 4_000;
        assert_eq!(clock.ticks(first, epoch), 0);
        assert_eq!(
            clock.ticks(first.wrapping_add(3_000), epoch + ms(60)),
            3_000
        );
        assert_eq!(
            clock.ticks(first.wrapping_add(6_000), epoch + ms(40)),
            6_000
        );
    }

    /// Packets of sound, 20 ms each, of which those from 5 s on arrive `stall` late, all at once.
    #[test]
    fn what_comes_in_a_burst_after_a_stall_is_where_it_would_have_been() {
        for stall in [200, 500, 900, 1_500, 3_000, 8_000] {
            let epoch = Instant::now();
            let mut clock = Clock::new(48_000, epoch);
            let mut before = -960;
            for n in 0..1_000_u32 {
                let sent = 20 * u64::from(n);
                let arrived = if sent < 5_000 {
                    sent
                } else {
                    sent.max(5_000 + stall)
                };
                let ticks = clock.ticks(n * 960, epoch + ms(arrived));
                let duration = ticks - before;
                assert!((940..=980).contains(&duration), "{stall}: {n}: {duration}");
                before = ticks;
            }
            let late = 999 * 960 - before;
            assert!(late.abs() < 48_000 / 20, "{stall}: {late}");
        }
    }

    #[test]
    fn a_sender_that_paused_without_counting_is_set_right_once_that_is_sure() {
        let epoch = Instant::now();
        let mut clock = Clock::new(48_000, epoch);
        let mut ticks = 0;
        for n in 0..400_u32 {
            let pause = if n < 100 { 0 } else { 5_000 };
            ticks = clock.ticks(n * 960, epoch + ms(20 * u64::from(n) + pause));
        }
        assert_eq!(ticks, 399 * 960 + 5 * 48_000);
    }

    #[test]
    fn a_sender_whose_clock_runs_wrong_is_followed_without_jumps() {
        for micros in [33_000_u64, 33_667] {
            let epoch = Instant::now();
            let mut clock = Clock::new(RATE, epoch);
            // 30 frames a second by the sender's clock, which is one per cent wrong.
            let (mut before, mut ticks) = (0, 0);
            for n in 0..3_000_u32 {
                ticks = clock.ticks(n * 3_000, epoch + Duration::from_micros(micros) * n);
                assert!((ticks - before - 3_000).abs() <= 60 || n == 0);
                before = ticks;
            }
            let error = micros.cast_signed() * 2_999 * i64::from(RATE) / 1_000_000 - ticks;
            assert!(error.abs() < i64::from(RATE) / 10, "{error}");
        }
    }

    #[test]
    fn a_restarted_sender_goes_on_at_the_time_of_capture() {
        let epoch = Instant::now();
        let mut clock = Clock::new(RATE, epoch);
        clock.ticks(1_000, epoch);
        assert_eq!(clock.ticks(700_000_000, epoch + ms(3_000)), 270_000);
        assert_eq!(clock.ticks(700_003_000, epoch + ms(3_033)), 273_000);
    }

    #[test]
    fn time_does_not_go_back_when_a_sender_ran_ahead() {
        let epoch = Instant::now();
        let mut clock = Clock::new(RATE, epoch);
        clock.ticks(0, epoch);
        for n in 1..300 {
            let before = clock.last.unwrap().ticks;
            assert!(clock.ticks(n * 30_000, epoch + ms(33) * n) > before);
        }
    }

    #[test]
    fn what_was_captured_before_the_file_began_is_before_0() {
        let epoch = Instant::now() + ms(1_000);
        let mut clock = Clock::new(RATE, epoch);
        assert_eq!(clock.ticks(5, epoch - ms(10)), -900);
    }
}
