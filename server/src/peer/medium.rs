//! One track on its way to one viewer.
use super::{
    gate::{Gate, Verdict},
    history::History,
    info::TrackCounters,
    losses::Losses,
    outgoing::{Mark, Outgoing},
    rtcp::{self, Compound, Feedback, Reception},
    rtp::{Route, RtpSender, Terms},
    srtp::SrtpError,
};
use crate::stream::Frame;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// What a viewer gets of a track: which frames, and how they are sent.
pub(super) struct Medium {
    mid: String,
    rtp: RtpSender,
    gate: Gate,
    /// Behind the last frame in the outgoing queue.
    last_frame: Mark,
    reception: Reception,
    round_trip: Option<Duration>,
    losses: Losses,
    asked: Asked,
    bytes: Bytes,
}

/// How often the viewer has asked for something.
#[derive(Default)]
struct Asked {
    key_frames: u64,
    packets: u64,
    /// Of these, those that it was sent.
    resent: u64,
}

/// The bytes that had been sent at the end of a second, and those sent in that second.
#[derive(Default)]
struct Bytes {
    so_far: u64,
    last_second: u64,
}

impl Medium {
    pub(super) fn new(mid: String, terms: Terms) -> Self {
        Self {
            mid,
            rtp: RtpSender::new(terms),
            gate: Gate::default(),
            last_frame: Mark::default(),
            reception: Reception::default(),
            round_trip: None,
            losses: Losses::default(),
            asked: Asked::default(),
            bytes: Bytes::default(),
        }
    }

    /// Identifies it in session descriptions.
    pub(super) fn mid(&self) -> &str {
        &self.mid
    }

    /// On what conditions it is sent.
    pub(super) fn terms(&self) -> &Terms {
        self.rtp.terms()
    }

    /// What has been sent, and what the viewer said about it.
    pub(super) fn counters(&self) -> TrackCounters {
        let counts = self.rtp.counts();
        TrackCounters {
            packets: counts.packets,
            bytes: counts.octets,
            bytes_last_second: self.bytes.last_second,
            nacks: self.asked.packets,
            resent: self.asked.resent,
            key_frames_asked: self.asked.key_frames,
            lost: self.reception.total_lost,
            fraction_lost: self.reception.lost,
            jitter: Duration::try_from_secs_f32(self.reception.jitter).unwrap_or_default(),
            round_trip: self.round_trip,
        }
    }

    /// How the viewer said it receives.
    pub(super) fn reception(&self) -> Reception {
        self.reception
    }

    /// Whether the last frame still waits to be sent.
    pub(super) fn is_behind(&self, out: &Outgoing) -> bool {
        out.is_waiting(self.last_frame)
    }

    /// Sends a frame, unless the viewer can make nothing of it or its last one still waits. True
    /// when a key frame has to come first.
    pub(super) fn send(&mut self, frame: &Frame, route: &mut Route<'_>) -> Result<bool, SrtpError> {
        if self.is_behind(route.out) {
            self.gate.close();
            return Ok(false);
        }
        self.pass(frame, route)
    }

    /// Sends what a viewer begins with. Who is behind with what it was sent before, and begins again
    /// and again, gets nothing before its next key frame.
    pub(super) fn start(
        &mut self,
        frames: &[Arc<Frame>],
        route: &mut Route<'_>,
    ) -> Result<(), SrtpError> {
        if self.is_behind(route.out) {
            self.gate.close();
            return Ok(());
        }
        for frame in frames {
            self.pass(frame, route)?;
        }
        Ok(())
    }

    fn pass(&mut self, frame: &Frame, route: &mut Route<'_>) -> Result<bool, SrtpError> {
        match self.gate.judge(frame.number, frame.idr) {
            Verdict::Send => {
                self.rtp.send(frame, route)?;
                self.last_frame = route.out.mark(route.path);
                Ok(false)
            }
            Verdict::Seen => Ok(false),
            Verdict::Unusable => Ok(true),
        }
    }

    /// What comes next does not continue what was sent: it begins with a key frame.
    pub(super) fn break_off(&mut self) {
        self.gate.close();
        self.rtp.break_off();
    }

    /// What the viewer says of this track.
    pub(super) fn hear(&mut self, now: Instant, said: &Compound) -> Feedback {
        let terms = self.rtp.terms();
        let feedback = said.about(terms.sources.media, terms.codec.clock_rate());
        self.losses.add(&feedback);
        self.asked.key_frames += u64::from(feedback.key_frame);
        self.asked.packets += feedback.lost.len() as u64;
        if let (Some(reception), Some(last)) = (feedback.reception, self.rtp.last()) {
            let since = now.saturating_duration_since(last.captured.at);
            let round_trip = reception
                .echo
                .and_then(|echo| echo.round_trip(last.captured.wall + since));
            self.round_trip = round_trip.or(self.round_trip);
            self.reception = reception;
        }
        feedback
    }

    /// Sends packets again. Tells how many it were: who cannot even be sent what is new gets nothing
    /// old.
    pub(super) fn resend(
        &mut self,
        lost: &[u16],
        history: &History,
        route: &mut Route<'_>,
    ) -> Result<u32, SrtpError> {
        if self.is_behind(route.out) {
            return Ok(0);
        }
        let resent = self.rtp.resend(lost, history, route)?;
        self.asked.resent += u64::from(resent);
        Ok(resent)
    }

    /// Another second is over. Tells how many packets were lost when they are too many.
    pub(super) fn end_second(&mut self) -> Option<u32> {
        let so_far = self.rtp.counts().octets;
        self.bytes = Bytes {
            so_far,
            last_second: so_far - self.bytes.so_far,
        };
        self.losses.take()
    }

    /// Tells the viewer which RTP time is which time of day.
    pub(super) fn report(&self, now: Instant, route: &mut Route<'_>) -> Result<(), SrtpError> {
        if let Some(last) = self.rtp.last() {
            let terms = self.rtp.terms();
            let report = rtcp::sender_report(
                now,
                terms.sources.media,
                terms.codec.clock_rate(),
                last,
                self.rtp.counts(),
            )?;
            let report = route.srtp.protect_rtcp(&report)?;
            route.out.push(route.path, report.as_ref());
        }
        Ok(())
    }
}
