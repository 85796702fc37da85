//! Reads decrypted RTP as far as the counts need it.

use std::time::Instant;

use rtc::rtp::Packet;

use super::Counts;

/// A sequence parameter set (RFC 6184 table 1, ITU-T H.264 table 7-1).
const PARAMETERS: u8 = 7;
/// Several units in one packet (RFC 6184 section 5.7.1).
const STAP_A: u8 = 24;

/// Reads packets in the order they come.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) counts: Counts,
    next: Option<u16>,
    frame_time: Option<u32>,
    /// Of the last key frame that was counted.
    key_frame_time: Option<u32>,
    /// The frame that comes is a key frame, and nothing of it is missing yet.
    in_key_frame: bool,
}

impl Reader {
    pub(super) fn read(&mut self, packet: &Packet) {
        let (header, counts) = (&packet.header, &mut self.counts);
        if packet.payload.is_empty() {
            return;
        }
        counts.packets += 1;
        let gap = self
            .next
            .map_or(0, |next| header.sequence_number.wrapping_sub(next));
        let is_new = gap < 0x8000;
        if is_new {
            counts.lost += u64::from(gap);
            self.in_key_frame &= gap == 0;
            self.next = Some(header.sequence_number.wrapping_add(1));
        } else {
            // A packet that was missed before and came again.
            counts.lost = counts.lost.saturating_sub(1);
        }
        if has_parameters(&packet.payload) && self.key_frame_time != Some(header.timestamp) {
            counts.key_frames += 1;
            self.key_frame_time = Some(header.timestamp);
            self.in_key_frame = is_new;
        }
        if header.marker {
            counts.frames += 1;
            if std::mem::take(&mut self.in_key_frame) {
                counts.first_picture.get_or_insert_with(Instant::now);
            }
            let before = self.frame_time.replace(header.timestamp);
            let ahead = before.map_or(1, |before| header.timestamp.wrapping_sub(before));
            counts.backwards += u64::from(ahead == 0 || ahead > u32::MAX / 2);
        }
    }
}

/// Whether a packet has a sequence parameter set, alone or among several units. It need not be the
/// first of them: muxers put a delimiter before it.
fn has_parameters(payload: &[u8]) -> bool {
    match payload {
        [first, units @ ..] if first & 31 == STAP_A => kinds(units).any(|kind| kind == PARAMETERS),
        [first, ..] => first & 31 == PARAMETERS,
        [] => false,
    }
}

/// The types of the units of a STAP-A, as far as they are whole.
fn kinds(mut units: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (length, rest) = units.split_first_chunk()?;
        let (unit, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        units = rest;
        Some(unit.first()? & 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::rtp::Header;

    const DELIMITER: &[u8] = &[0x09, 0xf0];
    const SET: &[u8] = &[0x67, 0x42, 0xc0, 0x1f];
    const PART: &[u8] = &[0x7c, 0x05, 0x88];

    fn together(units: &[&[u8]]) -> Vec<u8> {
        let mut payload = vec![STAP_A];
        for unit in units {
            payload.extend((unit.len() as u16).to_be_bytes());
            payload.extend(*unit);
        }
        payload
    }

    /// Reads payloads by their sequence numbers; the last one ends the frame.
    fn read(reader: &mut Reader, timestamp: u32, packets: &[(u16, &[u8])]) {
        for (place, (sequence_number, payload)) in packets.iter().enumerate() {
            let header = Header {
                marker: place + 1 == packets.len(),
                sequence_number: *sequence_number,
                timestamp,
                ..Default::default()
            };
            let payload = payload.to_vec().into();
            reader.read(&Packet { header, payload });
        }
    }

    #[test]
    fn a_key_frame_is_known_by_its_parameters_wherever_they_are() {
        let both = together(&[DELIMITER, SET]);
        let beginnings: [&[(u16, &[u8])]; 3] = [
            &[(0, SET), (1, PART)],
            &[(0, DELIMITER), (1, SET), (2, PART)],
            &[(0, &both), (1, PART)],
        ];
        for packets in beginnings {
            let mut reader = Reader::default();
            read(&mut reader, 0, packets);
            assert_eq!(reader.counts.key_frames, 1, "{packets:?}");
            assert!(reader.counts.first_picture.is_some(), "{packets:?}");
        }
    }

    #[test]
    fn other_frames_and_units_that_are_cut_off_are_no_key_frames() {
        let other = together(&[DELIMITER, &[0x41, 0x9a]]);
        let mut cut_off = together(&[DELIMITER, SET]);
        cut_off.truncate(8);
        let mut reader = Reader::default();
        read(&mut reader, 0, &[(0, &other), (1, PART)]);
        read(&mut reader, 3_000, &[(2, &cut_off), (3, &[STAP_A])]);
        assert_eq!(reader.counts.frames, 2);
        assert_eq!(reader.counts.key_frames, 0);
        assert!(reader.counts.first_picture.is_none());
    }

    #[test]
    fn a_key_frame_with_a_hole_is_no_picture() {
        let mut reader = Reader::default();
        read(&mut reader, 0, &[(0, SET), (2, PART)]);
        assert!(reader.counts.first_picture.is_none());
        read(&mut reader, 3_000, &[(3, SET), (4, PART)]);
        assert_eq!(reader.counts.key_frames, 2);
        assert!(reader.counts.first_picture.is_some());
    }
}
