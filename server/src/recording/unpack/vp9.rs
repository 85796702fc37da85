//! VP9: frames out of packets (RFC 9628).

use bytes::Bytes;
use mp4_atom::{Codec as Entry, Vp09, VpcC};

use super::{Unpacked, joined, visual};

/// Bits of a payload descriptor.
const PICTURE: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const LAYER: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const STRUCTURE: u8 = 0x02;
/// The index of the picture has two bytes.
const LONG: u8 = 0x80;
/// Another reference follows.
const MORE: u8 = 0x01;
/// Bits of a scalability structure: sizes follow, and a group of pictures.
const SIZES: u8 = 0x10;
const GROUP: u8 = 0x08;

/// "Not specified", of colours (ISO/IEC 23091-2).
const UNSPECIFIED: u8 = 2;
/// `color_space` of pictures that are not made of luma and chroma.
const RGB: u32 = 7;

pub(super) fn unpack(packets: &[Bytes], key: bool) -> Option<Unpacked> {
    joined(packets, key, without_descriptor, entry)
}

fn without_descriptor(packet: &[u8]) -> Option<&[u8]> {
    let mut rest = packet;
    let fields = take(&mut rest)?;
    if fields & PICTURE != 0 && take(&mut rest)? & LONG != 0 {
        take(&mut rest)?;
    }
    if fields & LAYER != 0 {
        take(&mut rest)?;
        if fields & FLEXIBLE == 0 {
            take(&mut rest)?;
        }
    }
    if fields & FLEXIBLE != 0 && fields & PREDICTED != 0 {
        while take(&mut rest)? & MORE != 0 {}
    }
    if fields & STRUCTURE != 0 {
        let structure = take(&mut rest)?;
        if structure & SIZES != 0 {
            let layers = usize::from(structure >> 5) + 1;
            rest = rest.get(4 * layers..)?;
        }
        if structure & GROUP != 0 {
            for _ in 0..take(&mut rest)? {
                let references = usize::from((take(&mut rest)? >> 2) & 3);
                rest = rest.get(references..)?;
            }
        }
    }
    Some(rest)
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

/// What the uncompressed header of a key frame says (VP9 bitstream, 6.2).
fn entry(frame: &[u8]) -> Option<Entry> {
    let mut bits = Bits {
        bytes: frame,
        at: 0,
    };
    (bits.read(2)? == 2).then_some(())?;
    let profile = bits.read(1)? | bits.read(1)? << 1;
    if profile == 3 {
        bits.read(1)?;
    }
    let (existing, inter) = (bits.read(1)?, bits.read(1)?);
    let _shown_and_resilient = bits.read(2)?;
    (existing == 0 && inter == 0 && bits.read(24)? == 0x49_83_42).then_some(())?;
    let bit_depth = match profile {
        0 | 1 => 8,
        _ => 10 + 2 * bits.read(1)?,
    };
    let odd_profile = profile & 1 == 1;
    let (full_range, across, down);
    if bits.read(3)? == RGB {
        (full_range, across, down) = (1, 0, 0);
        if odd_profile {
            bits.read(1)?;
        }
    } else {
        full_range = bits.read(1)?;
        (across, down) = if odd_profile {
            let subsampling = (bits.read(1)?, bits.read(1)?);
            bits.read(1)?;
            subsampling
        } else {
            (1, 1)
        };
    }
    let (width, height) = (bits.read(16)? + 1, bits.read(16)? + 1);
    Some(Entry::Vp09(Vp09 {
        visual: visual(width, height)?,
        vpcc: VpcC {
            profile: u8::try_from(profile).ok()?,
            bit_depth: u8::try_from(bit_depth).ok()?,
            chroma_subsampling: match (across, down) {
                (1, 1) => 1,
                (1, _) => 2,
                _ => 3,
            },
            video_full_range_flag: full_range == 1,
            color_primaries: UNSPECIFIED,
            transfer_characteristics: UNSPECIFIED,
            matrix_coefficients: UNSPECIFIED,
            ..VpcC::default()
        },
        ..Vp09::default()
    }))
}

/// Bits of a header, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, 32 at most.
    fn read(&mut self, count: u8) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(payloads: &[&[u8]]) -> Vec<Bytes> {
        payloads.iter().map(|p| Bytes::copy_from_slice(p)).collect()
    }

    #[test]
    fn every_form_of_descriptor_is_left_out() {
        let forms: [&[u8]; 6] = [
            &[0x08, 7],
            &[0x88, 0x11, 7],
            &[0x88, 0x81, 0x11, 7],
            &[0xa8, 0x11, 0x20, 0x03, 7],
            &[0xd8, 0x11, 0x03, 0x02, 7],
            // Two layers with their sizes, and a group of two pictures, one with a reference.
            &[
                0x8a, 0x11, 0x38, 0, 1, 0, 1, 0, 2, 0, 2, 2, 0x00, 0x04, 0x01, 7,
            ],
        ];
        for form in forms {
            let unpacked = unpack(&packets(&[form, &[0x04, 8]]), false).unwrap();
            assert_eq!(unpacked.data, [7, 8], "{form:?}");
        }
    }

    #[test]
    fn a_descriptor_that_ends_too_early_damages_the_frame() {
        for form in [
            &[][..],
            &[0x88],
            &[0xa8, 0x11, 0x20],
            &[0x8a, 0x11, 0x38, 0],
            &[0xd8, 0x11],
        ] {
            assert_eq!(unpack(&packets(&[form]), false), None, "{form:?}");
        }
    }

    #[test]
    fn a_key_frame_tells_its_size() {
        // Profile 0, shown, unspecified colours, 640x480.
        let frame = [
            0x08, 0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x1d, 0xf6, 0,
        ];
        let entry = unpack(&packets(&[&frame]), true).unwrap().entry.unwrap();
        let visual = entry.visual().unwrap();
        assert_eq!((visual.width, visual.height), (640, 480));
        assert_eq!(unpack(&packets(&[&frame[..6]]), true), None);
    }
}
