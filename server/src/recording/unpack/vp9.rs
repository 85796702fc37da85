//! VP9: frames out of packets (RFC 9628).

use bytes::Bytes;
use mp4_atom::{Codec as Entry, Vp09, VpcC};

use super::{Unpacked, joined, visual};
use crate::payload::vp9;

/// "Not specified", of colours (ISO/IEC 23091-2).
const UNSPECIFIED: u8 = 2;
/// `color_space` of pictures that are not made of luma and chroma.
const RGB: u32 = 7;

pub(super) fn unpack(packets: &[Bytes], key: bool) -> Option<Unpacked> {
    joined(packets, key, |packet| Some(vp9::split(packet)?.1), entry)
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
    fn descriptors_are_left_out_and_damage_the_frame_if_they_end_too_early() {
        let first: &[u8] = &[0x88, 0x11, 7];
        let unpacked = unpack(&packets(&[first, &[0x04, 8]]), false).unwrap();
        assert_eq!(unpacked.data, [7, 8]);
        assert_eq!(unpack(&packets(&[first, &[0x88]]), false), None);
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
