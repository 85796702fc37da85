//! Where in a file a frame belongs: RTP time, held to the clock of this machine.
//!
//! RTP time says exactly how far apart two frames of a track are, but it begins anywhere, runs as
//! fast as the sender's crystal does and jumps when the sender is restarted. The capture time is
//! on one clock for all tracks, but may jitter as the network does. So frames follow each other by
//! RTP time, and the capture time corrects what the sum of it drifts away.

use std::time::Instant;

/// How far a track may be away from its capture times before it is drawn back, in fractions of a
/// second: 40 ms between sound and picture are not noticed.
const TOLERANCE: i64 = 25;
/// The part of an excess that each frame corrects: too little to be heard.
const GENTLY: i64 = 64;

/// Converts the times of one track's frames.
#[derive(Debug)]
pub(super) struct Clock {
    /// Ticks of RTP time, and of the file's, a second.
    rate: i64,
    /// Where the file begins.
    epoch: Instant,
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    rtp: u32,
    ticks: i64,
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
        let ticks = match self.last {
            None => captured,
            Some(last) => {
                // Signed: with B-frames, time goes back a little.
                let step = i64::from(rtp.wrapping_sub(last.rtp).cast_signed());
                let error = captured - (last.ticks + step);
                if error.abs() > self.rate {
                    captured.max(last.ticks + 1)
                } else {
                    let tolerated = self.rate / TOLERANCE;
                    let excess = error - error.clamp(-tolerated, tolerated);
                    last.ticks + step + excess / GENTLY
                }
            }
        };
        self.last = Some(Last { rtp, ticks });
        ticks
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

    #[test]
    fn a_sender_whose_clock_runs_wrong_is_followed_without_jumps() {
        let epoch = Instant::now();
        let mut clock = Clock::new(RATE, epoch);
        // 30 frames a second by the sender's clock, which is two per cent too slow.
        let (mut before, mut ticks) = (0, 0);
        for n in 0..3_000_u32 {
            ticks = clock.ticks(n * 3_000, epoch + ms(34) * n);
            assert!((ticks - before - 3_000).abs() < 200 || n == 0);
            before = ticks;
        }
        let real = 34 * 2_999 * i64::from(RATE) / 1_000;
        assert!(
            (real - ticks).abs() < i64::from(RATE) / 10,
            "{}",
            real - ticks
        );
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
        for n in 1..100 {
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
