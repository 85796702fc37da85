//! A thread that has to go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Runs `work` until it returns; after a panic it is run again.
///
/// Sources and encoders reach into drivers and libraries whose bugs are not ours to exclude: `v4l`
/// panics on values it does not know, for one. One stream's bad device is to cost a moment of that
/// stream. What `work` borrows has to be in order wherever it may panic.
pub(super) fn supervise(stream: &str, what: &str, mut work: impl FnMut()) {
    while let Err(panic) = catch_unwind(AssertUnwindSafe(&mut work)) {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        tracing::error!(stream, "{what} panicked and is started again: {text}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Lets something be told now and again: the first time at once, then at most every ten seconds.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    last: Option<Instant>,
}

impl Throttle {
    const INTERVAL: Duration = Duration::from_secs(10);

    /// Whether it may be told at `now`.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        let allows = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= Throttle::INTERVAL);
        if allows {
            self.last = Some(now);
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_panics_is_run_again() {
        let mut runs = 0;
        supervise("test", "work", || {
            runs += 1;
            assert!(runs > 1, "the first run fails");
        });
        assert_eq!(runs, 2);
    }

    #[test]
    fn what_happens_all_the_time_is_told_every_ten_seconds() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        let told: Vec<_> = (0..25)
            .filter(|s| throttle.allows(start + Duration::from_secs(*s)))
            .collect();
        assert_eq!(told, [0, 10, 20]);
    }
}
