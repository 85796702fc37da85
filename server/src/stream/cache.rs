//! What a new viewer can start on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::frame::Frame;

/// The last key frame and all that followed, for as long as catching up makes sense. A value: who
/// asks brings the time.
#[derive(Debug, Default)]
pub(super) struct FrameCache {
    frames: Vec<Arc<Frame>>,
}

impl FrameCache {
    /// How old the key frame may be. A viewer gets the frames since then in one burst, at 2 Mbit/s
    /// some 125 kB, and sees the newest; with an older one it sees a picture sooner if a fresh key
    /// frame is made.
    const FRESH: Duration = Duration::from_millis(500);

    /// Takes the next frame of the stream.
    pub(super) fn push(&mut self, frame: &Arc<Frame>) {
        if frame.idr || !self.is_fresh(frame.captured.at) {
            self.frames.clear();
        }
        if frame.idr || !self.frames.is_empty() {
            self.frames.push(frame.clone());
        }
    }

    /// The key frame and what followed, empty if there is none fresh enough.
    pub(super) fn frames(&self, now: Instant) -> Vec<Arc<Frame>> {
        if self.is_fresh(now) {
            self.frames.clone()
        } else {
            Vec::new()
        }
    }

    /// Forgets everything: what comes next does not follow.
    pub(super) fn clear(&mut self) {
        self.frames.clear();
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.frames
            .first()
            .is_some_and(|idr| now.saturating_duration_since(idr.captured.at) <= FrameCache::FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Captured;

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

        fn frame(&mut self, ms: u64, idr: bool) -> Arc<Frame> {
            self.number += 1;
            Arc::new(Frame {
                number: self.number,
                first_packet: 0,
                packets: Vec::new(),
                timestamp: 0,
                captured: Captured {
                    at: self.at(ms),
                    ..self.start
                },
                idr,
            })
        }
    }

    fn numbers(frames: &[Arc<Frame>]) -> Vec<u64> {
        frames.iter().map(|frame| frame.number).collect()
    }

    #[test]
    fn a_viewer_starts_with_the_key_frame_and_gets_all_that_followed() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::default();
        for (ms, idr) in [
            (0, true),
            (30, false),
            (60, true),
            (90, false),
            (120, false),
        ] {
            cache.push(&clock.frame(ms, idr));
        }
        assert_eq!(numbers(&cache.frames(clock.at(130))), [3, 4, 5]);
    }

    #[test]
    fn without_a_key_frame_there_is_nothing_to_start_on() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::default();
        cache.push(&clock.frame(0, false));
        assert!(cache.frames(clock.at(1)).is_empty());
    }

    #[test]
    fn an_old_key_frame_is_not_offered_and_takes_no_memory() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::default();
        cache.push(&clock.frame(0, true));
        assert_eq!(cache.frames(clock.at(500)).len(), 1);
        assert!(cache.frames(clock.at(501)).is_empty());
        for n in 1..100 {
            cache.push(&clock.frame(n * 30, false));
        }
        assert!(cache.frames.is_empty());
    }

    #[test]
    fn what_does_not_follow_is_not_offered() {
        let mut clock = Clock::new();
        let mut cache = FrameCache::default();
        cache.push(&clock.frame(0, true));
        cache.clear();
        cache.push(&clock.frame(30, false));
        assert!(cache.frames(clock.at(31)).is_empty());
    }
}
