//! VP8: frames out of packets (RFC 7741).

use bytes::Bytes;
use mp4_atom::{Codec as Entry, Vp08, VpcC};

use super::{Unpacked, joined, visual};
use crate::payload::vp8;

pub(super) fn unpack(packets: &[Bytes], key: bool) -> Option<Unpacked> {
    joined(packets, key, |packet| Some(vp8::split(packet)?.1), entry)
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
    fn descriptors_are_left_out_and_damage_the_frame_if_they_end_too_early() {
        let first: &[u8] = &[0x90, 0x80, 0x11, 7];
        let unpacked = unpack(&packets(&[first, &[0x00, 8]]), false).unwrap();
        assert_eq!(unpacked.data, [7, 8]);
        assert_eq!(unpack(&packets(&[first, &[0x90, 0x80]]), false), None);
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
