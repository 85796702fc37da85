//! What waits for the disk: bounded in frames and in bytes, and never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::Duration;

use bytes::Bytes;

use crate::stream::{Frame, FrameSink};

/// How many frames of each track may wait: some four seconds of 60 pictures.
const FRAMES: usize = 256;
/// How many bytes of all tracks may: some five seconds of 50 Mbit/s.
pub(super) const BYTES: usize = 32 << 20;

/// A frame of the track with this number.
pub(super) type Queued = (usize, Arc<Frame>);

/// A queue for the frames of so many tracks.
pub(super) fn bounded(tracks: usize) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::sync_channel(FRAMES * tracks);
    let waiting = Arc::new(Waiting::default());
    let sender = Sender {
        queue: sender,
        waiting: waiting.clone(),
    };
    let receiver = Receiver {
        queue: receiver,
        waiting,
    };
    (sender, receiver)
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    /// How many frames found no room.
    lost: AtomicU64,
}

#[derive(Clone)]
pub(super) struct Sender {
    queue: SyncSender<Queued>,
    waiting: Arc<Waiting>,
}

impl Sender {
    /// What a track is to be given.
    pub(super) fn sink(&self, track: usize) -> Arc<dyn FrameSink> {
        Arc::new(Sink {
            track,
            sender: self.clone(),
        })
    }

    /// Puts a frame in, or leaves it out. The gap in the numbers makes the recorder wait for a key
    /// frame.
    fn push(&self, track: usize, frame: &Arc<Frame>) {
        let (bytes, waiting) = (size(frame), &self.waiting);
        let before = waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Whatever its size, one frame finds room where none waits.
        let fits = before == 0 || before + bytes <= BYTES;
        if !fits || self.queue.try_send((track, frame.clone())).is_err() {
            waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
            waiting.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Sink {
    track: usize,
    sender: Sender,
}

impl FrameSink for Sink {
    fn frame(&self, frame: &Arc<Frame>) {
        self.sender.push(self.track, frame);
    }
}

/// The other end. It is disconnected when all sinks are gone.
#[derive(Debug)]
pub(super) struct Receiver {
    queue: mpsc::Receiver<Queued>,
    waiting: Arc<Waiting>,
}

impl Receiver {
    pub(super) fn next(&self, wait: Duration) -> Result<Queued, RecvTimeoutError> {
        let queued = self.queue.recv_timeout(wait)?;
        let bytes = size(&queued.1);
        self.waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
        Ok(queued)
    }

    /// How many frames have been left out so far.
    pub(super) fn lost(&self) -> u64 {
        self.waiting.lost.load(Ordering::Relaxed)
    }
}

fn size(frame: &Frame) -> usize {
    frame.packets.iter().map(Bytes::len).sum()
}
