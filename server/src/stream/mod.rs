//! One named stream: source → encoder → RTP payloads → viewers.
//!
//! Two threads work for a stream. The capture thread fills pictures and puts the newest into a
//! slot; the encoder thread takes it from there, encodes, packetises and calls the sinks. Nothing
//! between them queues more than one picture.

mod audience;
mod backoff;
mod cache;
mod capture;
mod condition;
mod encoding;
mod frame;
mod key_frames;
mod meter;
mod packetise;
mod shared;
mod slot;
mod supervise;
#[cfg(test)]
mod tests;
mod track;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::encode::EncoderSettings;
use crate::source::{self, Mode, Source, SourceError, SourceOptions, SourceSpec};
pub(crate) use audience::Audience;
pub(crate) use cache::{FrameCache, Limits, Remainder};
pub(crate) use frame::{FIRST_PACKET_EXTENSIONS, Frame, MAX_FIRST_PAYLOAD, MAX_PAYLOAD};
pub(crate) use key_frames::KeyFrames;
pub(crate) use meter::StreamStats;
pub(crate) use packetise::Payloads;
use shared::Shared;
pub(crate) use shared::lock;
pub(crate) use track::{Codec, Format, Kind, Track};

/// What a stream is made of.
#[derive(Clone, Debug)]
pub(crate) struct StreamConfig {
    /// Its name in URLs, logs and errors.
    pub(crate) name: String,
    pub(crate) source: SourceSpec,
    pub(crate) options: SourceOptions,
    pub(crate) encoder: EncoderSettings,
}

/// Why a stream could not be started. A source that fails is not among the reasons: it is waited
/// for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("stream {stream}: no thread for {work}: {error}")]
    Thread {
        stream: String,
        work: &'static str,
        error: std::io::Error,
    },
}

/// What a stream is doing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StreamState {
    /// No picture has come of the stream yet.
    Starting,
    /// The source fails, for this reason, and is tried again and again.
    Waiting(String),
    /// The source works. Pictures flow while somebody watches.
    Running(Mode),
    /// The source works, but its pictures cannot be encoded, for this reason. Each is tried anew.
    EncoderFails(String),
    /// The stream has ended.
    Stopped,
}

impl fmt::Display for StreamState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamState::Starting => f.write_str("starting"),
            StreamState::Waiting(reason) => write!(f, "waiting for the source: {reason}"),
            StreamState::Running(mode) => write!(f, "running {mode}"),
            StreamState::EncoderFails(reason) => write!(f, "the encoder fails: {reason}"),
            StreamState::Stopped => f.write_str("stopped"),
        }
    }
}

/// Receives every frame of a stream while it is subscribed.
pub(crate) trait FrameSink: Send + Sync {
    /// Called on the encoder's thread: must not block.
    fn frame(&self, frame: &Arc<Frame>);
}

/// A handle of a running stream; clones are the same stream, which stops with the last of them.
#[derive(Clone)]
pub(crate) struct Stream {
    owner: Arc<Owner>,
}

impl Stream {
    /// Starts a stream. Returns at once; whether the source works is told by [`Stream::state`].
    pub(crate) fn start(config: StreamConfig) -> Result<Stream, StreamError> {
        let StreamConfig {
            name,
            source,
            options,
            encoder,
        } = config;
        // Once, by the capture thread: a camera that is unplugged does not turn into a test
        // pattern.
        let mut resolved = None;
        let of = name.clone();
        Stream::from_source(name, options, encoder, move || {
            let source = match &mut resolved {
                Some(resolved) => resolved,
                none => {
                    let source = source::resolve(&source)?;
                    tracing::info!(stream = of, "the source is {source}");
                    none.insert(source)
                }
            };
            source::open(source, &options)
        })
    }

    /// Starts a stream from whatever `open` opens, each time anew after a failure.
    fn from_source(
        name: String,
        options: SourceOptions,
        settings: EncoderSettings,
        mut open: impl FnMut() -> Result<Box<dyn Source>, SourceError> + Send + 'static,
    ) -> Result<Stream, StreamError> {
        let shared = Arc::new(Shared::new(name, options.idle, settings));
        let stream = Stream {
            owner: Arc::new(Owner {
                shared: shared.clone(),
                format: Format::h264(),
                threads: Mutex::default(),
            }),
        };
        let spawn = |work: &'static str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new()
                .name(format!("{work} {}", stream.name()))
                .spawn(run);
            let thread = thread.map_err(|error| StreamError::Thread {
                stream: stream.name().to_owned(),
                work,
                error,
            })?;
            lock(&stream.owner.threads).push(thread);
            Ok(())
        };
        let of_capture = shared.clone();
        spawn(
            "capture",
            Box::new(move || capture::run(&of_capture, &mut open)),
        )?;
        spawn("encode", Box::new(move || encoding::run(&shared)))?;
        Ok(stream)
    }

    pub(crate) fn name(&self) -> &str {
        &self.owner.shared.name
    }

    /// Whether a new viewer can be given a picture: the source works, and SPS and PPS have been
    /// seen since the encoder failed last. Takes no lock.
    pub(crate) fn is_ready(&self) -> bool {
        self.owner.shared.condition.is_ready()
    }

    /// Hands every frame from now on to `sink` until the subscription is dropped. Encoding runs
    /// while there is at least one; the first makes the next picture a key frame.
    #[must_use = "dropping a subscription ends it"]
    pub(crate) fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Subscription {
        let shared = self.owner.shared.clone();
        Subscription {
            id: shared.add_sink(sink),
            shared,
        }
    }

    /// What a viewer can start on at once: the last key frame and all that followed, in order.
    /// Empty if that is too long ago to catch up; a key frame is requested then. A frame may be
    /// here and come to the sink as well.
    pub(crate) fn first_frames(&self) -> Vec<Arc<Frame>> {
        self.owner.shared.first_frames()
    }

    /// Makes one of the next pictures a key frame. Many requests make one; two key frames are at
    /// least 300 ms apart.
    pub(crate) fn request_key_frame(&self) {
        self.owner.shared.request_key_frame();
    }

    /// Changes the bit rate, in kbit/s, without a key frame. Held to [`EncoderSettings::KBPS`].
    pub(crate) fn set_bitrate(&self, kbps: u32) {
        self.owner.shared.set_kbps(kbps);
    }

    pub(crate) fn state(&self) -> StreamState {
        self.owner.shared.condition.state()
    }

    /// What the stream has done so far.
    pub(crate) fn stats(&self) -> StreamStats {
        self.owner.shared.stats()
    }

    /// Ends both threads and releases the camera. Waits for that, about a quarter of a second at
    /// most with a device that works. Not to be called by a sink.
    pub(crate) fn stop(&self) {
        self.owner.shared.stop();
        tracing::debug!(stream = self.name(), "stopped: {}", self.stats());
        for thread in std::mem::take(&mut *lock(&self.owner.threads)) {
            if thread.join().is_err() {
                tracing::error!(stream = self.name(), "a thread of the stream panicked");
            }
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// What all handles of a stream share: when the last goes, the threads are told to end.
struct Owner {
    shared: Arc<Shared>,
    format: Format,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Keeps a sink on its stream, and the stream's encoder at work; ends both when dropped.
pub(crate) struct Subscription {
    id: u64,
    shared: Arc<Shared>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.remove_sink(self.id);
    }
}
