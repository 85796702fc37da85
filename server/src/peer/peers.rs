//! The door to the viewers' thread: what callers ask is checked on their own threads, and obeyed on
//! that one.
use super::{
    AnswerError, CandidateError, CloseReason, Offer, OfferError, OfferOptions, OfferedTrack,
    PeerEvent, PeerId, PeerInfo, PeersConfig, PeersError, RestartError, SwitchError, addresses,
    answer::Answer,
    candidate,
    dtls::Identity,
    ice::Credentials,
    info::{DtlsInfo, IceInfo, LiveInfo, TrackInfo},
    offer::{self, Description},
    registry::{self, Awaited, Known, Pending, Registry, Sdps, Session},
    rtp::Terms,
    set::{NewMedium, NewPeer, Restart, Set},
    socket::Sockets,
    thread::{Command, IoThread},
};
use mio::Waker;
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Sender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Nobody waits longer for what the viewers' thread knows.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// Where we can be reached: as the sockets see it, and as viewers are told.
struct Addresses {
    local: Vec<SocketAddr>,
    offered: Vec<SocketAddr>,
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
        let Shared { registry, next, .. } = self.shared.as_ref();
        let Addresses { local, offered } = self.addresses_now();
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
            addresses: local,
            sdps: Sdps::default(),
            since: now,
        };
        pending.sdps = self.describe(&pending.session, 1, &pending.credentials, &offered);
        let offer = Offer {
            peer: PeerId(next.fetch_add(1, Ordering::Relaxed)),
            sdp: pending.sdps.local.clone(),
            candidates: pending.sdps.candidates.clone(),
        };
        lock(registry).offer(offer.peer, pending)?;
        Ok(offer)
    }

    /// Offers a living peer to look for another path (an ICE restart); [`Self::answer`] takes the
    /// answer. Media go on by the path there is, and the handshake stays as it is.
    pub(crate) fn restart(&self, peer: PeerId) -> Result<Offer, RestartError> {
        let now = Instant::now();
        let (session, version) = lock(&self.shared.registry).restart(now, peer)?;
        let Addresses { local, offered } = self.addresses_now();
        let credentials = Credentials::random();
        let sdps = self.describe(&session, version, &credentials, &offered);
        let offer = Offer {
            peer,
            sdp: sdps.local.clone(),
            candidates: sdps.candidates.clone(),
        };
        lock(&self.shared.registry).offer_restart(now, peer, credentials, local, sdps);
        Ok(offer)
    }

    /// Takes the viewer's answer, once for each offer: what it takes of the tracks begins, and so
    /// does the search for a path.
    pub(crate) fn answer(&self, peer: PeerId, sdp: &str) -> Result<(), AnswerError> {
        let awaited = lock(&self.shared.registry).awaits_answer(Instant::now(), peer)?;
        let command = match awaited {
            Awaited::Offer(session) => {
                let answer = Answer::parse(sdp, &session.sections)?;
                Command::Add(peer, Box::new(self.new_peer(peer, &session, sdp, answer)?))
            }
            Awaited::Restart(session, fingerprint) => {
                let answer = Answer::parse(sdp, &session.sections)?;
                if answer.fingerprint != fingerprint {
                    return Err(AnswerError::Mismatch("it has another certificate"));
                }
                let (credentials, addresses) =
                    lock(&self.shared.registry).answer_restart(peer, sdp)?;
                let restart = Restart {
                    credentials,
                    addresses,
                    answer,
                };
                Command::Restart(peer, Box::new(restart))
            }
        };
        self.command(command);
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

    /// What becomes of an offer that is answered.
    fn new_peer(
        &self,
        peer: PeerId,
        session: &Session,
        sdp: &str,
        answer: Answer,
    ) -> Result<NewPeer, AnswerError> {
        let Pending {
            tracks,
            paused,
            credentials,
            addresses,
            ..
        } = lock(&self.shared.registry).answer(Instant::now(), peer, sdp, answer.fingerprint)?;
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
        Ok(NewPeer {
            media: media.collect(),
            credentials,
            addresses,
            answer,
        })
    }

    fn addresses_now(&self) -> Addresses {
        let local = addresses::local(&self.shared.bound);
        let offered = addresses::offered(&self.shared.config.public_ips, &local);
        Addresses { local, offered }
    }

    /// Our half of the session descriptions.
    fn describe(
        &self,
        session: &Session,
        version: u32,
        ice: &Credentials,
        addresses: &[SocketAddr],
    ) -> Sdps {
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
        Sdps {
            local: description.sdp(),
            candidates: offer::candidates(addresses),
            remote: None,
        }
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

fn lock(registry: &Mutex<Registry>) -> MutexGuard<'_, Registry> {
    // Every change of the registry is complete in itself.
    registry.lock().unwrap_or_else(PoisonError::into_inner)
}
