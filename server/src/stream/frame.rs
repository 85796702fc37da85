//! One encoded picture, ready to send.

use bytes::Bytes;
use std::fmt;

use crate::picture::Captured;

/// The longest RTP packet in bytes, header and extensions included, encryption's tag not. With SRTP
/// (16), the two bytes of a retransmission, UDP and IPv6 (48) it stays below 1,280 bytes, which
/// every path carries.
pub(crate) const MAX_PACKET: usize = 1150;
/// An RTP header without extensions (RFC 3550).
pub(crate) const RTP_HEADER: usize = 12;
/// What the first packet of a frame carries in header extensions (RFC 8285, one-byte form): 4 bytes
/// of header, abs-capture-time (1 + 8), playout-delay (1 + 3) and 3 of padding.
pub(crate) const FIRST_PACKET_EXTENSIONS: usize = 20;
/// The longest RTP payload of any packet but the first of its frame.
pub(crate) const MAX_PAYLOAD: usize = MAX_PACKET - RTP_HEADER;
/// The longest RTP payload of the first packet of a frame. With its extensions it makes the same
/// datagram as [`MAX_PAYLOAD`] makes without, so that one segment train (GSO) takes them all.
pub(crate) const MAX_FIRST_PAYLOAD: usize = MAX_PAYLOAD - FIRST_PACKET_EXTENSIONS;

/// One encoded and packetised picture, shared by all viewers behind an `Arc`.
pub(crate) struct Frame {
    /// Grows in its stream by one. Where it grows by more, frames are missing, and what follows may
    /// need them up to the next one where decoding can begin.
    pub(crate) number: u64,
    /// Index in the stream of the first of `packets`: a viewer's RTP sequence number is its own
    /// base plus the index.
    pub(crate) first_packet: u64,
    /// RTP payloads of the track's codec (of H.264 single NAL units or FU-A, RFC 6184): the first at most [`MAX_FIRST_PAYLOAD`]
    /// bytes long, the others at most [`MAX_PAYLOAD`].
    pub(crate) packets: Vec<Bytes>,
    /// RTP time in ticks of the codec's clock. Begins near 0 with the stream.
    pub(crate) timestamp: u32,
    /// When the picture was captured.
    pub(crate) captured: Captured,
    /// Whether decoding can begin here: of H.264 the frame has SPS, PPS and an IDR picture; of audio
    /// it is every frame.
    pub(crate) idr: bool,
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("number", &self.number)
            .field("first_packet", &self.first_packet)
            .field("packets", &self.packets.len())
            .field("timestamp", &self.timestamp)
            .field("idr", &self.idr)
            .finish_non_exhaustive()
    }
}
