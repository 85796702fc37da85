//! Checks that come before the answer they belong to: a browser begins to check when it has made
//! its answer, and a datagram is often faster than the signalling. Unheard, its next check would
//! come 50 ms later.
use super::{demux, outgoing::Path};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Later than this a browser has sent others.
const LIFETIME: Duration = Duration::from_millis(500);
/// Anybody may send checks, so only so many are kept, and none that is longer than theirs are.
const MAX_CHECKS: usize = 64;
const MAX_LENGTH: usize = 256;

/// Checks for those who have not answered yet.
#[derive(Default)]
pub(super) struct EarlyChecks {
    checks: VecDeque<EarlyCheck>,
}

/// A check, and the path it came by.
pub(super) struct EarlyCheck {
    at: Instant,
    pub(super) path: Path,
    pub(super) datagram: Vec<u8>,
}

impl EarlyChecks {
    /// Keeps a check, in the place of the oldest if there are too many.
    pub(super) fn keep(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        if datagram.len() > MAX_LENGTH {
            return;
        }
        if self.checks.len() == MAX_CHECKS {
            self.checks.pop_front();
        }
        let datagram = datagram.to_vec();
        self.checks.push_back(EarlyCheck {
            at: now,
            path,
            datagram,
        });
    }

    /// Takes out the checks for this fragment of a user name.
    pub(super) fn take(&mut self, now: Instant, ufrag: &str) -> Vec<EarlyCheck> {
        self.checks
            .retain(|check| now.saturating_duration_since(check.at) < LIFETIME);
        let (mine, others): (VecDeque<_>, _) = std::mem::take(&mut self.checks)
            .into_iter()
            .partition(|check| demux::ufrag(&check.datagram) == Some(ufrag));
        self.checks = others;
        mine.into()
    }
}
