//! What a stream does, in figures: totals for whoever asks, and one line a second at debug level.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::frame::Frame;

/// Totals since the stream was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamStats {
    /// Pictures that the source gave while they were wanted.
    pub(crate) captured: u64,
    /// Captured pictures that gave way to a newer one before they were encoded.
    pub(crate) replaced: u64,
    /// What the source gave that was no picture.
    pub(crate) damaged: u64,
    /// Encoded pictures.
    pub(crate) frames: u64,
    /// Those among them that decoding can begin with.
    pub(crate) key_frames: u64,
    /// Packets, and the bytes of their payloads, as sent to each viewer.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Pictures that the encoder failed on.
    pub(crate) failed: u64,
}

impl fmt::Display for StreamStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StreamStats {
            captured,
            replaced,
            damaged,
            frames,
            key_frames,
            packets,
            bytes,
            failed,
        } = self;
        write!(
            f,
            "{captured} pictures captured, {damaged} damaged, {replaced} replaced by newer ones, \
             {failed} not encoded; {frames} frames, {key_frames} of them key frames, \
             in {packets} packets of {bytes} bytes"
        )
    }
}

/// The counters behind [`StreamStats`], written by both threads.
#[derive(Debug, Default)]
pub(super) struct Counters {
    captured: AtomicU64,
    replaced: AtomicU64,
    damaged: AtomicU64,
    frames: AtomicU64,
    key_frames: AtomicU64,
    packets: AtomicU64,
    bytes: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    pub(super) fn captured(&self, replaced_another: bool) {
        self.captured.fetch_add(1, Ordering::Relaxed);
        self.replaced
            .fetch_add(replaced_another.into(), Ordering::Relaxed);
    }

    pub(super) fn damaged(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn frame(&self, frame: &Frame) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.key_frames
            .fetch_add(frame.idr.into(), Ordering::Relaxed);
        self.packets
            .fetch_add(frame.packets.len() as u64, Ordering::Relaxed);
        self.bytes
            .fetch_add(payload_bytes(frame), Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> StreamStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StreamStats {
            captured: read(&self.captured),
            replaced: read(&self.replaced),
            damaged: read(&self.damaged),
            frames: read(&self.frames),
            key_frames: read(&self.key_frames),
            packets: read(&self.packets),
            bytes: read(&self.bytes),
            failed: read(&self.failed),
        }
    }
}

fn payload_bytes(frame: &Frame) -> u64 {
    frame.packets.iter().map(|packet| packet.len() as u64).sum()
}

/// How long each stage took for one picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stages {
    pub(super) grab: Duration,
    pub(super) encode: Duration,
    pub(super) packetise: Duration,
}

/// Collects stage times, and sums them up once a second. A value: who adds brings the time.
#[derive(Debug, Default)]
pub(super) struct Meter {
    since: Option<Instant>,
    last: Option<Instant>,
    bytes: u64,
    grab: Vec<Duration>,
    encode: Vec<Duration>,
    packetise: Vec<Duration>,
}

/// One second of a stream.
#[derive(Debug, PartialEq)]
pub(super) struct Second {
    pub(super) fps: f32,
    pub(super) kbps: f32,
    pub(super) grab: Spread,
    pub(super) encode: Spread,
    pub(super) packetise: Spread,
}

/// Median and 95th percentile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) p50: Duration,
    pub(super) p95: Duration,
}

impl Meter {
    const PERIOD: Duration = Duration::from_secs(1);
    /// After a gap of this length the stream rested: a new second begins.
    const GAP: Duration = Duration::from_millis(1500);

    /// Adds a frame that was ready at `now`. Every second, the sum of the last.
    pub(super) fn add(&mut self, now: Instant, frame: &Frame, stages: Stages) -> Option<Second> {
        let rested = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) > Meter::GAP);
        self.last = Some(now);
        if rested {
            // This frame marks the beginning and counts for the time before it.
            self.restart(now);
            return None;
        }
        self.bytes += payload_bytes(frame);
        self.grab.push(stages.grab);
        self.encode.push(stages.encode);
        self.packetise.push(stages.packetise);
        let elapsed = now.saturating_duration_since(self.since?);
        if elapsed < Meter::PERIOD {
            return None;
        }
        let second = Second {
            fps: self.encode.len() as f32 / elapsed.as_secs_f32(),
            kbps: self.bytes as f32 * 8.0 / 1000.0 / elapsed.as_secs_f32(),
            grab: spread(&mut self.grab),
            encode: spread(&mut self.encode),
            packetise: spread(&mut self.packetise),
        };
        self.restart(now);
        Some(second)
    }

    fn restart(&mut self, now: Instant) {
        self.since = Some(now);
        self.bytes = 0;
        self.grab.clear();
        self.encode.clear();
        self.packetise.clear();
    }
}

fn spread(times: &mut [Duration]) -> Spread {
    times.sort_unstable();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
    };
    Spread {
        p50: at(50).copied().unwrap_or_default(),
        p95: at(95).copied().unwrap_or_default(),
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        write!(f, "{:.2}/{:.2}", ms(self.p50), ms(self.p95))
    }
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Second {
            fps,
            kbps,
            grab,
            encode,
            packetise,
        } = self;
        write!(
            f,
            "{fps:.1} fps, {kbps:.0} kbit/s; p50/p95 in ms: grab {grab}, encode {encode}, packetise {packetise}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Captured;
    use bytes::Bytes;

    fn frame(bytes: usize) -> Frame {
        Frame {
            number: 0,
            first_packet: 0,
            packets: vec![Bytes::from(vec![0; bytes])],
            timestamp: 0,
            captured: Captured::now(),
            idr: true,
        }
    }

    fn stages(ms: u64) -> Stages {
        let encode = Duration::from_millis(ms);
        Stages {
            grab: encode / 2,
            encode,
            packetise: encode / 10,
        }
    }

    #[test]
    fn a_second_is_summed_up_at_its_end() {
        let start = Instant::now();
        let mut meter = Meter::default();
        let seconds: Vec<_> = (0..=200)
            .filter_map(|n| {
                meter.add(
                    start + Duration::from_millis(n * 10),
                    &frame(1_250),
                    stages(n % 100),
                )
            })
            .collect();
        assert_eq!(seconds.len(), 2);
        assert!(
            (seconds[0].fps - 100.0).abs() < 0.1 && (seconds[0].kbps - 1_000.0).abs() < 1.0,
            "{:?}",
            seconds[0]
        );
        assert_eq!(
            seconds[0].encode,
            Spread {
                p50: Duration::from_millis(50),
                p95: Duration::from_millis(95)
            }
        );
        assert_eq!(
            seconds[1].to_string(),
            "100.0 fps, 1000 kbit/s; p50/p95 in ms: grab 25.00/47.50, encode 50.00/95.00, packetise 5.00/9.50"
        );
    }

    #[test]
    fn a_rest_is_no_slow_second() {
        let start = Instant::now();
        let mut meter = Meter::default();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(meter.add(at(0), &frame(100), stages(1)), None);
        assert_eq!(meter.add(at(10), &frame(100), stages(1)), None);
        assert_eq!(meter.add(at(60_000), &frame(100), stages(1)), None);
        let second = (1..=100)
            .filter_map(|n| meter.add(at(60_000 + n * 10), &frame(100), stages(1)))
            .next()
            .unwrap();
        assert!((second.fps - 100.0).abs() < 0.1, "{second}");
    }

    #[test]
    fn totals_are_counted() {
        let counters = Counters::default();
        counters.captured(false);
        counters.captured(true);
        counters.frame(&frame(100));
        let stats = counters.read();
        assert_eq!(
            (
                stats.captured,
                stats.replaced,
                stats.frames,
                stats.key_frames
            ),
            (2, 1, 1, 1)
        );
        assert_eq!(
            (stats.packets, stats.bytes, stats.damaged, stats.failed),
            (1, 100, 0, 0)
        );
    }
}
