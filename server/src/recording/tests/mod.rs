//! What a recording makes of frames: in virtual time, on the disk, and as others play it.

mod disk;
mod files;
mod players;

use std::any::Any;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::encode::{Encoder, EncoderSettings, OpenH264, annex_b};
use crate::picture::{Captured, Picture, Size};
use crate::stream::{Codec, Format, Frame, FrameSink, Track};

const SMALL: Size = Size::new(64, 48);
const LARGE: Size = Size::new(96, 64);

/// A moment, so long after the test began.
#[derive(Clone, Copy)]
struct Clock(Captured);

impl Clock {
    fn new() -> Clock {
        Clock(Captured::now())
    }

    fn at(self, ms: u64) -> Instant {
        self.0.at + Duration::from_millis(ms)
    }

    fn captured(self, ms: u64) -> Captured {
        Captured {
            at: self.at(ms),
            wall: self.0.wall + Duration::from_millis(ms),
        }
    }
}

/// Makes the frames of a video track: grey pictures, really encoded.
struct Camera {
    clock: Clock,
    encoder: OpenH264,
    size: Size,
    number: u64,
}

impl Camera {
    fn new(clock: Clock) -> Camera {
        Camera {
            clock,
            encoder: OpenH264::new(&EncoderSettings::default(), 30.0).unwrap(),
            size: SMALL,
            number: 0,
        }
    }

    fn format() -> Format {
        Format::h264()
    }

    fn frame(&mut self, ms: u64, key: bool) -> Arc<Frame> {
        let mut picture = Picture::empty();
        picture.reshape(self.size).y.fill((ms / 40) as u8);
        let mut unit = Vec::new();
        let at = Duration::from_millis(ms);
        self.encoder.encode(&picture, at, key, &mut unit).unwrap();
        let packets = annex_b::units(&unit).map(Bytes::copy_from_slice).collect();
        self.number += 1;
        Arc::new(Frame {
            number: self.number,
            first_packet: 0,
            packets,
            timestamp: (ms * 90) as u32,
            captured: self.clock.captured(ms),
            idr: key,
        })
    }
}

/// Makes the frames of a sound track: 20 ms of silence each.
struct Microphone {
    clock: Clock,
    number: u64,
}

impl Microphone {
    fn new(clock: Clock) -> Microphone {
        Microphone { clock, number: 0 }
    }

    fn format() -> Format {
        Format {
            codec: Codec::Opus,
            fmtp: String::new(),
        }
    }

    fn frame(&mut self, ms: u64) -> Arc<Frame> {
        self.number += 1;
        Arc::new(Frame {
            number: self.number,
            first_packet: 0,
            packets: vec![Bytes::from_static(&[0xf8, 0xff, 0xfe])],
            timestamp: (ms * 48) as u32,
            captured: self.clock.captured(ms),
            idr: true,
        })
    }
}

/// A track that gives what a test puts in.
struct Script {
    format: Format,
    first: Vec<Arc<Frame>>,
    sinks: Arc<Mutex<Vec<Arc<dyn FrameSink>>>>,
    key_frames: AtomicU32,
    /// Asking it for a key frame ends whoever does.
    is_broken: bool,
}

impl Script {
    fn new(format: Format) -> Arc<Script> {
        Script::beginning_with(format, Vec::new())
    }

    /// One that has had frames before.
    fn beginning_with(format: Format, first: Vec<Arc<Frame>>) -> Arc<Script> {
        Arc::new(Script {
            format,
            first,
            sinks: Arc::default(),
            key_frames: AtomicU32::new(0),
            is_broken: false,
        })
    }

    fn send(&self, frame: &Arc<Frame>) {
        for sink in self.sinks.lock().unwrap().iter() {
            sink.frame(frame);
        }
    }

    fn is_watched(&self) -> bool {
        !self.sinks.lock().unwrap().is_empty()
    }
}

impl Track for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn format(&self) -> &Format {
        &self.format
    }

    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
        struct Guard(Arc<Mutex<Vec<Arc<dyn FrameSink>>>>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.lock().unwrap().clear();
            }
        }
        self.sinks.lock().unwrap().push(sink);
        Box::new(Guard(self.sinks.clone()))
    }

    fn first_frames(&self) -> Vec<Arc<Frame>> {
        self.first.clone()
    }

    fn request_key_frame(&self) {
        assert!(!self.is_broken, "this test's track has no key frames");
        self.key_frames.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits for what is bound to happen.
fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}
