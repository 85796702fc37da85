//! H.264 (RFC 6184): packetization modes 0 and 1 in, mode 1 out.

use bytes::Bytes;

use crate::encode::annex_b::{IDR, PPS, SPS, unit_type};
use crate::payload::h264::{END, FU_A, START, parameter_set_id, sprop_parameter_sets};
use crate::stream::{MAX_PAYLOAD, Payloads};

use super::{Damaged, Fitted, MAX_PACKETS};

const SLICE: u8 = 1;
/// The last of the types that are NAL units themselves.
const LAST_SINGLE: u8 = 23;
const STAP_A: u8 = 24;
/// Forbidden bit and importance, as a unit and its fragments share them.
const NOT_TYPE: u8 = 0xe0;

/// More parameter sets of a kind than this are not kept; encoders have one or two.
const MAX_SETS: usize = 8;

/// One stream of H.264.
#[derive(Debug, Default)]
pub(in super::super) struct H264 {
    /// The parameter sets that the sender gave last, or its configuration.
    sps: ParameterSets,
    pps: ParameterSets,
}

/// Parameter sets of one kind, the last of each number.
#[derive(Debug, Default)]
struct ParameterSets(Vec<(u32, Bytes)>);

/// One NAL unit of a frame.
enum Unit {
    Whole(Bytes),
    /// The payloads of all its fragments.
    Fragmented(u8, Vec<Bytes>),
}

impl H264 {
    /// A stream whose configuration may have parameter sets (sprop-parameter-sets, section 8.1).
    pub(in super::super) fn new(fmtp: &str) -> H264 {
        let mut h264 = H264::default();
        let sets = sprop_parameter_sets(fmtp);
        let units: Vec<Unit> = sets.map(|set| Unit::Whole(set.into())).collect();
        h264.remember(&units);
        h264
    }

    /// Makes a frame of the payloads of one access unit. `None` if there is no picture in it: some
    /// send parameter sets apart from it.
    pub(super) fn frame(&mut self, payloads: Vec<Bytes>) -> Result<Option<Fitted>, Damaged> {
        let bytes = payloads.iter().map(Bytes::len).sum();
        let fits = payloads.iter().all(|payload| payload.len() <= MAX_PAYLOAD);
        let units = units(payloads)?;
        self.remember(&units);
        if !units.iter().any(|unit| is_picture(unit.kind())) {
            return Ok(None);
        }
        let mut fitted = Payloads::new(if fits { 0 } else { bytes });
        let (mut has_sps, mut has_pps, mut key) = (false, false, false);
        for unit in units {
            match unit.kind() {
                SPS => has_sps = true,
                PPS => has_pps = true,
                IDR if !key => {
                    if !has_sps {
                        self.sps.add_to(&mut fitted);
                    }
                    if !has_pps {
                        self.pps.add_to(&mut fitted);
                    }
                    key = (has_sps || !self.sps.is_empty()) && (has_pps || !self.pps.is_empty());
                }
                _ => {}
            }
            unit.add_to(&mut fitted);
        }
        let packets = fitted.finish();
        Ok(Some(Fitted { packets, key }))
    }

    /// Keeps the parameter sets among these units.
    fn remember(&mut self, units: &[Unit]) {
        for unit in units {
            match unit {
                Unit::Whole(set) if unit_type(set) == SPS => self.sps.put(set),
                Unit::Whole(set) if unit_type(set) == PPS => self.pps.put(set),
                _ => {}
            }
        }
    }
}

impl ParameterSets {
    /// Puts a set in the place of the one with the same number.
    fn put(&mut self, set: &Bytes) {
        let Some(id) = parameter_set_id(set) else {
            return;
        };
        let earlier = self.0.iter().position(|(other, _)| *other == id);
        if let Some(index) = earlier.or((self.0.len() >= MAX_SETS).then_some(0)) {
            self.0.remove(index);
        }
        // A copy: the memory behind it is shared with all that came in with it.
        self.0.push((id, Bytes::copy_from_slice(set)));
    }

    fn add_to(&self, fitted: &mut Payloads) {
        self.0.iter().for_each(|(_, set)| fitted.add(set));
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether this payload is the first of an access unit, as far as it shows: parameter sets and the
/// like, or a slice that begins with the first macroblock.
pub(super) fn may_begin(payload: &[u8]) -> bool {
    match payload {
        [header, _, _, rest @ ..] if unit_type(&[*header]) == STAP_A => unit_may_begin(rest),
        [indicator, header, rest @ ..] if unit_type(&[*indicator]) == FU_A => {
            header & START != 0 && begins_with(*header, rest)
        }
        unit => unit_may_begin(unit),
    }
}

fn unit_may_begin(unit: &[u8]) -> bool {
    match unit {
        [header, rest @ ..] => begins_with(*header, rest),
        [] => false,
    }
}

fn begins_with(header: u8, rest: &[u8]) -> bool {
    // A slice says first where it begins, in an Exp-Golomb code: zero is a single bit.
    !is_picture(unit_type(&[header])) || rest.first().is_some_and(|byte| byte & 0x80 != 0)
}

/// Whether a unit of this type is a part of a picture, and not said about one.
fn is_picture(kind: u8) -> bool {
    matches!(kind, SLICE..=IDR)
}

/// The NAL units in the payloads.
fn units(payloads: Vec<Bytes>) -> Result<Vec<Unit>, Damaged> {
    let mut units = Vec::with_capacity(payloads.len());
    let mut open: Option<(u8, Vec<Bytes>)> = None;
    for payload in payloads {
        let kind = unit_type(&payload);
        if open.is_some() && kind != FU_A {
            return Err(Damaged);
        }
        match kind {
            SLICE..=LAST_SINGLE => units.push(Unit::Whole(payload)),
            STAP_A => take_apart(&payload, &mut units)?,
            FU_A => {
                let &[indicator, mark, _, ..] = payload.as_ref() else {
                    return Err(Damaged);
                };
                let header = indicator & NOT_TYPE | unit_type(&[mark]);
                let (header, mut fragments) = match (open.take(), mark & START != 0) {
                    (None, true) => (header, Vec::new()),
                    (Some(open), false) => open,
                    _ => return Err(Damaged),
                };
                fragments.push(payload);
                if mark & END != 0 {
                    units.push(Unit::Fragmented(header, fragments));
                } else {
                    open = Some((header, fragments));
                }
            }
            _ => return Err(Damaged),
        }
    }
    if open.is_some() {
        return Err(Damaged);
    }
    Ok(units)
}

/// The units that are aggregated in one payload, each behind its length (section 5.7.1).
fn take_apart(payload: &Bytes, units: &mut Vec<Unit>) -> Result<(), Damaged> {
    let mut at = 1;
    while at < payload.len() {
        let &[high, low] = payload.get(at..at + 2).ok_or(Damaged)? else {
            return Err(Damaged);
        };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        let unit = payload.get(at + 2..end).ok_or(Damaged)?;
        if !(SLICE..=LAST_SINGLE).contains(&unit_type(unit)) {
            return Err(Damaged);
        }
        // Three bytes are enough for one.
        if units.len() >= MAX_PACKETS {
            return Err(Damaged);
        }
        units.push(Unit::Whole(payload.slice(at + 2..end)));
        at = end;
    }
    Ok(())
}

impl Unit {
    fn kind(&self) -> u8 {
        match self {
            Unit::Whole(unit) => unit_type(unit),
            Unit::Fragmented(header, _) => unit_type(&[*header]),
        }
    }

    /// Adds the unit as it came where it fits, else cut up anew.
    fn add_to(self, fitted: &mut Payloads) {
        match self {
            Unit::Whole(unit) if unit.len() <= fitted.room() => fitted.add_payload(unit),
            Unit::Whole(unit) => fitted.add(&unit),
            Unit::Fragmented(header, fragments) => {
                let (first, others) = (fragments.first(), fragments.iter().skip(1));
                let first_fits = first.is_none_or(|first| first.len() <= fitted.room());
                if first_fits && others.into_iter().all(|other| other.len() <= MAX_PAYLOAD) {
                    fragments
                        .into_iter()
                        .for_each(|fragment| fitted.add_payload(fragment));
                    return;
                }
                let mut unit = vec![header];
                for fragment in fragments {
                    unit.extend_from_slice(fragment.get(2..).unwrap_or_default());
                }
                fitted.add(&unit);
            }
        }
    }
}
