//! Full range to limited range.
//!
//! JPEG uses all 256 values. Video without a word on the subject means 16–235 for luma and 16–240
//! for chroma, and not every browser's decoder heeds the word; so pictures are compressed into the
//! range that all of them expect.

use super::PlanesMut;

/// Compresses all three planes from full to limited range, in place.
pub(crate) fn full_to_limited(planes: &mut PlanesMut<'_>) {
    for y in planes.y.iter_mut() {
        *y = luma(*y);
    }
    for c in planes.u.iter_mut().chain(planes.v.iter_mut()) {
        *c = chroma(*c);
    }
}

/// 16 + y·219/255, in arithmetic of 16 bits so that compilers make vectors of it.
pub(super) fn luma(y: u8) -> u8 {
    (((u16::from(y) * 220 + 128) >> 8) + 16).min(235) as u8
}

/// 128 + (c − 128)·224/255 = c·224/255 + 15.56, likewise.
pub(super) fn chroma(c: u8) -> u8 {
    (((u16::from(c) * 225 + 271) >> 8) + 15).clamp(16, 240) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_go_where_the_standard_says() {
        assert_eq!([0, 255].map(luma), [16, 235]);
        assert_eq!([0, 128, 255].map(chroma), [16, 128, 240]);
    }

    #[test]
    fn every_value_is_within_one_of_the_exact_one() {
        for value in 0..=255u8 {
            let exact = 16.0 + f64::from(value) * 219.0 / 255.0;
            assert!(
                (f64::from(luma(value)) - exact).abs() <= 1.0,
                "luma {value}"
            );
            let exact = 128.0 + (f64::from(value) - 128.0) * 224.0 / 255.0;
            assert!(
                (f64::from(chroma(value)) - exact).abs() <= 1.0,
                "chroma {value}"
            );
        }
    }
}
