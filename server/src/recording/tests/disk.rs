//! Files on a disk that is not always kind.

use std::fs;

use super::super::{Recording, RecordingError};
use super::*;

/// A recording of one camera, and the hand on it.
struct Bench {
    directory: tempfile::TempDir,
    track: Arc<Script>,
    camera: Camera,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            directory: tempfile::tempdir().unwrap(),
            track: Script::new(Camera::format()),
            camera: Camera::new(Clock::new()),
        }
    }

    fn start(&self, name: &str) -> Result<Recording, RecordingError> {
        let track: Arc<dyn Track> = self.track.clone();
        Recording::start(
            &self.directory.path().join(name),
            &[("v".to_owned(), track)],
        )
    }

    fn send(&mut self, ms: u64, key: bool) {
        self.track.send(&self.camera.frame(ms, key));
    }
}

#[test]
fn a_stopped_recording_is_complete_and_watches_no_longer() {
    let mut bench = Bench::new();
    let recording = bench.start("door.mp4").unwrap();
    assert!(bench.track.is_watched());
    bench.send(0, true);
    bench.send(40, false);
    recording.stop();
    assert!(!bench.track.is_watched());
    let bytes = fs::read(bench.directory.path().join("door.mp4")).unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");
    assert_eq!(&bytes[bytes.len() - 12..bytes.len() - 8], b"mfro");
}

#[test]
fn a_dropped_recording_ends_too() {
    let mut bench = Bench::new();
    let recording = bench.start("door.mp4").unwrap();
    bench.send(0, true);
    drop(recording);
    assert!(!bench.track.is_watched());
    let file = bench.directory.path().join("door.mp4");
    wait_until(|| fs::read(&file).is_ok_and(|bytes| bytes.windows(4).any(|kind| kind == b"mfro")));
}

#[test]
fn a_file_that_exists_is_not_overwritten() {
    let mut bench = Bench::new();
    fs::write(bench.directory.path().join("door.mp4"), "precious").unwrap();
    let error = bench.start("door.mp4").unwrap_err();
    assert!(matches!(error, RecordingError::Create { .. }));
    assert!(error.to_string().contains("door.mp4"), "{error}");
    assert!(!bench.track.is_watched());
    // Nor is one that is in the way of a second part.
    fs::write(bench.directory.path().join("hall-2.mp4"), "precious").unwrap();
    let recording = bench.start("hall.mp4").unwrap();
    bench.send(0, true);
    bench.camera.size = LARGE;
    bench.send(40, true);
    recording.stop();
    assert!(length(&bench.directory.path().join("hall-3.mp4")) > 100);
    for name in ["door.mp4", "hall-2.mp4"] {
        assert_eq!(
            fs::read(bench.directory.path().join(name)).unwrap(),
            b"precious"
        );
    }
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let bench = Bench::new();
    let error = bench.start("nowhere/door.mp4").unwrap_err().to_string();
    assert!(error.contains("nowhere/door.mp4"), "{error}");
    assert!(error.contains("No such file"), "{error}");
}

#[test]
fn what_cannot_be_recorded_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let track: Arc<dyn Track> = Script::new(Format {
        codec: Codec::G722,
        fmtp: String::new(),
    });
    let file = directory.path().join("door.mp4");
    let error = Recording::start(&file, &[("a".to_owned(), track)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "medium a is G722/8000, which cannot be recorded: H.264, VP8, VP9 and Opus can"
    );
    let error = Recording::start(&file, &[]).unwrap_err();
    assert!(matches!(error, RecordingError::NoTracks));
    assert!(!file.exists());
}

#[test]
fn a_recording_to_which_nothing_came_leaves_no_empty_file() {
    let bench = Bench::new();
    let recording = bench.start("door.mp4").unwrap();
    assert!(bench.directory.path().join("door.mp4").exists());
    recording.stop();
    assert!(!bench.directory.path().join("door.mp4").exists());
}

#[test]
fn the_camera_is_asked_for_the_first_key_frame() {
    let mut bench = Bench::new();
    bench.camera.frame(0, true);
    let recording = bench.start("door.mp4").unwrap();
    bench.send(40, false);
    wait_until(|| bench.track.key_frames.load(Ordering::Relaxed) > 0);
    recording.stop();
}
