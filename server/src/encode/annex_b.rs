//! NAL units in a byte stream (ITU-T H.264, annex B).

/// `nal_unit_type` of a slice of an IDR picture.
pub(crate) const IDR: u8 = 5;
/// `nal_unit_type` of a sequence parameter set.
pub(crate) const SPS: u8 = 7;
/// `nal_unit_type` of a picture parameter set.
pub(crate) const PPS: u8 = 8;

/// The NAL units of `stream`, without start codes and padding, empty ones left out.
pub(crate) fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream);
    std::iter::from_fn(move || {
        loop {
            let bytes = rest?;
            let end = find_start_code(bytes);
            rest = end.and_then(|at| after_start_code(bytes.get(at..)?));
            // Zeros before a start code are its first byte or padding: no NAL unit ends in a zero.
            let unit = trim_zeros(end.and_then(|at| bytes.get(..at)).unwrap_or(bytes));
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    })
}

/// `nal_unit_type` of a NAL unit, 0 (unspecified) for an empty one.
pub(crate) fn unit_type(unit: &[u8]) -> u8 {
    unit.first().map_or(0, |header| header & 0x1f)
}

/// What follows the first start code.
fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(find_start_code(bytes)? + 3..)
}

/// Where the first 00 00 01 begins.
fn find_start_code(bytes: &[u8]) -> Option<usize> {
    // Inside NAL units zeros are rare: looking for the 1 of the start code would stop far more
    // often.
    let mut from = 0;
    loop {
        let at = from
            + bytes
                .get(from..)?
                .windows(2)
                .position(|pair| pair == [0, 0])?;
        match bytes.get(at + 2) {
            Some(1) => return Some(at),
            Some(_) => from = at + 1,
            None => return None,
        }
    }
}

fn trim_zeros(mut unit: &[u8]) -> &[u8] {
    while let Some((0, before)) = unit.split_last() {
        unit = before;
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(stream: &[u8]) -> Vec<&[u8]> {
        units(stream).collect()
    }

    #[test]
    fn short_and_long_start_codes_separate_units() {
        assert_eq!(
            all(&[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3]),
            [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]
        );
    }

    #[test]
    fn padding_and_empty_units_are_left_out() {
        assert_eq!(
            all(&[
                0, 0, 0, 0, 0, 1, 0x67, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0x68, 0, 0
            ]),
            [&[0x67, 1][..], &[0x68]]
        );
    }

    #[test]
    fn what_has_no_start_code_has_no_units() {
        for stream in [
            &[][..],
            &[0],
            &[0, 0],
            &[0, 0, 0],
            &[1, 2, 3],
            &[0, 0, 2, 1],
            &[0, 0, 1],
        ] {
            assert!(all(stream).is_empty(), "{stream:?}");
        }
    }

    #[test]
    fn zeros_inside_a_unit_belong_to_it() {
        assert_eq!(
            all(&[0, 0, 1, 0x65, 0, 0, 3, 0, 0, 2, 0, 9]),
            [&[0x65, 0, 0, 3, 0, 0, 2, 0, 9][..]]
        );
    }

    #[test]
    fn types_are_read_whatever_the_reference_bits() {
        assert_eq!(
            [0x67, 0x27, 0x68, 0x65, 0x41, 0x01].map(|header| unit_type(&[header])),
            [7, 7, 8, 5, 1, 1]
        );
        assert_eq!(unit_type(&[]), 0);
    }
}
