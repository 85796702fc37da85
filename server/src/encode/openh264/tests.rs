//! What the rest of Fanlight relies on in the encoder, checked against a decoder.

use super::*;
use crate::encode::annex_b;
use fanlight_protocol::strip;
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;
use std::ops::RangeInclusive;

const SIZE: Size = Size::new(640, 360);
const FPS: u32 = 30;

/// Encodes made-up pictures at an even rate.
struct Bench {
    encoder: OpenH264,
    size: Size,
    fps: u32,
    count: u32,
    random: u32,
}

impl Bench {
    fn new(kbps: u32) -> Bench {
        let settings = EncoderSettings {
            kbps,
            ..EncoderSettings::default()
        };
        let encoder = OpenH264::new(&settings, FPS as f32).unwrap();
        Bench {
            encoder,
            size: SIZE,
            fps: FPS,
            count: 0,
            random: 1,
        }
    }

    /// A gradient that moves, under noise that cannot be predicted.
    fn picture(&mut self) -> Picture {
        let mut picture = Picture::empty();
        let planes = picture.reshape(self.size);
        let width = self.size.width as usize;
        for (n, pixel) in planes.y.iter_mut().enumerate() {
            self.random = self
                .random
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            let noise = (self.random >> 26) as u8;
            *pixel = ((n % width + n / width) as u8).wrapping_add(self.count as u8) / 2 + noise;
        }
        planes.u.fill(100);
        planes.v.fill(150);
        picture
    }

    fn encode(&mut self, picture: &Picture, key: bool) -> Vec<u8> {
        let at = Duration::from_secs(1) * self.count / self.fps;
        self.count += 1;
        let mut out = Vec::new();
        self.encoder.encode(picture, at, key, &mut out).unwrap();
        out
    }

    fn next(&mut self, key: bool) -> Vec<u8> {
        let picture = self.picture();
        self.encode(&picture, key)
    }

    /// The bit rate of a hundred pictures, in kbit/s, after fifty in which it may settle.
    fn kbps(&mut self) -> u32 {
        for _ in 0..50 {
            self.next(false);
        }
        let bytes: usize = (0..100).map(|_| self.next(false).len()).sum();
        (bytes * 8 / 1000) as u32 * self.fps / 100
    }
}

fn types(access_unit: &[u8]) -> Vec<u8> {
    annex_b::units(access_unit)
        .map(annex_b::unit_type)
        .collect()
}

fn key_frame() -> Vec<u8> {
    vec![annex_b::SPS, annex_b::PPS, annex_b::IDR]
}

fn is_near(kbps: u32, wanted: u32) -> bool {
    (wanted * 6 / 10..=wanted * 13 / 10).contains(&kbps)
}

#[test]
fn only_the_first_of_300_pictures_is_an_idr() {
    let mut bench = Bench::new(1_000);
    assert_eq!(types(&bench.next(false)), key_frame());
    for n in 1..300 {
        assert_eq!(types(&bench.next(false)), [1], "picture {n}");
    }
}

#[test]
fn an_idr_comes_when_asked_for_with_its_parameter_sets() {
    let mut bench = Bench::new(1_000);
    for n in 0..20 {
        let wanted = n == 0 || n % 7 == 3;
        let units = types(&bench.next(wanted));
        assert_eq!(
            units,
            if wanted { key_frame() } else { vec![1] },
            "picture {n}"
        );
    }
}

#[test]
fn the_stream_is_constrained_baseline() {
    let access_unit = Bench::new(1_000).next(false);
    let sps = annex_b::units(&access_unit).next().unwrap();
    assert_eq!(sps[1], 66, "profile_idc");
    assert_eq!(sps[2] & 0x40, 0x40, "constraint_set1_flag");
}

#[test]
fn another_size_begins_with_an_idr_of_that_size() {
    let mut bench = Bench::new(1_000);
    let mut decoder = Decoder::new().unwrap();
    for size in [SIZE, Size::new(320, 240), Size::new(642, 482), SIZE] {
        bench.size = size;
        let access_unit = bench.next(false);
        assert_eq!(types(&access_unit), key_frame(), "{size}");
        assert_eq!(types(&bench.next(false)), [1], "{size}");
        let decoded = decoder.decode(&access_unit).unwrap().unwrap();
        assert_eq!(
            decoded.dimensions(),
            (size.width as usize, size.height as usize)
        );
    }
}

#[test]
fn other_colours_begin_with_an_idr() {
    let mut bench = Bench::new(1_000);
    bench.next(false);
    let mut picture = bench.picture();
    picture.matrix = Matrix::Bt709;
    assert_eq!(types(&bench.encode(&picture, false)), key_frame());
}

#[test]
fn the_bit_rate_holds_at_the_rate_of_the_source() {
    for fps in [10, 30, 60, 120, 240] {
        let mut bench = Bench::new(1_000);
        bench.fps = fps;
        bench.next(false);
        bench.encoder.set_fps(fps as f32).unwrap();
        let kbps = bench.kbps();
        assert!(
            is_near(kbps, 1_000),
            "{kbps} kbit/s at {fps} pictures a second"
        );
    }
}

#[test]
fn the_bit_rate_holds_at_120_pictures_a_second_from_the_start_and_when_it_changes() {
    let mut bench = Bench::new(1_500);
    bench.encoder.set_fps(120.0).unwrap();
    bench.fps = 120;
    let kbps = bench.kbps();
    assert!(is_near(kbps, 1_500), "{kbps} kbit/s from the start");
    bench.encoder.set_kbps(3_000).unwrap();
    let kbps = bench.kbps();
    assert!(is_near(kbps, 3_000), "{kbps} kbit/s after the change");
}

#[test]
fn the_bit_rate_changes_both_ways_while_running() {
    let mut bench = Bench::new(1_000);
    bench.next(false);
    for wanted in [3_000, 1_000, 2_000] {
        bench.encoder.set_kbps(wanted).unwrap();
        assert_eq!(
            types(&bench.next(false)),
            [1],
            "no key frame for a change of bit rate"
        );
        let kbps = bench.kbps();
        assert!(is_near(kbps, wanted), "{kbps} kbit/s instead of {wanted}");
    }
}

#[test]
fn a_changed_bit_rate_outlives_a_change_of_size() {
    let mut bench = Bench::new(500);
    bench.next(false);
    bench.encoder.set_kbps(2_000).unwrap();
    bench.size = Size::new(644, 364);
    let kbps = bench.kbps();
    assert!(is_near(kbps, 2_000), "{kbps} kbit/s");
}

#[test]
fn colours_survive_encoding_and_decoding() {
    let mut bench = Bench::new(1_000);
    let mut picture = bench.picture();
    let planes = picture.reshape(SIZE);
    planes.y.fill(86);
    planes.u.fill(107);
    planes.v.fill(202);
    let access_unit = bench.encode(&picture, false);
    let mut decoder = Decoder::new().unwrap();
    let decoded = decoder.decode(&access_unit).unwrap().unwrap();
    let near = |value: u8, wanted: u8| value.abs_diff(wanted) <= 2;
    assert!(near(decoded.y()[0], 86) && near(decoded.u()[0], 107) && near(decoded.v()[0], 202));
}

#[test]
fn the_strip_survives_encoding_and_decoding_at_a_low_rate() {
    let mut bench = Bench::new(150);
    let mut decoder = Decoder::new().unwrap();
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    for n in 0..30 {
        let mut picture = bench.picture();
        let micros = 1_790_000_000_000_000 + n * 33_333;
        let y = picture.reshape(SIZE).y;
        strip::write(width, height, micros, |column, row, luma| {
            y[row * width + column] = luma
        });
        let access_unit = bench.encode(&picture, false);
        let decoded = decoder.decode(&access_unit).unwrap().unwrap();
        let (stride, _, _) = decoded.strides();
        let read = strip::read(width, height, |x, y| decoded.y()[y * stride + x]);
        assert_eq!(read, Ok(micros), "picture {n}");
    }
}

#[test]
fn all_settings_that_are_accepted_encode() {
    let mut bench = Bench::new(1_000);
    bench.size = Size::new(64, 48);
    let encodes = |bench: &mut Bench, settings: EncoderSettings, fps: f32| {
        settings.check().unwrap();
        bench.encoder = OpenH264::new(&settings, fps).unwrap();
        let units = (types(&bench.next(false)), types(&bench.next(false)));
        assert_eq!(units, (key_frame(), vec![1]), "{settings:?} at {fps}");
    };
    let (least, most) = EncoderSettings::KBPS.into_inner();
    for finest in EncoderSettings::QP {
        for coarsest in finest..=*EncoderSettings::QP.end() {
            let qp = finest..=coarsest;
            encodes(&mut bench, EncoderSettings { kbps: 1_000, qp }, 30.0);
        }
    }
    for size in [Size::new(16, 16), SIZE] {
        bench.size = size;
        for (kbps, fps) in [(least, 1.0), (least, 240.0), (most, 1.0), (most, 240.0)] {
            let qp = EncoderSettings::QP;
            encodes(&mut bench, EncoderSettings { kbps, qp }, fps);
        }
    }
}

#[test]
fn settings_out_of_range_are_errors() {
    let settings = |kbps, qp| EncoderSettings { kbps, qp };
    let bad = [
        settings(0, 12..=51),
        settings(60_000, 12..=51),
        settings(1_000, 0..=51),
    ];
    for settings in bad.into_iter().chain([
        settings(1_000, 12..=52),
        settings(1_000, RangeInclusive::new(40, 30)),
    ]) {
        assert!(OpenH264::new(&settings, 30.0).is_err(), "{settings:?}");
    }
    let mut encoder = OpenH264::new(&EncoderSettings::default(), f32::NAN).unwrap();
    assert!(encoder.set_kbps(0).is_err());
}

#[test]
fn what_cannot_be_encoded_is_an_error() {
    let mut encoder = OpenH264::new(&EncoderSettings::default(), 30.0).unwrap();
    let mut picture = Picture::empty();
    for size in [Size::new(0, 0), Size::new(14, 14), Size::new(3842, 2160)] {
        picture.reshape(size);
        let result = encoder.encode(&picture, Duration::ZERO, false, &mut Vec::new());
        assert!(
            matches!(result, Err(EncodeError::Size(_))),
            "{size}: {result:?}"
        );
    }
}
