use super::*;
use crate::stream::MAX_PAYLOAD;

const SPS: [u8; 5] = [0x67, 0x42, 0xc0, 0x1f, 0xda];
const PPS: [u8; 4] = [0x68, 0xce, 0x3c, 0x80];

fn h264() -> Depacketiser {
    Depacketiser::new(Codec::H264, "").unwrap()
}

fn bytes(payloads: &[&[u8]]) -> Vec<Bytes> {
    payloads
        .iter()
        .map(|payload| Bytes::copy_from_slice(payload))
        .collect()
}

/// The frame of these payloads.
fn frame(codec: &mut Depacketiser, payloads: &[&[u8]]) -> Fitted {
    codec.frame(bytes(payloads)).unwrap().unwrap()
}

fn fits(packets: &[Bytes]) -> bool {
    packets.iter().enumerate().all(|(index, packet)| {
        let room = if index == 0 {
            Payloads::new(0).room()
        } else {
            MAX_PAYLOAD
        };
        packet.len() <= room
    })
}

/// A NAL unit or something else of this length, which begins with `head`.
fn long(head: &[u8], length: usize) -> Vec<u8> {
    let body = (head.len()..length).map(|n| (n % 251) as u8);
    head.iter().copied().chain(body).collect()
}

/// The fragments of a NAL unit, as a sender with packets of this length makes them.
fn fragments(unit: &[u8], length: usize) -> Vec<Vec<u8>> {
    let pieces: Vec<&[u8]> = unit[1..].chunks(length).collect();
    let last = pieces.len() - 1;
    let fragment = |(index, piece): (usize, &&[u8])| {
        let mark = u8::from(index == 0) << 7 | u8::from(index == last) << 6;
        [&[unit[0] & 0xe0 | 28, mark | unit[0] & 0x1f], *piece].concat()
    };
    pieces.iter().enumerate().map(fragment).collect()
}

/// The NAL units that a viewer puts together.
fn units(packets: &[Bytes]) -> Vec<Vec<u8>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    for packet in packets {
        if packet[0] & 0x1f == 28 {
            if packet[1] & 0x80 != 0 {
                units.push(vec![packet[0] & 0xe0 | packet[1] & 0x1f]);
            }
            units.last_mut().unwrap().extend(&packet[2..]);
        } else {
            units.push(packet.to_vec());
        }
    }
    units
}

#[test]
fn an_idr_picture_with_its_parameter_sets_is_a_key_frame() {
    let mut codec = h264();
    let idr = [0x65, 0x88, 1];
    let fitted = frame(&mut codec, &[&SPS, &PPS, &idr]);
    assert!(fitted.key);
    assert_eq!(units(&fitted.packets), [&SPS[..], &PPS, &idr]);
    let other = frame(&mut codec, &[&[0x61, 0x88, 1]]);
    assert!(!other.key && other.packets.len() == 1);
}

#[test]
fn an_idr_picture_without_parameter_sets_gets_the_last_that_came() {
    let mut codec = h264();
    let idr = [0x65, 0x88, 1];
    let bare = frame(&mut codec, &[&idr]);
    assert!(!bare.key);
    // Some send them as a frame of their own.
    assert_eq!(codec.frame(bytes(&[&SPS, &PPS])), Ok(None));
    let fitted = frame(&mut codec, &[&[0x06, 5, 1, 0, 0x80], &idr]);
    assert!(fitted.key);
    let sei = vec![0x06, 5, 1, 0, 0x80];
    assert_eq!(
        units(&fitted.packets),
        [sei, SPS.to_vec(), PPS.to_vec(), idr.to_vec()]
    );
}

#[test]
fn a_parameter_set_takes_the_place_of_the_one_with_its_number() {
    let mut codec = h264();
    let (one, newer_one, two) = ([0x68, 0x4c, 1], [0x68, 0x4c, 2], [0x68, 0x6c, 1]);
    assert_eq!(codec.frame(bytes(&[&SPS, &PPS, &one, &two])), Ok(None));
    assert_eq!(codec.frame(bytes(&[&newer_one])), Ok(None));
    let idr = [0x65, 0x88, 1];
    let fitted = frame(&mut codec, &[&idr]);
    assert_eq!(
        units(&fitted.packets),
        [&SPS[..], &PPS, &two, &newer_one, &idr]
    );
}

#[test]
fn of_parameter_sets_without_end_the_newest_are_kept() {
    let mut codec = h264();
    // Numbers 7 to 14: three zeros, then four bits.
    let set = |code: u8| [0x68, code << 1 | 1];
    let sets: Vec<_> = (8..16).map(set).collect();
    let mut payloads: Vec<&[u8]> = vec![&SPS, &PPS];
    payloads.extend(sets.iter().map(|set| set.as_slice()));
    assert_eq!(codec.frame(bytes(&payloads)), Ok(None));
    let fitted = frame(&mut codec, &[&[0x65, 0x88, 1]]);
    let kept = &fitted.packets[1..9];
    assert_eq!(
        (kept, fitted.packets.len()),
        (&bytes(&payloads[2..])[..], 10)
    );
}

#[test]
fn parameter_sets_of_the_configuration_are_used_until_others_come() {
    let mut codec =
        Depacketiser::new(Codec::H264, "x=y; sprop-parameter-sets=Z0LAH9o=,aM48gA==").unwrap();
    let idr = [0x65, 0x88, 1];
    let fitted = frame(&mut codec, &[&idr]);
    assert!(fitted.key);
    assert_eq!(units(&fitted.packets), [&SPS[..], &PPS, &idr]);
    let newer = [0x67, 0x64, 0, 0x28, 0xac];
    let fitted = frame(&mut codec, &[&newer, &idr]);
    assert_eq!(units(&fitted.packets), [&newer[..], &PPS, &idr]);
}

#[test]
fn aggregated_units_are_taken_apart() {
    let idr = [0x65, 0x88, 1];
    let mut stap = vec![0x78];
    for unit in [&SPS[..], &PPS, &idr] {
        stap.extend((unit.len() as u16).to_be_bytes());
        stap.extend(unit);
    }
    let fitted = frame(&mut h264(), &[&stap]);
    assert!(fitted.key);
    assert_eq!(units(&fitted.packets), [&SPS[..], &PPS, &idr]);
    for length in 2..stap.len() {
        let cut = h264().frame(bytes(&[&stap[..length]]));
        assert!(cut == Err(Damaged) || cut.is_ok_and(|cut| cut.is_none_or(|it| !it.key)));
    }
}

#[test]
fn payloads_that_fit_are_passed_on_without_being_copied() {
    let unit = long(&[0x61, 0x88], 3_000);
    let payloads: Vec<Bytes> = fragments(&unit, 1_000)
        .into_iter()
        .map(Bytes::from)
        .collect();
    let fitted = h264().frame(payloads.clone()).unwrap().unwrap();
    let addresses = |packets: &[Bytes]| packets.iter().map(|it| it.as_ptr()).collect::<Vec<_>>();
    assert_eq!(addresses(&fitted.packets), addresses(&payloads));
}

#[test]
fn payloads_that_are_too_long_are_cut_up_anew() {
    let idr = long(&[0x65, 0x88], 10_000);
    let slice = long(&[0x41, 0x40], 1_400);
    let fragments = fragments(&idr, 1_400);
    let mut payloads: Vec<&[u8]> = vec![&SPS, &PPS];
    payloads.extend(fragments.iter().map(Vec::as_slice));
    payloads.push(&slice);
    let fitted = frame(&mut h264(), &payloads);
    assert!(fitted.key && fits(&fitted.packets));
    let sent = [SPS.to_vec(), PPS.to_vec(), idr, slice];
    assert_eq!(units(&fitted.packets), sent);
}

#[test]
fn fragments_that_make_no_unit_are_damage() {
    let whole = fragments(&long(&[0x65, 0x88], 3_000), 1_000);
    let [first, middle, last] = [&whole[0], &whole[1], &whole[2]].map(Vec::as_slice);
    let slice: &[u8] = &[0x61, 0x88];
    for payloads in [
        &[first, middle][..],
        &[middle, last],
        &[first, slice, last],
        &[first, first, last],
        &[last],
        &[&[0x7c]],
        &[&[0x00, 1]],
        &[&[0x79, 0, 1]],
    ] {
        assert_eq!(h264().frame(bytes(payloads)), Err(Damaged));
    }
}

#[test]
fn whether_a_frame_may_begin_shows_in_h264() {
    let codec = h264();
    let whole = fragments(&long(&[0x65, 0x88], 3_000), 1_000);
    assert!(codec.may_begin(&SPS) && codec.may_begin(&[0x65, 0x88]));
    assert!(codec.may_begin(&whole[0]) && codec.may_begin(&[0x78, 0, 2, 0x67, 1]));
    assert!(!codec.may_begin(&[0x65, 0x40]) && !codec.may_begin(&whole[1]));
    assert!(!codec.may_begin(&[0x78, 0, 2, 0x61, 0x40]) && !codec.may_begin(&[]));
}

fn vp8() -> Depacketiser {
    Depacketiser::new(Codec::Vp8, "").unwrap()
}

#[test]
fn a_key_frame_of_vp8_shows_behind_its_descriptor() {
    let descriptors: [&[u8]; 4] = [
        &[0x10],
        &[0x90, 0x80, 0x05],
        &[0x90, 0x80, 0x85, 0x05],
        &[0x90, 0xf0, 0x05, 1, 2],
    ];
    for descriptor in descriptors {
        let key = [descriptor, &[0x10, 0, 0]].concat();
        let inter = [descriptor, &[0x11, 0, 0]].concat();
        assert!(frame(&mut vp8(), &[&key, &[0x00, 0x10]]).key);
        assert!(!frame(&mut vp8(), &[&inter, &[0x00, 0x10]]).key);
        assert!(vp8().may_begin(&key));
    }
    assert!(!vp8().may_begin(&[0x00, 0x10]) && !vp8().may_begin(&[0x11, 0x10]));
    assert_eq!(vp8().frame(bytes(&[&[0x90, 0x80]])), Err(Damaged));
}

#[test]
fn long_payloads_of_vp8_are_cut_up() {
    let payload = long(&[0x90, 0x80, 0x05, 0x10], 3_000);
    let fitted = frame(&mut vp8(), &[&payload]);
    assert!(fitted.key && fits(&fitted.packets) && fitted.packets.len() == 3);
    let starts = fitted.packets.iter().map(|packet| packet[0] & 0x10 != 0);
    assert!(starts.eq([true, false, false]));
    let body = fitted.packets.iter().flat_map(|packet| &packet[3..]);
    assert!(body.eq(&payload[3..]));
}

fn vp9() -> Depacketiser {
    Depacketiser::new(Codec::Vp9, "").unwrap()
}

#[test]
fn a_key_frame_of_vp9_needs_no_other_picture() {
    // Picture id, begins and ends, scalability structure: one layer with its size, two pictures.
    let structured = [0x8e, 5, 0x18, 5, 0, 2, 0xd0, 2, 0x04, 1, 0x44, 7, 0x82];
    assert!(frame(&mut vp9(), &[&structured]).key);
    assert!(!frame(&mut vp9(), &[&[0xcc, 5, 0x82]]).key);
    assert!(!frame(&mut vp9(), &[&[0xdc, 5, 1, 3, 4, 0x82]]).key);
    // Senders that do not mark what needs other pictures.
    assert!(!frame(&mut vp9(), &[&[0x8c, 5, 0x86]]).key);
    assert!(!frame(&mut vp9(), &[&[0x8c, 5, 0x88]]).key);
    assert!(frame(&mut vp9(), &[&[0x8c, 5, 0xb0]]).key);
    assert!(!frame(&mut vp9(), &[&[0x8c, 5, 0xb2]]).key);
    // The second spatial layer begins no picture.
    assert!(!vp9().may_begin(&[0xac, 5, 0x02, 9, 0xaa]));
    assert!(vp9().may_begin(&[0xac, 5, 0x00, 9, 0xaa]));
    for length in 0..structured.len() - 1 {
        assert_eq!(vp9().frame(bytes(&[&structured[..length]])), Err(Damaged));
    }
}

#[test]
fn long_payloads_of_vp9_are_cut_up() {
    let payload = long(&[0x8e, 5, 0x10, 5, 0, 2, 0xd0, 0x82], 3_000);
    let fitted = frame(&mut vp9(), &[&payload]);
    assert!(fitted.key && fits(&fitted.packets) && fitted.packets.len() == 3);
    let firsts = fitted.packets.iter().map(|packet| packet[0]);
    assert!(firsts.eq([0x8a, 0x80, 0x84]));
    let bodies = [7, 2, 2].into_iter().zip(&fitted.packets);
    let body = bodies.flat_map(|(head, packet)| &packet[head..]);
    assert!(body.eq(&payload[7..]));
}

fn av1() -> Depacketiser {
    Depacketiser::new(Codec::Av1, "").unwrap()
}

#[test]
fn a_sequence_of_av1_begins_with_a_key_frame() {
    let marked = [0x18, 0x32, 1, 2];
    let with_header = [0x20, 2, 0x0a, 1, 0x32, 1, 2];
    let without = [0x20, 2, 0x32, 1, 0x32, 1, 2];
    let continued = [0x90, 0x0a, 1, 2];
    assert!(frame(&mut av1(), &[&marked]).key && frame(&mut av1(), &[&with_header]).key);
    assert!(!frame(&mut av1(), &[&without]).key && !frame(&mut av1(), &[&continued]).key);
    assert!(av1().may_begin(&marked) && !av1().may_begin(&without));
    assert_eq!(av1().frame(bytes(&[&[0x20, 9, 1]])), Err(Damaged));
}

#[test]
fn long_payloads_of_av1_are_cut_up() {
    let long_obu = long(&[0x32], 2_500);
    let payload = [&[0x68, 2, 0x0a, 7], &long_obu[..]].concat();
    let fitted = frame(&mut av1(), &[&payload]);
    assert!(fitted.key && fits(&fitted.packets));
    let heads: Vec<u8> = fitted.packets.iter().map(|packet| packet[0]).collect();
    // The first begins the sequence; the last is continued, as the payload was.
    assert_eq!(heads, [0x18, 0x50, 0xd0, 0xd0]);
    assert_eq!(fitted.packets[0][1..], [0x0a, 7]);
    let obu = fitted.packets[1..].iter().flat_map(|packet| &packet[1..]);
    assert!(obu.eq(&long_obu));
}
