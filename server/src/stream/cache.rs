//! What a new viewer can start on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::frame::Frame;

/// About what a packet takes in memory besides its payload.
const PACKET_OVERHEAD: usize = 100;

/// The last key frame and all that followed without a gap. A value: who asks brings the time.
#[derive(Debug)]
pub(crate) struct FrameCache {
    limits: Limits,
    /// When the key frame came.
    since: Option<Instant>,
    bytes: usize,
    frames: Vec<Arc<Frame>>,
}

/// How long frames are of use to a new viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How old the key frame may be.
    pub(crate) age: Duration,
    /// How much memory all frames may take together.
    pub(crate) bytes: usize,
    /// What is left past a limit.
    pub(crate) then: Remainder,
}

/// What is left of frames that have become too old or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remainder {
    Nothing,
    /// The key frame: a still picture until the next one comes.
    KeyFrame,
}

impl Limits {
    /// For a source that makes a key frame when it is asked. A viewer gets the frames since then in
    /// one burst, at 2 Mbit/s some 125 kB, and sees the newest; with an older one it sees a picture
    /// sooner if a fresh key frame is made.
    pub(crate) const FRESH: Limits = Limits {
        age: Duration::from_millis(500),
        bytes: usize::MAX,
        then: Remainder::Nothing,
    };
}

impl FrameCache {
    pub(crate) fn new(limits: Limits) -> FrameCache {
        FrameCache {
            limits,
            since: None,
            bytes: 0,
            frames: Vec::new(),
        }
    }

    /// Takes the next frame, which came at `now`.
    pub(crate) fn push(&mut self, now: Instant, frame: &Arc<Frame>) {
        if frame.idr {
            self.clear();
            self.since = Some(now);
        } else if !self.continues(frame) {
            return;
        }
        let packets = frame.packets.iter();
        self.bytes += packets
            .map(|packet| packet.len() + PACKET_OVERHEAD)
            .sum::<usize>();
        self.frames.push(Arc::clone(frame));
        if !self.is_within_limits(now) {
            self.frames.truncate(self.remainder());
        }
    }

    /// The key frame and what followed.
    pub(crate) fn frames(&self, now: Instant) -> Vec<Arc<Frame>> {
        let count = if self.is_within_limits(now) {
            self.frames.len()
        } else {
            self.remainder()
        };
        self.frames.iter().take(count).cloned().collect()
    }

    /// Forgets everything: what comes next does not follow.
    pub(crate) fn clear(&mut self) {
        self.since = None;
        self.bytes = 0;
        self.frames.clear();
    }

    /// Whether a decoder that has all the frames can go on with this one.
    fn continues(&self, frame: &Frame) -> bool {
        self.frames
            .last()
            .is_some_and(|last| last.number + 1 == frame.number)
    }

    fn is_within_limits(&self, now: Instant) -> bool {
        self.bytes <= self.limits.bytes
            && self
                .since
                .is_some_and(|since| now.saturating_duration_since(since) <= self.limits.age)
    }

    fn remainder(&self) -> usize {
        match self.limits.then {
            Remainder::Nothing => 0,
            Remainder::KeyFrame => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Captured;
    use bytes::Bytes;

    const KEPT: Limits = Limits {
        age: Duration::from_secs(10),
        bytes: 5_500,
        then: Remainder::KeyFrame,
    };

    struct Clock {
        start: Captured,
        number: u64,
    }

    impl Clock {
        fn new() -> Clock {
            Clock {
                start: Captured::now(),
                number: 0,
            }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start.at + Duration::from_millis(ms)
        }

        fn push(&mut self, cache: &mut FrameCache, ms: u64, idr: bool) {
            self.number += 1;
            let frame = Frame {
                number: self.number,
                first_packet: 0,
                packets: vec![Bytes::from_static(&[0; 1_000])],
                timestamp: 0,
                captured: self.start,
                idr,
            };
            cache.push(self.at(ms), &Arc::new(frame));
        }
    }

    fn numbers(frames: &[Arc<Frame>]) -> Vec<u64> {
        frames.iter().map(|frame| frame.number).collect()
    }

    #[test]
    fn a_viewer_starts_with_the_key_frame_and_gets_all_that_followed() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::new(Limits::FRESH);
        for (ms, idr) in [
            (0, true),
            (30, false),
            (60, true),
            (90, false),
            (120, false),
        ] {
            clock.push(&mut cache, ms, idr);
        }
        assert_eq!(numbers(&cache.frames(clock.at(130))), [3, 4, 5]);
    }

    #[test]
    fn without_a_key_frame_there_is_nothing_to_start_on() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::new(Limits::FRESH);
        clock.push(&mut cache, 0, false);
        assert!(cache.frames(clock.at(1)).is_empty());
    }

    #[test]
    fn an_old_key_frame_is_not_offered_and_takes_no_memory() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::new(Limits::FRESH);
        clock.push(&mut cache, 0, true);
        assert_eq!(cache.frames(clock.at(500)).len(), 1);
        assert!(cache.frames(clock.at(501)).is_empty());
        for n in 1..100 {
            clock.push(&mut cache, n * 30, false);
        }
        assert!(cache.frames.is_empty());
    }

    #[test]
    fn what_does_not_follow_is_not_offered() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::new(Limits::FRESH);
        clock.push(&mut cache, 0, true);
        cache.clear();
        clock.push(&mut cache, 30, false);
        assert!(cache.frames(clock.at(31)).is_empty());
    }
    #[test]
    fn after_a_gap_nothing_is_offered_that_a_decoder_cannot_use() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::new(Limits::FRESH);
        clock.push(&mut cache, 0, true);
        clock.push(&mut cache, 30, false);
        clock.number += 1;
        clock.push(&mut cache, 60, false);
        clock.push(&mut cache, 90, false);
        assert_eq!(numbers(&cache.frames(clock.at(91))), [1, 2]);
    }

    #[test]
    fn past_a_limit_the_key_frame_may_stay_as_a_still_picture() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::new(KEPT);
        clock.push(&mut cache, 0, true);
        for _ in 0..4 {
            clock.push(&mut cache, 30, false);
        }
        assert_eq!(cache.frames(clock.at(10_000)).len(), 5);
        assert_eq!(numbers(&cache.frames(clock.at(10_001))), [1]);
        for _ in 0..100 {
            clock.push(&mut cache, 60, false);
        }
        assert_eq!(numbers(&cache.frames(clock.at(60))), [1]);
        clock.push(&mut cache, 90, true);
        clock.push(&mut cache, 90, false);
        assert_eq!(cache.frames(clock.at(90)).len(), 2);
    }
}
