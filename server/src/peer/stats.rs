//! What the I/O thread does in a second, as a line of the debug log.
use super::{rtcp::Reception, socket::Sent};
use std::time::{Duration, Instant};

/// Counts of one period.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// Packets that viewers missed, and those of them that were sent again.
    pub(super) missed: u64,
    pub(super) resent: u64,
    /// Datagrams that were nobody's.
    pub(super) garbage: u64,
}

/// The measurements of one period.
pub(super) struct Stats {
    since: Instant,
    fan_outs: Vec<Duration>,
    sent: Sent,
}

const PERIOD: Duration = Duration::from_secs(1);

impl Stats {
    /// Begins with an empty period.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            fan_outs: Vec::new(),
            sent: Sent::default(),
        }
    }

    /// All viewers were given a frame, or several that came together, in that time.
    pub(super) fn fanned_out(&mut self, took: Duration) {
        self.fan_outs.push(took);
    }

    /// Datagrams were sent.
    pub(super) fn sent(&mut self, sent: Sent) {
        self.sent.datagrams += sent.datagrams;
        self.sent.bytes += sent.bytes;
        self.sent.calls += sent.calls;
    }

    /// Whether a period is over in which there was something to do.
    pub(super) fn are_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= PERIOD && !self.fan_outs.is_empty()
    }

    /// Writes the line and begins anew.
    pub(super) fn log(
        &mut self,
        now: Instant,
        viewers: impl Iterator<Item = Reception>,
        counters: &Counters,
    ) {
        self.fan_outs.sort_unstable();
        let mut count = 0;
        let mut worst = Reception::default();
        for reception in viewers {
            count += 1;
            worst.lost = worst.lost.max(reception.lost);
            worst.jitter = worst.jitter.max(reception.jitter);
        }
        let Sent {
            datagrams,
            bytes,
            calls,
        } = self.sent;
        tracing::debug!(
            "send: {:.2} ms (p95 {:.2}) for each of {} frames to {count} viewers; {datagrams} \
             packets, {} kB, {calls} calls; {} missed, {} sent again; worst loss {:.1} %, worst \
             jitter {:.1} ms; {} datagrams of strangers",
            millis(self.percentile(50)),
            millis(self.percentile(95)),
            self.fan_outs.len(),
            bytes / 1000,
            counters.missed,
            counters.resent,
            worst.lost * 100.0,
            worst.jitter * 1000.0,
            counters.garbage,
        );
        *self = Self::new(now);
    }

    fn percentile(&self, percent: usize) -> Duration {
        let last = self.fan_outs.len().saturating_sub(1);
        self.fan_outs
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
