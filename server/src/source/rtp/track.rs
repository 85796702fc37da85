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

/// Who has been silent for so long is gone: its last picture, however well kept, is of the past, and
/// nobody is to take it for the present.
const GONE: Duration = Duration::from_secs(15);

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
        let frames = match self.age() {
            Some(age) if age > GONE => Vec::new(),
            _ => lock(&self.cache).frames(Instant::now()),
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Captured;
    use crate::stream::Codec;

    #[test]
    fn the_picture_of_a_sender_that_is_gone_is_not_shown_as_if_it_were_new() {
        let config = RtpMediaConfig {
            key_frame_buffer: Some(KeyFrameBuffer::default()),
            ..RtpMediaConfig::new("v", Codec::H264, 96)
        };
        let track = MediumTrack::new("gate/v".to_owned(), &config, None);
        let now = Instant::now();
        let frame = Frame {
            number: 1,
            first_packet: 0,
            packets: vec![vec![0x65; 9].into()],
            timestamp: 0,
            captured: Captured::now(),
            idr: true,
        };
        track.publish(now, &Arc::new(frame));
        for (silent, frames) in [(Duration::from_secs(10), 1), (GONE * 2, 0)] {
            track.set_figures(Figures {
                heard: now.checked_sub(silent),
                ..Figures::default()
            });
            assert_eq!(track.first_frames().len(), frames, "{silent:?}");
        }
    }
}
