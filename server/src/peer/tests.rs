//! The server's side of a connection against a whole peer connection, datagram by datagram and in
//! virtual time.
mod connecting;
mod frames;
mod leaving;
mod restarting;
mod strangers;
mod switching;
mod tracks;

use super::{
    CloseReason, OfferOptions, OfferedTrack, PeerEvent, PeerId,
    answer::Answer,
    candidate,
    demux::{self, Kind},
    dtls::Identity,
    ice::Credentials,
    offer::{self, Description, Section},
    outgoing::Path,
    rtp::{Orientation, Sources, Terms},
    set::{NewMedium, NewPeer, Set},
    testing::{
        Stub, frame_at, sound,
        viewer::{Habits, Viewer},
    },
};
use crate::{
    picture::Captured,
    stream::{Codec, Format, Kind as MediaKind},
};
use rtc::{
    dtls::extension::extension_use_srtp::SrtpProtectionProfile,
    peer_connection::state::RTCPeerConnectionState,
    rtcp::{
        payload_feedbacks::picture_loss_indication::PictureLossIndication,
        receiver_report::ReceiverReport,
        reception_report::ReceptionReport,
        transport_feedbacks::transport_layer_nack::{
            TransportLayerNack, nack_pairs_from_sequence_numbers,
        },
    },
};
use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

const MEDIA: u32 = 0x1111_1111;
const RTX: u32 = 0x2222_2222;
/// The source of the second track.
const SOUND: u32 = 0x3333_3333;
/// Between two looks at the timers.
const STEP: Duration = Duration::from_millis(5);

/// Tells which datagrams are lost.
type Loss = Box<dyn FnMut(&[u8]) -> bool>;

/// A server, its viewers, and a network between them that can lose datagrams.
struct World {
    now: Instant,
    began: Instant,
    set: Set,
    identity: Arc<Identity>,
    lite: bool,
    stream: Arc<Stub>,
    /// What is offered: the stream, and what else a test adds.
    tracks: Vec<OfferedTrack>,
    server: SocketAddr,
    viewers: Vec<Viewer>,
    events: Vec<(PeerId, PeerEvent)>,
    /// Of the datagrams from the server.
    lose: Loss,
    /// The address that a NAT gives the first viewer.
    nat: Option<SocketAddr>,
    /// What viewers have sent of their handshakes.
    handshakes: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        Self::with(false)
    }

    fn with(lite: bool) -> Self {
        let identity = Arc::new(Identity::generate().unwrap());
        let now = Instant::now();
        let stream = Stub::new("camera");
        Self {
            now,
            began: now,
            set: Set::new(now, Arc::clone(&identity), lite, || {}),
            identity,
            lite,
            tracks: vec![offered("v", &stream)],
            stream,
            server: "10.0.0.1:8189".parse().unwrap(),
            viewers: Vec::new(),
            events: Vec::new(),
            lose: Box::new(|_| false),
            nat: None,
            handshakes: Vec::new(),
        }
    }

    fn offer(&self) -> (Credentials, Vec<Section>, String) {
        let credentials = Credentials::random();
        let mut sections = offer::sections(&self.tracks).unwrap();
        for (section, media) in sections.iter_mut().zip([MEDIA, SOUND]) {
            let rtx = section.rtx.map(|_| RTX);
            section.sources = Sources { media, rtx };
        }
        let description = Description {
            session: 1,
            version: 1,
            address: self.server,
            ice: &credentials,
            ice_lite: self.lite,
            fingerprint: &self.identity.fingerprint().to_string(),
            sections: &sections,
            options: &OfferOptions::default(),
        };
        let sdp = description.sdp();
        (credentials, sections, sdp)
    }

    /// A viewer that has answered an offer; `edit` may change its answer.
    fn join_with(
        &mut self,
        peer: u64,
        habits: Habits,
        edit: impl FnOnce(String) -> String,
    ) -> PeerId {
        let address = SocketAddr::from(([10, 0, 0, 2], 5000 + peer as u16));
        self.join_at(peer, address, habits, edit)
    }

    fn join_at(
        &mut self,
        peer: u64,
        address: SocketAddr,
        habits: Habits,
        edit: impl FnOnce(String) -> String,
    ) -> PeerId {
        let (credentials, sections, sdp) = self.offer();
        let (mut viewer, answer) = Viewer::answer(self.now, address, self.server, &sdp, habits);
        viewer.add_candidate(&offer::candidates(&[self.server])[0]);
        self.add(PeerId(peer), credentials, &sections, &edit(answer));
        self.viewers.push(viewer);
        PeerId(peer)
    }

    fn add(&mut self, peer: PeerId, credentials: Credentials, sections: &[Section], answer: &str) {
        let answer = Answer::parse(answer, sections).unwrap();
        let offered = sections.iter().zip(&self.tracks).zip(&answer.agreed);
        let media = offered.filter_map(|((section, offered), agreed)| {
            Some(NewMedium {
                mid: section.mid.clone(),
                track: Arc::clone(&offered.track),
                terms: Terms {
                    codec: section.format.codec,
                    sources: section.sources,
                    agreed: (*agreed)?,
                    orientation: Orientation::Upright,
                    playout_delay: OfferOptions::default().playout_delay,
                },
                on: true,
            })
        });
        let new = NewPeer {
            media: media.collect(),
            credentials,
            addresses: vec![self.server],
            answer,
        };
        self.set.add(self.now, peer, new);
    }

    fn join(&mut self, peer: u64) -> PeerId {
        self.join_with(peer, Habits::default(), |answer| answer)
    }

    /// A viewer that is connected.
    fn connected() -> (Self, PeerId) {
        Self::new().connect()
    }

    fn connect(self) -> (Self, PeerId) {
        let mut world = self;
        let peer = world.join(1);
        world.run(Duration::from_secs(1));
        assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
        world.events.clear();
        // The viewer had none to begin with.
        world.stream.key_frames_wanted();
        (world, peer)
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.set.handle_timeout(self.now);
            for viewer in &mut self.viewers {
                viewer.handle_timeout(self.now);
            }
            self.exchange();
            self.now += STEP;
        }
    }

    /// Delivers datagrams until nobody has any more.
    fn exchange(&mut self) {
        let mut busy = true;
        while busy {
            busy = false;
            self.set.collect();
            while self.set.fan_out(self.now) {}
            let Self {
                set,
                viewers,
                lose,
                now,
                nat,
                ..
            } = self;
            set.out.send(|train| {
                let remote = train.path.remote;
                let arriving = train.bytes.chunks(train.segment).filter(|d| !lose(d));
                let translated = nat.filter(|nat| *nat == remote);
                let viewer = match (translated, *nat) {
                    (Some(_), _) => viewers.first_mut(),
                    (None, None) => viewers.iter_mut().find(|v| v.address == remote),
                    (None, Some(_)) => viewers.iter_mut().skip(1).find(|v| v.address == remote),
                };
                if let Some(viewer) = viewer {
                    arriving.for_each(|d| viewer.receive(*now, train.path.local, d));
                }
                busy = true;
                train.bytes.len()
            });
            for (index, viewer) in self.viewers.iter_mut().enumerate() {
                let path = Path {
                    local: self.server,
                    remote: self.nat.filter(|_| index == 0).unwrap_or(viewer.address),
                };
                while let Some(datagram) = viewer.poll_transmit() {
                    self.set.receive(self.now, path, &datagram);
                    if demux::kind(&datagram) == Some(Kind::Dtls) {
                        self.handshakes.push(datagram);
                    }
                    busy = true;
                }
            }
        }
        while let Some(event) = self.set.poll_event() {
            self.events.push(event);
        }
    }

    fn emit(&mut self, number: u64, idr: bool) {
        self.emit_from(&Arc::clone(&self.stream), number, idr);
    }

    fn emit_from(&mut self, stream: &Stub, number: u64, idr: bool) {
        stream.emit(&frame_at(number, idr, self.captured()));
        self.exchange();
    }

    /// Something is captured at this moment.
    fn captured(&self) -> Captured {
        let at = self.now;
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + (at - self.began);
        Captured { at, wall }
    }

    /// Counts the datagrams from the server that are such.
    fn count(&mut self, such: fn(&[u8]) -> bool) -> Arc<AtomicUsize> {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        self.lose = Box::new(move |datagram| {
            counter.fetch_add(usize::from(such(datagram)), Ordering::SeqCst);
            false
        });
        count
    }

    /// From now on a NAT gives the first viewer this address, and has forgotten any other.
    fn translate(&mut self, address: SocketAddr) {
        self.nat = Some(address);
    }

    /// Takes the trains that wait, instead of the network.
    fn intercept(&mut self) -> Vec<(Path, Vec<u8>)> {
        let mut trains = Vec::new();
        self.set.out.send(|train| {
            trains.push((train.path, train.bytes.to_vec()));
            train.bytes.len()
        });
        trains
    }

    /// The numbers of the frames that a viewer got, packet by packet.
    fn frames(&self, viewer: usize) -> Vec<u64> {
        self.frames_of(viewer, MEDIA)
    }

    /// The same of the track with this source.
    fn frames_of(&self, viewer: usize, ssrc: u32) -> Vec<u64> {
        let packets = self.viewers[viewer].packets.iter();
        packets
            .filter(|p| p.header.ssrc == ssrc)
            .map(|p| u64::from_be_bytes(p.payload[1..9].try_into().unwrap()))
            .collect()
    }
}

fn offered(mid: &str, track: &Arc<Stub>) -> OfferedTrack {
    OfferedTrack {
        mid: mid.into(),
        track: Arc::new(Arc::clone(track)),
    }
}
