//! What a stream's handles and its two threads share.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::audience::Audience;
use super::cache::{FrameCache, Limits};
use super::condition::Condition;
use super::frame::Frame;
use super::key_frames::KeyFrames;
use super::meter::{Counters, StreamStats};
use super::slot::Slot;
use super::{FrameSink, StreamState};
use crate::encode::EncoderSettings;
use crate::source::Idle;

pub(super) struct Shared {
    pub(super) name: String,
    pub(super) idle: Idle,
    pub(super) settings: EncoderSettings,
    pub(super) slot: Slot,
    pub(super) counters: Counters,
    pub(super) condition: Condition,
    /// The epoch of the stream's RTP and encoder times.
    pub(super) epoch: Instant,
    kbps: AtomicU32,
    audience: Mutex<Audience>,
    /// There are sinks. Written with `audience` locked, so that who waits for a change misses none;
    /// read without, before each picture.
    watched: AtomicBool,
    /// The stream has ended; likewise.
    stopping: AtomicBool,
    /// Notified when somebody comes, when the encoder fails and when the stream stops.
    wake: Condvar,
    key_frames: Mutex<KeyFrames>,
    cache: Mutex<FrameCache>,
}

/// What the capture thread is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    Pictures,
    Nothing,
    Stop,
}

impl Shared {
    pub(super) fn new(name: String, idle: Idle, settings: EncoderSettings) -> Shared {
        Shared {
            name,
            idle,
            kbps: AtomicU32::new(settings.kbps),
            settings,
            slot: Slot::default(),
            counters: Counters::default(),
            condition: Condition::new(),
            epoch: Instant::now(),
            audience: Mutex::default(),
            watched: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            wake: Condvar::new(),
            key_frames: Mutex::default(),
            cache: Mutex::new(FrameCache::new(Limits::FRESH)),
        }
    }

    pub(super) fn add_sink(&self, sink: Arc<dyn FrameSink>) -> u64 {
        let mut audience = lock(&self.audience);
        if audience.is_empty() {
            // The encoder rested: what it would predict from, the viewer does not have.
            lock(&self.key_frames).demand();
        }
        let id = audience.add(sink);
        self.watched.store(true, Ordering::Release);
        self.wake.notify_all();
        id
    }

    pub(super) fn remove_sink(&self, id: u64) {
        let mut audience = lock(&self.audience);
        audience.remove(id);
        self.watched.store(!audience.is_empty(), Ordering::Release);
    }

    /// Hands a frame to the cache, then to all sinks. In this order a viewer that subscribes first
    /// and asks for the cache second misses none.
    pub(super) fn publish(&self, frame: &Arc<Frame>) {
        lock(&self.cache).push(frame.captured.at, frame);
        if frame.idr {
            self.condition.encoder_works();
        }
        let sinks = lock(&self.audience).sinks();
        sinks.frame(frame);
    }

    pub(super) fn first_frames(&self) -> Vec<Arc<Frame>> {
        let frames = lock(&self.cache).frames(Instant::now());
        if frames.is_empty() {
            self.request_key_frame();
        }
        frames
    }

    pub(super) fn request_key_frame(&self) {
        lock(&self.key_frames).request();
    }

    /// The encoder was made anew: what comes next follows nothing.
    pub(super) fn break_off(&self) {
        lock(&self.cache).clear();
        lock(&self.key_frames).demand();
    }

    /// A picture could not be encoded. Pictures are wanted until one can, viewers or not: the
    /// capture thread may rest and has to know.
    pub(super) fn encoder_failed(&self, reason: String) {
        self.break_off();
        self.condition.encoder_fails(reason);
        let audience = lock(&self.audience);
        self.wake.notify_all();
        drop(audience);
    }

    pub(super) fn key_frame_is_due(&self, now: Instant) -> bool {
        lock(&self.key_frames).is_due(now)
    }

    pub(super) fn key_frame_made(&self, now: Instant) {
        lock(&self.key_frames).made(now);
    }

    pub(super) fn kbps(&self) -> u32 {
        self.kbps.load(Ordering::Relaxed)
    }

    pub(super) fn set_kbps(&self, kbps: u32) {
        let (least, most) = EncoderSettings::KBPS.into_inner();
        self.kbps.store(kbps.clamp(least, most), Ordering::Relaxed);
    }

    /// What the capture thread is to do. Without viewers pictures are wanted until one is encoded.
    /// Takes no lock.
    pub(super) fn demand(&self) -> Demand {
        if self.stopping.load(Ordering::Acquire) {
            Demand::Stop
        } else if self.watched.load(Ordering::Acquire) || !self.condition.encodes() {
            Demand::Pictures
        } else {
            Demand::Nothing
        }
    }

    /// Waits until pictures are wanted or the stream stops.
    pub(super) fn wait_for_demand(&self) {
        let mut audience = lock(&self.audience);
        while self.demand() == Demand::Nothing {
            audience = wait(&self.wake, audience);
        }
    }

    /// Waits this long or until the stream stops.
    pub(super) fn pause(&self, duration: Duration) {
        let audience = lock(&self.audience);
        let stopped = self.wake.wait_timeout_while(audience, duration, |_| {
            !self.stopping.load(Ordering::Acquire)
        });
        drop(stopped.unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn stats(&self) -> StreamStats {
        self.counters.read()
    }

    pub(super) fn stop(&self) {
        self.condition.set_source(StreamState::Stopped);
        let audience = lock(&self.audience);
        self.stopping.store(true, Ordering::Release);
        drop(audience);
        self.wake.notify_all();
        self.slot.close();
    }
}

/// Locks, whatever became of the last who did: everything behind our locks is whole after each
/// statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification; the same of poison.
pub(super) fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
