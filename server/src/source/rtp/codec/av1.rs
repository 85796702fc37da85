//! AV1 (RTP Payload Format For AV1, the Alliance for Open Media): an aggregation header, then OBUs
//! or parts of some.

use crate::stream::Payloads;

use super::{Damaged, Told, split_with_heads};

/// The first element continues the last of the packet before.
const CONTINUES: u8 = 0x80;
/// The last element is continued in the next packet.
const IS_CONTINUED: u8 = 0x40;
const COUNT: u8 = 0x30;
/// The first packet of a coded video sequence.
const NEW_SEQUENCE: u8 = 0x08;
const SEQUENCE_HEADER: u8 = 1;

pub(super) fn told(payload: &[u8]) -> Option<Told> {
    let aggregation = *payload.first()?;
    // Sequences begin with a key frame. Not every sender marks them, but their header is there.
    let has_header = elements(payload)
        .map(|elements| begun(aggregation, &elements).any(|obu| kind(obu) == SEQUENCE_HEADER))
        .ok()?;
    let key = aggregation & NEW_SEQUENCE != 0 || has_header;
    Some(Told {
        // Whether others are the first of their frame cannot be seen, and without the frame before
        // they are of no use.
        begins: key,
        key,
    })
}

/// Cuts a payload up: each element gets payloads of its own.
pub(super) fn split(payload: &[u8], fitted: &mut Payloads) -> Result<(), Damaged> {
    const ONE_ELEMENT: u8 = 0x10;
    let aggregation = *payload.first().ok_or(Damaged)?;
    let elements = elements(payload)?;
    let last = elements.len().saturating_sub(1);
    for (index, element) in elements.into_iter().enumerate() {
        split_with_heads(element, fitted, |begins, ends| {
            let mut head = ONE_ELEMENT;
            if !begins || index == 0 && aggregation & CONTINUES != 0 {
                head |= CONTINUES;
            }
            if !ends || index == last && aggregation & IS_CONTINUED != 0 {
                head |= IS_CONTINUED;
            }
            if begins && index == 0 {
                head |= aggregation & NEW_SEQUENCE;
            }
            vec![head]
        })?;
    }
    Ok(())
}

/// The elements that begin in this payload.
fn begun<'a>(aggregation: u8, elements: &'a [&'a [u8]]) -> impl Iterator<Item = &'a [u8]> {
    let continued = usize::from(aggregation & CONTINUES != 0);
    elements.iter().skip(continued).copied()
}

fn kind(obu: &[u8]) -> u8 {
    obu.first().map_or(0, |header| header >> 3 & 0x0f)
}

/// The OBU elements of a payload. With a count of 0 each says how long it is; else all but the last
/// do.
fn elements(payload: &[u8]) -> Result<Vec<&[u8]>, Damaged> {
    let (&aggregation, mut rest) = payload.split_first().ok_or(Damaged)?;
    let mut to_come = usize::from((aggregation & COUNT) >> 4);
    let mut elements = Vec::new();
    while !rest.is_empty() {
        if to_come == 1 {
            elements.push(rest);
            break;
        }
        to_come = to_come.saturating_sub(1);
        let (length, after) = leb128(rest).ok_or(Damaged)?;
        let (element, after) = after.split_at_checked(length).ok_or(Damaged)?;
        elements.push(element);
        rest = after;
    }
    Ok(elements)
}

/// A number of seven bits a byte, the lowest first, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    // Five bytes hold more than any datagram is long.
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = usize::try_from(value).ok()?;
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}
