//! How a sender's packets arrive, as receiver reports tell it (RFC 3550 section 6.4.1).

use std::time::{Duration, Instant};

use rtc::rtcp::reception_report::ReceptionReport;

/// What has come of one sender. A value: who calls brings the time.
#[derive(Debug)]
pub(super) struct Reception {
    ssrc: u32,
    clock_rate: u32,
    first: i64,
    /// The highest sequence number so far, with its roll-overs.
    highest: i64,
    received: u64,
    before: Interval,
    /// The time that the last packet took to come, with an unknown constant, in ticks.
    transit: Option<(Instant, u32)>,
    jitter: f64,
    /// The middle of the last sender report's NTP time, and when it came.
    sender_report: Option<(u32, Instant)>,
}

/// What the report before said.
#[derive(Clone, Copy, Debug, Default)]
struct Interval {
    expected: u64,
    received: u64,
}

impl Reception {
    /// The first packet of a sender has come.
    pub(super) fn new(ssrc: u32, clock_rate: u32, sequence: u16) -> Reception {
        let sequence = i64::from(sequence);
        Reception {
            ssrc,
            clock_rate,
            first: sequence,
            highest: sequence - 1,
            received: 0,
            before: Interval::default(),
            transit: None,
            jitter: 0.0,
            sender_report: None,
        }
    }

    /// A packet has come, the first among them.
    pub(super) fn packet(&mut self, now: Instant, sequence: u16, timestamp: u32) {
        self.received += 1;
        let ahead = i64::from(sequence.wrapping_sub(self.highest as u16).cast_signed());
        self.highest = self.highest.max(self.highest + ahead);
        if let Some((at, earlier)) = self.transit {
            let passed = now.saturating_duration_since(at).as_secs_f64();
            let ticks = f64::from(timestamp.wrapping_sub(earlier).cast_signed());
            let difference = (passed * f64::from(self.clock_rate) - ticks).abs();
            self.jitter += (difference - self.jitter) / 16.0;
        }
        self.transit = Some((now, timestamp));
    }

    /// A sender report has come with this NTP time.
    pub(super) fn sender_report(&mut self, now: Instant, ntp: u64) {
        self.sender_report = Some(((ntp >> 16) as u32, now));
    }

    /// The report since the one before.
    pub(super) fn report(&mut self, now: Instant) -> ReceptionReport {
        let expected = (self.highest - self.first + 1).unsigned_abs();
        let since = Interval {
            expected: expected.saturating_sub(self.before.expected),
            received: self.received.saturating_sub(self.before.received),
        };
        self.before = Interval {
            expected,
            received: self.received,
        };
        let lost = since.expected.saturating_sub(since.received);
        let fraction = (lost * 256).checked_div(since.expected).unwrap_or(0);
        // 24 bits that do not wrap.
        let total = expected.saturating_sub(self.received).min(0x7f_ffff);
        let delay = self
            .sender_report
            .map_or(Duration::ZERO, |(_, at)| now.saturating_duration_since(at));
        ReceptionReport {
            ssrc: self.ssrc,
            fraction_lost: fraction.min(255) as u8,
            total_lost: total as u32,
            last_sequence_number: self.highest as u32,
            jitter: self.jitter as u32,
            last_sender_report: self.sender_report.map_or(0, |(ntp, _)| ntp),
            delay: (delay.as_secs_f64() * 65_536.0) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_reported_in_total_and_since_the_report_before() {
        let start = Instant::now();
        let mut reception = Reception::new(7, 90_000, 65_534);
        for sequence in [65_534, 65_535, 2, 1] {
            reception.packet(start, sequence, 0);
        }
        let report = reception.report(start);
        assert_eq!((report.ssrc, report.total_lost), (7, 1));
        assert_eq!(report.fraction_lost, (256 / 5) as u8);
        assert_eq!(report.last_sequence_number, (1 << 16) + 2);
        reception.packet(start, 3, 0);
        let report = reception.report(start);
        assert_eq!((report.total_lost, report.fraction_lost), (1, 0));
        assert_eq!(reception.report(start).fraction_lost, 0);
    }

    #[test]
    fn jitter_grows_with_packets_that_come_unevenly() {
        let start = Instant::now();
        let jitter = |late: u64| {
            let mut reception = Reception::new(7, 90_000, 0);
            for n in 0..100_u64 {
                let at = start + Duration::from_millis(n * 10 + n % 2 * late);
                reception.packet(at, n as u16, n as u32 * 900);
            }
            reception.report(start).jitter
        };
        assert_eq!(jitter(0), 0);
        assert!((850..=900).contains(&jitter(10)), "{}", jitter(10));
    }

    #[test]
    fn a_report_tells_how_long_ago_the_senders_was() {
        let start = Instant::now();
        let mut reception = Reception::new(7, 90_000, 0);
        assert_eq!(reception.report(start).last_sender_report, 0);
        reception.sender_report(start, 0x0123_4567_89ab_cdef);
        let report = reception.report(start + Duration::from_millis(1_500));
        assert_eq!(report.last_sender_report, 0x4567_89ab);
        assert_eq!(report.delay, 3 << 15);
    }
}
