//! What the browser counts about the video it receives, or the sound where there is no video, and
//! what people read from it.

use std::time::Duration;

use wasm_bindgen::JsValue;
use web_sys::RtcStatsReport;

use super::browser::{number, text};

/// The browser's counters at one moment (Identifiers for WebRTC's Statistics API). What a browser
/// does not count is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// When they were read, since some fixed moment.
    pub at: Duration,
    /// RTP packets of sound received. All that follows is of the video; or of the sound, until a packet
    /// of the video has come.
    pub sound: u64,
    /// Whether it is of the video.
    pub is_video: bool,
    /// RTP packets received.
    pub packets: u64,
    /// RTP packets that never came; less than 0 when some came twice.
    pub lost: i64,
    /// Bytes of RTP payload received.
    pub bytes: u64,
    /// Pictures decoded.
    pub frames: u64,
    /// Time spent decoding them all.
    pub decode_time: Duration,
    /// Time that all emitted pictures waited to be decoded, summed.
    pub buffer_time: Duration,
    /// Pictures that have left the jitter buffer.
    pub buffered: u64,
    /// How irregularly packets arrive (RFC 3550, 6.4.1).
    pub jitter: Duration,
    /// The way to the server and back, by the last check of the path.
    pub round_trip: Duration,
    /// How far this browser's clock is ahead of the server's, milliseconds, by the latest of the
    /// server's reports (RFC 3550, 6.4.1). Half the round trip is taken for its way here.
    pub clock_ahead: Option<f64>,
    /// The picture's width, pixels.
    pub width: u32,
    /// The picture's height, pixels.
    pub height: u32,
}

impl Sample {
    /// Reads the counters from what `getStats` gave; `None` before anything was received.
    pub fn read(report: &RtcStatsReport) -> Option<Self> {
        let mut video = None;
        let mut sound = None;
        let mut round_trip = 0.0;
        let mut report_delay = None;
        for stats in report.values() {
            let Ok(stats) = stats else { break };
            let is = |field, value| text(&stats, field).as_deref() == Some(value);
            if is("type", "inbound-rtp") && is("kind", "video") {
                video = Some(Self::read_inbound(&stats));
            } else if is("type", "inbound-rtp") {
                sound = Some(Self::read_inbound(&stats));
            } else if is("type", "remote-outbound-rtp") && is("kind", "video") {
                let sent = number(&stats, "remoteTimestamp");
                let received = number(&stats, "timestamp");
                report_delay = received.zip(sent).map(|(received, sent)| received - sent);
            } else if is("type", "candidate-pair") && is("state", "succeeded") {
                round_trip = number(&stats, "currentRoundTripTime").unwrap_or(0.0);
            }
        }
        let video = video.filter(|video| video.packets > 0);
        Some(Self {
            sound: sound.map_or(0, |sound| sound.packets),
            is_video: video.is_some(),
            round_trip: seconds(round_trip),
            clock_ahead: report_delay.map(|delay| delay - round_trip * 1000.0 / 2.0),
            ..video.or(sound)?
        })
    }

    fn read_inbound(stats: &JsValue) -> Self {
        let float = |field| number(stats, field).unwrap_or(0.0);
        let count = |field| float(field) as u64;
        let time = |field| seconds(float(field));
        Self {
            at: seconds(float("timestamp") / 1000.0),
            sound: 0,
            is_video: false,
            packets: count("packetsReceived"),
            lost: float("packetsLost") as i64,
            bytes: count("bytesReceived"),
            frames: count("framesDecoded"),
            decode_time: time("totalDecodeTime"),
            buffer_time: time("jitterBufferDelay"),
            buffered: count("jitterBufferEmittedCount"),
            jitter: time("jitter"),
            round_trip: Duration::ZERO,
            clock_ahead: None,
            width: count("frameWidth") as u32,
            height: count("frameHeight") as u32,
        }
    }
}

/// How the picture comes in: what became of it between two [`Sample`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// The picture's width, pixels; 0 before the first.
    pub width: u32,
    /// The picture's height, pixels; 0 before the first.
    pub height: u32,
    /// Pictures decoded a second.
    pub fps: f32,
    /// Kilobits of video received a second.
    pub kbps: f32,
    /// Packets that did not come, in percent of those sent.
    pub loss_percent: f32,
    /// How irregularly packets arrive, milliseconds.
    pub jitter_ms: f32,
    /// Time a picture waits before it is decoded, milliseconds.
    pub buffer_ms: f32,
    /// Time it takes to decode a picture, milliseconds.
    pub decode_ms: f32,
    /// The way to the server and back, milliseconds.
    pub round_trip_ms: f32,
    /// From capture to display, milliseconds, where the browser tells what it takes to know it:
    /// the capture time in the stream (`abs-capture-time`) and the server's clock.
    pub latency_ms: Option<f32>,
}

impl Stats {
    /// What happened from `before` to `now`. Counters that went back began anew with another
    /// connection, and count from 0.
    pub fn between(before: &Sample, now: &Sample) -> Self {
        let before = if now.packets < before.packets || now.frames < before.frames {
            &Sample::default()
        } else {
            before
        };
        let elapsed = now.at.saturating_sub(before.at).as_secs_f32();
        let packets = now.packets.saturating_sub(before.packets) as f32;
        let lost = now.lost.saturating_sub(before.lost).max(0) as f32;
        let frames = now.frames.saturating_sub(before.frames) as f32;
        let bytes = now.bytes.saturating_sub(before.bytes) as f32;
        let buffered = now.buffered.saturating_sub(before.buffered) as f32;
        Self {
            width: now.width,
            height: now.height,
            fps: ratio(frames, elapsed),
            kbps: ratio(bytes * 8.0 / 1000.0, elapsed),
            loss_percent: ratio(100.0 * lost, packets + lost),
            jitter_ms: millis(now.jitter),
            buffer_ms: ratio(
                millis(now.buffer_time.saturating_sub(before.buffer_time)),
                buffered,
            ),
            decode_ms: ratio(
                millis(now.decode_time.saturating_sub(before.decode_time)),
                frames,
            ),
            round_trip_ms: millis(now.round_trip),
            latency_ms: None,
        }
    }
}

fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn millis(duration: Duration) -> f32 {
    duration.as_secs_f32() * 1000.0
}

/// A browser's number of seconds; nonsense counts as none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn sample() -> Sample {
        Sample {
            at: Duration::from_secs(10),
            packets: 1000,
            lost: 2,
            bytes: 1_000_000,
            frames: 300,
            decode_time: Duration::from_millis(600),
            buffer_time: Duration::from_millis(900),
            buffered: 300,
            ..Sample::default()
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn rates_are_those_of_the_time_between() {
        let now = Sample {
            at: Duration::from_secs(12),
            packets: 1295,
            lost: 7,
            bytes: 1_500_000,
            frames: 360,
            decode_time: Duration::from_millis(780),
            buffer_time: Duration::from_millis(1200),
            buffered: 360,
            ..Sample::default()
        };
        let stats = Stats::between(&sample(), &now);
        assert_eq!(stats.fps, 30.0);
        assert_eq!(stats.kbps, 2000.0);
        assert!((stats.loss_percent - 100.0 * 5.0 / 300.0).abs() < 1e-4);
        assert!((stats.decode_ms - 3.0).abs() < 1e-4);
        assert!((stats.buffer_ms - 5.0).abs() < 1e-4);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn another_connection_counts_from_nothing() {
        let now = Sample {
            at: Duration::from_secs(11),
            packets: 10,
            ..Sample::default()
        };
        assert_eq!(Stats::between(&sample(), &now).loss_percent, 0.0);
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn nothing_received_is_nothing_and_no_division_by_it() {
        let stats = Stats::between(&sample(), &sample());
        assert_eq!((stats.fps, stats.kbps, stats.loss_percent), (0.0, 0.0, 0.0));
        assert_eq!((stats.decode_ms, stats.buffer_ms), (0.0, 0.0));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn packets_that_came_twice_are_no_loss() {
        let now = Sample {
            at: Duration::from_secs(11),
            lost: -3,
            packets: 1100,
            ..sample()
        };
        assert_eq!(Stats::between(&sample(), &now).loss_percent, 0.0);
    }
}
