//! VP8: frames out of packets (RFC 7741).

use bytes::Bytes;
use mp4_atom::{Codec as Entry, Vp08, VpcC};

use super::{Unpacked, joined, visual};

/// Bits of a payload descriptor: more of it follows; an index of the picture, of the layer, and
/// one of the two values that share a byte.
const EXTENDED: u8 = 0x80;
const PICTURE: u8 = 0x80;
const LAYER: u8 = 0x40;
const TID_OR_KEY: u8 = 0x30;
/// The index of the picture has two bytes.
const LONG: u8 = 0x80;

pub(super) fn unpack(packets: &[Bytes], key: bool) -> Option<Unpacked> {
    joined(packets, key, without_descriptor, entry)
}

fn without_descriptor(packet: &[u8]) -> Option<&[u8]> {
    let (first, mut rest) = packet.split_first()?;
    if first & EXTENDED != 0 {
        let (fields, after) = rest.split_first()?;
        rest = after;
        if fields & PICTURE != 0 {
            let long = rest.first()? & LONG != 0;
            rest = rest.get(1 + usize::from(long)..)?;
        }
        if fields & LAYER != 0 {
            rest = rest.get(1..)?;
        }
        if fields & TID_OR_KEY != 0 {
            rest = rest.get(1..)?;
        }
    }
    Some(rest)
}

/// What the header of a key frame says (RFC 6386, 9.1).
fn entry(frame: &[u8]) -> Option<Entry> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *frame else {
        return None;
    };
    // The upper two bits tell how to scale.
    let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
    let vpcc = VpcC {
        profile: (tag >> 1) & 7,
        chroma_subsampling: 1,
        ..VpcC::default()
    };
    Some(Entry::Vp08(Vp08 {
        visual: visual(side([w0, w1]), side([h0, h1]))?,
        vpcc,
        ..Vp08::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(payloads: &[&[u8]]) -> Vec<Bytes> {
        payloads.iter().map(|p| Bytes::copy_from_slice(p)).collect()
    }

    #[test]
    fn every_form_of_descriptor_is_left_out() {
        let forms: [&[u8]; 5] = [
            &[0x10, 7],
            &[0x90, 0x80, 0x11, 7],
            &[0x90, 0x80, 0x81, 0x11, 7],
            &[0x90, 0xe0, 0x81, 0x11, 1, 2, 7],
            &[0x80, 0x10, 3, 7],
        ];
        for form in forms {
            let unpacked = unpack(&packets(&[form, &[0x00, 8]]), false).unwrap();
            assert_eq!(unpacked.data, [7, 8], "{form:?}");
        }
    }

    #[test]
    fn a_descriptor_that_ends_too_early_damages_the_frame() {
        for form in [
            &[][..],
            &[0x90],
            &[0x90, 0x80],
            &[0x90, 0x80, 0x81],
            &[0x90, 0x40],
        ] {
            assert_eq!(unpack(&packets(&[form]), false), None, "{form:?}");
        }
    }

    #[test]
    fn a_key_frame_tells_its_size() {
        let frame = [0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 0x02, 0xe0, 0x41, 9];
        let entry = unpack(&packets(&[&frame]), true).unwrap().entry.unwrap();
        let visual = entry.visual().unwrap();
        assert_eq!((visual.width, visual.height), (640, 480));
        assert_eq!(unpack(&packets(&[&frame[..8]]), true), None);
    }
}
