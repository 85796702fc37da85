//! Packets in order become frames.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::codec::{Damaged, Depacketiser, Fitted, MAX_PACKETS};
use super::packet::Packet;
use crate::stream::{Codec, MAX_FIRST_PAYLOAD};

/// A frame that is longer than this, or has more than [`MAX_PACKETS`] packets, is left out: no
/// decoder of a browser would take it, and somebody may only want our memory.
const MAX_BYTES: usize = 4 << 20;

/// Collects the packets of one sender. A value without a clock.
///
/// A video frame is whole at the marker, so that it goes on at once; where a sender sets none, when
/// a packet of another RTP time comes (RFC 3550 section 5.1). Of audio every packet is a frame.
#[derive(Debug)]
pub(super) struct Assembler {
    /// `None` for audio.
    video: Option<Depacketiser>,
    current: Option<Partial>,
    /// Packets are missing before the one that comes next, or may be.
    gap: bool,
    ready: VecDeque<Assembled>,
}

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Assembled {
    Frame {
        fitted: Fitted,
        timestamp: u32,
        /// When its first packet came.
        arrived: Instant,
        /// When it was captured, as its sender says in NTP's form.
        told: Option<u64>,
    },
    /// A frame cannot be put together.
    Damaged,
}

/// A frame of which more may come.
#[derive(Debug)]
struct Partial {
    timestamp: u32,
    arrived: Instant,
    told: Option<u64>,
    payloads: Vec<Bytes>,
    bytes: usize,
    damaged: bool,
}

impl Assembler {
    /// For a codec with these parameters of `a=fmtp`.
    pub(super) fn new(codec: Codec, fmtp: &str) -> Assembler {
        Assembler {
            video: Depacketiser::new(codec, fmtp),
            current: None,
            gap: true,
            ready: VecDeque::new(),
        }
    }

    /// Takes the next packet, which came at `arrived`. `told` is what it says about the time of its
    /// capture.
    pub(super) fn push(&mut self, arrived: Instant, packet: Packet, told: Option<u64>) {
        let Packet {
            timestamp,
            marker,
            payload,
            ..
        } = packet;
        let Some(video) = &self.video else {
            self.audio(arrived, timestamp, told, payload);
            return;
        };
        // A gap before a frame may have swallowed its first packets.
        let beheaded = self.gap && !video.may_begin(&payload);
        if self
            .current
            .as_ref()
            .is_some_and(|it| it.timestamp != timestamp)
        {
            self.finish();
        }
        if payload.is_empty() && self.current.is_none() {
            // Padding between frames; a gap before it is one before the next.
            return;
        }
        self.gap = false;
        let partial = self.current.get_or_insert_with(|| Partial {
            timestamp,
            arrived,
            told: None,
            payloads: Vec::new(),
            bytes: 0,
            damaged: beheaded,
        });
        partial.told = partial.told.or(told);
        partial.add(payload);
        if marker {
            self.finish();
        }
    }

    /// Packets are lost before the one that comes next.
    pub(super) fn lost(&mut self) {
        self.gap = true;
        if let Some(partial) = &mut self.current {
            partial.damage();
        }
    }

    /// What comes next is of another sender, perhaps from the middle of a frame on. What is there
    /// will not be whole any more.
    pub(super) fn restart(&mut self) {
        self.gap = true;
        self.current = None;
    }

    /// The next frame that is complete.
    pub(super) fn poll(&mut self) -> Option<Assembled> {
        self.ready.pop_front()
    }

    fn audio(&mut self, arrived: Instant, timestamp: u32, told: Option<u64>, payload: Bytes) {
        if payload.is_empty() {
            return;
        }
        // There is no way to cut it up, and it is the first of its frame.
        if payload.len() > MAX_FIRST_PAYLOAD {
            self.ready.push_back(Assembled::Damaged);
            return;
        }
        self.ready.push_back(Assembled::Frame {
            fitted: Fitted {
                packets: vec![payload],
                key: true,
            },
            timestamp,
            arrived,
            told,
        });
    }

    fn finish(&mut self) {
        let (Some(partial), Some(video)) = (self.current.take(), &mut self.video) else {
            return;
        };
        let assembled = if partial.damaged {
            Assembled::Damaged
        } else {
            match video.frame(partial.payloads) {
                Ok(None) => return,
                // A few bytes of an aggregate are a packet of their own for viewers.
                Ok(Some(fitted)) if fitted.packets.len() > MAX_PACKETS => Assembled::Damaged,
                Ok(Some(fitted)) => Assembled::Frame {
                    fitted,
                    timestamp: partial.timestamp,
                    arrived: partial.arrived,
                    told: partial.told,
                },
                Err(Damaged) => Assembled::Damaged,
            }
        };
        self.ready.push_back(assembled);
    }
}

impl Partial {
    fn add(&mut self, payload: Bytes) {
        self.bytes += payload.len();
        if self.bytes > MAX_BYTES || self.payloads.len() >= MAX_PACKETS {
            self.damage();
        }
        if !self.damaged && !payload.is_empty() {
            self.payloads.push(payload);
        }
    }

    fn damage(&mut self) {
        self.damaged = true;
        self.payloads = Vec::new();
    }
}

#[cfg(test)]
mod tests;
