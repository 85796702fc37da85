//! One viewer: a path, a handshake, then frames in and datagrams out.
use super::{
    CloseReason,
    candidate::Remote,
    demux::Kind,
    dtls::{Dtls, DtlsError, Event},
    gate::{Gate, Verdict},
    history::History,
    ice::{Ice, IceState},
    outgoing::{Mark, Outgoing, Path},
    rtcp::{self, Feedback, Reception},
    rtp::{Route, RtpSender},
    srtp::{Srtp, SrtpError},
};
use crate::stream::Frame;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// A viewer has so long to connect, once it has answered.
const CONNECT: Duration = Duration::from_secs(15);
/// How often RTP time is mapped to the time of day.
const REPORT: Duration = Duration::from_secs(1);

/// The connection to one viewer. It does no I/O: datagrams and the time come in, datagrams go to
/// [`Outgoing`].
pub(super) struct Connection {
    ice: Ice,
    dtls: Dtls,
    rtp: RtpSender,
    /// There once the handshake is complete.
    srtp: Option<Box<Srtp>>,
    path: Option<Path>,
    gate: Gate,
    /// Behind the last frame in the outgoing queue.
    last_frame: Mark,
    connect_by: Instant,
    report_at: Instant,
    reception: Reception,
}

/// What a datagram led to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Received {
    /// It was a check or its answer, and authentic: the viewer is at that address.
    pub(super) authentic: bool,
    /// The handshake is complete.
    pub(super) secured: bool,
    /// The viewer needs a key frame.
    pub(super) key_frame: bool,
    /// How many packets it missed, and how many of them were sent again.
    pub(super) missed: u32,
    pub(super) resent: u32,
}

impl Connection {
    /// A viewer that has just answered.
    pub(super) fn new(now: Instant, ice: Ice, dtls: Dtls, rtp: RtpSender) -> Self {
        Self {
            ice,
            dtls,
            rtp,
            srtp: None,
            path: None,
            gate: Gate::default(),
            last_frame: Mark::default(),
            connect_by: now + CONNECT,
            report_at: now,
            reception: Reception::default(),
        }
    }

    /// Another address where the viewer may be.
    pub(super) fn add_remote(&mut self, now: Instant, remote: Remote) {
        self.ice.add_remote(now, remote);
    }

    /// Whether the viewer may be at this address.
    pub(super) fn expects(&self, remote: SocketAddr) -> bool {
        self.ice.expects(remote)
    }

    /// Whether media can be sent.
    pub(super) fn is_secured(&self) -> bool {
        self.srtp.is_some()
    }

    /// How the viewer said it receives.
    pub(super) fn reception(&self) -> Reception {
        self.reception
    }

    /// Takes a datagram. Whoever calls this knows by an authentic check that anything but checks
    /// comes from an address of this viewer's.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        kind: Kind,
        path: Path,
        datagram: &[u8],
        history: &History,
        out: &mut Outgoing,
    ) -> Result<Received, CloseReason> {
        let mut received = Received::default();
        match kind {
            Kind::Check | Kind::CheckAnswer => {
                received.authentic = self.ice.receive(now, path, datagram);
                self.follow_ice(now)?;
            }
            Kind::Dtls => {
                let event = self.dtls.receive(now, datagram);
                let answer_to = self.path.unwrap_or(path);
                self.transmit_dtls(Some(answer_to), out);
                match event? {
                    Event::Nothing => {}
                    Event::Secured(srtp) => {
                        self.srtp = Some(srtp);
                        self.path = Some(answer_to);
                        received.secured = true;
                    }
                    Event::Closed => return Err(CloseReason::ByViewer),
                }
            }
            Kind::Rtcp => self.receive_rtcp(now, path, datagram, history, out, &mut received)?,
            Kind::Rtp => {}
        }
        self.transmit(out);
        Ok(received)
    }

    /// Sends what the viewer begins with.
    pub(super) fn start(
        &mut self,
        frames: &[Arc<Frame>],
        out: &mut Outgoing,
    ) -> Result<(), CloseReason> {
        for frame in frames {
            self.pass(frame, out)?;
        }
        Ok(())
    }

    /// Sends a frame, unless the viewer can make nothing of it or its last one still waits. True
    /// when a key frame has to come first.
    pub(super) fn send(&mut self, frame: &Frame, out: &mut Outgoing) -> Result<bool, CloseReason> {
        if out.is_waiting(self.last_frame) {
            self.gate.close();
            return Ok(false);
        }
        self.pass(frame, out)
    }

    fn pass(&mut self, frame: &Frame, out: &mut Outgoing) -> Result<bool, CloseReason> {
        let (Some(path), Some(srtp)) = (self.path, &mut self.srtp) else {
            return Ok(false);
        };
        match self.gate.judge(frame.number, frame.idr) {
            Verdict::Send => {
                self.rtp.send(frame, &mut Route { path, srtp, out })?;
                self.last_frame = out.mark(path);
                Ok(false)
            }
            Verdict::Seen => Ok(false),
            Verdict::Unusable => Ok(true),
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    pub(super) fn poll_timeout(&self) -> Instant {
        let due = match self.srtp {
            Some(_) => self.report_at,
            None => self
                .dtls
                .poll_timeout()
                .unwrap_or(self.connect_by)
                .min(self.connect_by),
        };
        due.min(self.ice.poll_timeout())
    }

    /// Does what is due. `latest` is the newest frame of the stream, if there is one.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        latest: Option<&Frame>,
        out: &mut Outgoing,
    ) -> Result<(), CloseReason> {
        self.ice.handle_timeout(now);
        self.follow_ice(now)?;
        if self.srtp.is_none() {
            self.dtls.handle_timeout(now)?;
            if now >= self.connect_by {
                return Err(CloseReason::NeverConnected);
            }
        } else if now >= self.report_at {
            self.report_at = now + REPORT;
            self.report(now, latest, out)?;
        }
        self.transmit(out);
        Ok(())
    }

    /// Says goodbye.
    pub(super) fn close(&mut self, now: Instant, out: &mut Outgoing) {
        self.dtls.close(now);
        self.transmit(out);
    }

    fn receive_rtcp(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        history: &History,
        out: &mut Outgoing,
        received: &mut Received,
    ) -> Result<(), CloseReason> {
        let Some(srtp) = &mut self.srtp else {
            return Ok(());
        };
        let ssrc = self.rtp.sources().media;
        let Ok(packet) = srtp.open_rtcp(datagram) else {
            return Ok(());
        };
        self.ice.heard(now, path);
        let Ok(feedback) = Feedback::parse(packet, ssrc) else {
            return Ok(());
        };
        received.key_frame = feedback.key_frame;
        received.missed = feedback.lost.len() as u32;
        self.reception = feedback.reception.unwrap_or(self.reception);
        // Who cannot even be sent what is new gets nothing old.
        if let Some(path) = self.path.filter(|_| !out.is_waiting(self.last_frame)) {
            let mut route = Route { path, srtp, out };
            received.resent = self.rtp.resend(&feedback.lost, history, &mut route)?;
        }
        Ok(())
    }

    fn report(
        &mut self,
        now: Instant,
        latest: Option<&Frame>,
        out: &mut Outgoing,
    ) -> Result<(), CloseReason> {
        let (Some(srtp), Some(path), Some(latest)) = (&mut self.srtp, self.path, latest) else {
            return Ok(());
        };
        let ssrc = self.rtp.sources().media;
        let counts = self.rtp.counts();
        if counts.packets > 0 {
            let report = rtcp::sender_report(now, ssrc, latest, counts).map_err(SrtpError::from)?;
            out.push(path, srtp.protect_rtcp(&report)?.as_ref());
        }
        Ok(())
    }

    fn follow_ice(&mut self, now: Instant) -> Result<(), CloseReason> {
        match self.ice.state() {
            IceState::Searching => {}
            IceState::Found(path) => {
                self.path = Some(path);
                self.dtls.path_found(now)?;
            }
            IceState::Failed if self.is_secured() => return Err(CloseReason::Silent),
            IceState::Failed => return Err(CloseReason::NeverConnected),
        }
        Ok(())
    }

    fn transmit(&mut self, out: &mut Outgoing) {
        while let Some((path, datagram)) = self.ice.poll_transmit() {
            out.push(path, &datagram);
        }
        self.transmit_dtls(self.path, out);
    }

    fn transmit_dtls(&mut self, path: Option<Path>, out: &mut Outgoing) {
        while let (Some(path), Some(datagram)) = (path, self.dtls.poll_transmit()) {
            out.push(path, &datagram);
        }
    }
}

impl From<DtlsError> for CloseReason {
    fn from(error: DtlsError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<SrtpError> for CloseReason {
    fn from(error: SrtpError) -> Self {
        Self::Failed(error.to_string())
    }
}
