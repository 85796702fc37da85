//! Time as the viewer sees it: a reading of somebody else's clock.

use std::ops::Add;
use std::time::Duration;

/// The time since a start that the caller chose and keeps, on a clock that never goes back:
/// `performance.now()` in a browser, `Instant::elapsed` elsewhere.
///
/// `std::time::Instant` is of no use here: asking it for the time panics on
/// `wasm32-unknown-unknown`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Duration);

impl Time {
    /// The start.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The time at which the caller's clock stands at `elapsed` since its start.
    pub const fn since_start(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The same from milliseconds with fractions, as `performance.now()` tells them. What is no
    /// time (negative, not a number, beyond all bounds) counts as the start.
    pub fn from_millis(millis: f64) -> Self {
        Self(Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default())
    }

    /// How long `self` is after `earlier`; nothing when it is before.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}
