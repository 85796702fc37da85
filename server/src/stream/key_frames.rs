//! When the next picture is to be a key frame.

use std::time::{Duration, Instant};

/// Collects wishes for key frames. A value: who asks brings the time.
///
/// A key frame is several times as big as another frame, and all viewers get it; so many wishes
/// (one lost packet may cost every viewer a picture) are answered by one, and wishes without end by
/// three a second.
#[derive(Debug, Default)]
pub(crate) struct KeyFrames {
    wanted: Wanted,
    last: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    #[default]
    No,
    Soon,
    Now,
}

impl KeyFrames {
    /// Two key frames are at least so far apart, unless one was demanded.
    pub(crate) const MIN_INTERVAL: Duration = Duration::from_millis(300);

    /// A viewer lost a picture or is new: a key frame is wanted as soon as the interval allows.
    pub(crate) fn request(&mut self) {
        self.wanted = self.wanted.max(Wanted::Soon);
    }

    /// The next picture is of no use unless it is a key frame.
    pub(crate) fn demand(&mut self) {
        self.wanted = Wanted::Now;
    }

    /// Whether a picture encoded `now` is to be a key frame.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due(now).is_some_and(|due| due <= now)
    }

    /// When a picture is to be a key frame, `now` or later; `None` while nobody wants one.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        match self.wanted {
            Wanted::No => None,
            Wanted::Soon => Some(self.last.map_or(now, |last| last + KeyFrames::MIN_INTERVAL)),
            Wanted::Now => Some(now),
        }
    }

    /// A picture became a key frame at `now`, asked for or not. Answers what was wished for until
    /// now.
    pub(crate) fn made(&mut self, now: Instant) {
        *self = KeyFrames {
            wanted: Wanted::No,
            last: Some(now),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes pictures 10 ms apart, with `wish` called before each; the times of key frames in ms.
    fn key_frames(pictures: u64, mut wish: impl FnMut(u64, &mut KeyFrames)) -> Vec<u64> {
        let start = Instant::now();
        let mut key_frames = KeyFrames::default();
        let mut made = Vec::new();
        for at in (0..pictures).map(|n| n * 10) {
            wish(at, &mut key_frames);
            let now = start + Duration::from_millis(at);
            if key_frames.is_due(now) {
                key_frames.made(now);
                made.push(at);
            }
        }
        made
    }

    #[test]
    fn nobody_asks_and_there_is_none() {
        assert!(key_frames(1_000, |_, _| {}).is_empty());
    }

    #[test]
    fn the_first_request_is_answered_by_the_next_picture() {
        assert_eq!(
            key_frames(100, |at, it| if at == 50 {
                it.request()
            }),
            [50]
        );
    }

    #[test]
    fn many_requests_at_once_make_one_key_frame() {
        let wish = |at, it: &mut KeyFrames| {
            if at == 50 {
                (0..1_000).for_each(|_| it.request());
            }
        };
        assert_eq!(key_frames(100, wish), [50]);
    }

    #[test]
    fn requests_without_end_make_one_key_frame_in_300_ms() {
        assert_eq!(key_frames(100, |_, it| it.request()), [0, 300, 600, 900]);
    }

    #[test]
    fn a_request_too_soon_after_a_key_frame_is_kept_until_it_may_be_answered() {
        assert_eq!(
            key_frames(100, |at, it| if at == 0 || at == 20 {
                it.request()
            }),
            [0, 300]
        );
    }

    #[test]
    fn a_demand_does_not_wait() {
        assert_eq!(
            key_frames(100, |at, it| if at == 0 || at == 20 {
                it.demand()
            }),
            [0, 20]
        );
    }

    #[test]
    fn a_request_does_not_weaken_a_demand() {
        let wish = |at, it: &mut KeyFrames| {
            if at == 0 || at == 20 {
                it.demand();
                it.request();
            }
        };
        assert_eq!(key_frames(100, wish), [0, 20]);
    }

    #[test]
    fn a_key_frame_that_nobody_asked_for_answers_and_counts() {
        let start = Instant::now();
        let mut key_frames = KeyFrames::default();
        key_frames.request();
        key_frames.made(start);
        assert!(!key_frames.is_due(start + Duration::from_secs(1)));
        key_frames.request();
        assert!(!key_frames.is_due(start + Duration::from_millis(299)));
        assert!(key_frames.is_due(start + Duration::from_millis(300)));
    }
}
