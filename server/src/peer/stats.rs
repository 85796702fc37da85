//! What the I/O thread does in a second, as a line of the debug log.
use super::{rtcp::Reception, socket::Sent};
use std::time::{Duration, Instant};

/// Counts of one period.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// Frames given to all viewers.
    pub(super) frames: u64,
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

    /// Once a second, while there is anything to tell, writes the line and begins anew.
    pub(super) fn log(
        &mut self,
        now: Instant,
        counters: &mut Counters,
        viewers: impl Iterator<Item = Reception>,
    ) {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed < PERIOD || self.fan_outs.is_empty() {
            return;
        }
        self.fan_outs.sort_unstable();
        let (count, lost, jitter) = viewers
            .fold((0_u32, 0.0_f32, 0.0_f32), |(n, lost, jitter), r| {
                (n + 1, lost.max(r.lost), jitter.max(r.jitter))
            });
        let Counters {
            missed,
            resent,
            garbage,
            ..
        } = *counters;
        let Sent {
            datagrams,
            bytes,
            calls,
        } = self.sent;
        tracing::debug!(
            "send: {count} viewers, {:.2} ms a frame (p95 {:.2}), {datagrams} packets and {} kB in \
             {calls} calls, {missed} missed, {resent} sent again, {garbage} from strangers, \
             worst loss {:.1} %, worst jitter {:.1} ms",
            millis(self.percentile(50)),
            millis(self.percentile(95)),
            bytes / 1000,
            lost * 100.0,
            jitter * 1000.0,
        );
        *counters = Counters::default();
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
