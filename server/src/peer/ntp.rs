//! NTP timestamps (RFC 5905 section 6).
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds from 1900, where NTP begins, to 1970.
const TO_UNIX: u64 = 2_208_988_800;

/// The time as NTP has it: 32 bits of seconds since 1900, which wrap in 2036, and 32 bits of
/// fraction.
pub(super) fn from(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().wrapping_add(TO_UNIX);
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ntp_counts_from_1900_in_32_bits_of_fraction() {
        assert_eq!(from(UNIX_EPOCH), TO_UNIX << 32);
        let half_past = UNIX_EPOCH + Duration::from_millis(1500);
        assert_eq!(from(half_past), (TO_UNIX + 1) << 32 | 1 << 31);
    }
}
