//! Tracks to a file: fragmented MP4, which plays to its last half second when the process is killed,
//! and which common players open.
//!
//! Frames come on the threads of their tracks and go through one bounded queue to the thread of
//! the recording. There `Recorder` decides what they become, `Writer` writes it.

mod boxes;
mod clock;
mod movie;
mod queue;
mod recorder;
#[cfg(test)]
mod tests;
mod unpack;
mod writer;

use std::any::Any;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::stream::Track;
use writer::Writer;

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
    Create { file: PathBuf, error: io::Error },
    #[error("no thread to record to {}: {error}", file.display())]
    Thread { file: PathBuf, error: io::Error },
}

/// A recording that goes on until it is stopped or dropped, or until its file cannot be written:
/// then it says why in the log, and nothing else ends.
pub(crate) struct Recording {
    /// The first of its files.
    file: PathBuf,
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
        let sources = tracks.iter().map(|(_, track)| track.clone()).collect();
        let writer = Writer::create(file, sources).map_err(|error| RecordingError::Create {
            file: file.to_owned(),
            error,
        })?;
        Recording::write(file, tracks, writer).map_err(|error| {
            remove(file);
            RecordingError::Thread {
                file: file.to_owned(),
                error,
            }
        })
    }

    /// Records what `writer` was made for.
    fn write(
        file: &Path,
        tracks: &[(String, Arc<dyn Track>)],
        writer: Writer,
    ) -> io::Result<Recording> {
        let (queue, waiting) = queue::bounded(tracks.len());
        let subscriptions = Arc::new(Subscriptions::new());
        let mut first = Vec::new();
        for (index, (_, track)) in tracks.iter().enumerate() {
            subscriptions.add(track.subscribe(queue.sink(index)));
            // Not through the queue: they may be more than it has room for.
            first.extend(track.first_frames().into_iter().map(|frame| (index, frame)));
        }
        let end = End(subscriptions.clone());
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || {
                let _end = end;
                writer.run(&first, &waiting);
            })?;
        Ok(Recording {
            file: file.to_owned(),
            subscriptions,
            thread: Some(thread),
        })
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.subscriptions.have_ended()
    }

    /// Ends the recording and waits until the file is complete.
    pub(crate) fn stop(mut self) {
        self.subscriptions.end();
        // That it panicked it has said itself.
        let _ = self.thread.take().map(JoinHandle::join);
    }

    /// Ends the recording as if it had never begun.
    pub(crate) fn abandon(self) {
        let file = self.file.clone();
        self.stop();
        remove(&file);
    }
}

/// Removes a file, if it is there.
fn remove(file: &Path) {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!("cannot remove {}: {error}", file.display());
        }
        _ => {}
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

    fn have_ended(&self) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.is_none()
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

/// Ends the subscriptions with the thread, however that ends: if the file has failed, sources need
/// not work for it any longer.
struct End(Arc<Subscriptions>);

impl Drop for End {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("a recording has ended: its thread panicked");
        }
        self.0.end();
    }
}
