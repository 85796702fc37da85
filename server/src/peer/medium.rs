//! One track on its way to one viewer.
use super::{
    gate::{Gate, Verdict},
    history::History,
    outgoing::Mark,
    rtcp::{self, Compound, Feedback, Reception},
    rtp::{Route, RtpSender, Terms},
    srtp::SrtpError,
};
use crate::stream::Frame;
use std::time::Instant;

/// What a viewer gets of a track: which frames, and how they are sent.
pub(super) struct Medium {
    mid: String,
    rtp: RtpSender,
    gate: Gate,
    /// Behind the last frame in the outgoing queue.
    last_frame: Mark,
    reception: Reception,
}

impl Medium {
    pub(super) fn new(mid: String, terms: Terms) -> Self {
        Self {
            mid,
            rtp: RtpSender::new(terms),
            gate: Gate::default(),
            last_frame: Mark::default(),
            reception: Reception::default(),
        }
    }

    /// Identifies it in session descriptions.
    pub(super) fn mid(&self) -> &str {
        &self.mid
    }

    /// How the viewer said it receives.
    pub(super) fn reception(&self) -> Reception {
        self.reception
    }

    /// Sends a frame, unless the viewer can make nothing of it or its last one still waits. True
    /// when a key frame has to come first.
    pub(super) fn send(&mut self, frame: &Frame, route: &mut Route<'_>) -> Result<bool, SrtpError> {
        if route.out.is_waiting(self.last_frame) {
            self.gate.close();
            return Ok(false);
        }
        self.pass(frame, route)
    }

    /// Sends a frame of those that a viewer begins with, whether or not the last one still waits.
    pub(super) fn pass(&mut self, frame: &Frame, route: &mut Route<'_>) -> Result<bool, SrtpError> {
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
    pub(super) fn hear(&mut self, said: &Compound) -> Feedback {
        let terms = self.rtp.terms();
        let feedback = said.about(terms.sources.media, terms.codec.clock_rate());
        self.reception = feedback.reception.unwrap_or(self.reception);
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
        if route.out.is_waiting(self.last_frame) {
            return Ok(0);
        }
        self.rtp.resend(lost, history, route)
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
