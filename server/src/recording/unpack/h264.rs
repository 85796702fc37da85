//! H.264: NAL units out of single packets and FU-As (RFC 6184), with their lengths in front of
//! them (ISO/IEC 14496-15).

use bytes::Bytes;
use h264_reader::nal::sps::{ChromaFormat, SeqParameterSet};
use h264_reader::rbsp::{BitReader, decode_nal};
use mp4_atom::{Avc1, Avcc, AvccExt, Codec as Entry};

use super::{Unpacked, visual};
use crate::encode::annex_b::{PPS, SPS, unit_type};
use crate::payload::h264::{FU_A, START, parameter_set_id, sprop_parameter_sets};

const FILLER: u8 = 12;

/// Puts the NAL units of an access unit together. Parameter sets go to the header and nowhere
/// else: that is what `avc1` says. A unit with such as the header has not, and that cannot be read,
/// is damaged: nobody could decode what follows.
pub(super) fn unpack(packets: &[Bytes], known: Option<&Entry>) -> Option<Unpacked> {
    let mut data = Vec::with_capacity(packets.iter().map(|packet| packet.len() + 4).sum());
    let (mut sps, mut pps) = (Vec::new(), Vec::new());
    for unit in units(packets)? {
        let sets = match unit_type(&unit) {
            SPS => &mut sps,
            PPS => &mut pps,
            FILLER => continue,
            _ => {
                data.extend(u32::try_from(unit.len()).ok()?.to_be_bytes());
                data.extend(unit);
                continue;
            }
        };
        if !sets.contains(&unit) {
            sets.push(unit);
        }
    }
    (!data.is_empty()).then_some(())?;
    let (known_sps, known_pps) = sets_of(known);
    let all_of = |sets: &[Vec<u8>], known: &[Vec<u8>]| sets.iter().all(|set| known.contains(set));
    let is_same_sequence = all_of(&sps, known_sps);
    if is_same_sequence && all_of(&pps, known_pps) {
        return Some(Unpacked { data, entry: None });
    }
    if is_same_sequence {
        // An encoder that has several sends them in turn, and is to need one header for all.
        sps = known_sps.to_vec();
        let ids: Vec<_> = pps.iter().map(|set| parameter_set_id(set)).collect();
        let others = known_pps
            .iter()
            .filter(|set| !ids.contains(&parameter_set_id(set)));
        pps.extend(others.cloned());
    }
    let entry = Some(entry(sps, pps)?);
    Some(Unpacked { data, entry })
}

/// The parameter sets in a header: of sequences, and of pictures.
fn sets_of(entry: Option<&Entry>) -> (&[Vec<u8>], &[Vec<u8>]) {
    match entry {
        Some(Entry::Avc1(Avc1 { avcc, .. })) => {
            (&avcc.sequence_parameter_sets, &avcc.picture_parameter_sets)
        }
        _ => (&[], &[]),
    }
}

/// What `sprop-parameter-sets` of SDP says, for senders that say it nowhere else (RFC 6184, 8.1).
pub(super) fn entry_of(fmtp: &str) -> Option<Entry> {
    let (sps, others): (Vec<_>, Vec<_>) =
        sprop_parameter_sets(fmtp).partition(|unit| unit_type(unit) == SPS);
    let pps = others.into_iter().filter(|unit| unit_type(unit) == PPS);
    entry(sps, pps.collect())
}

/// The NAL units in these payloads. `None` if a fragment is missing.
fn units(packets: &[Bytes]) -> Option<Vec<Vec<u8>>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    for packet in packets {
        match packet.as_ref() {
            [] => {}
            [indicator, header, fragment @ ..] if indicator & 0x1f == FU_A => {
                if header & START != 0 {
                    units.push(vec![(indicator & 0xe0) | (header & 0x1f)]);
                }
                units.last_mut()?.extend_from_slice(fragment);
            }
            unit => units.push(unit.to_vec()),
        }
    }
    Some(units)
}

/// `None` without both kinds of parameter sets, or with such as cannot be read.
fn entry(sps: Vec<Vec<u8>>, pps: Vec<Vec<u8>>) -> Option<Entry> {
    let first = sps.first().filter(|_| !pps.is_empty())?;
    let [_, profile, compatibility, level, ..] = first[..] else {
        return None;
    };
    let read = SeqParameterSet::from_bits(BitReader::new(&*decode_nal(first).ok()?)).ok()?;
    let (width, height) = read.pixel_dimensions().ok()?;
    let chroma = &read.chroma_info;
    // Present for the profiles above High, and for High itself.
    let ext = matches!(profile, 100 | 110 | 122 | 144 | 244).then(|| AvccExt {
        chroma_format: match chroma.chroma_format {
            ChromaFormat::Monochrome => 0,
            ChromaFormat::YUV420 => 1,
            ChromaFormat::YUV422 => 2,
            ChromaFormat::YUV444 => 3,
            _ => 1,
        },
        bit_depth_luma: 8 + chroma.bit_depth_luma_minus8,
        bit_depth_chroma: 8 + chroma.bit_depth_chroma_minus8,
        sequence_parameter_sets_ext: Vec::new(),
    });
    // What the box has room for: 5 bits for one count, 8 for the other, 16 for each length.
    let fit = |sets: &[Vec<u8>], most| {
        sets.len() <= most && sets.iter().all(|set| u16::try_from(set.len()).is_ok())
    };
    (fit(&sps, 31) && fit(&pps, 255)).then_some(())?;
    Some(Entry::Avc1(Avc1 {
        visual: visual(width, height)?,
        avcc: Avcc {
            configuration_version: 1,
            avc_profile_indication: profile,
            profile_compatibility: compatibility,
            avc_level_indication: level,
            length_size: 4,
            sequence_parameter_sets: sps,
            picture_parameter_sets: pps,
            ext,
        },
        ..Avc1::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Constrained baseline, 320x180: not a multiple of 16, so cropped.
    const SPS_320X180: &[u8] = &[
        0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
        0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x42, 0xa4, 0x80,
    ];

    fn packets(payloads: &[&[u8]]) -> Vec<Bytes> {
        payloads.iter().map(|p| Bytes::copy_from_slice(p)).collect()
    }

    #[test]
    fn fragments_become_the_unit_that_they_were_cut_from() {
        let unpacked = unpack(
            &packets(&[
                &[0x7c, 0x85, 1, 2],
                &[0x7c, 0x05, 3],
                &[0x7c, 0x45, 4, 5],
                &[0x61, 9],
            ]),
            None,
        )
        .unwrap();
        assert_eq!(
            unpacked.data,
            [0, 0, 0, 6, 0x65, 1, 2, 3, 4, 5, 0, 0, 0, 2, 0x61, 9]
        );
        assert_eq!(unpacked.entry, None);
    }

    #[test]
    fn parameter_sets_are_in_the_header_and_nowhere_else() {
        let pps = [0x68, 0xcb, 0x83, 0xcb, 0x20];
        let unpacked = unpack(
            &packets(&[SPS_320X180, &pps, SPS_320X180, &[0x65, 1]]),
            None,
        )
        .unwrap();
        assert_eq!(unpacked.data, [0, 0, 0, 2, 0x65, 1]);
        let Some(Entry::Avc1(avc1)) = unpacked.entry else {
            panic!("{:?}", unpacked.entry)
        };
        assert_eq!((avc1.visual.width, avc1.visual.height), (320, 180));
        assert_eq!(avc1.avcc.sequence_parameter_sets, [SPS_320X180]);
        assert_eq!(avc1.avcc.picture_parameter_sets, [pps]);
        assert_eq!(avc1.avcc.ext, None);
    }

    #[test]
    fn parameter_sets_may_be_in_the_sdp_alone() {
        let sets = "Z0LADdkBQZ+fARAAAAMAEAAAAwPA8UKkgA==,aMuDyyA=";
        let fmtp =
            format!("packetization-mode=1; sprop-parameter-sets={sets};profile-level-id=42c00d");
        let entry = entry_of(&fmtp).unwrap();
        assert_eq!(entry.visual().unwrap().height, 180);
        for none in [
            "",
            "packetization-mode=1",
            "sprop-parameter-sets=!",
            "sprop-parameter-sets=aMuDyyA=",
        ] {
            assert_eq!(entry_of(none), None, "{none}");
        }
    }

    #[test]
    fn a_picture_with_what_is_no_parameter_set_is_damaged() {
        for sps in [
            &[0x67][..],
            &[0x67, 0x42, 0xc0],
            &[0x67; 40],
            &[0x67, 0, 0, 0, 0, 0],
        ] {
            let idr: [&[u8]; 3] = [sps, &[0x68, 1], &[0x65, 1]];
            assert_eq!(unpack(&packets(&idr), None), None, "{sps:?}");
        }
    }

    #[test]
    fn a_frame_of_nothing_but_parameter_sets_and_filling_is_not_kept() {
        assert_eq!(
            unpack(&packets(&[SPS_320X180, &[0x0c, 0xff, 0x80]]), None),
            None
        );
        assert_eq!(unpack(&packets(&[]), None), None);
        assert_eq!(unpack(&packets(&[&[]]), None), None);
    }

    #[test]
    fn a_fragment_without_a_beginning_damages_the_frame() {
        assert_eq!(
            unpack(&packets(&[&[0x7c, 0x05, 3], &[0x61, 9]]), None),
            None
        );
    }

    #[test]
    fn parameter_sets_that_the_header_has_say_nothing_and_others_do_in_any_picture() {
        let (pps, other_pps) = (
            [0x68, 0xcb, 0x83, 0xcb, 0x20],
            [0x68, 0xcb, 0x83, 0xcb, 0x21],
        );
        let unpack = |sets: &[&[u8]], known: Option<&Entry>| {
            unpack(&packets(&[sets, &[&[0x61, 1]]].concat()), known)
        };
        let header = unpack(&[SPS_320X180, &pps], None).unwrap().entry.unwrap();
        for sets in [&[SPS_320X180, &pps][..], &[SPS_320X180], &[&pps], &[]] {
            assert_eq!(unpack(sets, Some(&header)).unwrap().entry, None);
        }
        for sets in [&[SPS_320X180, &other_pps][..], &[&other_pps]] {
            let changed = unpack(sets, Some(&header)).unwrap().entry.unwrap();
            assert_eq!(sets_of(Some(&changed)).1, [other_pps]);
        }
        assert_eq!(unpack(&[&other_pps], None), None);
    }

    #[test]
    fn picture_parameter_sets_that_come_in_turn_are_in_one_header() {
        let (first, second) = (
            [0x68, 0xcb, 0x83, 0xcb, 0x20],
            [0x68, 0x5b, 0x83, 0xcb, 0x20],
        );
        let unpack = |pps: &[u8], known: Option<&Entry>| {
            let packets = packets(&[SPS_320X180, pps, &[0x65, 1]]);
            unpack(&packets, known).unwrap().entry
        };
        let header = unpack(&first, None).unwrap();
        let header = unpack(&second, Some(&header)).unwrap();
        assert_eq!(sets_of(Some(&header)).1, [second, first]);
        assert_eq!(unpack(&first, Some(&header)), None);
        assert_eq!(unpack(&second, Some(&header)), None);
    }
}
