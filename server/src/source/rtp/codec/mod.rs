//! What the payloads of each codec tell, and how they are made to fit.

mod av1;
mod h264;
mod vp8;
mod vp9;

use bytes::Bytes;

use crate::stream::{Codec, Payloads};
use h264::H264;

/// So many packets make a frame at most, its sender's as well as those for viewers.
pub(super) const MAX_PACKETS: usize = 8_192;

/// The payloads of one video codec become frames.
#[derive(Debug)]
pub(super) enum Depacketiser {
    H264(H264),
    Vp8,
    Vp9,
    Av1,
}

/// A frame whose payloads fit into the packets that viewers get.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) packets: Vec<Bytes>,
    /// Whether decoding can begin here.
    pub(super) key: bool,
}

/// Payloads that make no whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damaged;

/// What a payload tells of itself, as far as no other is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    /// It is the first of its frame.
    begins: bool,
    /// Its frame is a key frame.
    key: bool,
}

impl Depacketiser {
    /// For the codec with these parameters of `a=fmtp`; `None` for audio, of which every packet is
    /// a frame.
    pub(super) fn new(codec: Codec, fmtp: &str) -> Option<Depacketiser> {
        Some(match codec {
            Codec::H264 => Depacketiser::H264(H264::new(fmtp)),
            Codec::Vp8 => Depacketiser::Vp8,
            Codec::Vp9 => Depacketiser::Vp9,
            Codec::Av1 => Depacketiser::Av1,
            Codec::Opus | Codec::Pcmu | Codec::Pcma | Codec::G722 => return None,
        })
    }

    /// Whether a frame may begin with this payload, though the packet before it is lost.
    pub(super) fn may_begin(&self, payload: &[u8]) -> bool {
        match self {
            Depacketiser::H264(_) => h264::may_begin(payload),
            _ => self.told(payload).is_some_and(|told| told.begins),
        }
    }

    /// Makes a frame of all payloads of one picture. `None` if there is no picture in it.
    pub(super) fn frame(&mut self, payloads: Vec<Bytes>) -> Result<Option<Fitted>, Damaged> {
        if let Depacketiser::H264(h264) = self {
            return h264.frame(payloads);
        }
        let mut key = false;
        let mut fitted = Payloads::new(0);
        for payload in payloads {
            key |= self.told(&payload).ok_or(Damaged)?.key;
            if payload.len() <= fitted.room() {
                fitted.add_payload(payload);
                continue;
            }
            // What is cut up may become many: an element of AV1 may have one byte.
            if fitted.count() > MAX_PACKETS {
                return Err(Damaged);
            }
            match self {
                Depacketiser::Vp8 => vp8::split(&payload, &mut fitted)?,
                Depacketiser::Vp9 => vp9::split(&payload, &mut fitted)?,
                _ => av1::split(&payload, &mut fitted)?,
            }
        }
        let packets = fitted.finish();
        Ok((!packets.is_empty()).then_some(Fitted { packets, key }))
    }

    fn told(&self, payload: &[u8]) -> Option<Told> {
        match self {
            Depacketiser::H264(_) => None,
            Depacketiser::Vp8 => vp8::told(payload),
            Depacketiser::Vp9 => vp9::told(payload),
            Depacketiser::Av1 => av1::told(payload),
        }
    }
}

/// Adds `body` in as many payloads as it takes, each with the head that `head` writes for it: it is
/// told whether the payload is the first and whether it is the last. Only the first may make a
/// difference to the length.
fn split_with_heads(
    body: &[u8],
    fitted: &mut Payloads,
    head: impl Fn(bool, bool) -> Vec<u8>,
) -> Result<(), Damaged> {
    let mut rest = body;
    while !rest.is_empty() {
        let first = rest.len() == body.len();
        let room = fitted.room().saturating_sub(head(first, false).len());
        let (piece, after) = rest.split_at(rest.len().min(room));
        if piece.is_empty() {
            return Err(Damaged);
        }
        let mut payload = head(first, after.is_empty());
        payload.extend_from_slice(piece);
        fitted.add_payload(payload.into());
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
