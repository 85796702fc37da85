//! VP9 (RFC 9628): payload descriptor, then a part of the frame.

use crate::payload::vp9;
use crate::stream::Payloads;

use super::{Damaged, Told, split_with_heads};

pub(super) fn told(payload: &[u8]) -> Option<Told> {
    let (descriptor, part) = vp9::split(payload)?;
    let begins = descriptor.begins();
    // Not every sender marks the frames that need others; the frame itself tells, too.
    let key = !descriptor.needs_others() && is_key_frame(*part.first()?);
    Some(Told {
        begins,
        key: begins && key,
    })
}

/// What the first byte of a frame says (the VP9 bitstream specification, section 6.2).
fn is_key_frame(frame: u8) -> bool {
    const MARKER: u8 = 0x80;
    let (marker, profile, rest) = (frame & 0xc0, frame & 0x30, frame & 0x0f);
    // The highest profile has a bit more. Then: is it another frame shown again, and its type.
    let [shows_existing, is_inter] = match profile {
        0x30 => [rest & 0x04, rest & 0x02],
        _ => [rest & 0x08, rest & 0x04],
    };
    marker == MARKER && shows_existing == 0 && is_inter == 0
}

/// Cuts a payload up.
pub(super) fn split(payload: &[u8], fitted: &mut Payloads) -> Result<(), Damaged> {
    let (descriptor, part) = vp9::split(payload).ok_or(Damaged)?;
    split_with_heads(part, fitted, |is_first, is_last| {
        descriptor.of_piece(is_first, is_last)
    })
}
