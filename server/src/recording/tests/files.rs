//! When files begin and end, and what is in them.

use mp4_atom::{Any, Decode, Moof, Moov};

use super::super::recorder::{Output, Recorder};
use super::*;

/// What a file has of one track: milliseconds from its beginning, and whether it is a key frame.
type Contents = Vec<(u64, bool)>;

/// A file as it would be on the disk.
#[derive(Default)]
struct Recorded {
    header: Vec<u8>,
    fragments: Vec<u8>,
    ended: bool,
}

impl Recorded {
    fn moov(&self) -> Moov {
        let atoms = atoms(&self.header);
        let moov = atoms.into_iter().find_map(|atom| match atom {
            Any::Moov(moov) => Some(moov),
            _ => None,
        });
        moov.unwrap()
    }

    fn fragments(&self) -> Vec<Moof> {
        let atoms = atoms(&self.fragments).into_iter();
        let fragments = atoms.filter_map(|atom| match atom {
            Any::Moof(moof) => Some(moof),
            _ => None,
        });
        fragments.collect()
    }

    /// What is in the file of its `number`th track, from 1.
    fn track(&self, number: u32) -> Contents {
        let moov = self.moov();
        let rate = u64::from(moov.trak[number as usize - 1].mdia.mdhd.timescale);
        let mut contents = Contents::new();
        for traf in self.fragments().iter().flat_map(|moof| &moof.traf) {
            if traf.tfhd.track_id == number {
                let mut time = traf.tfdt.as_ref().unwrap().base_media_decode_time;
                for sample in traf.trun[0].samples.iter() {
                    let key = sample.flags == Some(0x0200_0000);
                    contents.push((time * 1_000 / rate, key));
                    time += u64::from(sample.duration.unwrap());
                }
            }
        }
        contents
    }
}

fn atoms(mut bytes: &[u8]) -> Vec<Any> {
    let mut atoms = Vec::new();
    while !bytes.is_empty() {
        atoms.push(Any::decode(&mut bytes).unwrap());
    }
    atoms
}

/// A recorder and what it has made so far.
struct Bench {
    clock: Clock,
    recorder: Recorder,
    files: Vec<Recorded>,
    asked: Vec<usize>,
    /// How often it was said that there would be too many files.
    too_many: u32,
}

impl Bench {
    fn new(formats: &[Format]) -> Bench {
        Bench {
            clock: Clock::new(),
            recorder: Recorder::new(formats.iter().cloned()),
            files: Vec::new(),
            asked: Vec::new(),
            too_many: 0,
        }
    }

    fn with_sound() -> Bench {
        Bench::new(&[Camera::format(), Microphone::format()])
    }

    fn frame(&mut self, ms: u64, track: usize, frame: &Frame) {
        self.recorder
            .frame(self.clock.at(ms), track, frame)
            .unwrap();
        self.drain();
    }

    fn pass(&mut self, ms: u64) {
        self.recorder.handle_timeout(self.clock.at(ms)).unwrap();
        self.drain();
    }

    fn end(&mut self, ms: u64) {
        self.recorder.end(self.clock.at(ms)).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.recorder.poll_output() {
            match output {
                Output::Begin(header) => self.files.push(Recorded {
                    header,
                    ..Recorded::default()
                }),
                Output::Append(fragment) => {
                    self.files.last_mut().unwrap().fragments.extend(fragment);
                }
                Output::End(ending) => {
                    let file = self.files.last_mut().unwrap();
                    assert_eq!(file.header.len(), ending.header.len());
                    file.header = ending.header;
                    file.fragments.extend(ending.tail);
                    file.ended = true;
                }
                Output::AskForKeyFrame(track) => self.asked.push(track),
                Output::TooManyFiles => self.too_many += 1,
            }
        }
    }
}

/// How many frames there are in the bytes of a file.
pub(super) fn frames(bytes: &[u8]) -> usize {
    let fragments = atoms(bytes).into_iter().map(|atom| match atom {
        Any::Moof(moof) => moof
            .traf
            .iter()
            .map(|traf| traf.trun[0].samples.len())
            .sum(),
        _ => 0,
    });
    fragments.sum()
}

fn times(contents: &Contents) -> Vec<u64> {
    contents.iter().map(|(time, _)| *time).collect()
}

#[test]
fn a_file_begins_with_a_key_frame() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    camera.frame(0, true);
    for ms in [40, 80] {
        bench.frame(ms, 0, &camera.frame(ms, false));
    }
    assert!(bench.files.is_empty());
    assert_eq!(bench.asked, [0], "a key frame is asked for, once");
    bench.frame(120, 0, &camera.frame(120, true));
    bench.frame(160, 0, &camera.frame(160, false));
    bench.end(160);
    assert_eq!(bench.files[0].track(1), [(0, true), (40, false)]);
}

#[test]
fn a_header_tells_size_and_parameters_and_in_the_end_the_duration() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    for ms in (0..1_000).step_by(40) {
        bench.frame(ms, 0, &camera.frame(ms, ms == 0));
    }
    let duration = |file: &Recorded| {
        let mvex = file.moov().mvex.unwrap();
        mvex.mehd.unwrap().fragment_duration
    };
    assert_eq!(duration(&bench.files[0]), 0);
    bench.end(1_000);
    assert_eq!(duration(&bench.files[0]), 1_000);
    let moov = bench.files[0].moov();
    let mp4_atom::Codec::Avc1(avc1) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else {
        panic!("{moov:?}")
    };
    assert_eq!((avc1.visual.width, avc1.visual.height), (64, 48));
    assert_eq!(avc1.avcc.sequence_parameter_sets.len(), 1);
}

#[test]
fn sound_from_before_the_first_picture_is_left_out_and_the_rest_is_in_time() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    let mut microphone = Microphone::new(bench.clock);
    for ms in (0..300).step_by(20) {
        if ms >= 100 && ms % 40 == 0 {
            bench.frame(ms, 0, &camera.frame(ms, ms == 120));
        }
        bench.frame(ms, 1, &microphone.frame(ms));
    }
    bench.end(300);
    let file = &bench.files[0];
    assert_eq!(times(&file.track(1)), [0, 40, 80, 120, 160]);
    assert_eq!(
        times(&file.track(2)),
        [0, 20, 40, 60, 80, 100, 120, 140, 160]
    );
}

#[test]
fn sound_alone_is_recorded_at_once() {
    let mut bench = Bench::new(&[Microphone::format()]);
    let mut microphone = Microphone::new(bench.clock);
    for ms in [0, 20, 40] {
        bench.frame(ms, 0, &microphone.frame(ms));
    }
    bench.end(40);
    assert_eq!(times(&bench.files[0].track(1)), [0, 20, 40]);
}

#[test]
fn a_silent_track_is_waited_for_a_second_and_nothing_is_lost_meanwhile() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    for ms in (0..1_000).step_by(40) {
        bench.frame(ms, 0, &camera.frame(ms, ms == 0));
    }
    assert!(bench.files.is_empty());
    bench.pass(1_000);
    bench.end(1_000);
    let file = &bench.files[0];
    assert_eq!(file.moov().trak.len(), 1);
    assert_eq!(file.track(1).len(), 25);
}

#[test]
fn a_track_that_begins_later_is_in_the_next_file() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    let mut microphone = Microphone::new(bench.clock);
    for ms in (0..2_000).step_by(40) {
        bench.frame(ms, 0, &camera.frame(ms, ms == 0));
    }
    bench.frame(2_000, 1, &microphone.frame(2_000));
    assert_eq!(bench.asked, [0]);
    bench.frame(2_020, 1, &microphone.frame(2_020));
    bench.frame(2_040, 0, &camera.frame(2_040, true));
    bench.frame(2_040, 1, &microphone.frame(2_040));
    bench.end(2_080);
    assert!(bench.files[0].ended);
    assert_eq!(bench.files[0].track(1).len(), 50);
    assert_eq!(bench.files[1].track(1), [(0, true)]);
    assert_eq!(times(&bench.files[1].track(2)), [0]);
}

#[test]
fn another_size_begins_another_file() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    bench.frame(0, 0, &camera.frame(0, true));
    bench.frame(40, 0, &camera.frame(40, false));
    camera.size = LARGE;
    bench.frame(80, 0, &camera.frame(80, true));
    bench.frame(120, 0, &camera.frame(120, false));
    bench.end(120);
    let widths: Vec<u16> = bench
        .files
        .iter()
        .map(|file| file.moov().trak[0].tkhd.width.integer())
        .collect();
    assert_eq!(widths, [64, 96]);
    for file in &bench.files {
        assert_eq!(file.track(1), [(0, true), (40, false)]);
    }
}

#[test]
fn a_track_that_has_fallen_silent_is_not_in_the_next_file() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    let mut microphone = Microphone::new(bench.clock);
    bench.frame(0, 0, &camera.frame(0, true));
    bench.frame(0, 1, &microphone.frame(0));
    camera.size = LARGE;
    bench.frame(40, 0, &camera.frame(40, true));
    bench.pass(1_040);
    bench.end(1_040);
    let tracks = bench.files.iter().map(|file| file.moov().trak.len());
    assert_eq!(tracks.collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn another_size_while_a_track_is_waited_for_leaves_no_mixture() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    bench.frame(0, 0, &camera.frame(0, true));
    camera.size = LARGE;
    bench.frame(40, 0, &camera.frame(40, true));
    bench.end(1_100);
    assert_eq!(bench.files.len(), 1);
    assert_eq!(bench.files[0].moov().trak[0].tkhd.width.integer(), 96);
    assert_eq!(bench.files[0].track(1), [(0, true)]);
}

#[test]
fn a_sender_whose_pictures_change_all_the_time_makes_few_files() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    let mut microphone = Microphone::new(bench.clock);
    for ms in (0..60_000).step_by(200) {
        camera.size = if ms % 400 == 0 { SMALL } else { LARGE };
        bench.frame(ms, 0, &camera.frame(ms, true));
        bench.frame(ms, 1, &microphone.frame(ms));
    }
    bench.end(60_000);
    assert!(bench.files.len() <= 10, "{}", bench.files.len());
    assert_eq!(bench.too_many, 1);
    // What fits goes on, and so does the sound.
    let last = bench.files.last().unwrap();
    assert!(last.track(1).len() > 15, "{:?}", last.track(1));
    assert!(last.track(2).len() > 30, "{:?}", last.track(2));
}

#[test]
fn pictures_that_change_all_the_time_do_not_put_off_the_first_file() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    for ms in (0..2_000).step_by(200) {
        camera.size = if ms % 400 == 0 { SMALL } else { LARGE };
        bench.frame(ms, 0, &camera.frame(ms, true));
    }
    assert!(!bench.files.is_empty());
}

#[test]
fn pictures_of_other_parameters_than_the_headers_wait_for_a_key_frame() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    bench.frame(0, 0, &camera.frame(0, true));
    let mut changed = Arc::into_inner(camera.frame(40, false)).unwrap();
    changed
        .packets
        .insert(0, Bytes::from_static(&[0x68, 0xce, 0x38, 0x80]));
    bench.frame(40, 0, &changed);
    bench.frame(80, 0, &camera.frame(80, false));
    bench.frame(120, 0, &camera.frame(120, true));
    bench.end(160);
    assert_eq!(bench.asked, [0]);
    assert_eq!(bench.files[0].track(1), [(0, true), (120, true)]);
}

#[test]
fn the_same_parameters_again_begin_no_other_file() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    for ms in (0..400).step_by(40) {
        bench.frame(ms, 0, &camera.frame(ms, ms % 120 == 0));
    }
    bench.end(400);
    assert_eq!(bench.files.len(), 1);
    assert_eq!(bench.files[0].track(1).len(), 10);
}

#[test]
fn two_pictures_are_in_one_file_and_a_change_of_either_begins_another_for_both() {
    let mut bench = Bench::new(&[Camera::format(), Camera::format()]);
    let (mut left, mut right) = (Camera::new(bench.clock), Camera::new(bench.clock));
    for ms in (0..400).step_by(40) {
        left.size = if ms < 200 { SMALL } else { LARGE };
        let is_key = ms % 200 == 0;
        bench.frame(ms, 0, &left.frame(ms, is_key));
        bench.frame(ms, 1, &right.frame(ms, is_key));
    }
    bench.end(400);
    assert_eq!(bench.files.len(), 2);
    for file in &bench.files {
        for track in [1, 2] {
            assert_eq!(times(&file.track(track)), [0, 40, 80, 120, 160]);
        }
    }
}

#[test]
fn after_a_loss_nothing_is_kept_before_the_next_key_frame() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    bench.frame(0, 0, &camera.frame(0, true));
    bench.frame(40, 0, &camera.frame(40, false));
    camera.frame(80, false);
    for ms in [120, 160] {
        bench.frame(ms, 0, &camera.frame(ms, false));
    }
    assert_eq!(bench.asked, [0]);
    bench.frame(200, 0, &camera.frame(200, true));
    bench.end(240);
    let expected = [(0, true), (40, false), (200, true)];
    assert_eq!(bench.files[0].track(1), expected);
    assert_eq!(bench.files.len(), 1);
}

#[test]
fn a_frame_that_comes_twice_is_kept_once() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    let (key, next) = (camera.frame(0, true), camera.frame(40, false));
    for frame in [&next, &key, &next, &next, &key] {
        bench.frame(40, 0, frame);
    }
    bench.end(80);
    assert_eq!(bench.files[0].track(1).len(), 2);
}

#[test]
fn less_than_a_second_is_not_yet_written() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    let mut microphone = Microphone::new(bench.clock);
    for ms in (0..5_000).step_by(20) {
        bench.frame(ms, 1, &microphone.frame(ms));
        if ms % 40 == 0 {
            bench.frame(ms, 0, &camera.frame(ms, ms == 0));
        }
        if ms >= 1_000 {
            for track in [1, 2] {
                let (last, _) = *bench.files[0].track(track).last().unwrap();
                assert!(last + 1_000 > ms, "{last} of {ms}");
            }
        }
    }
}

#[test]
fn what_was_recorded_is_written_even_if_nothing_follows() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    for ms in [0, 40, 80] {
        bench.frame(ms, 0, &camera.frame(ms, ms == 0));
    }
    let due = bench.recorder.poll_timeout().unwrap();
    assert!(due <= bench.clock.at(540));
    bench.recorder.handle_timeout(due).unwrap();
    bench.drain();
    assert_eq!(bench.files[0].track(1).len(), 2);
    let due = bench.recorder.poll_timeout().unwrap();
    assert!(due <= bench.clock.at(580));
    bench.recorder.handle_timeout(due).unwrap();
    bench.drain();
    assert_eq!(bench.files[0].track(1).len(), 3);
    assert_eq!(bench.recorder.poll_timeout(), None);
}

#[test]
fn a_picture_is_written_within_a_second_however_late_the_next_is() {
    let mut bench = Bench::with_sound();
    let mut camera = Camera::new(bench.clock);
    for slide in 0..3_u64 {
        let ms = slide * 10_000;
        bench.frame(ms, 0, &camera.frame(ms, slide == 0));
        while let Some(due) = bench.recorder.poll_timeout() {
            assert!(due <= bench.clock.at(ms + 1_000), "{slide}");
            bench.recorder.handle_timeout(due).unwrap();
            bench.drain();
        }
        let written = bench.files[0].track(1);
        assert_eq!(written.last(), Some(&(ms, slide == 0)));
    }
    bench.end(20_000);
    assert_eq!(times(&bench.files[0].track(1)), [0, 10_000, 20_000]);
    let mvex = bench.files[0].moov().mvex.unwrap();
    assert!(mvex.mehd.unwrap().fragment_duration > 20_000);
}

#[test]
fn a_stall_of_the_network_leaves_sound_as_it_was() {
    let mut bench = Bench::new(&[Microphone::format()]);
    let mut microphone = Microphone::new(bench.clock);
    for ms in (0..6_000).step_by(20) {
        // What was to come in this time comes at its end. It was captured on arrival.
        let arrives = if (2_000..3_500).contains(&ms) {
            3_500
        } else {
            ms
        };
        let mut frame = Arc::into_inner(microphone.frame(ms)).unwrap();
        frame.captured = bench.clock.captured(arrives);
        while let Some(due) = bench
            .recorder
            .poll_timeout()
            .filter(|due| *due < bench.clock.at(arrives))
        {
            bench.recorder.handle_timeout(due).unwrap();
        }
        bench.frame(arrives, 0, &frame);
    }
    bench.end(6_000);
    let expected: Vec<u64> = (0..6_000).step_by(20).collect();
    assert_eq!(times(&bench.files[0].track(1)), expected);
}

#[test]
fn a_source_that_makes_key_frames_only_when_asked_is_asked() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    for ms in (0..8_100).step_by(100) {
        let key = ms == 0 || bench.asked.len() == 1;
        if key {
            bench.asked.clear();
        }
        bench.frame(ms, 0, &camera.frame(ms, key));
    }
    bench.end(8_100);
    let contents = bench.files[0].track(1);
    let keys: Vec<_> = contents.iter().filter(|(_, key)| *key).collect();
    assert_eq!(keys, [&(0, true), &(4_100, true)]);
}

#[test]
fn the_index_leads_to_every_fragment_with_a_key_frame() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    for ms in (0..3_000).step_by(40) {
        bench.frame(ms, 0, &camera.frame(ms, ms % 1_000 == 0));
    }
    bench.end(3_000);
    let file = &bench.files[0];
    let index = atoms(&file.fragments)
        .into_iter()
        .find_map(|atom| match atom {
            Any::Mfra(mfra) => Some(mfra),
            _ => None,
        });
    let entries = index.unwrap().tfra.remove(0).entries;
    assert_eq!(entries.len(), 3);
    for (second, entry) in entries.iter().enumerate() {
        assert_eq!(entry.time, 90_000 * second as u64);
        let at = entry.moof_offset as usize - file.header.len();
        assert_eq!(&file.fragments[at + 4..at + 8], b"moof");
    }
}

#[test]
fn a_recording_without_a_key_frame_has_no_file() {
    let mut bench = Bench::new(&[Camera::format()]);
    let mut camera = Camera::new(bench.clock);
    camera.frame(0, true);
    bench.frame(40, 0, &camera.frame(40, false));
    bench.end(5_000);
    assert!(bench.files.is_empty());
}
