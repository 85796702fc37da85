//! What tests of RTP sources have in common.

use bytes::Bytes;

use super::packet::Packet;

/// A packet of H.264 without a payload, payload type 96, sender 1.
pub(super) fn packet(sequence: u16, timestamp: u32) -> Packet {
    let datagram = Rtp {
        sequence,
        timestamp,
        ..Rtp::default()
    };
    Packet::parse(&datagram.with(&[])).unwrap()
}

/// The header of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rtp {
    pub(super) payload_type: u8,
    pub(super) marker: bool,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
}

impl Default for Rtp {
    fn default() -> Rtp {
        Rtp {
            payload_type: 96,
            marker: false,
            sequence: 0,
            timestamp: 0,
            ssrc: 1,
        }
    }
}

impl Rtp {
    /// The datagram with this payload.
    pub(super) fn with(self, payload: &[u8]) -> Bytes {
        let mut bytes = vec![0x80, self.payload_type | u8::from(self.marker) << 7];
        bytes.extend(self.sequence.to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        bytes.extend(payload);
        bytes.into()
    }
}
