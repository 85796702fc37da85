//! The way back to a sender, where there is a port for RTCP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often a sender is told how its packets arrive, while some do.
pub(super) const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// Where the sender of a medium takes RTCP, and when it is to get some. A value: who calls brings
/// the time.
pub(super) struct Feedback {
    /// What we are called.
    ssrc: u32,
    /// Where the sender's own comes from, else the port after that of its RTP (RFC 3550 section 11).
    learned: Option<SocketAddr>,
    guessed: Option<SocketAddr>,
    /// When to report, if anything came since the last time.
    due: Option<Instant>,
}

impl Feedback {
    /// Knows no sender yet. `ssrc` is what we are called.
    pub(super) fn new(ssrc: u32) -> Feedback {
        Feedback {
            ssrc,
            learned: None,
            guessed: None,
            due: None,
        }
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Another sender is there, whose RTP comes from `from`. Its RTCP may have come before.
    pub(super) fn follow(&mut self, from: SocketAddr, has_reported: bool) {
        let port = from.port().checked_add(1);
        self.guessed = port.map(|port| SocketAddr::new(from.ip(), port));
        self.learned = self.learned.filter(|_| has_reported);
    }

    /// The sender's RTCP comes from here.
    pub(super) fn learn(&mut self, from: SocketAddr) {
        self.learned = Some(from);
    }

    /// Where to write to.
    pub(super) fn to(&self) -> Option<SocketAddr> {
        self.learned.or(self.guessed)
    }

    /// A packet of the sender has come.
    pub(super) fn packet(&mut self, now: Instant) {
        self.due.get_or_insert(now + REPORT_INTERVAL);
    }

    /// When to report.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A report goes out.
    pub(super) fn reported(&mut self) {
        self.due = None;
    }
}
