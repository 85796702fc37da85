//! Files on a disk that is not always kind.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::OwnedFd;

use super::super::writer::Writer;
use super::super::{Recording, RecordingError, queue};
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

/// A recording of a track to a file that is open already.
fn write(track: &Arc<Script>, file: File) -> Recording {
    let track: Arc<dyn Track> = track.clone();
    let name = Path::new("/nowhere/door.mp4");
    let writer = Writer::new(name, file, vec![track.clone()]);
    Recording::write(name, &[("v".to_owned(), track)], writer).unwrap()
}

#[test]
fn a_full_disk_ends_the_recording_and_frees_its_tracks() {
    let mut bench = Bench::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let recording = write(&bench.track, full);
    assert!(bench.track.is_watched() && !recording.has_ended());
    bench.send(0, true);
    wait_until(|| !bench.track.is_watched());
    assert!(recording.has_ended());
    recording.stop();
}

#[test]
fn a_recording_whose_thread_panics_frees_its_tracks() {
    let mut broken = Script::new(Camera::format());
    Arc::get_mut(&mut broken).unwrap().is_broken = true;
    let bench = Bench {
        track: broken,
        ..Bench::new()
    };
    let recording = bench.start("door.mp4").unwrap();
    let mut camera = Camera::new(Clock::new());
    bench.track.send(&camera.frame(0, false));
    wait_until(|| !bench.track.is_watched());
    assert!(recording.has_ended());
    recording.stop();
}

#[test]
fn all_frames_from_before_the_recording_are_in_it_however_many() {
    let directory = tempfile::tempdir().unwrap();
    let mut camera = Camera::new(Clock::new());
    let before = (0..1_000).map(|n| camera.frame(n * 10, n == 0)).collect();
    let track: Arc<dyn Track> = Script::beginning_with(Camera::format(), before);
    let file = directory.path().join("door.mp4");
    let recording = Recording::start(&file, &[("v".to_owned(), track)]).unwrap();
    recording.stop();
    let bytes = fs::read(&file).unwrap();
    assert_eq!(files::frames(&bytes), 1_000);
}

#[test]
fn a_disk_that_hangs_costs_pictures_and_no_more_memory_than_is_set_aside() {
    let (mut disk, mut written) = std::io::pipe().unwrap();
    // As much as a pipe has room for: not even the header can be written.
    written.write_all(&[0; 1 << 16]).unwrap();
    let track = Script::new(Microphone::format());
    let recording = write(&track, File::from(OwnedFd::from(written)));
    let clock = Clock::new();
    let sent = (1..=40_u32).map(|number| {
        let frame = Arc::new(Frame {
            number: number.into(),
            first_packet: 0,
            packets: vec![Bytes::from(vec![0; 4 << 20])],
            timestamp: number * 960,
            captured: clock.captured(u64::from(number) * 20),
            idr: true,
        });
        track.send(&frame);
        Arc::downgrade(&frame)
    });
    let sent: Vec<_> = sent.collect();
    let kept = sent.iter().filter(|frame| frame.strong_count() > 0);
    let kept = kept.count();
    // One is on its way out of the queue.
    assert!(kept << 22 <= queue::BYTES + (4 << 20), "{kept} frames wait");
    assert!(kept > 2, "the disk does not hang");
    let read = std::thread::spawn(move || std::io::copy(&mut disk, &mut std::io::sink()));
    recording.stop();
    assert!(
        read.join().unwrap().unwrap() > 4 << 20,
        "the rest is written"
    );
}

#[test]
fn a_recording_that_is_given_up_leaves_no_file() {
    let mut bench = Bench::new();
    let recording = bench.start("door.mp4").unwrap();
    bench.send(0, true);
    bench.send(40, false);
    recording.abandon();
    assert!(!bench.track.is_watched());
    assert!(!bench.directory.path().join("door.mp4").exists());
}
