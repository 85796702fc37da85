//! VP8 (RFC 7741): payload descriptor, then a part of the frame.

use crate::stream::Payloads;

use super::{Damaged, Told, split_with_heads};

const EXTENDED: u8 = 0x80;
/// The first payload of a partition.
const START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE_ID: u8 = 0x80;
const LONG_PICTURE_ID: u8 = 0x80;
const HAS_TL0PICIDX: u8 = 0x40;
const HAS_TID_OR_KEYIDX: u8 = 0x30;
/// In the frame's own header (RFC 6386 section 9.1): it needs other frames.
const INTER_FRAME: u8 = 0x01;

pub(super) fn told(payload: &[u8]) -> Option<Told> {
    let (descriptor, frame) = payload.split_at_checked(descriptor(payload)?)?;
    let first = *descriptor.first()?;
    let begins = first & START != 0 && first & PARTITION == 0;
    Some(Told {
        begins,
        key: begins && frame.first()? & INTER_FRAME == 0,
    })
}

/// Cuts a payload up: those after the first begin no partition.
pub(super) fn split(payload: &[u8], fitted: &mut Payloads) -> Result<(), Damaged> {
    let length = descriptor(payload).ok_or(Damaged)?;
    let (descriptor, body) = payload.split_at_checked(length).ok_or(Damaged)?;
    split_with_heads(body, fitted, |first, _| {
        let mut head = descriptor.to_vec();
        if let (false, Some(byte)) = (first, head.first_mut()) {
            *byte &= !START;
        }
        head
    })
}

/// The length of the payload descriptor (section 4.2).
fn descriptor(payload: &[u8]) -> Option<usize> {
    if payload.first()? & EXTENDED == 0 {
        return Some(1);
    }
    let extensions = *payload.get(1)?;
    let mut length = 2;
    if extensions & HAS_PICTURE_ID != 0 {
        length += if payload.get(length)? & LONG_PICTURE_ID != 0 {
            2
        } else {
            1
        };
    }
    length += usize::from(extensions & HAS_TL0PICIDX != 0);
    length += usize::from(extensions & HAS_TID_OR_KEYIDX != 0);
    Some(length)
}
