use super::super::testing::Rtp;
use super::*;

const SLICE: [u8; 3] = [0x61, 0x80, 1];
/// A slice of a frame that does not begin with the first macroblock.
const LATER_SLICE: [u8; 3] = [0x61, 0x40, 1];

fn h264() -> Assembler {
    Assembler::new(Codec::H264, "")
}

fn push(assembler: &mut Assembler, timestamp: u32, marker: bool, payload: &[u8]) {
    let header = Rtp {
        timestamp,
        marker,
        ..Rtp::default()
    };
    let packet = Packet::parse(&header.with(payload)).unwrap();
    assembler.push(Instant::now(), packet, None);
}

/// The RTP times of the frames, with how many packets they have; `None` for damage.
fn frames(assembler: &mut Assembler) -> Vec<Option<(u32, usize)>> {
    std::iter::from_fn(|| assembler.poll())
        .map(|assembled| match assembled {
            Assembled::Frame {
                timestamp, fitted, ..
            } => Some((timestamp, fitted.packets.len())),
            Assembled::Damaged => None,
        })
        .collect()
}

#[test]
fn a_frame_is_whole_at_its_marker() {
    let mut assembler = h264();
    push(&mut assembler, 10, false, &SLICE);
    assert_eq!(frames(&mut assembler), []);
    push(&mut assembler, 10, true, &LATER_SLICE);
    assert_eq!(frames(&mut assembler), [Some((10, 2))]);
}

#[test]
fn without_a_marker_a_frame_is_whole_when_the_next_begins() {
    let mut assembler = h264();
    push(&mut assembler, 10, false, &SLICE);
    push(&mut assembler, 10, false, &LATER_SLICE);
    push(&mut assembler, 20, false, &SLICE);
    assert_eq!(frames(&mut assembler), [Some((10, 2))]);
}

#[test]
fn a_frame_that_lost_its_beginning_middle_or_end_is_left_out() {
    let mut assembler = h264();
    push(&mut assembler, 10, true, &SLICE);
    assembler.lost();
    push(&mut assembler, 20, true, &LATER_SLICE);
    assert_eq!(frames(&mut assembler), [Some((10, 1)), None]);

    push(&mut assembler, 30, false, &SLICE);
    assembler.lost();
    push(&mut assembler, 30, true, &LATER_SLICE);
    assert_eq!(frames(&mut assembler), [None]);

    push(&mut assembler, 40, false, &SLICE);
    assembler.lost();
    push(&mut assembler, 50, true, &SLICE);
    assert_eq!(frames(&mut assembler), [None, Some((50, 1))]);
}

#[test]
fn a_sender_that_is_joined_in_the_middle_of_a_frame_begins_with_the_next() {
    let mut assembler = h264();
    push(&mut assembler, 10, true, &LATER_SLICE);
    push(&mut assembler, 20, true, &SLICE);
    assembler.restart();
    push(&mut assembler, 30, true, &LATER_SLICE);
    assert_eq!(frames(&mut assembler), [None, Some((20, 1)), None]);
}

#[test]
fn padding_between_frames_is_no_frame_and_hides_no_gap() {
    let mut assembler = h264();
    push(&mut assembler, 10, true, &SLICE);
    push(&mut assembler, 10, false, &[]);
    assembler.lost();
    push(&mut assembler, 20, false, &[]);
    push(&mut assembler, 20, true, &LATER_SLICE);
    assert_eq!(frames(&mut assembler), [Some((10, 1)), None]);
}

#[test]
fn a_frame_without_end_takes_no_memory_without_end() {
    let mut assembler = h264();
    for _ in 0..MAX_PACKETS + 1 {
        push(&mut assembler, 10, false, &SLICE);
    }
    assert!(assembler.current.as_ref().unwrap().payloads.is_empty());
    push(&mut assembler, 20, true, &SLICE);
    assert_eq!(frames(&mut assembler), [None, Some((20, 1))]);
}

/// An aggregate of so many NAL units of one byte (RFC 6184 section 5.7.1).
fn aggregate(units: usize) -> Vec<u8> {
    [&[0x78], [0, 1, 0x06].repeat(units).as_slice()].concat()
}

#[test]
fn what_would_be_too_many_packets_for_viewers_is_left_out() {
    let mut assembler = h264();
    push(
        &mut assembler,
        10,
        true,
        &[&aggregate(8_000)[..], &[0, 3], &SLICE].concat(),
    );
    push(&mut assembler, 20, false, &aggregate(20_000));
    push(&mut assembler, 20, true, &LATER_SLICE);
    push(&mut assembler, 30, false, &aggregate(5_000));
    push(
        &mut assembler,
        30,
        true,
        &[&aggregate(5_000)[..], &[0, 3], &SLICE].concat(),
    );
    assert_eq!(frames(&mut assembler), [Some((10, 8_001)), None, None]);

    let mut assembler = Assembler::new(Codec::Av1, "");
    // A sequence header, then OBUs of one byte, each behind its length.
    let elements = |count| [&[0x08, 1, 0x0a], [1, 0x32].repeat(count).as_slice()].concat();
    push(&mut assembler, 10, true, &elements(8_000));
    push(&mut assembler, 20, true, &elements(9_000));
    for _ in 0..20 {
        push(&mut assembler, 30, false, &elements(9_000));
    }
    push(&mut assembler, 30, true, &elements(1));
    assert_eq!(frames(&mut assembler), [Some((10, 8_001)), None, None]);
}

#[test]
fn of_audio_every_packet_is_a_frame() {
    let mut assembler = Assembler::new(Codec::Opus, "");
    push(&mut assembler, 960, false, &[1, 2]);
    assembler.lost();
    push(&mut assembler, 2_880, true, &[3]);
    push(&mut assembler, 3_840, false, &[]);
    assert_eq!(frames(&mut assembler), [Some((960, 1)), Some((2_880, 1))]);
}

#[test]
fn audio_that_no_packet_has_room_for_is_left_out() {
    let mut assembler = Assembler::new(Codec::Pcmu, "");
    push(&mut assembler, 0, false, &[0; MAX_FIRST_PAYLOAD]);
    push(&mut assembler, 8, false, &[0; MAX_FIRST_PAYLOAD + 1]);
    assert_eq!(frames(&mut assembler), [Some((0, 1)), None]);
}
