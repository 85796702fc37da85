//! H.264: fragments of NAL units (RFC 6184), and parameter sets wherever they are said.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::encode::annex_b::{PPS, SPS, unit_type};

/// The type of a fragment (section 5.8).
pub(crate) const FU_A: u8 = 28;
/// Marks of the first fragment of a unit, and of the last.
pub(crate) const START: u8 = 0x80;
pub(crate) const END: u8 = 0x40;

/// The parameter sets in the parameters of `a=fmtp` (section 8.1). What cannot be decoded is left
/// out.
pub(crate) fn sprop_parameter_sets(fmtp: &str) -> impl Iterator<Item = Vec<u8>> {
    fmtp.split(';')
        .filter_map(|parameter| parameter.trim().split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("sprop-parameter-sets"))
        .flat_map(|(_, sets)| sets.split(','))
        .filter_map(|set| STANDARD.decode(set.trim()).ok())
}

/// The number of a parameter set (ITU-T H.264 sections 7.3.2.1 and 7.3.2.2). `None` for what is
/// none, or ends before it.
pub(crate) fn parameter_set_id(unit: &[u8]) -> Option<u32> {
    // Header, and of a sequence its profile, constraints and level.
    let before = match unit_type(unit) {
        SPS => 4,
        PPS => 1,
        _ => return None,
    };
    let mut beginning = [0; 4];
    let bytes = unit.iter().skip(before);
    beginning
        .iter_mut()
        .zip(bytes)
        .for_each(|(to, byte)| *to = *byte);
    // So many zeros, then as many bits and one (section 9.1).
    let bits = u32::from_be_bytes(beginning);
    let zeros = bits.leading_zeros();
    (zeros <= 8).then(|| (bits >> (31 - 2 * zeros)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_have_numbers() {
        let of_picture = |bits: &[u8]| parameter_set_id(&[&[0x68], bits].concat());
        assert_eq!(of_picture(&[0x80]), Some(0));
        assert_eq!(of_picture(&[0x4f]), Some(1));
        assert_eq!(of_picture(&[0x7f]), Some(2));
        assert_eq!(of_picture(&[0x00, 0xff, 0xff]), Some(510));
        assert_eq!(of_picture(&[0x00, 0x80, 0x00]), Some(255));
        assert_eq!(of_picture(&[0x00, 0x7f]), None);
        assert_eq!(of_picture(&[0, 0, 0xff, 0xff]), None);
        assert_eq!(of_picture(&[]), None);
        assert_eq!(parameter_set_id(&[]), None);
        let sequence = [0x67, 0x42, 0xc0, 0x1f, 0x4f];
        assert_eq!(parameter_set_id(&sequence), Some(1));
        assert_eq!(parameter_set_id(&sequence[..4]), None);
        assert_eq!(parameter_set_id(&[0x65, 0x80]), None);
    }

    #[test]
    fn parameter_sets_are_found_in_sdp() {
        let sets = |fmtp| sprop_parameter_sets(fmtp).collect::<Vec<_>>();
        let fmtp = "packetization-mode=1; Sprop-Parameter-Sets=Z0LA, aM4=,!;x=y";
        assert_eq!(sets(fmtp), [vec![0x67, 0x42, 0xc0], vec![0x68, 0xce]]);
        assert!(sets("packetization-mode=1").is_empty());
    }
}
