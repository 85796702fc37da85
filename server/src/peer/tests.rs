//! The server's side of a connection against a whole peer connection, datagram by datagram and in
//! virtual time.
use super::{
    CloseReason, PeerEvent, PeerId,
    answer::Answer,
    candidate,
    demux::{self, Kind},
    dtls::Identity,
    ice::Credentials,
    offer::{self, Description},
    outgoing::Path,
    rtp::{Orientation, Sources},
    set::{NewPeer, Set},
    testing::{
        Stub, frame_at,
        viewer::{Habits, Viewer},
    },
};
use crate::picture::Captured;
use rtc::{
    dtls::extension::extension_use_srtp::SrtpProtectionProfile,
    peer_connection::state::RTCPeerConnectionState,
    rtcp::{
        payload_feedbacks::picture_loss_indication::PictureLossIndication,
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
/// Between two looks at the timers.
const STEP: Duration = Duration::from_millis(5);

/// A server, its viewers, and a network between them that can lose datagrams.
struct World {
    now: Instant,
    began: Instant,
    set: Set,
    identity: Arc<Identity>,
    lite: bool,
    stream: Arc<Stub>,
    server: SocketAddr,
    viewers: Vec<Viewer>,
    events: Vec<(PeerId, PeerEvent)>,
    /// Tells which datagrams from the server are lost.
    lose: Box<dyn FnMut(&[u8]) -> bool>,
}

impl World {
    fn new() -> Self {
        Self::with(false)
    }

    fn with(lite: bool) -> Self {
        let identity = Arc::new(Identity::generate().unwrap());
        let now = Instant::now();
        Self {
            now,
            began: now,
            set: Set::new(now, Arc::clone(&identity), lite, || {}),
            identity,
            lite,
            stream: Stub::new("camera"),
            server: "10.0.0.1:8189".parse().unwrap(),
            viewers: Vec::new(),
            events: Vec::new(),
            lose: Box::new(|_| false),
        }
    }

    fn offer(&self) -> (Credentials, String) {
        let credentials = Credentials::random();
        let description = Description {
            session: 1,
            address: self.server,
            ice: &credentials,
            ice_lite: self.lite,
            fingerprint: &self.identity.fingerprint().to_string(),
            ssrc: MEDIA,
            rtx_ssrc: RTX,
            turned: false,
        };
        let sdp = description.sdp();
        (credentials, sdp)
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
        let (credentials, sdp) = self.offer();
        let (mut viewer, answer) = Viewer::answer(self.now, address, self.server, &sdp, habits);
        viewer.add_candidate(&offer::candidates(&[self.server])[0]);
        self.add(
            PeerId(peer),
            credentials,
            Answer::parse(&edit(answer)).unwrap(),
        );
        self.viewers.push(viewer);
        PeerId(peer)
    }

    fn add(&mut self, peer: PeerId, credentials: Credentials, answer: Answer) {
        let new = NewPeer {
            source: Arc::new(Arc::clone(&self.stream)),
            credentials,
            sources: Sources {
                media: MEDIA,
                rtx: RTX,
            },
            orientation: Orientation::Upright,
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
        let mut world = Self::new();
        let peer = world.join(1);
        world.run(Duration::from_secs(1));
        assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
        world.events.clear();
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
            while let Some(train) = self.set.out.front() {
                let remote = train.path.remote;
                let arrive = train
                    .bytes
                    .chunks(train.segment)
                    .filter(|d| !(self.lose)(d));
                if let Some(viewer) = self.viewers.iter_mut().find(|v| v.address == remote) {
                    arrive.for_each(|d| viewer.receive(self.now, train.path.local, d));
                }
                self.set.out.pop();
                busy = true;
            }
            for viewer in &mut self.viewers {
                let path = Path {
                    local: self.server,
                    remote: viewer.address,
                };
                while let Some(datagram) = viewer.poll_transmit() {
                    self.set.receive(self.now, path, &datagram);
                    busy = true;
                }
            }
        }
        while let Some(event) = self.set.poll_event() {
            self.events.push(event);
        }
    }

    fn emit(&mut self, number: u64, idr: bool) {
        let at = self.now;
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000) + (at - self.began);
        self.stream
            .emit(&frame_at(number, idr, Captured { at, wall }));
        self.exchange();
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

    /// The numbers of the frames that a viewer got, packet by packet.
    fn frames(&self, viewer: usize) -> Vec<u64> {
        let packets = self.viewers[viewer].packets.iter();
        packets
            .map(|p| u64::from_be_bytes(p.payload[1..9].try_into().unwrap()))
            .collect()
    }
}

#[test]
fn a_viewer_connects_and_gets_frames() {
    let (mut world, _) = World::connected();
    assert!(world.now - world.began <= Duration::from_secs(1));
    assert_eq!(world.viewers[0].state, RTCPeerConnectionState::Connected);

    world.emit(1, true);
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
    let headers: Vec<_> = world.viewers[0].packets.iter().map(|p| &p.header).collect();
    assert!(
        headers
            .windows(2)
            .all(|w| w[1].sequence_number == w[0].sequence_number.wrapping_add(1))
    );
    assert!(
        headers
            .iter()
            .all(|h| h.ssrc == MEDIA && h.payload_type == 96)
    );
}

#[test]
fn a_check_that_comes_before_the_answer_is_not_lost() {
    let mut world = World::new();
    let (credentials, sdp) = world.offer();
    let address = SocketAddr::from(([10, 0, 0, 2], 5001));
    let habits = Habits::default();
    let (mut viewer, answer) = Viewer::answer(world.now, address, world.server, &sdp, habits);
    viewer.add_candidate(&offer::candidates(&[world.server])[0]);
    viewer.handle_timeout(world.now);
    let check = viewer.poll_transmit().expect("a check");
    let path = Path {
        local: world.server,
        remote: address,
    };
    world.set.receive(world.now, path, &check);
    assert!(world.set.out.front().is_none());
    world.add(PeerId(1), credentials, Answer::parse(&answer).unwrap());
    let answered = world.set.out.front().expect("an answer to the check");
    assert_eq!(demux::kind(answered.bytes), Some(Kind::CheckAnswer));
}

#[test]
fn a_viewer_without_candidates_is_found_by_its_checks() {
    let mut world = World::new();
    let peer = world.join_with(
        1,
        Habits {
            candidates: false,
            ..Habits::default()
        },
        |a| a,
    );
    world.run(Duration::from_secs(1));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
}

#[test]
fn a_viewer_who_wants_us_to_start_dtls_connects() {
    let mut world = World::new();
    let peer = world.join_with(
        1,
        Habits {
            passive: true,
            ..Habits::default()
        },
        |a| a,
    );
    world.run(Duration::from_secs(1));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
    world.emit(1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
}

#[test]
fn a_lite_server_connects_too() {
    let mut world = World::with(true);
    let peer = world.join(1);
    world.run(Duration::from_secs(2));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
}

#[test]
fn a_viewer_that_has_only_the_older_cipher_connects() {
    let profiles = &[SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80];
    let mut world = World::new();
    world.join_with(
        1,
        Habits {
            profiles,
            ..Habits::default()
        },
        |a| a,
    );
    world.run(Duration::from_secs(1));
    world.emit(1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
}

#[test]
fn the_handshake_survives_losses() {
    let mut world = World::new();
    let peer = world.join(1);
    let mut count = 0;
    world.lose = Box::new(move |_| {
        count += 1;
        count % 3 == 0
    });
    world.run(Duration::from_secs(10));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
}

#[test]
fn a_late_viewer_starts_with_the_frames_of_the_cache() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    world.emit(2, false);
    let captured = Captured {
        at: world.now,
        wall: SystemTime::now(),
    };
    world.stream.keep(vec![
        frame_at(1, true, captured),
        frame_at(2, false, captured),
    ]);
    world.join(2);
    world.run(Duration::from_secs(1));
    assert_eq!(world.frames(1), [1, 1, 1, 2, 2, 2]);
    // The frames of the cache may come by the inbox as well.
    world.emit(2, false);
    world.emit(3, false);
    assert_eq!(world.frames(1)[6..], [3, 3, 3]);
    assert_eq!(world.frames(0)[6..], [3, 3, 3]);
}

#[test]
fn a_viewer_that_finds_no_key_frame_makes_the_stream_make_one() {
    let (mut world, _) = World::connected();
    world.emit(1, false);
    assert!(world.frames(0).is_empty());
    assert_eq!(world.stream.key_frames_wanted(), 1);
}

#[test]
fn a_pli_asks_the_stream_for_a_key_frame() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
    };
    let now = world.now;
    world.viewers[0].send_rtcp(now, pli);
    world.exchange();
    assert_eq!(world.stream.key_frames_wanted(), 1);
}

#[test]
fn a_packet_that_a_viewer_missed_is_sent_again() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    let lost = world.viewers[0].packets[1]
        .header
        .sequence_number
        .wrapping_add(3);
    let mut count = 0;
    world.lose = Box::new(move |_| {
        count += 1;
        count == 2
    });
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2]);
    world.lose = Box::new(|_| false);

    let nacks = nack_pairs_from_sequence_numbers(&[lost]);
    let now = world.now;
    world.viewers[0].send_rtcp(
        now,
        TransportLayerNack {
            sender_ssrc: 1,
            media_ssrc: MEDIA,
            nacks,
        },
    );
    world.exchange();
    let again = world.viewers[0].packets.last().unwrap();
    assert_eq!(again.header.sequence_number, lost);
    assert_eq!(world.set.counters.resent, 1);
}

#[test]
fn sender_reports_come_every_second() {
    let (mut world, _) = World::connected();
    world.emit(1, true);
    let reports = world.count(|datagram| datagram[0] == 0x80 && datagram[1] == 200);
    world.run(Duration::from_secs(3));
    assert_eq!(reports.load(Ordering::SeqCst), 3);
}

#[test]
fn a_viewer_that_never_comes_is_given_up_after_fifteen_seconds() {
    let mut world = World::new();
    let peer = world.join(1);
    world.viewers.clear();
    world.run(Duration::from_millis(14_500));
    assert!(world.events.is_empty() && world.stream.is_subscribed());
    world.run(Duration::from_millis(1_000));
    assert_eq!(
        world.events,
        [(peer, PeerEvent::Closed(CloseReason::NeverConnected))]
    );
    assert!(!world.stream.is_subscribed());
    assert!(world.set.poll_timeout().is_none());
}

#[test]
fn a_viewer_that_falls_silent_is_given_up_after_fifteen_seconds() {
    let (mut world, peer) = World::connected();
    world.viewers.clear();
    world.run(Duration::from_secs(14));
    assert!(world.events.is_empty());
    world.run(Duration::from_secs(2));
    assert_eq!(
        world.events,
        [(peer, PeerEvent::Closed(CloseReason::Silent))]
    );
    assert!(!world.stream.is_subscribed());
}

#[test]
fn a_viewer_that_stays_is_not_given_up() {
    let (mut world, _) = World::connected();
    world.run(Duration::from_secs(60));
    assert!(world.events.is_empty());
}

#[test]
fn a_viewer_that_says_goodbye_is_gone_at_once() {
    let (mut world, peer) = World::connected();
    world.viewers[0].leave();
    world.exchange();
    assert_eq!(
        world.events,
        [(peer, PeerEvent::Closed(CloseReason::ByViewer))]
    );
}

#[test]
fn a_viewer_that_we_close_is_told() {
    let (mut world, peer) = World::connected();
    let alerts = world.count(|datagram| datagram[0] == 21);
    world.set.close(world.now, peer, CloseReason::Requested);
    world.exchange();
    assert_eq!(alerts.load(Ordering::SeqCst), 1);
    assert_eq!(
        world.events,
        [(peer, PeerEvent::Closed(CloseReason::Requested))]
    );
}

#[test]
fn a_certificate_that_was_not_announced_is_refused() {
    let mut world = World::new();
    let other = Identity::generate().unwrap().fingerprint();
    let peer = world.join_with(1, Habits::default(), |answer| {
        let announced = answer
            .lines()
            .find(|l| l.starts_with("a=fingerprint"))
            .unwrap();
        answer.replace(announced, &format!("a=fingerprint:sha-256 {other}"))
    });
    world.run(Duration::from_secs(2));
    let [(closed, PeerEvent::Closed(CloseReason::Failed(reason)))] = world.events.as_slice() else {
        panic!("{:?}", world.events);
    };
    assert_eq!(*closed, peer);
    assert!(reason.contains("fingerprint"), "{reason}");
}

#[test]
fn a_check_with_a_stolen_name_but_without_the_password_moves_no_address() {
    let mut world = World::new();
    world.join(1);
    let thief = SocketAddr::from(([10, 0, 0, 66], 6666));
    let mut stolen = None;
    for viewer in &mut world.viewers {
        viewer.handle_timeout(world.now);
        stolen = viewer.poll_transmit();
    }
    let mut stolen = stolen.expect("a check");
    // Any change breaks the integrity.
    let last = stolen.len() - 12;
    stolen[last] ^= 1;
    let path = Path {
        local: world.server,
        remote: thief,
    };
    world.set.receive(world.now, path, &stolen);
    let mut answered = false;
    while let Some(train) = world.set.out.front() {
        answered |= train.path.remote == thief;
        world.set.out.pop();
    }
    assert!(!answered);
    world.set.receive(world.now, path, &[22, 254, 253, 0]);
    assert_eq!(world.set.counters.garbage, 1);
}

#[test]
fn a_check_from_the_port_of_mdns_moves_no_address() {
    let mut world = World::new();
    world.join(1);
    let path = Path {
        local: world.server,
        remote: ([10, 0, 0, 66], 5353).into(),
    };
    world.viewers[0].handle_timeout(world.now);
    let check = world.viewers[0].poll_transmit().expect("a check");
    world.set.receive(world.now, path, &check);
    assert_eq!(world.set.counters.garbage, 1);
    assert!(world.set.out.front().is_none());
}

#[test]
fn a_viewer_that_comes_again_from_the_same_address_takes_it_over() {
    let (mut world, first) = World::connected();
    let address = world.viewers.remove(0).address;
    let second = world.join_at(2, address, Habits::default(), |answer| answer);
    world.run(Duration::from_secs(1));
    assert_eq!(world.events, [(second, PeerEvent::Connected)]);
    world.events.clear();
    world.emit(1, true);
    world.run(Duration::from_secs(20));
    assert_eq!(
        world.events,
        [(first, PeerEvent::Closed(CloseReason::Silent))]
    );
    assert_eq!(world.viewers[0].state, RTCPeerConnectionState::Connected);
}

#[test]
fn a_viewer_has_sixteen_addresses_at_most() {
    let mut world = World::new();
    world.join(1);
    let mut tried = HashSet::new();
    for port in 6000..6050 {
        let line = format!("candidate:1 1 udp 1 10.0.0.9 {port} typ host");
        let remote = candidate::parse(&line).unwrap().unwrap();
        world.set.add_candidate(world.now, PeerId(1), remote);
    }
    world.viewers.clear();
    for _ in 0..40 {
        world.set.handle_timeout(world.now);
        while let Some(train) = world.set.out.front() {
            tried.insert(train.path.remote);
            world.set.out.pop();
        }
        world.now += Duration::from_millis(20);
    }
    assert_eq!(tried.len(), candidate::MAX_REMOTE);
}

#[test]
fn garbage_disturbs_nobody() {
    let (mut world, _) = World::connected();
    let mut noise = 1_u32;
    for length in 0..2000 {
        let datagram: Vec<u8> = (0..length % 200)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .collect();
        for remote in [world.viewers[0].address, ([10, 0, 0, 66], 7000).into()] {
            world.set.receive(
                world.now,
                Path {
                    local: world.server,
                    remote,
                },
                &datagram,
            );
        }
    }
    world.exchange();
    assert!(world.events.is_empty());
    world.emit(1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
}

#[test]
fn no_check_and_no_handshake_is_too_strange() {
    let mut world = World::new();
    world.join(1);
    world.viewers[0].handle_timeout(world.now);
    let check = world.viewers[0].poll_transmit().expect("a check");
    let path = Path {
        local: world.server,
        remote: world.viewers[0].address,
    };
    for length in 0..check.len() {
        world.set.receive(world.now, path, &check[..length]);
        for bit in 0..8 {
            let mut bent = check.clone();
            bent[length] ^= 1 << bit;
            world.set.receive(world.now, path, &bent);
        }
    }
    // The address is proven now, so the rest is taken for its owner's.
    world.set.receive(world.now, path, &check);
    for first in [20, 21, 22, 23, 63, 128, 191] {
        for second in [0, 200, 206, 254] {
            let mut datagram = check.clone();
            datagram[0] = first;
            datagram[1] = second;
            world.set.receive(world.now, path, &datagram);
        }
    }
    world.exchange();
    assert!(world.set.counters.garbage > 0);
}

#[test]
fn a_viewer_whose_last_frame_still_waits_loses_whole_frames_only() {
    let (mut world, _) = World::connected();
    let emit = |world: &mut World, number, idr| {
        let captured = Captured {
            at: world.now,
            wall: SystemTime::now(),
        };
        world.stream.emit(&frame_at(number, idr, captured));
        world.set.collect();
        while world.set.fan_out(world.now) {}
    };
    emit(&mut world, 1, true);
    emit(&mut world, 2, false);
    emit(&mut world, 3, false);
    world.exchange();
    assert_eq!(world.frames(0), [1, 1, 1]);
    world.emit(4, false);
    assert_eq!(world.stream.key_frames_wanted(), 1);
    world.emit(5, true);
    assert_eq!(world.frames(0), [1, 1, 1, 5, 5, 5]);
}
