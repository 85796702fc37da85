//! FFmpeg's opinion of the files.

use std::process::Command;

use super::super::Recording;
use super::*;
use crate::source::{SourceOptions, SourceSpec};
use crate::stream::{Stream, StreamConfig};

/// What a command says on standard output; it has to succeed and to complain about nothing.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn has_ffmpeg(test: &str) -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !there {
        println!("SKIPPED: {test}: no ffmpeg");
    }
    there
}

/// Decodes all of a file. The times are those of the file: by those of a picture rate that FFmpeg
/// guesses, two pictures may be the same one.
fn decode(file: &Path) {
    output(
        Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(file)
            .args(["-enc_time_base", "-1", "-f", "null", "-"]),
    );
}

/// Entries of a file's streams, comma-separated, a line for each stream.
fn probe(file: &Path, entries: &str) -> String {
    output(
        Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-of",
                "csv=p=0",
                "-count_packets",
                "-show_entries",
                entries,
            ])
            .arg(file),
    )
}

#[test]
fn pictures_and_sound_are_decoded_and_begin_together() {
    if !has_ffmpeg("pictures_and_sound_are_decoded_and_begin_together") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let (video, audio) = (
        Script::new(Camera::format()),
        Script::new(Microphone::format()),
    );
    let clock = Clock::new();
    let (mut camera, mut microphone) = (Camera::new(clock), Microphone::new(clock));
    let file = directory.path().join("door.mp4");
    let tracks: [(String, Arc<dyn Track>); 2] = [
        ("v".to_owned(), video.clone()),
        ("a".to_owned(), audio.clone()),
    ];
    let recording = Recording::start(&file, &tracks).unwrap();
    for ms in (0..2_000).step_by(20) {
        if ms % 40 == 0 {
            video.send(&camera.frame(ms, ms % 1_000 == 0));
        }
        audio.send(&microphone.frame(ms));
    }
    recording.stop();
    decode(&file);
    assert_eq!(
        probe(
            &file,
            "stream=codec_name,width,height,start_time,nb_read_packets"
        ),
        "h264,64,48,0.000000,50\nopus,0.000000,100\n"
    );
    assert_eq!(probe(&file, "format=duration").trim(), "2.000000");
}

#[test]
fn the_file_of_a_killed_process_is_decoded_as_far_as_it_goes() {
    if !has_ffmpeg("the_file_of_a_killed_process_is_decoded_as_far_as_it_goes") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let stream = Stream::start(StreamConfig {
        name: "test".to_owned(),
        source: SourceSpec::Test,
        options: SourceOptions {
            size: Some(Size::new(320, 180)),
            ..SourceOptions::default()
        },
        encoder: EncoderSettings::default(),
    })
    .unwrap();
    let file = directory.path().join("door.mp4");
    let track: Arc<dyn Track> = Arc::new(stream.clone());
    let recording = Recording::start(&file, &[("v".to_owned(), track)]).unwrap();
    // What is on the disk at any moment is what a killed process leaves.
    let copy = directory.path().join("copy.mp4");
    wait_until(|| {
        std::fs::copy(&file, &copy).unwrap();
        let times = match length(&copy) {
            // The header alone has nothing to be decoded.
            ..2_000 => String::new(),
            _ => {
                decode(&copy);
                probe(&copy, "packet=pts_time")
            }
        };
        let last = times.lines().last().unwrap_or_default();
        last.trim_end_matches(',')
            .parse()
            .is_ok_and(|last: f64| last > 1.5)
    });
    recording.stop();
    stream.stop();
    decode(&file);
    assert_eq!(
        probe(&file, "stream=codec_name,width,height").trim(),
        "h264,320,180"
    );
}
