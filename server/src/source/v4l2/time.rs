//! Capture times.

use nix::time::{ClockId, clock_gettime};
use std::time::Duration;
use v4l::buffer::{Flags, Metadata};

use crate::picture::Captured;

/// When the driver says that a picture was captured, or this moment if it does not say so in a way
/// we can use.
pub(super) fn captured(meta: &Metadata) -> Captured {
    let monotonic = meta.flags.contains(Flags::TIMESTAMP_MONOTONIC);
    let stamp = since(meta.timestamp.sec, meta.timestamp.usec).filter(|_| monotonic);
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC)
        .ok()
        .map(Duration::from);
    stamp
        .zip(now)
        .and_then(|(stamp, now)| age(stamp, now))
        .map_or_else(Captured::now, Captured::ago)
}

/// How old a picture is. Drivers that copy stamps from elsewhere may say anything: what cannot be
/// is not believed.
fn age(stamp: Duration, now: Duration) -> Option<Duration> {
    const OLDEST: Duration = Duration::from_secs(2);
    now.checked_sub(stamp).filter(|age| *age <= OLDEST)
}

fn since(seconds: i64, micros: i64) -> Option<Duration> {
    Some(
        Duration::from_secs(seconds.try_into().ok()?)
            + Duration::from_micros(micros.try_into().ok()?),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use v4l::Timestamp;

    fn stamped(stamp: Duration, flags: Flags) -> Metadata {
        let timestamp = Timestamp::new(stamp.as_secs() as i64, i64::from(stamp.subsec_micros()));
        Metadata {
            timestamp,
            flags,
            ..Metadata::default()
        }
    }

    fn age_of(meta: &Metadata) -> Duration {
        captured(meta).at.elapsed()
    }

    #[test]
    fn the_drivers_time_counts() {
        let now = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap());
        let meta = stamped(now - Duration::from_millis(500), Flags::TIMESTAMP_MONOTONIC);
        assert!(age_of(&meta) >= Duration::from_millis(499));
    }

    #[test]
    fn times_of_another_clock_and_impossible_ones_are_not_believed() {
        let now = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap());
        for (stamp, flags) in [
            (now - Duration::from_secs(1), Flags::TIMESTAMP_COPY),
            (now + Duration::from_secs(1), Flags::TIMESTAMP_MONOTONIC),
            (Duration::ZERO, Flags::TIMESTAMP_MONOTONIC),
        ] {
            assert!(
                age_of(&stamped(stamp, flags)) < Duration::from_millis(500),
                "{stamp:?}"
            );
        }
        assert_eq!(since(-1, 0), None);
    }
}
