//! One viewer: a path, a handshake, then frames in and datagrams out.
use super::{
    CloseReason,
    candidate::Remote,
    demux::Kind,
    dtls::{Dtls, DtlsError, Event},
    history::History,
    ice::{Ice, IceState},
    info::{LiveInfo, LiveMedium},
    medium::Medium,
    outgoing::{Outgoing, Path},
    paths::Paths,
    rtcp::{Compound, Feedback, Reception},
    rtp::Route,
    srtp::{Srtp, SrtpError},
};
use crate::stream::{self, Frame};
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
    ice: Paths,
    dtls: Dtls,
    /// The tracks that the viewer takes.
    media: Vec<Medium>,
    /// There once the handshake is complete.
    srtp: Option<Box<Srtp>>,
    path: Option<Path>,
    connect_by: Instant,
    report_at: Instant,
}

/// Too much of a medium was lost in the last second.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SlowLink {
    pub(super) mid: String,
    pub(super) kind: stream::Kind,
    /// How many packets.
    pub(super) lost: u32,
}

/// What a datagram led to.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// It was a check or its answer, and authentic: the viewer is at that address.
    pub(super) authentic: bool,
    /// The handshake is complete.
    pub(super) secured: bool,
    /// The viewer had not heard that it is, and has been told again.
    pub(super) told_again: bool,
    /// What the viewer says of its media, by their places.
    pub(super) feedback: Vec<(usize, Feedback)>,
}

impl Connection {
    /// A viewer that has just answered.
    pub(super) fn new(now: Instant, ice: Ice, dtls: Dtls, media: Vec<Medium>) -> Self {
        Self {
            ice: Paths::new(now, ice),
            dtls,
            media,
            srtp: None,
            path: None,
            connect_by: now + CONNECT,
            report_at: now,
        }
    }

    /// Looks for another path, with other credentials. What goes over the one there is goes on.
    pub(super) fn restart(&mut self, now: Instant, ice: Ice) {
        self.ice.restart(now, ice);
    }

    /// Whether a path is being looked for, be it the first or another one.
    pub(super) fn is_searching(&self) -> bool {
        !self.is_secured() || self.ice.is_restarting()
    }

    /// The fragments of user names by which checks for us are known.
    pub(super) fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.ice.ufrags()
    }

    /// Another address where the viewer may be.
    pub(super) fn add_remote(&mut self, now: Instant, remote: Remote) {
        self.ice.add_remote(now, remote);
    }

    /// Whether the viewer may be at this address.
    pub(super) fn expects(&self, remote: SocketAddr) -> bool {
        self.ice.expects(remote)
    }

    /// Whether the viewer was heard at this address of late.
    pub(super) fn is_alive_at(&self, now: Instant, remote: SocketAddr) -> bool {
        self.ice.is_alive_at(now, remote)
    }

    /// Whether media can be sent.
    pub(super) fn is_secured(&self) -> bool {
        self.srtp.is_some()
    }

    /// How the viewer said it receives.
    pub(super) fn receptions(&self) -> impl Iterator<Item = Reception> {
        self.media.iter().map(Medium::reception)
    }

    /// The place of a medium.
    pub(super) fn medium(&self, mid: &str) -> Option<usize> {
        self.media.iter().position(|medium| medium.mid() == mid)
    }

    /// What administrators are shown.
    pub(super) fn info(&self) -> LiveInfo {
        let media = self.media.iter().map(|medium| LiveMedium {
            mid: medium.mid().to_owned(),
            agreed: medium.terms().agreed,
            sending: false,
            counters: medium.counters(),
        });
        LiveInfo {
            ice: self.ice.info(),
            dtls: self.dtls.info(),
            media: media.collect(),
        }
    }

    /// Takes a datagram. Whoever calls this knows by an authentic check that anything but checks
    /// comes from an address of this viewer's.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        kind: Kind,
        path: Path,
        datagram: &[u8],
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
                let has_answered = self.transmit_dtls(Some(answer_to), out);
                received.told_again = has_answered && self.is_secured();
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
            Kind::Rtcp => received.feedback = self.receive_rtcp(now, path, datagram),
            Kind::Rtp => {}
        }
        self.transmit(out);
        Ok(received)
    }

    /// Whether the last frame of a medium still waits to be sent.
    pub(super) fn is_behind(&self, medium: usize, out: &Outgoing) -> bool {
        let medium = self.media.get(medium);
        medium.is_some_and(|medium| medium.is_behind(out))
    }

    /// Sends what the viewer begins with.
    pub(super) fn start(
        &mut self,
        medium: usize,
        frames: &[Arc<Frame>],
        out: &mut Outgoing,
    ) -> Result<(), CloseReason> {
        self.with(medium, out, |medium, route| medium.start(frames, route))
    }

    /// Sends a frame, unless the viewer can make nothing of it or its last one still waits. True
    /// when a key frame has to come first.
    pub(super) fn send(
        &mut self,
        medium: usize,
        frame: &Frame,
        out: &mut Outgoing,
    ) -> Result<bool, CloseReason> {
        self.with(medium, out, |medium, route| medium.send(frame, route))
    }

    /// Sends packets that the viewer missed. Tells how many it were.
    pub(super) fn resend(
        &mut self,
        medium: usize,
        lost: &[u16],
        history: &History,
        out: &mut Outgoing,
    ) -> Result<u32, CloseReason> {
        self.with(medium, out, |medium, route| {
            medium.resend(lost, history, route)
        })
    }

    /// What comes next does not continue what was sent.
    pub(super) fn break_off(&mut self, medium: usize) {
        if let Some(medium) = self.media.get_mut(medium) {
            medium.break_off();
        }
    }

    /// Does something with a medium, once there is a way for its packets.
    fn with<T: Default>(
        &mut self,
        medium: usize,
        out: &mut Outgoing,
        act: impl FnOnce(&mut Medium, &mut Route<'_>) -> Result<T, SrtpError>,
    ) -> Result<T, CloseReason> {
        match (self.media.get_mut(medium), self.path, &mut self.srtp) {
            (Some(medium), Some(path), Some(srtp)) => {
                Ok(act(medium, &mut Route { path, srtp, out })?)
            }
            _ => Ok(T::default()),
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

    /// Does what is due. Tells once a second of media that arrive badly.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        out: &mut Outgoing,
    ) -> Result<Vec<SlowLink>, CloseReason> {
        let mut slow = Vec::new();
        self.ice.handle_timeout(now);
        self.follow_ice(now)?;
        if self.srtp.is_none() {
            self.dtls.handle_timeout(now)?;
            if now >= self.connect_by {
                return Err(CloseReason::NeverConnected);
            }
        } else if now >= self.report_at {
            self.report_at = now + REPORT;
            self.report(now, out)?;
            slow.extend(self.media.iter_mut().filter_map(slow_link));
        }
        self.transmit(out);
        Ok(slow)
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
    ) -> Vec<(usize, Feedback)> {
        let Some(srtp) = &mut self.srtp else {
            return Vec::new();
        };
        let Ok(packet) = srtp.open_rtcp(datagram) else {
            return Vec::new();
        };
        self.ice.heard(now, path);
        let Ok(said) = Compound::parse(packet) else {
            return Vec::new();
        };
        let media = self.media.iter_mut().enumerate();
        media
            .map(|(index, medium)| (index, medium.hear(now, &said)))
            .filter(|(_, feedback)| !feedback.is_empty())
            .collect()
    }

    fn report(&mut self, now: Instant, out: &mut Outgoing) -> Result<(), CloseReason> {
        if let (Some(srtp), Some(path)) = (&mut self.srtp, self.path) {
            for medium in &self.media {
                medium.report(now, &mut Route { path, srtp, out })?;
            }
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

    /// Tells whether there was anything.
    fn transmit_dtls(&mut self, path: Option<Path>, out: &mut Outgoing) -> bool {
        let mut sent = false;
        while let (Some(path), Some(datagram)) = (path, self.dtls.poll_transmit()) {
            out.push(path, &datagram);
            sent = true;
        }
        sent
    }
}

fn slow_link(medium: &mut Medium) -> Option<SlowLink> {
    let lost = medium.end_second()?;
    Some(SlowLink {
        mid: medium.mid().to_owned(),
        kind: medium.terms().codec.kind(),
        lost,
    })
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
