//! Frames and tracks for tests.
pub(super) mod viewer;

use super::srtp::{Profile, Srtp};
use crate::{
    picture::Captured,
    stream::{Format, Frame, FrameSink, Track},
};
use bytes::Bytes;
use rtc::{crypto::SecretVec, srtp::context::Context};
use std::{
    any::Any,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Instant, SystemTime},
};

/// Packets of a frame of [`frame`].
pub(super) const PACKETS: u64 = 3;

/// A frame of three packets in a stream of such frames, 20 a second.
pub(super) fn frame(number: u64, idr: bool) -> Arc<Frame> {
    frame_at(
        number,
        idr,
        Captured {
            at: Instant::now(),
            wall: SystemTime::now(),
        },
    )
}

/// The same, captured at another time.
pub(super) fn frame_at(number: u64, idr: bool, captured: Captured) -> Arc<Frame> {
    let kind = if idr { 0x65 } else { 0x41 };
    let payload = |position: u64| {
        let mut payload = vec![kind; if position + 1 == PACKETS { 100 } else { 1000 }];
        payload[1..9].copy_from_slice(&number.to_be_bytes());
        payload[9] = position as u8;
        Bytes::from(payload)
    };
    Arc::new(Frame {
        number,
        first_packet: number * PACKETS,
        packets: (0..PACKETS).map(payload).collect(),
        timestamp: number as u32 * 4500,
        captured,
        idr,
    })
}

/// A packet of sound in a track of such packets, 50 a second.
pub(super) fn sound(number: u64, captured: Captured) -> Arc<Frame> {
    let mut payload = vec![0x78; 80];
    payload[1..9].copy_from_slice(&number.to_be_bytes());
    Arc::new(Frame {
        number,
        first_packet: number,
        packets: vec![payload.into()],
        timestamp: number as u32 * 960,
        captured,
        idr: true,
    })
}

/// What DTLS yields for [`srtp_pair`]: keys of the client and the server, then their salts (RFC 5764
/// section 4.2).
pub(super) const KEYS: [u8; 56] = {
    let mut keys = [0; 56];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = index as u8;
        index += 1;
    }
    keys
};

/// A server's SRTP session, and what reads its packets at the other end.
pub(super) fn srtp_pair() -> (Srtp, Context) {
    let crypto = rtc::crypto::default_provider().unwrap();
    let profile = Profile::AeadAes128Gcm;
    let reader = Context::new(
        &KEYS[16..32],
        &KEYS[44..],
        profile,
        None,
        None,
        crypto.crypto(),
    );
    let export = |_: &str, length| {
        assert_eq!(length, KEYS.len());
        Ok(SecretVec::new(KEYS.to_vec()))
    };
    let srtp = Srtp::new(profile, false, export, &crypto).unwrap();
    (srtp, reader.unwrap())
}

/// A track whose frames come when the test says so.
pub(super) struct Stub {
    name: &'static str,
    format: Format,
    sink: Mutex<Option<Weak<dyn FrameSink>>>,
    cache: Mutex<Vec<Arc<Frame>>>,
    key_frames_wanted: AtomicUsize,
    panics: AtomicBool,
}

impl Stub {
    pub(super) fn new(name: &'static str) -> Arc<Self> {
        Self::of(name, Format::h264())
    }

    pub(super) fn of(name: &'static str, format: Format) -> Arc<Self> {
        Arc::new(Self {
            name,
            format,
            sink: Mutex::new(None),
            cache: Mutex::default(),
            key_frames_wanted: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
        })
    }

    /// Passes a frame on to whoever has subscribed.
    pub(super) fn emit(&self, frame: &Arc<Frame>) {
        let sink = self.sink.lock().unwrap().as_ref().and_then(Weak::upgrade);
        if let Some(sink) = sink {
            sink.frame(frame);
        }
    }

    /// Lets new viewers begin with these frames.
    pub(super) fn keep(&self, frames: Vec<Arc<Frame>>) {
        *self.cache.lock().unwrap() = frames;
    }

    pub(super) fn is_subscribed(&self) -> bool {
        self.sink
            .lock()
            .unwrap()
            .as_ref()
            .is_some_and(|sink| sink.strong_count() > 0)
    }

    /// The next one who asks for a key frame meets a bug.
    pub(super) fn panic_when_asked(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    /// How often a key frame was asked for since the last call.
    pub(super) fn key_frames_wanted(&self) -> usize {
        self.key_frames_wanted.swap(0, Ordering::SeqCst)
    }
}

impl Track for Arc<Stub> {
    fn name(&self) -> &str {
        self.name
    }

    fn format(&self) -> &Format {
        &self.format
    }

    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
        *self.sink.lock().unwrap() = Some(Arc::downgrade(&sink));
        Box::new(sink)
    }

    fn first_frames(&self) -> Vec<Arc<Frame>> {
        self.cache.lock().unwrap().clone()
    }

    fn request_key_frame(&self) {
        assert!(
            !self.panics.swap(false, Ordering::SeqCst),
            "a bug that the test wants"
        );
        self.key_frames_wanted.fetch_add(1, Ordering::SeqCst);
    }
}
