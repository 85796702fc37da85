//! What the thread of a source and the users of one medium share.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mio::Waker;

use crate::stream::{
    Audience, Format, Frame, FrameCache, FrameSink, Kind, Limits, Remainder, Track, lock,
};

use super::config::{KeyFrameBuffer, RtpMediaConfig};
use super::stats::RtpStats;

/// The frames of one medium on their way to whoever wants them.
pub(super) struct MediumTrack {
    name: String,
    format: Format,
    audience: Arc<Mutex<Audience>>,
    cache: Mutex<FrameCache>,
    figures: Mutex<Figures>,
    /// A key frame is wanted, and the thread does not know yet.
    wanted: AtomicBool,
    /// Tells the thread. None where nobody could be asked.
    waker: Option<Arc<Waker>>,
}

/// What is told about a medium.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) stats: RtpStats,
    /// When the last packet came that was taken.
    pub(super) heard: Option<Instant>,
}

impl MediumTrack {
    /// A track without frames. `waker` wakes the thread that asks for key frames.
    pub(super) fn new(
        name: String,
        config: &RtpMediaConfig,
        waker: Option<Arc<Waker>>,
    ) -> MediumTrack {
        MediumTrack {
            name,
            format: config.format(),
            audience: Arc::default(),
            cache: Mutex::new(FrameCache::new(limits(config.key_frame_buffer))),
            figures: Mutex::default(),
            wanted: AtomicBool::new(false),
            waker,
        }
    }

    /// Hands out a frame that came at `now`: first to the cache, then to the sinks, so that who
    /// subscribes first and asks for the first frames second misses none.
    pub(super) fn publish(&self, now: Instant, frame: &Arc<Frame>) {
        lock(&self.cache).push(now, frame);
        let sinks = lock(&self.audience).sinks();
        sinks.frame(frame);
    }

    /// Whether somebody asked for a key frame since the last call.
    pub(super) fn take_request(&self) -> bool {
        self.wanted.swap(false, Ordering::AcqRel)
    }

    pub(super) fn set_figures(&self, figures: Figures) {
        *lock(&self.figures) = figures;
    }

    pub(super) fn stats(&self) -> RtpStats {
        lock(&self.figures).stats
    }

    pub(super) fn age(&self) -> Option<Duration> {
        Some(lock(&self.figures).heard?.elapsed())
    }
}

impl Track for MediumTrack {
    fn name(&self) -> &str {
        &self.name
    }

    fn format(&self) -> &Format {
        &self.format
    }

    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
        Box::new(Subscription {
            id: lock(&self.audience).add(sink),
            audience: Arc::clone(&self.audience),
        })
    }

    fn first_frames(&self) -> Vec<Arc<Frame>> {
        let frames = lock(&self.cache).frames(Instant::now());
        if frames.is_empty() {
            self.request_key_frame();
        }
        frames
    }

    fn request_key_frame(&self) {
        let Some(waker) = &self.waker else { return };
        if self.format.codec.kind() == Kind::Video && !self.wanted.swap(true, Ordering::AcqRel) {
            // The thread has ended if it cannot be woken.
            let _ = waker.wake();
        }
    }
}

/// How long frames are kept for new viewers. Without a buffer, what came in the last moment is.
fn limits(buffer: Option<KeyFrameBuffer>) -> Limits {
    match buffer {
        None => Limits::FRESH,
        Some(KeyFrameBuffer { max_age, max_bytes }) => Limits {
            age: max_age.unwrap_or(Duration::MAX),
            bytes: max_bytes,
            then: Remainder::KeyFrame,
        },
    }
}

/// Keeps a sink on its medium.
struct Subscription {
    id: u64,
    audience: Arc<Mutex<Audience>>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        lock(&self.audience).remove(self.id);
    }
}
