//! The payload descriptor of VP9 (RFC 9628 section 4.2).

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

/// What precedes a part of a frame.
pub(crate) struct Descriptor<'a> {
    first: u8,
    /// The byte about layers, if there is one.
    layers: Option<u8>,
    /// Without the scalability structure, and with it.
    basic: &'a [u8],
    whole: &'a [u8],
}

/// Splits a payload into its descriptor and a part of a frame, which may be empty. `None` if the
/// descriptor ends too early.
pub(crate) fn split(payload: &[u8]) -> Option<(Descriptor<'_>, &[u8])> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & HAS_PICTURE_ID != 0 {
        let is_long = payload.get(at)? & LONG_PICTURE_ID != 0;
        at += 1 + usize::from(is_long);
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
    let basic = payload.get(..at)?;
    if first & HAS_STRUCTURE != 0 {
        at = structure_end(payload, at)?;
    }
    let (whole, part) = payload.split_at_checked(at)?;
    let descriptor = Descriptor {
        first,
        layers,
        basic,
        whole,
    };
    Some((descriptor, part))
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

impl Descriptor<'_> {
    /// Whether the picture begins here, with its lowest layer.
    pub(crate) fn begins(&self) -> bool {
        let is_base = |layers| layers & SPATIAL_LAYER == 0;
        self.first & BEGINS != 0 && self.layers.is_none_or(is_base)
    }

    /// Whether the frame is marked as one that needs frames of other pictures.
    pub(crate) fn needs_others(&self) -> bool {
        self.first & INTER_PICTURE != 0
    }

    /// The descriptor for a piece of the part: the first begins the frame if the part did, and has
    /// the scalability structure; the last ends the frame if the part did.
    pub(crate) fn of_piece(&self, is_first: bool, is_last: bool) -> Vec<u8> {
        let mut descriptor = if is_first { self.whole } else { self.basic }.to_vec();
        if let Some(first) = descriptor.first_mut() {
            if !is_first {
                *first &= !(BEGINS | HAS_STRUCTURE);
            }
            if !is_last {
                *first &= !ENDS;
            }
        }
        descriptor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_of_every_form_are_split_off() {
        let forms: [&[u8]; 7] = [
            &[0x08],
            &[0x88, 0x11],
            &[0x88, 0x81, 0x11],
            &[0xa8, 0x11, 0x20, 0x03],
            &[0xd8, 0x11, 0x03, 0x02],
            // The third reference is the last, whatever it says.
            &[0xd8, 0x11, 0x03, 0x03, 0x03],
            // Two layers with their sizes, and a group of two pictures, one with a reference.
            &[
                0x8a, 0x11, 0x38, 0, 1, 0, 1, 0, 2, 0, 2, 2, 0x00, 0x04, 0x01,
            ],
        ];
        for form in forms {
            let payload = [form, &[7]].concat();
            let (descriptor, part) = split(&payload).unwrap();
            assert_eq!((descriptor.whole, part), (form, &[7][..]));
            for length in 0..form.len() {
                assert!(split(&form[..length]).is_none(), "{form:?}");
            }
        }
    }
}
