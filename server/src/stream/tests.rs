//! A stream as a whole, with a source that does what a test tells it and the real encoder.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::encode::annex_b;
use crate::picture::{Captured, Picture, Size};
use crate::source::{Grab, Idle};

/// Longer than anything takes that happens at all.
const LONG: Duration = Duration::from_secs(20);
const SIZE: Size = Size::new(64, 48);

/// What a source does next.
enum Step {
    Picture,
    /// One too small for any encoder.
    TinyPicture,
    Damage,
    Fail,
    Panic,
}

/// What a source was asked or went through.
#[derive(Debug, PartialEq)]
enum Event {
    Opened,
    Wanted,
    TakenAway,
    Closed,
}

struct Scripted {
    steps: Arc<Mutex<Receiver<Step>>>,
    events: Sender<Event>,
    live: bool,
}

impl Source for Scripted {
    fn mode(&self) -> Mode {
        Mode {
            size: SIZE,
            fps: 30.0,
        }
    }

    fn is_live(&self) -> bool {
        self.live
    }

    fn next(
        &mut self,
        patience: Duration,
        picture: Option<&mut Picture>,
    ) -> Result<Grab, SourceError> {
        match lock(&self.steps).recv_timeout(patience) {
            Ok(Step::Picture) => {
                let _ = self.events.send(if picture.is_some() {
                    Event::Wanted
                } else {
                    Event::TakenAway
                });
                if let Some(picture) = picture {
                    picture.reshape(SIZE).y.fill(100);
                    picture.captured = Captured::now();
                }
                Ok(Grab::Picture(Duration::ZERO))
            }
            Ok(Step::TinyPicture) => {
                if let Some(picture) = picture {
                    picture.reshape(Size::new(8, 8));
                }
                Ok(Grab::Picture(Duration::ZERO))
            }
            Ok(Step::Damage) => Ok(Grab::Damaged("half of it is missing".to_owned())),
            Ok(Step::Fail) => Err(SourceError::Unplugged("/dev/test".into())),
            Ok(Step::Panic) => panic!("a driver's odd value"),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(Grab::Nothing),
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        let _ = self.events.send(Event::Closed);
    }
}

/// A stream, the hand on its source, and what came out.
struct Bench {
    stream: Stream,
    steps: Sender<Step>,
    events: Receiver<Event>,
}

impl Bench {
    fn new(idle: Idle, live: bool) -> Bench {
        let (steps, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let (sender, events) = mpsc::channel();
        let open = move || {
            let _ = sender.send(Event::Opened);
            Ok(Box::new(Scripted {
                steps: receiver.clone(),
                events: sender.clone(),
                live,
            }) as Box<dyn Source>)
        };
        let options = SourceOptions {
            idle,
            ..SourceOptions::default()
        };
        let stream =
            Stream::from_source("test".to_owned(), options, EncoderSettings::default(), open)
                .unwrap();
        Bench {
            stream,
            steps,
            events,
        }
    }

    /// A stream that is ready and rests.
    fn ready(idle: Idle, live: bool) -> Bench {
        let bench = Bench::new(idle, live);
        bench.expect(Event::Opened);
        bench.picture();
        bench.expect(Event::Wanted);
        bench.wait_until(Stream::is_ready);
        bench
    }

    fn picture(&self) {
        self.steps.send(Step::Picture).unwrap();
    }

    fn expect(&self, event: Event) {
        assert_eq!(self.events.recv_timeout(LONG), Ok(event));
    }

    fn wait_until(&self, condition: impl Fn(&Stream) -> bool) {
        let start = std::time::Instant::now();
        while !condition(&self.stream) {
            assert!(start.elapsed() < LONG, "still {:?}", self.stream);
            std::thread::yield_now();
        }
    }

    fn watch(&self) -> Viewer {
        let (sender, frames) = mpsc::channel();
        let subscription = self
            .stream
            .subscribe(Arc::new(ChannelSink(Mutex::new(sender))));
        Viewer {
            frames,
            _subscription: subscription,
        }
    }
}

struct ChannelSink(Mutex<Sender<Arc<Frame>>>);

impl FrameSink for ChannelSink {
    fn frame(&self, frame: &Arc<Frame>) {
        let _ = lock(&self.0).send(frame.clone());
    }
}

struct Viewer {
    frames: Receiver<Arc<Frame>>,
    _subscription: Subscription,
}

impl Viewer {
    fn frame(&self) -> Arc<Frame> {
        self.frames.recv_timeout(LONG).unwrap()
    }
}

#[test]
fn one_picture_makes_a_stream_ready_and_then_nothing_is_encoded() {
    let bench = Bench::new(Idle::Keep, true);
    assert!(!bench.stream.is_ready());
    assert_eq!(bench.stream.state(), StreamState::Starting);
    bench.picture();
    bench.expect(Event::Opened);
    bench.expect(Event::Wanted);
    bench.wait_until(Stream::is_ready);
    assert_eq!(bench.stream.state().to_string(), "running 64x48@30");
    for _ in 0..5 {
        bench.picture();
    }
    for _ in 0..4 {
        // The picture that was waited for when the first was encoded may still have been wanted.
        let event = bench.events.recv_timeout(LONG).unwrap();
        assert!(event == Event::TakenAway || event == Event::Wanted);
    }
    bench.expect(Event::TakenAway);
    assert!(bench.stream.stats().frames <= 2);
}

#[test]
fn a_viewer_begins_with_a_key_frame_and_misses_none_after_it() {
    let bench = Bench::ready(Idle::Keep, false);
    let viewer = bench.watch();
    bench.picture();
    let first = viewer.frame();
    assert!(first.idr);
    let types: Vec<_> = first
        .packets
        .iter()
        .map(|packet| annex_b::unit_type(packet))
        .collect();
    assert_eq!(types[..2], [annex_b::SPS, annex_b::PPS]);
    let mut before = first;
    for _ in 0..10 {
        bench.picture();
        let frame = viewer.frame();
        assert!(!frame.idr);
        assert_eq!(frame.number, before.number + 1);
        assert_eq!(
            frame.first_packet,
            before.first_packet + before.packets.len() as u64
        );
        assert!(frame.timestamp > before.timestamp);
        before = frame;
    }
}

#[test]
fn every_viewer_gets_the_same_frame() {
    let bench = Bench::ready(Idle::Keep, false);
    let (one, other) = (bench.watch(), bench.watch());
    bench.picture();
    assert!(Arc::ptr_eq(&one.frame(), &other.frame()));
}

#[test]
fn a_late_viewer_finds_the_key_frame_in_the_cache() {
    let bench = Bench::ready(Idle::Keep, false);
    let viewer = bench.watch();
    bench.picture();
    let first = viewer.frame();
    bench.picture();
    let second = viewer.frame();
    let cached = bench.stream.first_frames();
    assert!(
        cached.len() == 2 && Arc::ptr_eq(&cached[0], &first) && Arc::ptr_eq(&cached[1], &second)
    );
}

#[test]
fn a_key_frame_comes_when_it_is_asked_for() {
    let bench = Bench::ready(Idle::Keep, false);
    let viewer = bench.watch();
    bench.picture();
    let first = viewer.frame();
    bench.stream.request_key_frame();
    let again = loop {
        bench.picture();
        let frame = viewer.frame();
        if frame.idr {
            break frame;
        }
    };
    assert!(
        again.captured.at - first.captured.at >= Duration::from_millis(250),
        "key frames are too close"
    );
}

#[test]
fn a_source_that_fails_is_opened_again_and_viewers_stay() {
    let bench = Bench::ready(Idle::Keep, true);
    let viewer = bench.watch();
    bench.picture();
    let before = viewer.frame();
    bench.steps.send(Step::Fail).unwrap();
    bench.wait_until(|stream| matches!(stream.state(), StreamState::Waiting(_)));
    assert_eq!(
        bench.stream.state().to_string(),
        "waiting for the source: /dev/test was unplugged"
    );
    assert!(!bench.stream.is_ready());
    bench.picture();
    assert_eq!(viewer.frame().number, before.number + 1);
    assert!(bench.stream.is_ready());
}

#[test]
fn a_source_that_panics_costs_nothing_but_time() {
    let bench = Bench::ready(Idle::Keep, true);
    let viewer = bench.watch();
    bench.steps.send(Step::Panic).unwrap();
    bench.picture();
    assert!(viewer.frame().idr);
}

#[test]
fn a_picture_that_cannot_be_encoded_is_left_out_and_a_key_frame_follows() {
    let bench = Bench::ready(Idle::Keep, false);
    let viewer = bench.watch();
    bench.picture();
    let before = viewer.frame();
    bench.steps.send(Step::TinyPicture).unwrap();
    bench.wait_until(|stream| stream.stats().failed == 1);
    assert!(
        bench.stream.first_frames().is_empty(),
        "what follows does not follow from the cache"
    );
    bench.picture();
    let after = viewer.frame();
    assert!(after.idr && after.number == before.number + 1);
}

#[test]
fn a_stream_whose_pictures_cannot_be_encoded_says_so_and_tries_on_without_viewers() {
    let bench = Bench::new(Idle::Close, true);
    bench.expect(Event::Opened);
    bench.steps.send(Step::TinyPicture).unwrap();
    bench.wait_until(|stream| stream.state() != StreamState::Starting);
    assert_eq!(
        bench.stream.state().to_string(),
        "the encoder fails: a picture of 8x8 cannot be encoded"
    );
    assert!(!bench.stream.is_ready());
    bench.picture();
    bench.wait_until(Stream::is_ready);
    assert_eq!(bench.stream.state().to_string(), "running 64x48@30");
}

#[test]
fn a_damaged_picture_is_left_out_and_counted() {
    let bench = Bench::ready(Idle::Keep, false);
    let viewer = bench.watch();
    bench.steps.send(Step::Damage).unwrap();
    bench.picture();
    assert!(viewer.frame().idr);
    assert_eq!(bench.stream.stats().damaged, 1);
}

#[test]
fn an_idle_camera_is_closed_if_that_is_wanted_and_opened_for_the_next_viewer() {
    let bench = Bench::new(Idle::Close, true);
    bench.expect(Event::Opened);
    bench.picture();
    bench.expect(Event::Wanted);
    bench.expect(Event::Closed);
    assert!(bench.stream.is_ready(), "a camera that rests is ready");
    let viewer = bench.watch();
    bench.expect(Event::Opened);
    bench.picture();
    assert!(viewer.frame().idr);
}

#[test]
fn the_last_viewer_to_leave_ends_the_work() {
    let bench = Bench::ready(Idle::Close, true);
    bench.expect(Event::Closed);
    let (one, other) = (bench.watch(), bench.watch());
    bench.expect(Event::Opened);
    drop(one);
    bench.picture();
    assert!(other.frame().idr);
    bench.expect(Event::Wanted);
    drop(other);
    bench.expect(Event::Closed);
}

#[test]
fn the_bit_rate_is_kept_in_its_range() {
    let bench = Bench::ready(Idle::Keep, false);
    let viewer = bench.watch();
    for kbps in [0, 100, u32::MAX, 2_000] {
        bench.stream.set_bitrate(kbps);
        bench.picture();
        viewer.frame();
    }
    assert_eq!(bench.stream.stats().failed, 0);
}

#[test]
fn stopping_closes_the_source_and_ends_the_stream() {
    let bench = Bench::ready(Idle::Keep, true);
    bench.stream.stop();
    bench.expect(Event::Closed);
    assert_eq!(bench.stream.state(), StreamState::Stopped);
    assert!(!bench.stream.is_ready());
}

#[test]
fn a_stream_ends_with_its_last_handle() {
    let bench = Bench::ready(Idle::Keep, true);
    let clone = bench.stream.clone();
    drop(bench.stream);
    assert!(clone.is_ready());
    drop(clone);
    assert_eq!(bench.events.recv_timeout(LONG), Ok(Event::Closed));
}

#[test]
fn the_test_pattern_makes_a_stream() {
    let stream = Stream::start(StreamConfig {
        name: "test".to_owned(),
        source: SourceSpec::Test,
        options: SourceOptions {
            size: Some(Size::new(320, 180)),
            ..SourceOptions::default()
        },
        encoder: EncoderSettings::default(),
    });
    let (sender, frames) = mpsc::channel();
    let stream = stream.unwrap();
    let _subscription = stream.subscribe(Arc::new(ChannelSink(Mutex::new(sender))));
    let first = frames.recv_timeout(LONG).unwrap();
    assert!(first.idr && first.number <= 1);
    let second = frames.recv_timeout(LONG).unwrap();
    assert!(second.timestamp > first.timestamp);
    stream.stop();
}
