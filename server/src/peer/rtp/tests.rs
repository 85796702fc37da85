use super::*;
use crate::{
    peer::testing::{PACKETS, frame, frame_at, srtp_pair},
    picture::Captured,
};
use rtc::{rtp::packet::Packet, shared::marshal::Unmarshal, srtp::context::Context};
use std::time::{Duration, Instant, SystemTime};

const SOURCES: Sources = Sources {
    media: 7,
    rtx: Some(8),
};
const AGREED: Agreed = Agreed {
    payload_type: 96,
    rtx: Some(97),
    playout_delay: Some(2),
    abs_capture_time: Some(3),
    orientation: Some(1),
};

/// A sender, and a receiver that can read what it sends.
struct Pair {
    sender: RtpSender,
    srtp: Srtp,
    receiver: Context,
    history: History,
    out: Outgoing,
}

impl Pair {
    fn new(agreed: Agreed, orientation: Orientation) -> Self {
        let (srtp, receiver) = srtp_pair();
        Self {
            sender: RtpSender::new(Terms {
                codec: Codec::H264,
                sources: SOURCES,
                agreed,
                orientation,
                playout_delay: Some(PlayoutDelay { min: 1, max: 1000 }),
            }),
            srtp,
            receiver,
            history: History::default(),
            out: Outgoing::default(),
        }
    }

    fn send(&mut self, frame: &std::sync::Arc<Frame>) -> Vec<Packet> {
        self.history.add(frame);
        let mut route = Route {
            path: path(),
            srtp: &mut self.srtp,
            out: &mut self.out,
        };
        self.sender.send(frame, &mut route).unwrap();
        self.received()
    }

    fn resend(&mut self, lost: &[u16]) -> Vec<Packet> {
        let Self {
            sender,
            srtp,
            history,
            out,
            ..
        } = self;
        let resent = sender
            .resend(
                lost,
                history,
                &mut Route {
                    path: path(),
                    srtp,
                    out,
                },
            )
            .unwrap();
        let packets = self.received();
        assert_eq!(packets.len(), resent as usize);
        packets
    }

    fn received(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        self.out.send(|train| {
            for datagram in train.bytes.chunks(train.segment) {
                let packet = self.receiver.decrypt_rtp(datagram).unwrap();
                packets.push(Packet::unmarshal(&mut &packet[..]).unwrap());
            }
            train.bytes.len()
        });
        packets
    }
}

fn path() -> Path {
    Path {
        local: ([10, 0, 0, 1], 8189).into(),
        remote: ([10, 0, 0, 2], 5000).into(),
    }
}

fn sequences(packets: &[Packet]) -> Vec<u16> {
    packets
        .iter()
        .map(|packet| packet.header.sequence_number)
        .collect()
}

#[test]
fn a_frame_is_marked_at_its_end_and_carries_its_times_at_its_start() {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
    let captured = Captured {
        at: Instant::now(),
        wall,
    };
    let packets = Pair::new(AGREED, Orientation::Upright).send(&frame_at(4, true, captured));
    let [first, middle, last] = packets.as_slice() else {
        panic!("three packets");
    };

    assert_eq!(
        first.header.get_extension(2).as_deref(),
        Some(&[0, 0x13, 0xe8][..])
    );
    let time = (2_208_988_801_u64 << 32 | 1 << 31).to_be_bytes();
    assert_eq!(first.header.get_extension(3).as_deref(), Some(&time[..]));
    assert!(middle.header.extensions.is_empty() && last.header.extensions.is_empty());
    assert_eq!(
        packets.iter().map(|p| p.header.marker).collect::<Vec<_>>(),
        [false, false, true]
    );
    for packet in &packets {
        assert_eq!(
            (packet.header.ssrc, packet.header.payload_type),
            (SOURCES.media, 96)
        );
        assert_eq!(packet.header.timestamp, 4 * 4500);
    }
    assert_eq!(packets[1].payload, frame(4, true).packets[1]);
}

#[test]
fn a_turned_picture_says_so_with_its_last_packet() {
    for (orientation, byte) in [
        (Orientation::Quarter, 3),
        (Orientation::Half, 2),
        (Orientation::ThreeQuarters, 1),
    ] {
        let packets = Pair::new(AGREED, orientation).send(&frame(1, true));
        let of = |packet: &Packet| packet.header.get_extension(1).map(|value| value[0]);
        assert_eq!(
            packets.iter().map(of).collect::<Vec<_>>(),
            [None, None, Some(byte)]
        );
    }
}

#[test]
fn extensions_that_were_not_accepted_are_not_sent() {
    let agreed = Agreed {
        payload_type: 100,
        ..Agreed::default()
    };
    let packets = Pair::new(agreed, Orientation::Half).send(&frame(1, true));
    assert!(
        packets
            .iter()
            .all(|packet| packet.header.extensions.is_empty())
    );
    assert!(
        packets
            .iter()
            .all(|packet| packet.header.payload_type == 100)
    );
}

#[test]
fn all_extensions_of_a_frame_of_one_packet_fit() {
    let mut one = std::sync::Arc::into_inner(frame(1, true)).unwrap();
    one.packets.truncate(1);
    let packets = Pair::new(AGREED, Orientation::Half).send(&one.into());
    assert_eq!(packets[0].header.extensions.len(), 3);
}

#[test]
fn sequence_numbers_go_on_over_frames_that_were_left_out() {
    let mut pair = Pair::new(AGREED, Orientation::Upright);
    let mut packets = pair.send(&frame(1, true));
    packets.extend(pair.send(&frame(5, true)));
    packets.extend(pair.send(&frame(6, false)));
    let numbers = sequences(&packets);
    assert!(numbers.windows(2).all(|w| w[1] == w[0].wrapping_add(1)));

    let again = pair.resend(&[numbers[1], numbers[4], numbers[8]]);
    for (again, index) in again.iter().zip([1, 4, 8]) {
        assert_eq!(again.payload[2..], packets[index].payload);
    }
}

#[test]
fn a_retransmission_names_the_packet_that_it_repeats() {
    let mut pair = Pair::new(AGREED, Orientation::Upright);
    let sent = pair.send(&frame(1, true));
    let lost = sequences(&sent);
    let again = pair.resend(&lost[..2]);
    for (again, original) in again.iter().zip(&sent) {
        assert_eq!((again.header.ssrc, again.header.payload_type), (8, 97));
        assert_eq!(
            again.payload[..2],
            original.header.sequence_number.to_be_bytes()
        );
        assert_eq!(again.payload[2..], original.payload);
        assert_eq!(again.header.timestamp, original.header.timestamp);
        assert_eq!(again.header.extensions, original.header.extensions);
    }
    assert_eq!(
        again[1].header.sequence_number,
        again[0].header.sequence_number.wrapping_add(1)
    );
}

#[test]
fn without_rtx_the_same_packet_is_sent_again() {
    let mut pair = Pair::new(
        Agreed {
            rtx: None,
            ..AGREED
        },
        Orientation::Upright,
    );
    let sent = pair.send(&frame(1, true));
    pair.send(&frame(2, false));
    let again = pair.resend(&sequences(&sent));
    assert_eq!(again, sent);
    // What follows can still be read.
    assert_eq!(pair.send(&frame(3, false)).len(), 3);
}

#[test]
fn packets_that_are_too_old_or_were_never_sent_are_not_sent_again() {
    let mut pair = Pair::new(AGREED, Orientation::Upright);
    let first = sequences(&pair.send(&frame(0, true)))[0];
    assert!(
        pair.resend(&[first.wrapping_sub(1), first.wrapping_add(3)])
            .is_empty()
    );
    for number in 1..1000 {
        pair.send(&frame(number, false));
    }
    assert!(pair.resend(&[first]).is_empty());
}

#[test]
fn a_viewer_gets_no_more_packets_again_than_it_got_at_all() {
    let mut pair = Pair::new(AGREED, Orientation::Upright);
    let sent = sequences(&pair.send(&frame(1, true)));
    let greedy = vec![sent[0]; 100];
    assert_eq!(pair.resend(&greedy).len(), PACKETS as usize);
    assert!(pair.resend(&greedy).is_empty());
    pair.send(&frame(2, false));
    assert_eq!(pair.resend(&greedy).len(), PACKETS as usize);
}

#[test]
fn the_stream_survives_the_roll_over_of_its_sequence_numbers() {
    let mut pair = Pair::new(AGREED, Orientation::Upright);
    for number in 0..70_000 / PACKETS {
        let sent = pair.send(&frame(number, number == 0));
        assert_eq!(sent.len(), 3);
    }
    assert_eq!(pair.sender.counts().packets, 70_000 / PACKETS * PACKETS);
}

#[test]
fn frames_from_before_a_break_take_the_clock_no_further() {
    let mut pair = Pair::new(AGREED, Orientation::Upright);
    let began = Instant::now();
    let at = |milliseconds| Captured {
        at: began + Duration::from_millis(milliseconds),
        wall: SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds),
    };
    let first = pair.send(&frame_at(20, true, at(1000)))[0].header.timestamp;
    for round in 0..3 {
        pair.sender.break_off();
        let mut time = |frame| pair.send(&frame)[0].header.timestamp.wrapping_sub(first);
        // The newest key frame, and what follows it.
        let base = round * 100 * 90;
        assert_eq!(time(frame_at(10, true, at(500))), base + 1);
        assert_eq!(time(frame_at(11, false, at(550))), base + 2);
        let next = 1000 + u64::from(round + 1) * 100;
        assert_eq!(time(frame_at(21, true, at(next))), base + 9000);
    }
}
