//! RTP time as viewers see it, whoever sends.

use std::time::{Duration, Instant};

/// A frame whose RTP time is so far from what passed on the clock does not follow the one before.
const TOLERANCE: Duration = Duration::from_secs(5);
/// Frames come in the order of decoding: an RTP time may be this much before the last.
const MAX_BACK: Duration = Duration::from_secs(1);

/// Turns the RTP times of changing senders into one that goes on. A value: who calls brings the
/// time.
///
/// Within a sender's stream RTP times keep their distances. Where it breaks off, the time that
/// really passed takes their place.
#[derive(Debug)]
pub(super) struct Timeline {
    clock_rate: u32,
    last: Option<Mapped>,
    /// The last of the times that were given out, whatever the order of the frames.
    newest: u32,
    restarted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Mapped {
    input: u32,
    output: u32,
    at: Instant,
}

impl Timeline {
    /// A time that begins at 0 and has so many ticks a second.
    pub(super) fn new(clock_rate: u32) -> Timeline {
        Timeline {
            clock_rate,
            last: None,
            newest: 0,
            restarted: false,
        }
    }

    /// What comes next is of another sender, or of one that began anew.
    pub(super) fn restart(&mut self) {
        self.restarted = true;
    }

    /// The time for viewers of a frame that came at `at`.
    pub(super) fn map(&mut self, input: u32, at: Instant) -> u32 {
        let output = match self.last {
            None => 0,
            Some(last) => {
                let passed = at.saturating_duration_since(last.at);
                let ticks = input.wrapping_sub(last.input).cast_signed();
                if !self.restarted && self.is_plausible(ticks, passed) {
                    last.output.wrapping_add_signed(ticks)
                } else {
                    self.newest.wrapping_add(self.ticks(passed).max(1))
                }
            }
        };
        if output.wrapping_sub(self.newest).cast_signed() > 0 {
            self.newest = output;
        }
        self.restarted = false;
        self.last = Some(Mapped { input, output, at });
        output
    }

    fn is_plausible(&self, ticks: i32, passed: Duration) -> bool {
        let by_rtp = f64::from(ticks) / f64::from(self.clock_rate);
        by_rtp >= -MAX_BACK.as_secs_f64()
            && (by_rtp - passed.as_secs_f64()).abs() <= TOLERANCE.as_secs_f64()
    }

    fn ticks(&self, passed: Duration) -> u32 {
        (passed.as_nanos() * u128::from(self.clock_rate) / 1_000_000_000) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clock {
        start: Instant,
        timeline: Timeline,
    }

    impl Clock {
        fn new() -> Clock {
            Clock {
                start: Instant::now(),
                timeline: Timeline::new(90_000),
            }
        }

        fn map(&mut self, ms: u64, input: u32) -> u32 {
            self.timeline
                .map(input, self.start + Duration::from_millis(ms))
        }
    }

    #[test]
    fn time_begins_at_zero_and_keeps_its_distances_whenever_frames_come() {
        let mut clock = Clock::new();
        assert_eq!(clock.map(0, u32::MAX - 999), 0);
        assert_eq!(clock.map(90, 2_000), 3_000);
        assert_eq!(clock.map(91, 5_000), 6_000);
    }

    #[test]
    fn frames_in_the_order_of_decoding_keep_their_times() {
        let mut clock = Clock::new();
        let of = |clock: &mut Clock| {
            [(0, 0), (33, 9_000), (66, 3_000), (99, 6_000)].map(|(ms, ts)| clock.map(ms, ts))
        };
        assert_eq!(of(&mut clock), [0, 9_000, 3_000, 6_000]);
    }

    #[test]
    fn across_a_restart_time_goes_on_by_what_really_passed() {
        let mut clock = Clock::new();
        clock.map(0, 1_000);
        assert_eq!(clock.map(100, 10_000), 9_000);
        clock.timeline.restart();
        assert_eq!(clock.map(1_100, 77), 99_000);
        assert_eq!(clock.map(1_133, 3_077), 102_000);
        clock.timeline.restart();
        assert_eq!(clock.map(1_133, 0), 102_001);
    }

    #[test]
    fn a_jump_of_a_senders_clock_is_none_of_the_viewers() {
        let mut clock = Clock::new();
        clock.map(0, 0);
        assert_eq!(clock.map(40, 1 << 31), 3_600);
        assert_eq!(clock.map(80, (1 << 31) + 3_600), 7_200);
        assert_eq!(clock.map(120, 5), 10_800);
    }

    #[test]
    fn a_sender_that_rested_for_hours_is_believed_if_its_clock_went_on() {
        let mut clock = Clock::new();
        clock.map(0, 0);
        let hour = 3_600_000;
        assert_eq!(clock.map(hour, 90 * hour as u32 + 9), 90 * hour as u32 + 9);
        // And where its clock stood still, ours did not.
        assert_eq!(
            clock.map(2 * hour, 90 * hour as u32 + 3_009),
            180 * hour as u32 + 9
        );
    }
}
