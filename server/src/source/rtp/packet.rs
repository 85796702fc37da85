//! The RTP packet (RFC 3550 section 5.1) and its header extensions (RFC 8285).

use bytes::Bytes;

const VERSION: u8 = 2;
const HEADER: usize = 12;
const PADDING: u8 = 0x20;
const EXTENSION: u8 = 0x10;
const ONE_BYTE_PROFILE: u16 = 0xbede;
/// Of the two-byte profile's 16 bits, four may say anything.
const TWO_BYTE_PROFILE: u16 = 0x1000;
const TWO_BYTE_MASK: u16 = 0xfff0;

/// A packet, taken apart without being copied where most of it is payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) payload_type: u8,
    pub(super) marker: bool,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
    /// The header extensions, with their profile.
    extensions: Option<(u16, Bytes)>,
    /// Without padding; may be empty.
    pub(super) payload: Bytes,
}

impl Packet {
    /// Reads a datagram; `None` for what is no RTP.
    pub(super) fn parse(datagram: &Bytes) -> Option<Packet> {
        let &[first, second, s, q, t, i, m, e, a, b, c, d, ..] = datagram.as_ref() else {
            return None;
        };
        if first >> 6 != VERSION {
            return None;
        }
        let mut start = HEADER + 4 * usize::from(first & 0x0f);
        let mut extensions = None;
        if first & EXTENSION != 0 {
            let &[p, r, l, n] = datagram.get(start..start + 4)? else {
                return None;
            };
            start += 4;
            let end = start + 4 * usize::from(u16::from_be_bytes([l, n]));
            datagram.get(start..end)?;
            extensions = Some((u16::from_be_bytes([p, r]), datagram.slice(start..end)));
            start = end;
        }
        let mut end = datagram.len();
        if first & PADDING != 0 {
            let padding = usize::from(*datagram.last()?);
            end = end.checked_sub(padding).filter(|_| padding > 0)?;
        }
        let payload = datagram.get(start..end)?;
        // What is kept of a payload keeps what it is a part of: one byte might take 64 kB.
        let payload = match 2 * payload.len() < datagram.len() {
            true => Bytes::copy_from_slice(payload),
            false => datagram.slice(start..end),
        };
        Some(Packet {
            payload_type: second & 0x7f,
            marker: second & 0x80 != 0,
            sequence: u16::from_be_bytes([s, q]),
            timestamp: u32::from_be_bytes([t, i, m, e]),
            ssrc: u32::from_be_bytes([a, b, c, d]),
            extensions,
            payload,
        })
    }

    /// The header extension with this id.
    pub(super) fn extension(&self, id: u8) -> Option<&[u8]> {
        let (profile, bytes) = self.extensions.as_ref()?;
        let two_bytes = match *profile {
            ONE_BYTE_PROFILE => false,
            profile if profile & TWO_BYTE_MASK == TWO_BYTE_PROFILE => true,
            _ => return None,
        };
        let mut rest: &[u8] = bytes;
        loop {
            let (found, length, after) = match rest {
                [0, after @ ..] => {
                    rest = after;
                    continue;
                }
                [found, length, after @ ..] if two_bytes => (*found, usize::from(*length), after),
                // 15 ends the list, whatever follows.
                [0xf0..=0xff, ..] if !two_bytes => return None,
                [both, after @ ..] if !two_bytes => {
                    (both >> 4, usize::from(both & 0x0f) + 1, after)
                }
                _ => return None,
            };
            let value = after.get(..length)?;
            if found == id {
                return Some(value);
            }
            rest = after.get(length..)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: [u8; 15] = [
        0x80, 0xe0, 0x12, 0x34, 0, 0, 0x30, 0x39, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3,
    ];

    fn parse(bytes: &[u8]) -> Option<Packet> {
        Packet::parse(&Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn a_packet_is_taken_apart() {
        let packet = parse(&PLAIN).unwrap();
        assert_eq!((packet.payload_type, packet.marker), (96, true));
        assert_eq!((packet.sequence, packet.timestamp), (0x1234, 12_345));
        assert_eq!(packet.ssrc, 0xdead_beef);
        assert_eq!(packet.payload.as_ref(), [1, 2, 3]);
    }

    #[test]
    fn contributing_sources_and_padding_are_no_payload() {
        let mut bytes = PLAIN[..12].to_vec();
        bytes[0] |= 0x20 | 2;
        bytes.extend([0; 8]);
        bytes.extend([7, 8, 0, 0, 3]);
        assert_eq!(parse(&bytes).unwrap().payload.as_ref(), [7, 8]);
        *bytes.last_mut().unwrap() = 5;
        assert!(parse(&bytes).unwrap().payload.is_empty());
        for wrong in [0, 6, 255] {
            *bytes.last_mut().unwrap() = wrong;
            assert_eq!(parse(&bytes), None, "{wrong}");
        }
    }

    #[test]
    fn a_payload_keeps_no_memory_but_its_own() {
        let is_shared = |payload: usize, padding: u8| {
            let mut bytes = PLAIN[..12].to_vec();
            bytes[0] |= 0x20;
            bytes.resize(12 + payload + usize::from(padding), padding);
            let datagram = Bytes::from(bytes);
            let Packet { payload, .. } = Packet::parse(&datagram).unwrap();
            let is_shared = !datagram.is_unique();
            assert_eq!(payload, datagram.slice(12..12 + payload.len()));
            is_shared
        };
        assert!(is_shared(1_000, 200));
        assert!(!is_shared(20, 200));
    }

    fn extended(profile: u16, block: &[u8]) -> Packet {
        let mut bytes = PLAIN[..12].to_vec();
        bytes[0] |= 0x10;
        bytes.extend(profile.to_be_bytes());
        bytes.extend((block.len() as u16 / 4).to_be_bytes());
        bytes.extend(block);
        bytes.push(9);
        let packet = parse(&bytes).unwrap();
        assert_eq!(packet.payload.as_ref(), [9]);
        packet
    }

    #[test]
    fn header_extensions_are_found_in_both_forms() {
        let one_byte = extended(ONE_BYTE_PROFILE, &[0x10, 7, 0, 0x32, 1, 2, 3, 0]);
        assert_eq!(one_byte.extension(1), Some([7].as_slice()));
        assert_eq!(one_byte.extension(3), Some([1, 2, 3].as_slice()));
        assert_eq!(one_byte.extension(2), None);
        let two_bytes = extended(0x1007, &[1, 0, 0, 20, 2, 8, 9, 0]);
        assert_eq!(two_bytes.extension(1), Some([].as_slice()));
        assert_eq!(two_bytes.extension(20), Some([8, 9].as_slice()));
        let other = extended(0x4711, &[0x10, 7, 0, 0]);
        assert_eq!(other.extension(1), None);
    }

    #[test]
    fn what_ends_too_early_has_no_extension() {
        let stops = extended(ONE_BYTE_PROFILE, &[0xf0, 0x10, 7, 0]);
        assert_eq!(stops.extension(1), None);
        let cut = extended(ONE_BYTE_PROFILE, &[0x1f, 1, 2, 3]);
        assert_eq!(cut.extension(1), None);
    }

    #[test]
    fn what_is_too_short_or_of_another_version_is_no_packet() {
        let mut whole = PLAIN.to_vec();
        whole[0] = 0xbf;
        whole.extend([0xbe, 0xde, 0, 1, 0x10, 0, 0, 0]);
        for length in 0..whole.len() {
            let _ = parse(&whole[..length]);
        }
        for length in 0..12 {
            assert_eq!(parse(&PLAIN[..length]), None);
        }
        let mut old = PLAIN;
        old[0] = 0x40;
        assert_eq!(parse(&old), None);
        // An extension that is longer than the packet.
        assert_eq!(
            parse(&[&[0x90], &PLAIN[1..12], &[0, 0, 0xff, 0xff]].concat()),
            None
        );
    }
}
