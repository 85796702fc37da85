//! VP9 (RFC 9628): payload descriptor, then a part of the frame.

use crate::stream::Payloads;

use super::{Damaged, Told, split_with_heads};

const HAS_PICTURE_ID: u8 = 0x80;
const LONG_PICTURE_ID: u8 = 0x80;
/// The frame needs frames of other pictures.
const INTER_PICTURE: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;
const ENDS: u8 = 0x04;
const HAS_STRUCTURE: u8 = 0x02;
const SPATIAL_LAYER: u8 = 0x0e;
const MORE_REFERENCES: u8 = 0x01;

/// What precedes a part of the frame.
struct Descriptor {
    first: u8,
    /// The byte about layers, if there is one.
    layers: Option<u8>,
    /// The length without the scalability structure, and with it.
    basic: usize,
    whole: usize,
}

pub(super) fn told(payload: &[u8]) -> Option<Told> {
    let descriptor = descriptor(payload)?;
    let frame = *payload.get(descriptor.whole..)?.first()?;
    let base_layer = descriptor
        .layers
        .is_none_or(|layers| layers & SPATIAL_LAYER == 0);
    let begins = descriptor.first & BEGINS != 0 && base_layer;
    // Not every sender marks the frames that need others; the frame itself tells, too.
    let key = descriptor.first & INTER_PICTURE == 0 && is_key_frame(frame);
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

/// Cuts a payload up: the first begins the frame if it did, the last ends it if it did, and the
/// scalability structure is in the first.
pub(super) fn split(payload: &[u8], fitted: &mut Payloads) -> Result<(), Damaged> {
    let descriptor = descriptor(payload).ok_or(Damaged)?;
    let body = payload.get(descriptor.whole..).ok_or(Damaged)?;
    let basic = payload.get(..descriptor.basic).ok_or(Damaged)?;
    let whole = payload.get(..descriptor.whole).ok_or(Damaged)?;
    split_with_heads(body, fitted, |first, last| {
        let mut head = if first { whole } else { basic }.to_vec();
        if let Some(byte) = head.first_mut() {
            if !first {
                *byte &= !(BEGINS | HAS_STRUCTURE);
            }
            if !last {
                *byte &= !ENDS;
            }
        }
        head
    })
}

/// Reads the payload descriptor (section 4.2).
fn descriptor(payload: &[u8]) -> Option<Descriptor> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & HAS_PICTURE_ID != 0 {
        at += if payload.get(at)? & LONG_PICTURE_ID != 0 {
            2
        } else {
            1
        };
    }
    let mut layers = None;
    if first & HAS_LAYERS != 0 {
        layers = Some(*payload.get(at)?);
        at += 1 + usize::from(first & FLEXIBLE == 0);
    }
    if first & FLEXIBLE != 0 && first & INTER_PICTURE != 0 {
        // At most three differences to pictures that the frame needs.
        let mut references = 1;
        while payload.get(at)? & MORE_REFERENCES != 0 && references < 3 {
            at += 1;
            references += 1;
        }
        at += 1;
    }
    let basic = at;
    if first & HAS_STRUCTURE != 0 {
        at = structure_end(payload, at)?;
    }
    Some(Descriptor {
        first,
        layers,
        basic,
        whole: at,
    })
}

/// Where the scalability structure that begins at `at` ends (section 4.2.1).
fn structure_end(payload: &[u8], at: usize) -> Option<usize> {
    const HAS_SIZES: u8 = 0x10;
    const HAS_PICTURES: u8 = 0x08;
    let head = *payload.get(at)?;
    let mut at = at + 1;
    if head & HAS_SIZES != 0 {
        at += 4 * (usize::from(head >> 5) + 1);
    }
    if head & HAS_PICTURES != 0 {
        let pictures = *payload.get(at)?;
        at += 1;
        for _ in 0..pictures {
            let references = usize::from(payload.get(at)? >> 2 & 0x03);
            at += 1 + references;
        }
    }
    Some(at)
}
