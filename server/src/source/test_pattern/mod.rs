//! The test pattern: pictures without a camera, with the time in them.

mod font;
mod paint;

use std::time::{Duration, Instant};

use super::{Grab, Mode, Source, SourceOptions};
use crate::picture::{Captured, Picture, Size};
use crate::source::SourceError;
use paint::Painter;

/// Paints pictures at an even pace, whenever it is asked for one.
pub(crate) struct TestPattern {
    mode: Mode,
    pace: Pace,
    painter: Painter,
}

impl TestPattern {
    const SIZE: Size = Size::new(1280, 720);
    const FPS: u32 = 30;

    /// A pattern of the size and rate wanted, of 1280x720 at 30 otherwise.
    pub(crate) fn new(options: &SourceOptions) -> TestPattern {
        let size = options.size.unwrap_or(TestPattern::SIZE).even();
        let fps = options.fps.unwrap_or(TestPattern::FPS).max(1);
        TestPattern {
            mode: Mode {
                size,
                fps: fps as f32,
            },
            pace: Pace::new(fps),
            painter: Painter::new(size),
        }
    }
}

impl Source for TestPattern {
    fn mode(&self) -> Mode {
        self.mode
    }

    fn is_live(&self) -> bool {
        false
    }

    fn next(
        &mut self,
        patience: Duration,
        picture: Option<&mut Picture>,
    ) -> Result<Grab, SourceError> {
        let wait = self.pace.until_next(Instant::now());
        if wait > patience {
            std::thread::sleep(patience);
            return Ok(Grab::Nothing);
        }
        std::thread::sleep(wait);
        let captured = Captured::now();
        self.pace.take(captured.at);
        if let Some(picture) = picture {
            self.painter.paint(picture, captured);
        }
        Ok(Grab::Picture(captured.at.elapsed()))
    }
}

/// When the next picture is due. A value: who asks brings the time.
struct Pace {
    fps: u32,
    /// When picture 0 was due, and how many were since.
    start: Option<Instant>,
    taken: u32,
}

impl Pace {
    fn new(fps: u32) -> Pace {
        Pace {
            fps,
            start: None,
            taken: 0,
        }
    }

    fn due(&self) -> Option<Instant> {
        // From the start and not from the last picture, so that no rounding adds up.
        self.start
            .map(|start| start + Duration::from_secs(1) * self.taken / self.fps)
    }

    fn until_next(&self, now: Instant) -> Duration {
        self.due()
            .map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    /// A picture is made `now`. One that is more than a whole interval late does not hurry those
    /// that follow: after a rest the pace begins anew.
    fn take(&mut self, now: Instant) {
        let interval = Duration::from_secs(1) / self.fps;
        let in_time = self.due().is_some_and(|due| now < due + interval);
        // Starting over once a minute keeps the count small.
        if in_time && self.taken < 60 * self.fps {
            self.taken += 1;
        } else {
            let start = if in_time { self.due() } else { None };
            self.start = Some(start.unwrap_or(now));
            self.taken = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fanlight_protocol::strip;

    #[test]
    fn pictures_are_due_at_an_even_pace_without_drift() {
        for fps in [1, 7, 25, 30, 60, 240] {
            let start = Instant::now();
            let mut pace = Pace::new(fps);
            let mut now = start;
            for n in 0..100 * fps {
                now += pace.until_next(now);
                let exact = Duration::from_secs_f64(f64::from(n) / f64::from(fps));
                let off = (now - start).abs_diff(exact);
                assert!(
                    off < Duration::from_micros(2),
                    "picture {n} at {fps} is off by {off:?}"
                );
                pace.take(now);
            }
        }
    }

    #[test]
    fn a_late_picture_moves_no_other() {
        let start = Instant::now();
        let mut pace = Pace::new(10);
        pace.take(start);
        pace.take(start + Duration::from_millis(180));
        assert_eq!(
            pace.until_next(start + Duration::from_millis(180)),
            Duration::from_millis(20)
        );
    }

    #[test]
    fn after_a_rest_there_is_a_picture_at_once_and_no_burst() {
        let start = Instant::now();
        let mut pace = Pace::new(10);
        pace.take(start);
        let later = start + Duration::from_secs(60);
        assert_eq!(pace.until_next(later), Duration::ZERO);
        pace.take(later);
        assert_eq!(pace.until_next(later), Duration::from_millis(100));
    }

    #[test]
    fn every_picture_tells_when_it_was_captured() {
        let options = SourceOptions {
            size: Some(Size::new(640, 360)),
            fps: Some(240),
            ..SourceOptions::default()
        };
        let mut source = TestPattern::new(&options);
        let mut picture = Picture::empty();
        for _ in 0..3 {
            let grab = source
                .next(Duration::from_secs(1), Some(&mut picture))
                .unwrap();
            assert!(matches!(grab, Grab::Picture(_)));
            let read = strip::read(640, 360, |x, y| picture.y()[y * 640 + x]);
            assert_eq!(read, Ok(picture.captured.unix_micros()));
        }
    }

    #[test]
    fn two_pictures_differ_in_more_than_the_strip() {
        let mut source = TestPattern::new(&SourceOptions {
            fps: Some(240),
            ..SourceOptions::default()
        });
        let [mut one, mut other] = [Picture::empty(), Picture::empty()];
        source.next(Duration::from_secs(1), Some(&mut one)).unwrap();
        source
            .next(Duration::from_secs(1), Some(&mut other))
            .unwrap();
        let below_strip = 1280 * 720 / 10;
        assert_ne!(one.y()[below_strip..], other.y()[below_strip..]);
    }

    #[test]
    fn any_size_can_be_painted() {
        for size in [(16, 16), (144, 80), (322, 178), (720, 1280), (3840, 2160)] {
            let size = Size::new(size.0, size.1);
            let mut picture = Picture::empty();
            let mut source = TestPattern::new(&SourceOptions {
                size: Some(size),
                ..SourceOptions::default()
            });
            source
                .next(Duration::from_secs(1), Some(&mut picture))
                .unwrap();
            assert_eq!(picture.size(), size);
        }
    }
}
