//! Tracks to a file: fragmented MP4, which loses less than its last second when the process is
//! killed, and which common players open.
//!
//! Frames come on the threads of their tracks and go through one bounded queue to the thread of
//! the recording. There `Recorder` decides what they become, `Writer` writes it.

mod boxes;
mod clock;
mod movie;
mod recorder;
#[cfg(test)]
mod tests;
mod unpack;
mod writer;

use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::stream::{Frame, FrameSink, Track};
use writer::Writer;

/// How many frames may wait for the disk: some two seconds of 60 pictures and 50 packets of sound
/// each.
const QUEUE: usize = 256;

/// Why a recording cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordingError {
    #[error("there is nothing to record")]
    NoTracks,
    #[error(
        "medium {mid} is {codec}, which cannot be recorded: {known} can",
        known = unpack::CODECS
    )]
    Codec { mid: String, codec: &'static str },
    /// The file exists, or cannot be made.
    #[error("cannot record to {}: {error}", file.display())]
    Create {
        file: PathBuf,
        error: std::io::Error,
    },
    #[error("no thread to record to {}: {error}", file.display())]
    Thread {
        file: PathBuf,
        error: std::io::Error,
    },
}

/// A recording that goes on until it is stopped or dropped, or until its file cannot be written:
/// then it says why in the log, and nothing else ends.
pub(crate) struct Recording {
    subscriptions: Arc<Subscriptions>,
    thread: Option<JoinHandle<()>>,
}

impl Recording {
    /// Records tracks, each with its mid, to `file`, which must not exist. When a picture changes
    /// its size or its parameters, and when a track begins that was silent, the recording goes on
    /// in another file, whose name has `-2`, `-3` and so on before the extension.
    ///
    /// The first picture is a key frame: the tracks are asked for one.
    pub(crate) fn start(
        file: &Path,
        tracks: &[(String, Arc<dyn Track>)],
    ) -> Result<Recording, RecordingError> {
        if tracks.is_empty() {
            return Err(RecordingError::NoTracks);
        }
        for (mid, track) in tracks {
            let codec = track.format().codec;
            if !unpack::is_known(codec) {
                return Err(RecordingError::Codec {
                    mid: mid.clone(),
                    codec: codec.rtpmap(),
                });
            }
        }
        let lost = Arc::new(AtomicU64::new(0));
        let subscriptions = Arc::new(Subscriptions::new());
        let sources = tracks.iter().map(|(_, track)| track.clone()).collect();
        let writer = Writer::create(file, sources, lost.clone()).map_err(|error| {
            RecordingError::Create {
                file: file.to_owned(),
                error,
            }
        })?;
        let (queue, frames) = mpsc::sync_channel(QUEUE);
        let of_thread = subscriptions.clone();
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || {
                writer.run(&frames);
                // If the file has failed, sources need not work for it any longer.
                of_thread.end();
            })
            .map_err(|error| RecordingError::Thread {
                file: file.to_owned(),
                error,
            })?;
        for (index, (_, track)) in tracks.iter().enumerate() {
            let sink = Arc::new(Sink {
                track: index,
                queue: queue.clone(),
                lost: lost.clone(),
            });
            subscriptions.add(track.subscribe(sink.clone()));
            for frame in track.first_frames() {
                sink.frame(&frame);
            }
        }
        Ok(Recording {
            subscriptions,
            thread: Some(thread),
        })
    }

    /// Ends the recording and waits until the file is complete.
    pub(crate) fn stop(mut self) {
        self.subscriptions.end();
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread of a recording panicked");
        }
    }
}

impl Drop for Recording {
    /// Ends the recording. The file is complete a moment later.
    fn drop(&mut self) {
        self.subscriptions.end();
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}

/// What keeps the tracks' frames coming. When the last is dropped, the queue ends, and with it the
/// recording.
struct Subscriptions {
    /// `None` once the recording has ended.
    held: Mutex<Option<Vec<Box<dyn Any + Send>>>>,
}

impl Subscriptions {
    fn new() -> Subscriptions {
        Subscriptions {
            held: Mutex::new(Some(Vec::new())),
        }
    }

    fn add(&self, subscription: Box<dyn Any + Send>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_mut() {
            held.push(subscription);
        }
    }

    fn end(&self) {
        let held = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Not under the lock: this calls the tracks.
        drop(held);
    }
}

/// Passes the frames of one track on to the recording's thread.
struct Sink {
    track: usize,
    queue: SyncSender<(usize, Arc<Frame>)>,
    /// How many frames found the queue full.
    lost: Arc<AtomicU64>,
}

impl FrameSink for Sink {
    fn frame(&self, frame: &Arc<Frame>) {
        // The gap in the numbers makes the recorder wait for a key frame.
        if let Err(TrySendError::Full(_)) = self.queue.try_send((self.track, frame.clone())) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
