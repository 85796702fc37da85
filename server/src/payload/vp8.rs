//! The payload descriptor of VP8 (RFC 7741 section 4.2).

const EXTENDED: u8 = 0x80;
/// The first payload of a partition.
const START: u8 = 0x10;
const PARTITION: u8 = 0x07;
const HAS_PICTURE_ID: u8 = 0x80;
const LONG_PICTURE_ID: u8 = 0x80;
const HAS_TL0PICIDX: u8 = 0x40;
const HAS_TID_OR_KEYIDX: u8 = 0x30;

/// What precedes a part of a frame.
pub(crate) struct Descriptor<'a>(&'a [u8]);

/// Splits a payload into its descriptor and a part of a frame, which may be empty. `None` if the
/// descriptor ends too early.
pub(crate) fn split(payload: &[u8]) -> Option<(Descriptor<'_>, &[u8])> {
    let (descriptor, part) = payload.split_at_checked(length(payload)?)?;
    Some((Descriptor(descriptor), part))
}

impl Descriptor<'_> {
    /// Whether the frame begins here.
    pub(crate) fn begins(&self) -> bool {
        self.0
            .first()
            .is_some_and(|first| first & START != 0 && first & PARTITION == 0)
    }

    /// The descriptor for a piece of the part: none but the first begins a partition.
    pub(crate) fn of_piece(&self, is_first: bool) -> Vec<u8> {
        let mut descriptor = self.0.to_vec();
        if let (false, Some(first)) = (is_first, descriptor.first_mut()) {
            *first &= !START;
        }
        descriptor
    }
}

fn length(payload: &[u8]) -> Option<usize> {
    if payload.first()? & EXTENDED == 0 {
        return Some(1);
    }
    let extensions = *payload.get(1)?;
    let mut length = 2;
    if extensions & HAS_PICTURE_ID != 0 {
        let is_long = payload.get(length)? & LONG_PICTURE_ID != 0;
        length += 1 + usize::from(is_long);
    }
    length += usize::from(extensions & HAS_TL0PICIDX != 0);
    length += usize::from(extensions & HAS_TID_OR_KEYIDX != 0);
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_of_every_form_are_split_off() {
        let forms: [&[u8]; 5] = [
            &[0x10],
            &[0x90, 0x80, 0x11],
            &[0x90, 0x80, 0x81, 0x11],
            &[0x90, 0xe0, 0x81, 0x11, 1, 2],
            &[0x80, 0x10, 3],
        ];
        for form in forms {
            let payload = [form, &[7]].concat();
            let (descriptor, part) = split(&payload).unwrap();
            assert_eq!(
                (descriptor.of_piece(true).as_slice(), part),
                (form, &[7][..])
            );
            for length in 0..form.len() {
                assert!(split(&form[..length]).is_none(), "{form:?}");
            }
        }
    }
}
