//! Encoded pictures to RTP payloads, once for all viewers (RFC 6184, packetization-mode 1).

use bytes::{BufMut, Bytes, BytesMut};
use std::time::Instant;

use super::frame::{Frame, MAX_FIRST_PAYLOAD, MAX_PAYLOAD};
use crate::encode::annex_b;
use crate::payload::h264::{END, FU_A, START};
use crate::picture::Captured;

/// RTP's clock for video, ticks a second.
const CLOCK_RATE: u128 = 90_000;
/// Indicator and header of a fragment (RFC 6184, 5.8).
const FU_HEADERS: usize = 2;

/// Numbers the frames and packets of one stream.
pub(crate) struct Packetiser {
    epoch: Instant,
    next_frame: u64,
    next_packet: u64,
    last_ticks: Option<u64>,
}

impl Packetiser {
    /// A packetiser whose RTP time is 0 at `epoch`.
    pub(crate) fn new(epoch: Instant) -> Packetiser {
        Packetiser {
            epoch,
            next_frame: 0,
            next_packet: 0,
            last_ticks: None,
        }
    }

    /// Makes a frame of one access unit in Annex B form. `None`, and no number is used, if it has
    /// no NAL unit.
    pub(crate) fn frame(&mut self, access_unit: &[u8], captured: Captured) -> Option<Frame> {
        let mut packets = Payloads::new(access_unit.len());
        let mut idr = false;
        for unit in annex_b::units(access_unit) {
            idr |= annex_b::unit_type(unit) == annex_b::IDR;
            packets.add(unit);
        }
        let packets = packets.finish();
        if packets.is_empty() {
            return None;
        }
        let frame = Frame {
            number: self.next_frame,
            first_packet: self.next_packet,
            timestamp: self.timestamp(captured.at),
            packets,
            captured,
            idr,
        };
        self.next_frame += 1;
        self.next_packet += frame.packets.len() as u64;
        Some(frame)
    }

    /// RTP time of a capture time. Two frames never share one, whatever a device says of its
    /// pictures: receivers take packets of one time for one frame.
    fn timestamp(&mut self, at: Instant) -> u32 {
        let since = at.saturating_duration_since(self.epoch);
        let exact = (since.as_nanos() * CLOCK_RATE / 1_000_000_000) as u64;
        let ticks = self.last_ticks.map_or(exact, |last| exact.max(last + 1));
        self.last_ticks = Some(ticks);
        ticks as u32
    }
}

/// The payloads of one frame: passed on as they came, or NAL units of H.264 that are written behind
/// one another into one piece of memory.
pub(crate) struct Payloads {
    buffer: BytesMut,
    packets: Vec<Bytes>,
}

impl Payloads {
    /// Makes room for an access unit of so many bytes.
    pub(crate) fn new(access_unit: usize) -> Payloads {
        let fragments = access_unit / (MAX_FIRST_PAYLOAD - FU_HEADERS) + 4;
        Payloads {
            buffer: BytesMut::with_capacity(access_unit + fragments * FU_HEADERS),
            packets: Vec::with_capacity(fragments),
        }
    }

    /// How long the next payload may be.
    pub(crate) fn room(&self) -> usize {
        if self.packets.is_empty() {
            MAX_FIRST_PAYLOAD
        } else {
            MAX_PAYLOAD
        }
    }

    /// Adds a NAL unit, in fragments if it is too long for one payload.
    pub(crate) fn add(&mut self, unit: &[u8]) {
        let Some((&header, mut rest)) = unit.split_first() else {
            return;
        };
        if unit.len() <= self.room() {
            self.buffer.put_slice(unit);
            self.packets.push(self.buffer.split().freeze());
            return;
        }
        // The unit's own header travels in the two bytes before each fragment: F and NRI in the
        // indicator, the type beside the marks for start and end.
        let indicator = (header & 0xe0) | FU_A;
        let mut mark = START;
        while !rest.is_empty() {
            let (fragment, after) = rest.split_at(rest.len().min(self.room() - FU_HEADERS));
            rest = after;
            if rest.is_empty() {
                mark = END;
            }
            self.buffer
                .put_slice(&[indicator, mark | annex_b::unit_type(unit)]);
            self.buffer.put_slice(fragment);
            self.packets.push(self.buffer.split().freeze());
            mark = 0;
        }
    }

    /// Adds a payload as it is. It has to fit into [`Payloads::room`].
    pub(crate) fn add_payload(&mut self, payload: Bytes) {
        self.packets.push(payload);
    }

    /// How many payloads there are.
    pub(crate) fn count(&self) -> usize {
        self.packets.len()
    }

    /// All payloads, in order.
    pub(crate) fn finish(self) -> Vec<Bytes> {
        self.packets
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{FIRST_PACKET_EXTENSIONS, MAX_PACKET, RTP_HEADER};
    use super::*;
    use std::time::Duration;

    /// An access unit of NAL units with these headers and lengths.
    fn access_unit(units: &[(u8, usize)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &(header, len) in units {
            bytes.extend([0, 0, 0, 1, header]);
            bytes.extend((1..len).map(|n| (n % 251 + 1) as u8));
        }
        bytes
    }

    fn frame(units: &[(u8, usize)]) -> Frame {
        Packetiser::new(Instant::now())
            .frame(&access_unit(units), Captured::now())
            .unwrap()
    }

    /// The NAL units that a receiver puts together again.
    fn receive(packets: &[Bytes]) -> Vec<Vec<u8>> {
        let mut units: Vec<Vec<u8>> = Vec::new();
        for packet in packets {
            if packet[0] & 0x1f == FU_A {
                if packet[1] & START != 0 {
                    units.push(vec![(packet[0] & 0xe0) | (packet[1] & 0x1f)]);
                }
                units.last_mut().unwrap().extend(&packet[2..]);
            } else {
                units.push(packet.to_vec());
            }
        }
        units
    }

    #[test]
    fn parameter_sets_and_small_pictures_are_single_packets() {
        let frame = frame(&[(0x67, 15), (0x68, 4), (0x65, 800)]);
        assert_eq!(
            frame.packets.iter().map(Bytes::len).collect::<Vec<_>>(),
            [15, 4, 800]
        );
        assert!(frame.idr);
    }

    #[test]
    fn a_receiver_gets_back_what_was_encoded() {
        for len in [
            1,
            2,
            MAX_FIRST_PAYLOAD,
            MAX_FIRST_PAYLOAD + 1,
            MAX_PAYLOAD,
            MAX_PAYLOAD + 1,
            2_300,
            40_000,
        ] {
            let access_unit = access_unit(&[(0x67, 15), (0x68, 4), (0x65, len)]);
            let frame = Packetiser::new(Instant::now())
                .frame(&access_unit, Captured::now())
                .unwrap();
            let sent: Vec<_> = annex_b::units(&access_unit).map(<[u8]>::to_vec).collect();
            assert_eq!(receive(&frame.packets), sent, "{len}");
        }
    }

    #[test]
    fn start_and_end_are_marked_once_each() {
        let frame = frame(&[(0x61, 5_000)]);
        let marks: Vec<u8> = frame
            .packets
            .iter()
            .map(|packet| packet[1] & (START | END))
            .collect();
        assert_eq!(marks, [START, 0, 0, 0, END]);
        assert!(
            frame
                .packets
                .iter()
                .all(|packet| packet[0] == 0x60 | FU_A && packet[1] & 0x1f == 1)
        );
        assert!(!frame.idr);
    }

    #[test]
    fn a_unit_of_two_packets_has_a_start_and_an_end() {
        let frame = frame(&[(0x61, MAX_FIRST_PAYLOAD + 1)]);
        let marks: Vec<u8> = frame
            .packets
            .iter()
            .map(|packet| packet[1] & (START | END))
            .collect();
        assert_eq!(marks, [START, END]);
    }

    #[test]
    fn all_full_packets_of_a_frame_make_equal_datagrams() {
        let frame = frame(&[(0x61, 10_000)]);
        let (last, full) = frame.packets.split_last().unwrap();
        for (n, packet) in full.iter().enumerate() {
            let extensions = if n == 0 { FIRST_PACKET_EXTENSIONS } else { 0 };
            assert_eq!(RTP_HEADER + extensions + packet.len(), MAX_PACKET);
        }
        assert!(last.len() <= MAX_PAYLOAD);
    }

    #[test]
    fn frames_and_packets_are_numbered_without_gaps() {
        let mut packetiser = Packetiser::new(Instant::now());
        let mut packets = 0;
        for number in 0..5 {
            assert!(packetiser.frame(&[], Captured::now()).is_none());
            let frame = packetiser
                .frame(&access_unit(&[(0x61, 3_000)]), Captured::now())
                .unwrap();
            assert_eq!((frame.number, frame.first_packet), (number, packets));
            packets += frame.packets.len() as u64;
        }
    }

    #[test]
    fn rtp_time_is_capture_time_at_90_khz_and_wraps() {
        let epoch = Instant::now();
        let mut packetiser = Packetiser::new(epoch);
        let mut at = |after: Duration| packetiser.timestamp(epoch + after);
        assert_eq!(at(Duration::ZERO), 0);
        assert_eq!(at(Duration::from_micros(33_333)), 2_999);
        assert_eq!(at(Duration::from_secs(1)), 90_000);
        let wrap = Duration::from_nanos((1 << 32) * 1_000_000_000 / 90_000 + 1);
        assert_eq!(at(wrap), 0);
        assert_eq!(at(wrap + Duration::from_secs(1)), 90_000);
    }

    #[test]
    fn rtp_time_always_advances_even_if_capture_time_does_not() {
        let epoch = Instant::now();
        let mut packetiser = Packetiser::new(epoch);
        let second = epoch + Duration::from_secs(1);
        assert_eq!(packetiser.timestamp(second), 90_000);
        assert_eq!(packetiser.timestamp(second), 90_001);
        assert_eq!(packetiser.timestamp(epoch), 90_002);
    }
}
