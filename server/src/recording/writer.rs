//! The thread of a recording: the queue on one side, files on the other.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::movie::Ending;
use super::queue::{Queued, Receiver};
use super::recorder::{Output, Recorder};
use super::remove;
use crate::stream::Track;

/// How long to wait for a frame when nothing else is to be done.
const LONG: Duration = Duration::from_secs(3_600);
/// How many names are tried for the next file.
const MOST_FILES: u32 = 100_000;

/// Why a recording ended before it was to.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("the frames do not fit into an MP4 file: {0}")]
    Format(#[from] mp4_atom::Error),
}

/// Writes what a [`Recorder`] makes of the frames.
pub(super) struct Writer {
    recorder: Recorder,
    sources: Vec<Arc<dyn Track>>,
    /// The name that was asked for; later files are named after it.
    first: PathBuf,
    /// What is written to now, and nothing of it before [`Output::Begin`].
    file: File,
    name: PathBuf,
    /// The bytes of the file that are whole.
    length: u64,
    files: u32,
    /// How many frames are known to have found no room in the queue.
    lost: u64,
}

impl Writer {
    /// Makes the first file, which must not exist.
    pub(super) fn create(name: &Path, sources: Vec<Arc<dyn Track>>) -> io::Result<Writer> {
        Ok(Writer::new(name, create(name)?, sources))
    }

    pub(super) fn new(name: &Path, file: File, sources: Vec<Arc<dyn Track>>) -> Writer {
        Writer {
            recorder: Recorder::new(sources.iter().map(|source| source.format().clone())),
            sources,
            first: name.to_owned(),
            file,
            name: name.to_owned(),
            length: 0,
            files: 1,
            lost: 0,
        }
    }

    /// Records the first frames, and then until the queue ends.
    pub(super) fn run(mut self, first: &[Queued], queue: &Receiver) {
        tracing::info!("recording to {}", self.name.display());
        if let Err(error) = self.record(first, queue) {
            tracing::error!(
                "the recording to {} has ended: {error}",
                self.name.display()
            );
            // Half a fragment would be damage at the end of a good file.
            if let Err(error) = self.file.set_len(self.length) {
                tracing::debug!("cannot shorten {}: {error}", self.name.display());
            }
        }
        if self.length == 0 {
            tracing::warn!("nothing to record came for {}", self.name.display());
            remove(&self.name);
        } else {
            tracing::info!("recorded to {}", self.name.display());
        }
    }

    fn record(&mut self, first: &[Queued], queue: &Receiver) -> Result<(), WriteError> {
        for (track, frame) in first {
            self.recorder.frame(Instant::now(), *track, frame)?;
            self.perform()?;
        }
        loop {
            let wait = match self.recorder.poll_timeout() {
                Some(due) => due.saturating_duration_since(Instant::now()),
                None => LONG,
            };
            let next = queue.next(wait);
            let now = Instant::now();
            self.tell_losses(queue.lost());
            match next {
                Ok((track, frame)) => self.recorder.frame(now, track, &frame)?,
                Err(RecvTimeoutError::Timeout) => self.recorder.handle_timeout(now)?,
                Err(RecvTimeoutError::Disconnected) => {
                    self.recorder.end(now)?;
                    return self.perform();
                }
            }
            self.perform()?;
        }
    }

    fn perform(&mut self) -> Result<(), WriteError> {
        while let Some(output) = self.recorder.poll_output() {
            match output {
                Output::Begin(header) => {
                    if self.length > 0 {
                        self.next_file()?;
                    }
                    self.append(&header)?;
                }
                Output::Append(fragment) => self.append(&fragment)?,
                Output::End(ending) => self.end(&ending)?,
                Output::TooManyFiles => tracing::warn!(
                    "of {} a picture changes its parameters too often: what does not fit into \
                     the file is left out for some seconds",
                    self.name.display()
                ),
                Output::AskForKeyFrame(track) => {
                    if let Some(source) = self.sources.get(track) {
                        source.request_key_frame();
                    }
                }
            }
        }
        Ok(())
    }

    /// In one piece, so that a process that is killed leaves whole fragments.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn end(&mut self, ending: &Ending) -> io::Result<()> {
        self.append(&ending.tail)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&ending.header)
    }

    fn next_file(&mut self) -> io::Result<()> {
        loop {
            self.files += 1;
            let name = numbered(&self.first, self.files);
            match create(&name) {
                Ok(file) => {
                    self.file = file;
                    self.name = name;
                    self.length = 0;
                    tracing::info!("the recording goes on in {}", self.name.display());
                    return Ok(());
                }
                // Somebody else's: it is not overwritten.
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && self.files < MOST_FILES => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn tell_losses(&mut self, lost: u64) {
        if lost != self.lost {
            tracing::warn!(
                "{} is written too slowly: {} frames are missing, up to the next key frame",
                self.name.display(),
                lost - self.lost
            );
            self.lost = lost;
        }
    }
}

fn create(name: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(name)
}

/// `door.mp4` → `door-2.mp4`.
fn numbered(name: &Path, number: u32) -> PathBuf {
    let mut next = name.file_stem().unwrap_or_default().to_owned();
    next.push(format!("-{number}"));
    if let Some(extension) = name.extension() {
        next.push(".");
        next.push(extension);
    }
    name.with_file_name(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_files_are_numbered_before_the_extension() {
        assert_eq!(
            numbered(Path::new("/a/door.mp4"), 2),
            Path::new("/a/door-2.mp4")
        );
        assert_eq!(numbered(Path::new("door"), 13), Path::new("door-13"));
        assert_eq!(numbered(Path::new("a.b.mp4"), 3), Path::new("a.b-3.mp4"));
    }
}
