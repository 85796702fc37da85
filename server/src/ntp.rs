//! NTP timestamps (RFC 5905 section 6), as RTCP and abs-capture-time have them: 32 bits of seconds
//! since 1900 and 32 bits of fraction. The seconds wrap in 2036.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from 1900, where NTP begins, to 1970.
const TO_UNIX: u64 = 2_208_988_800;

/// The timestamp of a time; that of 1970 for one before it.
pub(crate) fn from(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().wrapping_add(TO_UNIX);
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

/// The time that a timestamp means, from 1970 to 2106.
pub(crate) fn to_time(timestamp: u64) -> SystemTime {
    let seconds = (timestamp >> 32) as u32;
    let since_1970 = seconds.wrapping_sub(TO_UNIX as u32);
    let nanos = ((timestamp & 0xffff_ffff) * 1_000_000_000) >> 32;
    UNIX_EPOCH + Duration::new(u64::from(since_1970), nanos as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntp_counts_from_1900_in_32_bits_of_fraction() {
        assert_eq!(from(UNIX_EPOCH), TO_UNIX << 32);
        let half_past = UNIX_EPOCH + Duration::from_millis(1500);
        assert_eq!(from(half_past), (TO_UNIX + 1) << 32 | 1 << 31);
    }

    #[test]
    fn a_time_comes_back_from_its_timestamp_also_after_2036() {
        for seconds in [0, 1_700_000_000, 2_085_978_495, 2_085_978_496, u32::MAX] {
            let time = UNIX_EPOCH + Duration::new(seconds.into(), 250_000_000);
            assert_eq!(to_time(from(time)), time);
        }
    }
}
