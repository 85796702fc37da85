//! Viewers' connections: WebRTC from the offer to the last packet, for all viewers on one UDP port.
//!
//! [`Peers`] is the door to a thread of its own that owns the sockets. Offers are made and answers
//! are read on the caller's thread; everything after that happens on the I/O thread, in values that
//! do no I/O and read no clock:
//!
//! ```text
//! encoder ─frame→ Inbox ─┐                                  ┌─ Ice   finds a path
//! sockets ─datagram──────┼→ Set ─→ Connection (one a viewer)┼─ Dtls  authenticates, yields keys
//! callers ─Command───────┘    │                             └─ RtpSender, Srtp  headers, cipher
//!                             └→ Outgoing ─trains→ sockets
//! ```
//!
//! A viewer may get several tracks over one connection, each by a [`medium`](medium::Medium) of its
//! own. A frame was packetised by its track's source, once. What is made for each viewer is the header of each
//! packet and its encryption, in the buffer that the kernel gets. Packets that a viewer
//! missed are taken from the frames that the track's viewers share.
mod addresses;
mod answer;
mod candidate;
mod codec;
mod connection;
mod demux;
mod dtls;
mod early;
mod feed;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod gate;
mod hello;
mod history;
mod ice;
mod inbox;
mod info;
mod losses;
mod medium;
mod ntp;
mod offer;
mod outgoing;
mod registry;
mod rtcp;
mod rtp;
mod sdp;
mod set;
mod socket;
mod srtp;
mod stats;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod thread;

use crate::stream::{Kind, Track};
use answer::Answer;
use connection::SlowLink;
use dtls::Identity;
use ice::Credentials;
use info::LiveInfo;
use mio::Waker;
use offer::Description;
use registry::{Known, Pending, Registry, Sdps, Session};
use rtp::Terms;
use sdp::{Sdp, SdpError};
use set::{NewMedium, NewPeer, Set};
use socket::Sockets;
use std::{
    collections::BTreeSet,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Sender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use thiserror::Error;
use thread::{Command, IoThread};

pub(crate) use answer::AnswerError;
pub(crate) use candidate::CandidateError;
pub(crate) use info::{
    DtlsInfo, DtlsStateInfo, IceInfo, IceStateInfo, PeerInfo, SelectedPair, TrackCounters,
    TrackInfo,
};
pub(crate) use rtp::Orientation;

/// Nobody waits longer for what the viewers' thread knows.
const PATIENCE: Duration = Duration::from_secs(1);

/// How viewers reach this server.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeersConfig {
    /// The addresses of the media port.
    pub(crate) listen: Vec<SocketAddr>,
    /// Addresses that a NAT in front of this machine maps to it, port by port.
    pub(crate) public_ips: Vec<IpAddr>,
    /// Let viewers do all the work of finding a path (RFC 8445 section 2.5).
    pub(crate) ice_lite: bool,
}

/// Identifies a viewer's connection. It is never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PeerId(u64);

/// What a viewer is offered.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The connection that an answer brings to life.
    pub(crate) peer: PeerId,
    /// The session description, without candidates.
    pub(crate) sdp: String,
    /// Candidate lines, as `candidate:1 1 udp … typ host`.
    pub(crate) candidates: Vec<String>,
}

/// A track, and its section in the session description.
#[derive(Clone)]
pub(crate) struct OfferedTrack {
    /// The identification of the section (RFC 5888): a token.
    pub(crate) mid: String,
    /// What is sent.
    pub(crate) track: Arc<dyn Track>,
}

/// What an offer says and asks of the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfferOptions {
    /// How the picture is to be turned.
    pub(crate) orientation: Orientation,
    /// The name of the session in its description: one line.
    pub(crate) session_name: String,
    /// How soon the viewer is to show what it gets; `None` leaves that to the viewer.
    pub(crate) playout_delay: Option<PlayoutDelay>,
    /// Whether frames say when they were captured.
    pub(crate) abs_capture_time: bool,
}

/// The bounds of the time from capture to display, in units of 10 ms up to 4095 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlayoutDelay {
    /// The least.
    pub(crate) min: u16,
    /// The most.
    pub(crate) max: u16,
}

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeerEvent {
    /// Frames are being sent.
    Connected,
    /// Too many packets of a track were lost in the last second.
    SlowLink {
        /// Which track.
        mid: String,
        /// Of what kind it is.
        kind: Kind,
        /// How many packets were lost.
        lost: u32,
    },
    /// It is over, and nothing of it is left.
    Closed(CloseReason),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// [`Peers::close`] was called.
    Requested,
    /// The viewer said goodbye (DTLS `close_notify`).
    ByViewer,
    /// Nothing was heard of the viewer for 15 seconds.
    Silent,
    /// The viewer answered, and did not connect within 15 seconds.
    NeverConnected,
    /// The connection broke, for this reason.
    Failed(String),
    /// The server ends.
    Shutdown,
}

/// Why the viewers' thread could not be started.
#[derive(Debug, Error)]
pub(crate) enum PeersError {
    /// The media port cannot be had.
    #[error("cannot listen for media on UDP {address}: {source}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rtc::shared::error::Error),
    /// The thread cannot be started.
    #[error("cannot start the thread of the viewers: {0}")]
    Thread(#[from] io::Error),
}

/// Why no offer was made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum OfferError {
    /// These tracks make no offer.
    #[error("these tracks cannot be offered: {0}")]
    Tracks(&'static str),
    /// So many offers wait for an answer, or so many viewers are served, that no more are made.
    #[error("there are too many viewers")]
    TooMany,
    /// The viewers' thread has ended.
    #[error("the media port is closed")]
    Down,
}

/// Why a viewer's tracks were not switched.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SwitchError {
    /// There is no such peer, or no more.
    #[error("no such peer")]
    UnknownPeer,
    /// The viewer was offered no such track.
    #[error("no track {0:?} was offered")]
    UnknownMid(String),
    /// The viewer's decoder cannot go on with what the other track is made of.
    #[error("track {0:?} has another codec")]
    OtherCodec(String),
}

/// The connections of all viewers. Clones are handles to the same ones.
#[derive(Clone)]
pub(crate) struct Peers {
    shared: Arc<Shared>,
}

struct Shared {
    config: PeersConfig,
    identity: Arc<Identity>,
    /// With the ports that were given.
    bound: Vec<SocketAddr>,
    registry: Arc<Mutex<Registry>>,
    commands: Sender<Command>,
    waker: Arc<Waker>,
    next: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Peers {
    /// Opens the media port and starts the thread that serves it. `events` is called on that thread
    /// and must not block.
    pub(crate) fn start(
        config: PeersConfig,
        events: impl Fn(PeerId, PeerEvent) + Send + 'static,
    ) -> Result<Self, PeersError> {
        let identity = Arc::new(Identity::generate()?);
        let sockets = Sockets::bind(&config.listen)
            .map_err(|(address, source)| PeersError::Bind { address, source })?;
        let bound = sockets.addresses();
        let (commands, received) = mpsc::channel();
        let io_thread = IoThread::new(sockets, received)?;
        let waker = io_thread.waker();
        let registry = Arc::new(Mutex::new(Registry::default()));

        let thread = {
            let (identity, ice_lite) = (Arc::clone(&identity), config.ice_lite);
            let new_set = move |waker: Arc<Waker>| {
                let wake = move || registry::wake(&waker);
                Set::new(Instant::now(), Arc::clone(&identity), ice_lite, wake)
            };
            let registry = Arc::clone(&registry);
            let serve = move || {
                let tell = |peer, event: PeerEvent| {
                    match event {
                        PeerEvent::Connected => lock(&registry).connected(peer),
                        PeerEvent::SlowLink { .. } => {}
                        PeerEvent::Closed(_) => lock(&registry).forget(peer),
                    }
                    events(peer, event);
                };
                let forget_all = || {
                    let peers = lock(&registry).forget_all();
                    let reason = || CloseReason::Failed("the server had an internal error".into());
                    peers.for_each(|peer| events(peer, PeerEvent::Closed(reason())));
                };
                io_thread.run(new_set, tell, forget_all);
                lock(&registry).close();
            };
            std::thread::Builder::new()
                .name("viewers".into())
                .spawn(serve)?
        };

        let shared = Shared {
            config,
            identity,
            bound,
            registry,
            commands,
            waker,
            next: AtomicU64::new(1),
            thread: Mutex::new(Some(thread)),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The addresses of the media port, with the ports that were given for port 0.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.shared.bound
    }

    /// Offers tracks, one section for each in this order. Nothing is sent before the answer has come,
    /// for which there are 30 seconds.
    pub(crate) fn offer(
        &self,
        tracks: &[OfferedTrack],
        options: OfferOptions,
    ) -> Result<Offer, OfferError> {
        let Shared {
            config,
            bound,
            registry,
            next,
            ..
        } = self.shared.as_ref();
        let addresses = addresses::local(bound);
        let offered = addresses::offered(&config.public_ips, &addresses);
        let now = Instant::now();
        let mut pending = Pending {
            session: Arc::new(Session {
                // Positive as a signed number, as some parsers read it.
                id: rand::random::<u64>() >> 1,
                sections: offer::sections(tracks)?,
                options,
                began: now,
            }),
            tracks: tracks.iter().map(|t| Arc::clone(&t.track)).collect(),
            paused: BTreeSet::new(),
            credentials: Credentials::random(),
            addresses,
            sdps: Sdps::default(),
            since: now,
        };
        let sdp = self.describe(&pending.session, 1, &pending.credentials, &offered);
        let candidates = offer::candidates(&offered);
        pending.sdps = Sdps {
            local: sdp.clone(),
            candidates: candidates.clone(),
            remote: None,
        };
        let peer = PeerId(next.fetch_add(1, Ordering::Relaxed));
        lock(registry).offer(peer, pending)?;
        Ok(Offer {
            peer,
            sdp,
            candidates,
        })
    }

    /// Takes the viewer's answer, once: what it takes of the tracks begins, and so does the search
    /// for a path.
    pub(crate) fn answer(&self, peer: PeerId, sdp: &str) -> Result<(), AnswerError> {
        let session = lock(&self.shared.registry).awaits_answer(Instant::now(), peer)?;
        let answer = Answer::parse(sdp, &session.sections)?;
        let Pending {
            tracks,
            paused,
            credentials,
            addresses,
            ..
        } = lock(&self.shared.registry).answer(Instant::now(), peer, sdp)?;
        let OfferOptions {
            orientation,
            playout_delay,
            ..
        } = session.options;
        let sections = session.sections.iter().zip(tracks).zip(&answer.agreed);
        let media = sections.filter_map(|((section, track), agreed)| {
            Some(NewMedium {
                mid: section.mid.clone(),
                track,
                terms: Terms {
                    codec: section.format.codec,
                    sources: section.sources,
                    agreed: (*agreed)?,
                    orientation,
                    playout_delay,
                },
                on: !paused.contains(&section.mid),
            })
        });
        let new = NewPeer {
            media: media.collect(),
            credentials,
            addresses,
            answer,
        };
        self.command(Command::Add(peer, Box::new(new)));
        Ok(())
    }

    /// Takes another of the viewer's candidates, after its answer.
    pub(crate) fn add_candidate(&self, peer: PeerId, line: &str) -> Result<(), CandidateError> {
        if !lock(&self.shared.registry).is_answered(peer) {
            return Err(CandidateError::UnknownPeer);
        }
        if let Some(remote) = candidate::parse(line)? {
            self.command(Command::AddCandidate(peer, Box::new(remote)));
        }
        Ok(())
    }

    /// Asks the tracks that the viewer watches for a key frame.
    pub(crate) fn request_key_frame(&self, peer: PeerId) {
        let tracks = lock(&self.shared.registry).tracks(peer);
        for track in tracks {
            track.request_key_frame();
        }
    }

    /// Pauses or resumes a track by its mid, or all of a viewer's tracks. A paused track is not
    /// watched. It resumes with what the track keeps for new viewers, or the next key frame.
    pub(crate) fn set_sending(&self, peer: PeerId, mid: Option<&str>, on: bool) {
        lock(&self.shared.registry).set_sending(peer, mid, on);
        self.command(Command::SetSending(peer, mid.map(str::to_owned), on));
    }

    /// Lets a viewer's connection go on with other tracks, by their mids; those not named stay. The
    /// codecs have to be the same. Each begins like a resumed one, without a new offer: the viewer
    /// sees one stream that goes on.
    pub(crate) fn switch(&self, peer: PeerId, tracks: &[OfferedTrack]) -> Result<(), SwitchError> {
        lock(&self.shared.registry).switch(peer, tracks)?;
        self.command(Command::Switch(peer, tracks.to_vec()));
        Ok(())
    }

    /// How a peer is, for administrators: waits for the viewers' thread, which takes milliseconds.
    pub(crate) fn info(&self, peer: PeerId) -> Option<PeerInfo> {
        let Known {
            session,
            paused,
            sdps,
        } = lock(&self.shared.registry).known(peer)?;
        let live = match &sdps.remote {
            Some(_) => self.live_info(peer),
            None => None,
        };
        let tracks = session.sections.iter().map(|section| match &live {
            Some(live) => TrackInfo::answered(section, &live.media),
            None => TrackInfo::offered(section, !paused.contains(&section.mid)),
        });
        let tracks = tracks.collect();
        let Shared {
            config, identity, ..
        } = self.shared.as_ref();
        let (ice, dtls) = match live {
            Some(live) => (live.ice, live.dtls),
            None => (
                IceInfo::offered(config.ice_lite),
                DtlsInfo::offered(identity.fingerprint()),
            ),
        };
        let candidates = sdps.candidates.iter();
        let lines = candidates.map(|line| line.trim_start_matches("candidate:").to_owned());
        Some(PeerInfo {
            age: session.began.elapsed(),
            local_sdp: sdps.local,
            remote_sdp: sdps.remote,
            ice: IceInfo {
                local_candidates: lines.collect(),
                ..ice
            },
            dtls,
            tracks,
        })
    }

    /// Says goodbye to a viewer and forgets it. One that had answered is reported as closed; an
    /// unanswered offer just goes.
    pub(crate) fn close(&self, peer: PeerId) {
        lock(&self.shared.registry).withdraw(peer);
        self.command(Command::Close(peer));
    }

    /// Says goodbye to everybody and ends the thread.
    pub(crate) fn shutdown(&self) {
        self.command(Command::Shutdown);
        let thread = self
            .shared
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // A panic of the thread was reported when it happened.
        let _ = thread.map(JoinHandle::join);
    }

    fn live_info(&self, peer: PeerId) -> Option<LiveInfo> {
        let (tell, told) = mpsc::sync_channel(1);
        self.command(Command::Info(peer, tell));
        told.recv_timeout(PATIENCE).ok().flatten()
    }

    fn describe(
        &self,
        session: &Session,
        version: u32,
        ice: &Credentials,
        addresses: &[SocketAddr],
    ) -> String {
        let Shared {
            config, identity, ..
        } = self.shared.as_ref();
        let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
        let description = Description {
            session: session.id,
            version,
            address: addresses.first().copied().unwrap_or(unspecified),
            ice,
            ice_lite: config.ice_lite,
            fingerprint: &identity.fingerprint().to_string(),
            sections: &session.sections,
            options: &session.options,
        };
        description.sdp()
    }

    fn command(&self, command: Command) {
        self.shared.command(command);
    }
}

impl Shared {
    fn command(&self, command: Command) {
        // When the thread has ended there is nobody left to be told, or to be talked to.
        if self.commands.send(command).is_ok() {
            registry::wake(&self.waker);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.command(Command::Shutdown);
    }
}

impl From<SlowLink> for PeerEvent {
    fn from(SlowLink { mid, kind, lost }: SlowLink) -> Self {
        Self::SlowLink { mid, kind, lost }
    }
}

impl Default for OfferOptions {
    /// Upright, to be shown at once, with the time of capture.
    fn default() -> Self {
        Self {
            orientation: Orientation::Upright,
            session_name: "Fanlight".into(),
            playout_delay: Some(PlayoutDelay::default()),
            abs_capture_time: true,
        }
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("closed"),
            Self::ByViewer => f.write_str("the viewer left"),
            Self::Silent => f.write_str("the viewer fell silent"),
            Self::NeverConnected => f.write_str("the viewer never connected"),
            Self::Failed(reason) => f.write_str(reason),
            Self::Shutdown => f.write_str("the server ends"),
        }
    }
}

/// Whether a text is a session description at all, which it can be without answering any offer.
pub(crate) fn check_sdp(text: &str) -> Result<(), SdpError> {
    Sdp::parse(text).map(drop)
}

fn lock(registry: &Mutex<Registry>) -> std::sync::MutexGuard<'_, Registry> {
    // Every change of the registry is complete in itself.
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}
