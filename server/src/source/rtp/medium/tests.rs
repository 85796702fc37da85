use std::net::{IpAddr, Ipv4Addr};

use rtc::rtcp::packet::unmarshal;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;

use super::super::feedback::REPORT_INTERVAL;
use super::super::srtp::SrtpSuite;
use super::super::srtp::tests::{Encoder, key, open_rtcp};
use super::super::testing::Rtp;
use super::*;
use crate::ntp;
use crate::stream::{Codec, MAX_FIRST_PAYLOAD, MAX_PAYLOAD};

const SENDER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5_000);
const SPROP: &str = "sprop-parameter-sets=Z0LAH9o=,aM48gA==";
const IDR: [u8; 3] = [0x65, 0x88, 1];
const SLICE: [u8; 3] = [0x61, 0x88, 1];
/// The second half of a picture.
const LATER_SLICE: [u8; 3] = [0x61, 0x40, 1];

/// A medium, a clock and a sender.
struct Scene {
    start: Captured,
    ms: u64,
    medium: Medium,
    next: Rtp,
}

impl Scene {
    fn new() -> Scene {
        Scene::with(RtpConfig::default(), |_| {})
    }

    fn with(source: RtpConfig, change: impl Fn(&mut RtpMediaConfig)) -> Scene {
        let mut config = RtpMediaConfig::new("v", Codec::H264, 96);
        config.fmtp = SPROP.into();
        config.rtcp_port = Some(0);
        change(&mut config);
        Scene {
            start: Captured::now(),
            ms: 0,
            medium: Medium::new("test/v", &source, &config, 0xf00d).unwrap(),
            next: Rtp {
                sequence: 65_530,
                timestamp: 4_294_900_000,
                marker: true,
                ..Rtp::default()
            },
        }
    }

    fn now(&self) -> Captured {
        let passed = Duration::from_millis(self.ms);
        Captured {
            at: self.start.at + passed,
            wall: self.start.wall + passed,
        }
    }

    /// Lets time pass, and does what is due on the way.
    fn wait(&mut self, ms: u64) {
        for _ in 0..ms {
            self.ms += 1;
            let now = self.now();
            if self
                .medium
                .poll_timeout(now.at)
                .is_some_and(|due| due <= now.at)
            {
                self.medium.handle_timeout(now);
            }
        }
    }

    fn receive(&mut self, datagram: Bytes) {
        self.medium.receive_rtp(self.now(), SENDER, datagram);
    }

    /// Sends a packet that is a frame, 40 ms after the one before.
    fn send(&mut self, payload: &[u8]) {
        let datagram = self.pack(payload);
        self.receive(datagram);
    }

    /// The datagram of a frame that is not sent, or later.
    fn pack(&mut self, payload: &[u8]) -> Bytes {
        self.wait(40);
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.timestamp = self.next.timestamp.wrapping_add(3_600);
        self.next.with(payload)
    }

    /// Number, RTP time in frames of 40 ms, and whether it is a key frame.
    fn frames(&mut self) -> Vec<(u64, u32, bool)> {
        std::iter::from_fn(|| self.medium.poll_frame())
            .map(|frame| (frame.number, frame.timestamp / 3_600, frame.idr))
            .collect()
    }

    fn stats(&self) -> RtpStats {
        self.medium.figures().stats
    }
}

#[test]
fn frames_are_numbered_and_timed_from_zero() {
    let mut scene = Scene::new();
    for payload in [&IDR, &SLICE, &SLICE] {
        scene.send(payload);
    }
    let frames: Vec<Frame> = std::iter::from_fn(|| scene.medium.poll_frame()).collect();
    let firsts = frames.iter().map(|frame| frame.first_packet);
    assert!(firsts.eq([0, 3, 4]));
    assert_eq!(frames[2].timestamp, 7_200);
    assert_eq!(frames[2].captured, scene.now());
    assert_eq!(scene.stats().packets, 3);
    assert_eq!(scene.stats().bytes, 9);
    assert_eq!((scene.stats().frames, scene.stats().key_frames), (3, 1));
    assert_eq!(scene.medium.figures().heard, Some(scene.now().at));
}

#[test]
fn after_a_loss_the_numbers_have_a_gap_and_time_goes_on() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.pack(&SLICE);
    scene.send(&SLICE);
    scene.wait(20);
    scene.ms -= 20;
    scene.send(&IDR);
    assert_eq!(scene.frames(), [(0, 0, true), (2, 2, false), (3, 3, true)]);
    assert_eq!(scene.stats().lost, 1);
    assert_eq!(
        scene.medium.poll_timeout(scene.now().at),
        Some(scene.now().at + REPORT_INTERVAL - Duration::from_millis(120))
    );
}

#[test]
fn a_packet_that_was_overtaken_is_put_back_and_nothing_is_lost() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    let late = scene.pack(&SLICE);
    scene.ms -= 30;
    scene.send(&SLICE);
    scene.ms -= 35;
    assert_eq!(scene.frames(), [(0, 0, true)]);
    scene.receive(late.clone());
    scene.receive(late);
    assert_eq!(scene.frames(), [(1, 1, false), (2, 2, false)]);
    assert_eq!((scene.stats().lost, scene.stats().late), (0, 1));
}

#[test]
fn a_damaged_frame_is_left_out() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.next.marker = false;
    scene.send(&SLICE);
    let lost = scene.pack(&LATER_SLICE);
    drop(lost);
    scene.next.marker = true;
    scene.next.timestamp -= 3_600;
    scene.send(&LATER_SLICE);
    scene.wait(20);
    scene.send(&IDR);
    let frames = scene.frames();
    assert_eq!(frames.len(), 2);
    assert!(frames[1].0 > 1 && frames[1].2);
    assert!(scene.stats().damaged > 0);
}

#[test]
fn what_is_no_rtp_or_has_another_payload_type_is_ignored_and_counted() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.receive(Bytes::from_static(b"GET / HTTP/1.1"));
    scene.receive(Bytes::new());
    let other = Rtp {
        payload_type: 97,
        ssrc: 99,
        ..scene.next
    };
    scene.receive(other.with(&IDR));
    scene.send(&SLICE);
    assert_eq!(scene.frames(), [(0, 0, true), (1, 1, false)]);
    assert_eq!((scene.stats().malformed, scene.stats().wrong_type), (2, 1));
    assert_eq!(scene.stats().packets, 2);
}

#[test]
fn a_sender_that_uses_another_payload_type_is_followed() {
    let mut scene = Scene::new();
    scene.next.payload_type = 97;
    scene.send(&IDR);
    scene.send(&SLICE);
    assert_eq!(scene.frames(), [(0, 0, true), (1, 1, false)]);
    assert_eq!(scene.stats().wrong_type, 0);
    // It makes room for one that uses the right one at once, and for others when it is silent.
    scene.next.payload_type = 96;
    scene.next.ssrc = 2;
    scene.send(&IDR);
    scene.next.payload_type = 97;
    scene.next.ssrc = 3;
    scene.send(&IDR);
    assert_eq!((scene.frames().len(), scene.stats().wrong_type), (1, 1));
    scene.wait(1_000);
    scene.send(&IDR);
    assert_eq!((scene.frames().len(), scene.stats().wrong_type), (1, 1));
}

#[test]
fn another_sender_takes_over_and_time_goes_on_by_the_clock() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.send(&SLICE);
    scene.wait(960);
    scene.next = Rtp {
        sequence: 7,
        timestamp: 1_234,
        ssrc: 2,
        marker: true,
        ..Rtp::default()
    };
    scene.send(&SLICE);
    scene.send(&IDR);
    assert_eq!(
        scene.frames(),
        [(0, 0, true), (1, 1, false), (3, 26, false), (4, 27, true)]
    );
    assert_eq!((scene.stats().restarts, scene.stats().lost), (1, 0));
}

#[test]
fn a_sender_that_begins_anew_under_its_old_name_is_followed() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.wait(80);
    scene.next.sequence = 20_000;
    scene.next.timestamp = 5;
    scene.send(&IDR);
    scene.send(&SLICE);
    let frames = scene.frames();
    assert_eq!(frames, [(0, 0, true), (2, 3, true), (3, 4, false)]);
    assert_eq!(scene.stats().restarts, 1);
}

#[test]
fn within_the_collision_window_another_sender_is_ignored() {
    let source = RtpConfig {
        collision: Some(Duration::from_millis(500)),
        ..RtpConfig::default()
    };
    let mut scene = Scene::with(source, |_| {});
    scene.send(&IDR);
    let intruder = Rtp {
        ssrc: 2,
        ..scene.next
    };
    scene.receive(intruder.with(&IDR));
    scene.send(&SLICE);
    assert_eq!(scene.frames(), [(0, 0, true), (1, 1, false)]);
    assert_eq!((scene.stats().collided, scene.stats().restarts), (1, 0));
    scene.wait(500);
    scene.receive(intruder.with(&IDR));
    assert_eq!(scene.frames().len(), 1);
    assert_eq!(scene.stats().restarts, 1);
}

/// A sender report of this SSRC that says that it was this RTP time at the sender at `wall`.
fn report(ssrc: u32, wall: std::time::SystemTime, rtp: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(ntp::from(wall).to_be_bytes());
    bytes.extend(rtp.to_be_bytes());
    bytes.extend([0; 8]);
    bytes
}

#[test]
fn a_report_tells_when_frames_were_captured_even_if_it_comes_before_them() {
    let mut scene = Scene::new();
    let told = report(1, scene.now().wall, scene.next.timestamp);
    scene.medium.receive_rtcp(scene.now(), SENDER, &told);
    scene.wait(30);
    // Due after 40 ms, it comes after 70.
    scene.send(&IDR);
    let frame = scene.medium.poll_frame().unwrap();
    let age = scene.now().at - frame.captured.at;
    assert!((29..=31).contains(&age.as_millis()), "{age:?}");
}

#[test]
fn a_frame_may_say_itself_when_it_was_captured() {
    let mut scene = Scene::with(RtpConfig::default(), |media| {
        media.abs_capture_time = Some(3);
    });
    scene.wait(100);
    let told = report(0, scene.start.wall, 0);
    let mut datagram = scene.next.with(&[]).to_vec();
    datagram[0] |= 0x10;
    datagram.extend([0xbe, 0xde, 0, 3, 0x37]);
    datagram.extend(&told[8..16]);
    datagram.extend([0; 3]);
    datagram.extend(IDR);
    scene.receive(datagram.into());
    let frame = scene.medium.poll_frame().unwrap();
    let age = scene.now().at - frame.captured.at;
    assert!((99..=101).contains(&age.as_millis()), "{age:?}");
}

/// The times in ms when the sender was asked for a key frame, and where.
fn asked(scene: &mut Scene, ms: u64) -> Vec<(u64, u16)> {
    let mut asked = Vec::new();
    for _ in 0..ms {
        scene.wait(1);
        while let Some((to, mut datagram)) = scene.medium.poll_transmit() {
            let is_pli = |packet: &PictureLossIndication| packet.media_ssrc == scene.next.ssrc;
            let packets = unmarshal(&mut datagram).unwrap();
            let last = packets.last().unwrap().as_any();
            if last.downcast_ref().is_some_and(is_pli) {
                asked.push((scene.ms, to.port()));
            }
        }
    }
    asked
}

#[test]
fn a_key_frame_is_asked_for_at_most_three_times_a_second() {
    let mut scene = Scene::new();
    scene.send(&SLICE);
    assert_eq!(asked(&mut scene, 60), []);
    for _ in 0..100 {
        scene.medium.request_key_frame();
    }
    // Nothing is known but where RTP comes from.
    assert_eq!(asked(&mut scene, 100), [(101, 5_001)]);
    scene.medium.request_key_frame();
    let told = report(1, scene.now().wall, 0);
    let rtcp = SocketAddr::new(SENDER.ip(), 7_777);
    scene.medium.receive_rtcp(scene.now(), rtcp, &told);
    assert_eq!(asked(&mut scene, 900), [(401, 7_777)]);
    // One that comes by itself answers, too.
    let idr = scene.pack(&IDR);
    scene.medium.request_key_frame();
    scene.receive(idr);
    assert_eq!(asked(&mut scene, 900), []);
    assert_eq!(scene.stats().key_frame_requests, 2);
}

#[test]
fn without_a_port_for_rtcp_nobody_is_asked_and_nothing_is_waited_for() {
    let mut scene = Scene::with(RtpConfig::default(), |media| media.rtcp_port = None);
    scene.send(&SLICE);
    scene.medium.request_key_frame();
    assert_eq!(scene.medium.poll_timeout(scene.now().at), None);
    scene.medium.handle_timeout(scene.now());
    assert!(scene.medium.poll_transmit().is_none());
}

#[test]
fn a_sender_is_told_how_its_packets_arrive_while_some_do() {
    let mut scene = Scene::new();
    assert_eq!(scene.medium.poll_timeout(scene.now().at), None);
    scene.send(&IDR);
    scene.pack(&SLICE);
    scene.send(&SLICE);
    scene.wait(6_000);
    let (to, mut datagram) = scene.medium.poll_transmit().unwrap();
    assert_eq!(to.port(), SENDER.port() + 1);
    let packets = unmarshal(&mut datagram).unwrap();
    let report = packets[0]
        .as_any()
        .downcast_ref::<ReceiverReport>()
        .unwrap();
    assert_eq!(report.ssrc, 0xf00d);
    assert_eq!(
        (report.reports[0].ssrc, report.reports[0].total_lost),
        (1, 1)
    );
    assert!(scene.medium.poll_transmit().is_none());
    assert_eq!(scene.medium.poll_timeout(scene.now().at), None);
}

#[test]
fn a_number_out_of_all_order_makes_no_loss_in_reports() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    let astray = Rtp {
        sequence: scene.next.sequence.wrapping_add(30_000),
        ..scene.next
    };
    scene.receive(astray.with(&SLICE));
    scene.receive(astray.with(&SLICE));
    scene.send(&SLICE);
    scene.wait(6_000);
    let (_, mut datagram) = scene.medium.poll_transmit().unwrap();
    let packets = unmarshal(&mut datagram).unwrap();
    let report = packets[0].as_any().downcast_ref::<ReceiverReport>();
    let report = &report.unwrap().reports[0];
    assert_eq!((report.total_lost, report.fraction_lost), (0, 0));
    assert_eq!(report.last_sequence_number as u16, scene.next.sequence);
}

#[test]
fn a_sender_that_counts_anew_tells_the_time_anew() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    let ahead = scene.next.timestamp.wrapping_add(90_000);
    let told = report(1, scene.now().wall, ahead);
    scene.medium.receive_rtcp(scene.now(), SENDER, &told);
    scene.next.sequence = 20_000;
    scene.send(&IDR);
    scene.send(&SLICE);
    let last = std::iter::from_fn(|| scene.medium.poll_frame()).last();
    assert_eq!(last.unwrap().captured, scene.now());
}

#[test]
fn what_a_goodbye_overtook_makes_no_gap() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    let bye = [0x81, 203, 0, 1, 0, 0, 0, 1];
    scene.medium.receive_rtcp(scene.now(), SENDER, &bye);
    scene.send(&SLICE);
    assert_eq!(scene.frames(), [(0, 0, true), (1, 1, false)]);
    assert_eq!(scene.stats().restarts, 0);
}

#[test]
fn what_waited_of_a_forgotten_sender_does_not_come_out() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.pack(&SLICE);
    scene.send(&SLICE);
    scene.medium.forget_sender();
    scene.wait(100);
    assert_eq!(scene.frames(), [(0, 0, true)]);
}

#[test]
fn a_forgotten_sender_begins_anew() {
    let mut scene = Scene::new();
    scene.send(&IDR);
    scene.medium.forget_sender();
    scene.send(&IDR);
    assert_eq!(scene.frames(), [(0, 0, true), (2, 1, true)]);
}

#[test]
fn what_is_encrypted_is_understood_and_so_is_what_goes_back() {
    let key = key(SrtpSuite::AeadAes128Gcm);
    let mut encoder = Encoder::new(&key, 1);
    let source = RtpConfig {
        srtp: Some(key.clone()),
        ..RtpConfig::default()
    };
    let mut scene = Scene::with(source, |_| {});
    for payload in [&IDR, &SLICE] {
        let plain = scene.pack(payload);
        scene.receive(plain.clone());
        scene.receive(encoder.protect(&plain));
    }
    assert_eq!(scene.frames(), [(0, 0, true), (1, 1, false)]);
    assert_eq!(scene.stats().malformed, 2);
    scene.wait(400);
    scene.medium.request_key_frame();
    scene.wait(1);
    let (_, datagram) = scene.medium.poll_transmit().unwrap();
    let packets = unmarshal(&mut open_rtcp(&key, &datagram)).unwrap();
    let pli = packets[2].as_any().downcast_ref::<PictureLossIndication>();
    assert_eq!(pli.unwrap().media_ssrc, 1);
}

/// Random numbers that are the same in each run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        let Dice(state) = self;
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % sides
    }
}

/// How the first packet of a frame begins, and how the others do.
fn heads(codec: Codec, key: bool) -> [&'static [u8]; 2] {
    match (codec, key) {
        (Codec::Vp8, true) => [&[0x10, 0x10], &[0x00]],
        (Codec::Vp8, false) => [&[0x10, 0x11], &[0x00]],
        (Codec::Vp9, true) => [&[0x08, 0x82], &[0x00]],
        (Codec::Vp9, false) => [&[0x48, 0x86], &[0x40]],
        (Codec::Av1, true) => [&[0x18, 0x0a], &[0x10, 0x32]],
        (Codec::Av1, false) => [&[0x10, 0x32], &[0x10, 0x32]],
        (_, true) => [&[0x65, 0x80], &[0x65, 0x40]],
        (_, false) => [&[0x61, 0x80], &[0x61, 0x40]],
    }
}

#[test]
fn on_a_bad_line_what_comes_out_is_whole_and_in_order() {
    let codecs = [Codec::H264, Codec::Vp8, Codec::Vp9, Codec::Av1];
    for (seed, codec) in (0..20).zip(codecs.into_iter().cycle()) {
        let mut dice = Dice(seed);
        let mut scene = Scene::with(RtpConfig::default(), |media| media.codec = codec);
        let mut on_the_way: Vec<(u64, Bytes)> = Vec::new();
        let mut frames = Vec::new();
        for n in 0..2_000_u64 {
            // Frames of three packets each, every tenth a key frame; each packet carries the
            // number of its frame.
            let [first, other] = heads(codec, n % 10 == 0);
            for part in 0..3 {
                scene.next.marker = part == 2;
                scene.next.sequence = scene.next.sequence.wrapping_add(1);
                let head = if part == 0 { first } else { other };
                let payload = [head, &n.to_be_bytes()].concat();
                let datagram = scene.next.with(&payload);
                match dice.roll(10) {
                    0..3 => {}
                    3 => on_the_way.push((scene.ms + dice.roll(30), datagram)),
                    4 => {
                        on_the_way.push((scene.ms, datagram.clone()));
                        on_the_way.push((scene.ms, datagram));
                    }
                    _ => on_the_way.push((scene.ms, datagram)),
                }
            }
            scene.next.timestamp = scene.next.timestamp.wrapping_add(3_600);
            for _ in 0..40 {
                let due = on_the_way.iter().position(|(at, _)| *at <= scene.ms);
                if let Some(index) = due {
                    let (_, datagram) = on_the_way.remove(index);
                    scene.receive(datagram);
                }
                scene.wait(1);
            }
            frames.extend(std::iter::from_fn(|| scene.medium.poll_frame()));
        }
        assert!(frames.len() > 200, "{codec:?}: {}", frames.len());
        let told = |frame: &Frame| {
            let last = frame.packets.last().unwrap();
            u64::from_be_bytes(*last.last_chunk().unwrap())
        };
        for pair in frames.windows(2) {
            let apart = told(&pair[1]) - told(&pair[0]);
            assert!(apart > 0);
            // The numbers have a gap exactly where frames are missing.
            assert_eq!(apart == 1, pair[1].number == pair[0].number + 1);
            assert!(pair[0].number < pair[1].number);
            let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert_eq!(u64::from(ticks), apart * 3_600);
            let packets = pair[0].packets.len() as u64;
            assert_eq!(pair[0].first_packet + packets, pair[1].first_packet);
        }
        for frame in &frames {
            assert_eq!(frame.idr, told(frame) % 10 == 0);
            // SPS and PPS come from the configuration.
            let sets = if frame.idr && codec == Codec::H264 {
                2
            } else {
                0
            };
            assert_eq!(frame.packets.len(), 3 + sets);
        }
    }
}

#[test]
fn garbage_of_all_kinds_makes_no_panic_and_no_packet_that_is_too_long() {
    let codecs = [Codec::H264, Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::Opus];
    for (seed, codec) in codecs.into_iter().enumerate() {
        let mut dice = Dice(seed as u64);
        let mut scene = Scene::with(RtpConfig::default(), |media| {
            media.codec = codec;
            media.abs_capture_time = Some(1);
        });
        for _ in 0..30_000 {
            let length = dice.roll(60);
            let mut bytes: Vec<u8> = (0..length).map(|_| dice.roll(256) as u8).collect();
            if dice.roll(20) > 0 && bytes.len() > 12 {
                // Nearly right: mostly one sender, one payload type, numbers that go on.
                bytes[0] = 0x80
                    | if dice.roll(4) == 0 {
                        bytes[0] & 0x3f
                    } else {
                        0
                    };
                bytes[1] = 96 | bytes[1] & 0x80;
                let jump = if dice.roll(50) == 0 {
                    dice.roll(70_000)
                } else {
                    1
                };
                scene.next.sequence = scene.next.sequence.wrapping_add(jump as u16);
                bytes[2..4].copy_from_slice(&scene.next.sequence.to_be_bytes());
                bytes[4..8].copy_from_slice(&(dice.roll(3) as u32).to_be_bytes());
                bytes[8..12].copy_from_slice(&(dice.roll(50) as u32 / 49).to_be_bytes());
            }
            scene.receive(bytes.clone().into());
            scene.medium.receive_rtcp(scene.now(), SENDER, &bytes);
            if dice.roll(10) == 0 {
                scene.medium.request_key_frame();
                scene.wait(1);
            }
            while let Some(frame) = scene.medium.poll_frame() {
                assert!(!frame.packets.is_empty());
                assert!(frame.packets[0].len() <= MAX_FIRST_PAYLOAD);
                let longest = frame.packets.iter().map(Bytes::len).max();
                assert!(longest <= Some(MAX_PAYLOAD));
            }
            while scene.medium.poll_transmit().is_some() {}
        }
        assert!(scene.stats().frames > 0, "{codec:?}: {:?}", scene.stats());
    }
}
