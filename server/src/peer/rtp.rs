//! The RTP stream of one track to one viewer: headers, sequence numbers and retransmissions. The
//! payloads are everybody's.
use super::{
    PlayoutDelay,
    answer::Agreed,
    history::History,
    outgoing::{Outgoing, Path},
    srtp::{Srtp, SrtpError},
};
use crate::{
    ntp,
    picture::Captured,
    stream::{Codec, FIRST_PACKET_EXTENSIONS, Frame, Kind},
};
use std::collections::VecDeque;

/// The room that header extensions take at most: what a packet of [`Frame`] leaves free.
const MAX_EXTENSIONS: usize = FIRST_PACKET_EXTENSIONS;

/// A viewer may have so many packets in advance of what it gets repeated.
const MAX_BUDGET: u32 = 1024;

/// A report of losses may name so many packets: nobody has more that could be sent again.
const MAX_LOST: usize = MAX_BUDGET as usize;

/// So many gaps in what was sent are remembered for retransmissions.
const MAX_RUNS: usize = 8;

/// By how much a viewer has to turn the picture, clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Orientation {
    /// Not at all.
    #[default]
    Upright,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

/// The synchronisation sources of one track to one viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sources {
    pub(super) media: u32,
    /// Of retransmissions (RFC 4588), where they are offered.
    pub(super) rtx: Option<u32>,
}

/// How a track is sent to a viewer.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) codec: Codec,
    pub(super) sources: Sources,
    pub(super) agreed: Agreed,
    pub(super) orientation: Orientation,
    pub(super) playout_delay: Option<PlayoutDelay>,
}

/// The way of packets to one viewer.
pub(super) struct Route<'a> {
    pub(super) path: Path,
    pub(super) srtp: &'a mut Srtp,
    pub(super) out: &'a mut Outgoing,
}

/// The sending end of a track to one viewer.
pub(super) struct RtpSender {
    terms: Terms,
    sequence: Sequence,
    rtx_sequence: u16,
    /// What is added to the times of frames.
    offset: u32,
    last: Option<Moment>,
    /// The last frame before a break, until one comes that was captured later.
    before_break: Option<Moment>,
    /// How many packets may be repeated.
    budget: u32,
    counts: Counts,
}

/// When the last frame was captured, on all clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) captured: Captured,
    /// RTP time as it was sent.
    pub(super) timestamp: u32,
}

/// What has been sent, without retransmissions, headers and padding.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) packets: u64,
    pub(super) octets: u64,
}

impl RtpSender {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            // In the lower half, so that the receiver cannot miss a roll-over early on:
            // RFC 3711 section 3.3.1.
            sequence: Sequence::new(u64::from(rand::random::<u16>() >> 1)),
            rtx_sequence: rand::random::<u16>() >> 1,
            offset: 0,
            last: None,
            before_break: None,
            budget: 0,
            counts: Counts::default(),
        }
    }

    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What has been sent so far.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// When the last frame that was sent was captured.
    pub(super) fn last(&self) -> Option<Moment> {
        self.last
    }

    /// What comes next may be of another track, or older than what was sent. Sequence numbers go on,
    /// RTP time goes on by the time that has passed, and nothing from before is sent again.
    pub(super) fn break_off(&mut self) {
        self.sequence.forget();
        self.before_break = self.before_break.or(self.last);
    }

    /// Sends a frame.
    pub(super) fn send(&mut self, frame: &Frame, route: &mut Route<'_>) -> Result<(), SrtpError> {
        if let Some(before) = self.before_break {
            self.offset = self.offset_after_break(before, frame);
            if frame.captured.at > before.captured.at {
                self.before_break = None;
            }
        }
        let first = self
            .sequence
            .run(frame.first_packet, frame.packets.len() as u64);
        for (position, payload) in frame.packets.iter().enumerate() {
            let header = Header {
                payload_type: self.terms.agreed.payload_type,
                sequence: first.wrapping_add(position as u16),
                ssrc: self.terms.sources.media,
            };
            self.write(frame, position, header, None, route)?;
            self.counts.packets += 1;
            self.counts.octets += payload.len() as u64;
        }
        let packets = u32::try_from(frame.packets.len()).unwrap_or(MAX_BUDGET);
        self.budget = self.budget.saturating_add(packets).min(MAX_BUDGET);
        self.last = Some(Moment {
            captured: frame.captured,
            timestamp: frame.timestamp.wrapping_add(self.offset),
        });
        Ok(())
    }

    /// Sends the packets with these sequence numbers again, as far as they are still there and the
    /// viewer has not had more than its share. Tells how many it were.
    pub(super) fn resend(
        &mut self,
        lost: &[u16],
        history: &History,
        route: &mut Route<'_>,
    ) -> Result<u32, SrtpError> {
        let mut resent = 0;
        for &sequence in lost.iter().take(MAX_LOST) {
            let packet = self
                .sequence
                .index(sequence)
                .and_then(|index| history.packet(index));
            let Some(packet) = packet else { continue };
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            resent += 1;
            let Terms {
                sources, agreed, ..
            } = self.terms;
            let (header, original) = match (agreed.rtx, sources.rtx) {
                (Some(payload_type), Some(ssrc)) => {
                    self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
                    let header = Header {
                        payload_type,
                        sequence: self.rtx_sequence,
                        ssrc,
                    };
                    (header, Some(sequence))
                }
                // The same packet, bit by bit: two different ones must never be encrypted for the
                // same sequence number.
                _ => {
                    let header = Header {
                        payload_type: agreed.payload_type,
                        sequence,
                        ssrc: sources.media,
                    };
                    (header, None)
                }
            };
            self.write(packet.frame, packet.position, header, original, route)?;
        }
        Ok(resent)
    }

    /// Writes one packet of a frame. `original` is the sequence number that a retransmission
    /// repeats (RFC 4588 section 4).
    fn write(
        &self,
        frame: &Frame,
        position: usize,
        header: Header,
        original: Option<u16>,
        route: &mut Route<'_>,
    ) -> Result<(), SrtpError> {
        let Some(payload) = frame.packets.get(position) else {
            return Ok(());
        };
        let last = position + 1 == frame.packets.len();
        let extensions = self.extensions(frame, position, last);
        // In audio it would be the start of speech, which we do not look for: RFC 3551 section 4.1.
        let marker = last && self.terms.codec.kind() == Kind::Video;
        let timestamp = frame.timestamp.wrapping_add(self.offset);
        let Route { path, srtp, out } = route;
        out.write(*path, |buffer| {
            let start = buffer.len();
            header.write(marker, timestamp, extensions.as_slice(), buffer);
            if let Some(original) = original {
                buffer.extend_from_slice(&original.to_be_bytes());
            }
            buffer.extend_from_slice(payload);
            srtp.protect_rtp(buffer, start)
        })
    }

    /// The first packet of a frame says when it was captured and how soon it is to be shown; the
    /// last one how it is to be turned. It is the same each time the packet is sent.
    fn extensions(&self, frame: &Frame, position: usize, last: bool) -> Extensions {
        let Terms {
            agreed,
            orientation,
            playout_delay,
            ..
        } = &self.terms;
        let mut extensions = Extensions::default();
        if position == 0 {
            if let (Some(id), Some(delay)) = (agreed.playout_delay, playout_delay) {
                extensions.add(id, &delay.to_bytes());
            }
            if let Some(id) = agreed.abs_capture_time {
                extensions.add(id, &ntp::from(frame.captured.wall).to_be_bytes());
            }
        }
        if last
            && *orientation != Orientation::Upright
            && let Some(id) = agreed.orientation
        {
            extensions.add(id, &[orientation.cvo()]);
        }
        extensions
    }

    /// By which a frame after a break comes as much later than the last one before it as it was
    /// captured later, and later than all others in any case. Frames from before the break, by which
    /// viewers begin, follow each other at once, so that they take the clock no further.
    fn offset_after_break(&self, before: Moment, frame: &Frame) -> u32 {
        let since = (frame.captured.at).saturating_duration_since(before.captured.at);
        let ticks = since.as_nanos() * u128::from(self.terms.codec.clock_rate()) / 1_000_000_000;
        let last = self.last.unwrap_or(before);
        let sent = last.timestamp.wrapping_sub(before.timestamp);
        let ticks = (ticks as u32).max(sent.wrapping_add(1));
        before
            .timestamp
            .wrapping_add(ticks)
            .wrapping_sub(frame.timestamp)
    }
}

impl PlayoutDelay {
    /// Two numbers of 12 bits, as the extension has them.
    fn to_bytes(self) -> [u8; 3] {
        let Self { min, max } = self;
        let [.., a, b, c] = (u32::from(min & 0xfff) << 12 | u32::from(max & 0xfff)).to_be_bytes();
        [a, b, c]
    }
}

impl Orientation {
    /// The byte of 3GPP TS 26.114 section 7.4.5, which counts the other way round.
    fn cvo(self) -> u8 {
        match self {
            Self::Upright => 0,
            Self::Quarter => 3,
            Self::Half => 2,
            Self::ThreeQuarters => 1,
        }
    }
}

/// What distinguishes the headers of one viewer's packets.
#[derive(Clone, Copy)]
struct Header {
    payload_type: u8,
    sequence: u16,
    ssrc: u32,
}

impl Header {
    fn write(self, marker: bool, timestamp: u32, extensions: &[u8], buffer: &mut Vec<u8>) {
        let extended = if extensions.is_empty() { 0 } else { 0x10 };
        let marker = if marker { 0x80 } else { 0 };
        let mut header = [0; 12];
        header[0] = 0x80 | extended;
        header[1] = marker | self.payload_type;
        header[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        header[4..8].copy_from_slice(&timestamp.to_be_bytes());
        header[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        buffer.extend_from_slice(&header);
        buffer.extend_from_slice(extensions);
    }
}

/// A block of header extensions with one-byte headers (RFC 8285 section 4.2).
#[derive(Default)]
struct Extensions {
    bytes: [u8; MAX_EXTENSIONS],
    length: usize,
}

impl Extensions {
    /// Adds an element of 1 to 16 bytes.
    fn add(&mut self, id: u8, value: &[u8]) {
        if self.length == 0 {
            self.bytes[..2].copy_from_slice(&[0xbe, 0xde]);
            self.length = 4;
        }
        let end = self.length + 1 + value.len();
        let Some(room) = self.bytes.get_mut(self.length..end) else {
            debug_assert!(false, "more extensions than there is room for");
            return;
        };
        room[0] = id << 4 | (value.len() - 1) as u8;
        room[1..].copy_from_slice(value);
        self.length = end;
        self.bytes[3] = (end - 4).div_ceil(4) as u8;
    }

    fn as_slice(&self) -> &[u8] {
        // Zeros pad it to whole words.
        &self.bytes[..self.length.next_multiple_of(4)]
    }
}

/// Which packet of the track went out under which sequence number. They go side by side but for
/// frames that were left out: there the track has a gap and the sequence numbers have none.
struct Sequence {
    /// The next sequence number, with its roll-overs.
    next: u64,
    /// Where each run without a gap began: sequence number and index of the packet.
    runs: VecDeque<(u64, u64)>,
}

impl Sequence {
    fn new(first: u64) -> Self {
        Self {
            next: first,
            runs: VecDeque::new(),
        }
    }

    /// Forgets which packets went out.
    fn forget(&mut self) {
        self.runs.clear();
    }

    /// Takes numbers for the packets from `index` on, and tells the first.
    fn run(&mut self, index: u64, packets: u64) -> u16 {
        let goes_on = self.runs.back().is_some_and(|&(sequence, first)| {
            index.checked_sub(first) == Some(self.next - sequence)
        });
        if !goes_on {
            if self.runs.len() == MAX_RUNS {
                self.runs.pop_front();
            }
            self.runs.push_back((self.next, index));
        }
        let first = self.next as u16;
        self.next += packets;
        first
    }

    /// The index of the packet that last went out under this number.
    fn index(&self, sequence: u16) -> Option<u64> {
        let newest = self.next.checked_sub(1)?;
        let age = (newest as u16).wrapping_sub(sequence);
        let sequence = newest.checked_sub(u64::from(age))?;
        let (began, index) = self
            .runs
            .iter()
            .rev()
            .find(|(began, _)| *began <= sequence)?;
        Some(index + (sequence - began))
    }
}

#[cfg(test)]
mod tests;
