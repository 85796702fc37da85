//! VP8 (RFC 7741): payload descriptor, then a part of the frame.

use crate::payload::vp8;
use crate::stream::Payloads;

use super::{Damaged, Told, split_with_heads};

/// In the frame's own header (RFC 6386 section 9.1): it needs other frames.
const INTER_FRAME: u8 = 0x01;

pub(super) fn told(payload: &[u8]) -> Option<Told> {
    let (descriptor, frame) = vp8::split(payload)?;
    let begins = descriptor.begins();
    Some(Told {
        begins,
        key: begins && frame.first()? & INTER_FRAME == 0,
    })
}

/// Cuts a payload up.
pub(super) fn split(payload: &[u8], fitted: &mut Payloads) -> Result<(), Damaged> {
    let (descriptor, part) = vp8::split(payload).ok_or(Damaged)?;
    split_with_heads(part, fitted, |is_first, _| descriptor.of_piece(is_first))
}
