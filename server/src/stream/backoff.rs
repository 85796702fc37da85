//! How long to wait before a source is tried again.

use std::time::Duration;

/// Waits that double from a quarter of a second to four seconds: short enough for a plug to feel
/// prompt, long enough to cost nothing for a camera that is away for a week.
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(4);

    pub(super) fn new() -> Backoff {
        Backoff {
            next: Backoff::FIRST,
        }
    }

    /// The wait after one more failure.
    pub(super) fn failed(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(Backoff::LONGEST);
        wait
    }

    /// The source worked: the next failure is the first again.
    pub(super) fn worked(&mut self) {
        self.next = Backoff::FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_four_seconds_and_start_over_after_success() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..7).map(|_| backoff.failed().as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
        backoff.worked();
        assert_eq!(backoff.failed(), Backoff::FIRST);
    }
}
