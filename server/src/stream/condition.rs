//! How a stream is: whether pictures come, and whether they can be encoded.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::StreamState;
use super::shared::lock;

/// What the stream's two threads report and everybody else asks for. The lock is for words, which
/// the threads write only when they change; what is asked all the time is read without it.
pub(super) struct Condition {
    words: Mutex<Words>,
    /// The source works.
    running: AtomicBool,
    /// SPS and PPS have been seen since the encoder failed last, if it ever did.
    encodes: AtomicBool,
}

struct Words {
    source: StreamState,
    encoder_fails: Option<String>,
}

impl Condition {
    pub(super) fn new() -> Condition {
        Condition {
            words: Mutex::new(Words {
                source: StreamState::Starting,
                encoder_fails: None,
            }),
            running: AtomicBool::new(false),
            encodes: AtomicBool::new(false),
        }
    }

    /// Whether a new viewer can be given a picture. Takes no lock.
    pub(super) fn is_ready(&self) -> bool {
        self.running.load(Ordering::Acquire) && self.encodes()
    }

    /// Whether the encoder works, as far as is known. Takes no lock.
    pub(super) fn encodes(&self) -> bool {
        self.encodes.load(Ordering::Acquire)
    }

    /// The whole stream's state: pictures that nobody can encode are none.
    pub(super) fn state(&self) -> StreamState {
        let words = lock(&self.words);
        match (&words.source, &words.encoder_fails) {
            (StreamState::Running(_), Some(reason)) => StreamState::EncoderFails(reason.clone()),
            (StreamState::Running(_), None) if !self.encodes() => StreamState::Starting,
            (source, _) => source.clone(),
        }
    }

    /// The rate that the source promises, if it is known.
    pub(super) fn promised_fps(&self) -> Option<f32> {
        match &lock(&self.words).source {
            StreamState::Running(mode) => Some(mode.fps),
            _ => None,
        }
    }

    /// The source's state, or the end of the stream, which is final. Whether it is another now.
    pub(super) fn set_source(&self, state: StreamState) -> bool {
        let mut words = lock(&self.words);
        let changed = words.source != state && words.source != StreamState::Stopped;
        if changed {
            let running = matches!(state, StreamState::Running(_));
            words.source = state;
            self.running.store(running, Ordering::Release);
        }
        changed
    }

    /// A key frame was made. For the encoder thread alone. Locks only after a failure.
    pub(super) fn encoder_works(&self) {
        if !self.encodes() {
            lock(&self.words).encoder_fails = None;
            self.encodes.store(true, Ordering::Release);
        }
    }

    /// A picture could not be encoded, for this reason. For the encoder thread alone.
    pub(super) fn encoder_fails(&self, reason: String) {
        lock(&self.words).encoder_fails = Some(reason);
        self.encodes.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Size;
    use crate::source::Mode;

    fn running() -> StreamState {
        StreamState::Running(Mode {
            size: Size::new(1280, 720),
            fps: 30.0,
        })
    }

    #[test]
    fn a_stream_runs_once_its_pictures_come_and_are_encoded() {
        let condition = Condition::new();
        assert!(condition.set_source(running()));
        assert_eq!(condition.state(), StreamState::Starting);
        assert!(!condition.is_ready());
        condition.encoder_works();
        assert_eq!(condition.state(), running());
        assert!(condition.is_ready());
    }

    #[test]
    fn an_encoder_that_fails_is_told_until_it_works() {
        let condition = Condition::new();
        condition.set_source(running());
        condition.encoder_works();
        condition.encoder_fails("no memory".to_owned());
        assert_eq!(
            condition.state().to_string(),
            "the encoder fails: no memory"
        );
        assert!(!condition.is_ready());
        condition.encoder_works();
        assert_eq!(condition.state(), running());
        assert!(condition.is_ready());
    }

    #[test]
    fn without_a_source_the_encoder_is_not_to_blame() {
        let condition = Condition::new();
        condition.encoder_fails("no memory".to_owned());
        let waiting = StreamState::Waiting("unplugged".to_owned());
        condition.set_source(waiting.clone());
        assert_eq!(condition.state(), waiting);
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let condition = Condition::new();
        condition.set_source(StreamState::Stopped);
        assert!(!condition.set_source(running()));
        condition.encoder_works();
        assert_eq!(condition.state(), StreamState::Stopped);
        assert!(!condition.is_ready());
    }
}
