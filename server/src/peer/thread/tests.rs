//! The whole way over real sockets, in real time.
use crate::peer::{
    AnswerError, CandidateError, CloseReason, DtlsStateInfo, IceStateInfo, Offer, OfferError,
    OfferOptions, OfferedTrack, PeerEvent, PeerId, Peers, PeersConfig, PeersError, RestartError,
    SwitchError,
    testing::{
        Stub, frame,
        viewer::{Habits, Viewer},
    },
};
use crate::stream::{Codec, Format};
use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    peers: Peers,
    events: Receiver<(PeerId, PeerEvent)>,
    stream: Arc<Stub>,
}

impl Server {
    fn start(listen: &[&str]) -> Self {
        let config = PeersConfig {
            listen: listen
                .iter()
                .map(|address| address.parse().unwrap())
                .collect(),
            ..PeersConfig::default()
        };
        let (tell, events) = mpsc::channel();
        let peers = Peers::start(config, move |peer, event| {
            let _ = tell.send((peer, event));
        });
        Self {
            peers: peers.unwrap(),
            events,
            stream: Stub::new("camera"),
        }
    }

    fn offer(&self) -> Offer {
        self.try_offer().unwrap()
    }

    fn try_offer(&self) -> Result<Offer, OfferError> {
        let video = OfferedTrack {
            mid: "v".into(),
            track: Arc::new(Arc::clone(&self.stream)),
        };
        self.peers.offer(&[video], OfferOptions::default())
    }

    fn event(&self) -> (PeerId, PeerEvent) {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    /// A viewer at `ip` that has answered.
    fn join(&self, ip: &str, server: SocketAddr) -> (PeerId, Client) {
        let Offer {
            peer,
            sdp,
            candidates,
        } = self.offer();
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(5)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        let now = Instant::now();
        let (mut viewer, answer) = Viewer::answer(now, address, server, &sdp, Habits::default());
        for line in candidates
            .iter()
            .filter(|line| line.contains(&server.ip().to_string()))
        {
            viewer.add_candidate(line);
        }
        self.peers.answer(peer, &answer).unwrap();
        (peer, Client { viewer, socket })
    }

    fn connect(&self) -> (PeerId, Client) {
        let server = self.peers.addresses()[0];
        let (peer, mut client) = self.join(&server.ip().to_string(), server);
        client.run_until(|_| self.events.try_recv() == Ok((peer, PeerEvent::Connected)));
        (peer, client)
    }
}

struct Client {
    viewer: Viewer,
    socket: UdpSocket,
}

impl Client {
    fn run_until(&mut self, mut done: impl FnMut(&Viewer) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut buffer = [0; 2048];
        while !done(&self.viewer) {
            assert!(Instant::now() < end, "patience is at its end");
            self.viewer.handle_timeout(Instant::now());
            while let Some(datagram) = self.viewer.poll_transmit() {
                self.socket.send_to(&datagram, self.viewer.server).unwrap();
            }
            if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                self.viewer.receive(Instant::now(), from, &buffer[..length]);
            }
        }
    }
}

#[test]
fn a_viewer_gets_frames_over_a_socket_and_can_be_told_to_go() {
    let server = Server::start(&["127.0.0.1:0"]);
    let (peer, mut client) = server.connect();
    for number in 1..100 {
        server.stream.emit(&frame(number, number == 1));
        client.run_until(|viewer| viewer.packets.len() == 3 * number as usize);
    }
    server.peers.close(peer);
    assert_eq!(
        server.event(),
        (peer, PeerEvent::Closed(CloseReason::Requested))
    );
}

#[test]
fn the_unspecified_address_answers_from_the_address_that_was_asked() {
    // 127.0.0.2 is not what the kernel would choose by itself.
    let server = Server::start(&["0.0.0.0:0"]);
    let asked = SocketAddr::new([127, 0, 0, 2].into(), server.peers.addresses()[0].port());
    let (peer, mut client) = server.join("127.0.0.1", asked);
    client.viewer.add_candidate(&format!(
        "candidate:1 1 udp 1 127.0.0.2 {} typ host",
        asked.port()
    ));
    client.run_until(|_| server.events.try_recv() == Ok((peer, PeerEvent::Connected)));
    server.stream.emit(&frame(1, true));
    client.run_until(|viewer| viewer.packets.len() == 3);
}

#[test]
fn the_unspecified_ipv6_address_serves_ipv4_too() {
    let Ok(_) = UdpSocket::bind("[::1]:0") else {
        eprintln!("no IPv6 here");
        return;
    };
    let server = Server::start(&["[::]:0"]);
    let port = server.peers.addresses()[0].port();
    for (ip, asked) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1")] {
        let asked = SocketAddr::new(asked.parse().unwrap(), port);
        let (peer, mut client) = server.join(ip, asked);
        client.viewer.add_candidate(&format!(
            "candidate:1 1 udp 1 {} {port} typ host",
            asked.ip()
        ));
        client.run_until(|_| server.events.try_recv() == Ok((peer, PeerEvent::Connected)));
    }
}

#[test]
fn an_offer_is_answered_once() {
    let server = Server::start(&["127.0.0.1:0"]);
    let offer = server.offer();
    let address = SocketAddr::from(([127, 0, 0, 1], 9));
    let (_, answer) = Viewer::answer(
        Instant::now(),
        address,
        address,
        &offer.sdp,
        Habits::default(),
    );
    let nobody = PeerId(999);
    let candidate = "candidate:1 1 udp 1 127.0.0.1 5000 typ host";

    assert_eq!(
        server.peers.answer(nobody, &answer),
        Err(AnswerError::UnknownPeer)
    );
    let early = server.peers.add_candidate(offer.peer, candidate);
    assert_eq!(early, Err(CandidateError::UnknownPeer));
    assert!(server.peers.answer(offer.peer, "nonsense").is_err());
    assert_eq!(server.peers.answer(offer.peer, &answer), Ok(()));
    assert_eq!(
        server.peers.answer(offer.peer, &answer),
        Err(AnswerError::AnsweredBefore)
    );
    assert_eq!(server.peers.add_candidate(offer.peer, candidate), Ok(()));
    assert_eq!(
        server.peers.add_candidate(offer.peer, "x"),
        Err(CandidateError::Invalid)
    );

    server.peers.request_key_frame(offer.peer);
    assert_eq!(server.stream.key_frames_wanted(), 1);
    server.peers.close(offer.peer);
    assert_eq!(
        server.event(),
        (offer.peer, PeerEvent::Closed(CloseReason::Requested))
    );
    assert_eq!(
        server.peers.answer(offer.peer, &answer),
        Err(AnswerError::UnknownPeer)
    );
}

#[test]
fn a_withdrawn_offer_cannot_be_answered() {
    let server = Server::start(&["127.0.0.1:0"]);
    let peer = server.offer().peer;
    server.peers.close(peer);
    assert_eq!(
        server.peers.answer(peer, "v=0"),
        Err(AnswerError::UnknownPeer)
    );
}

#[test]
fn a_panic_ends_the_viewers_and_not_the_server() {
    let server = Server::start(&["127.0.0.1:0"]);
    let (peer, _client) = server.connect();
    server.stream.panic_when_asked();
    // Without a key frame before it this frame makes the thread ask for one.
    server.stream.emit(&frame(7, false));
    let (closed, PeerEvent::Closed(CloseReason::Failed(_))) = server.event() else {
        panic!("the viewer was not closed");
    };
    assert_eq!(closed, peer);
    let (_, mut client) = server.connect();
    server.stream.emit(&frame(8, true));
    client.run_until(|viewer| viewer.packets.len() == 3);
}

#[test]
fn shutting_down_tells_everybody_and_makes_no_more_offers() {
    let server = Server::start(&["127.0.0.1:0"]);
    let (peer, _client) = server.connect();
    server.peers.shutdown();
    assert_eq!(
        server.event(),
        (peer, PeerEvent::Closed(CloseReason::Shutdown))
    );
    assert_eq!(server.try_offer().err(), Some(OfferError::Down));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = vec![taken.local_addr().unwrap()];
    let address = listen[0];
    let config = PeersConfig {
        listen,
        ..PeersConfig::default()
    };
    match Peers::start(config, |_, _| {}).err() {
        Some(PeersError::Bind { address: named, .. }) => assert_eq!(named, address),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tracks_are_switched_by_their_mids_and_codecs() {
    let server = Server::start(&["127.0.0.1:0"]);
    let offer = server.offer();
    let track = |mid: &str, codec| {
        let format = Format {
            codec,
            fmtp: Format::h264().fmtp,
        };
        OfferedTrack {
            mid: mid.into(),
            track: Arc::new(Stub::of("other", format)),
        }
    };
    let switch = |peer, track| server.peers.switch(peer, &[track]);
    assert_eq!(
        switch(PeerId(999), track("v", Codec::H264)),
        Err(SwitchError::UnknownPeer)
    );
    for _ in ["offered", "answered"] {
        assert_eq!(switch(offer.peer, track("v", Codec::H264)), Ok(()));
        let error = Err(SwitchError::UnknownMid("a".into()));
        assert_eq!(switch(offer.peer, track("a", Codec::H264)), error);
        let error = Err(SwitchError::OtherCodec("v".into()));
        assert_eq!(switch(offer.peer, track("v", Codec::Vp8)), error);
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let now = Instant::now();
        let (_, answer) = Viewer::answer(now, address, address, &offer.sdp, Habits::default());
        let _ = server.peers.answer(offer.peer, &answer);
    }
}

#[test]
fn administrators_see_how_a_peer_is() {
    let server = Server::start(&["127.0.0.1:0"]);
    assert_eq!(server.peers.info(PeerId(999)), None);
    let offer = server.offer();
    let info = server.peers.info(offer.peer).unwrap();
    assert_eq!((info.local_sdp, info.remote_sdp), (offer.sdp, None));
    assert_eq!(info.ice.state, IceStateInfo::New);
    assert!(format!("candidate:{}", info.ice.local_candidates[0]) == offer.candidates[0]);
    assert_eq!(info.dtls.state, DtlsStateInfo::Created);
    assert_eq!((info.tracks[0].taken, info.tracks[0].sending), (None, true));

    let (peer, client) = server.connect();
    let info = server.peers.info(peer).unwrap();
    assert_eq!(info.ice.state, IceStateInfo::Connected);
    let selected = info.ice.selected.unwrap();
    assert_eq!(selected.local, server.peers.addresses()[0]);
    assert_eq!(selected.remote, client.viewer.address);
    assert_eq!(selected.local_type, "host");
    assert_eq!(info.dtls.state, DtlsStateInfo::Connected);
    assert_eq!(info.dtls.srtp_profile, Some("SRTP_AEAD_AES_128_GCM"));
    let fingerprint = info.dtls.remote_fingerprint.unwrap();
    assert!(info.remote_sdp.unwrap().contains(&fingerprint));
    let track = &info.tracks[0];
    assert_eq!(
        (track.mid.as_str(), track.codec, track.payload_type),
        ("v", "H264", 96)
    );
    assert_eq!((track.taken, track.sending), (Some(true), true));
    server.peers.set_sending(peer, None, false);
    assert!(!server.peers.info(peer).unwrap().tracks[0].sending);
}

#[test]
fn a_restart_is_offered_to_those_who_have_answered_and_answered_once() {
    let server = Server::start(&["127.0.0.1:0"]);
    let waiting = server.offer().peer;
    assert_eq!(
        server.peers.restart(waiting).err(),
        Some(RestartError::UnknownPeer)
    );
    let (peer, mut client) = server.connect();
    let before = server.peers.info(peer).unwrap().local_sdp;
    let offer = server.peers.restart(peer).unwrap();
    assert_eq!(offer.peer, peer);
    let line = |sdp: &str, prefix: &str| {
        let line = sdp.lines().find(|line| line.starts_with(prefix));
        line.unwrap().to_owned()
    };
    assert_ne!(
        line(&before, "a=ice-ufrag"),
        line(&offer.sdp, "a=ice-ufrag")
    );
    assert_eq!(line(&before, "a=ssrc:"), line(&offer.sdp, "a=ssrc:"));
    assert_eq!(
        line(&before, "o=").replace(" 1 IN", " 2 IN"),
        line(&offer.sdp, "o=")
    );
    assert_eq!(
        server.peers.restart(peer).err(),
        Some(RestartError::TooSoon)
    );

    let viewer = &mut client.viewer;
    let answer = viewer.answer_again(Instant::now(), viewer.address, &offer.sdp);
    viewer.add_candidate(&offer.candidates[0]);
    let other = Viewer::answer(
        Instant::now(),
        viewer.address,
        viewer.server,
        &offer.sdp,
        Habits::default(),
    );
    assert!(matches!(
        server.peers.answer(peer, &other.1),
        Err(AnswerError::Mismatch(_))
    ));
    assert_eq!(server.peers.answer(peer, &answer), Ok(()));
    assert_eq!(
        server.peers.answer(peer, &answer),
        Err(AnswerError::AnsweredBefore)
    );
    client.run_until(|_| {
        let info = server.peers.info(peer).unwrap();
        !info.ice.restarting
    });
    server.stream.emit(&frame(1, true));
    client.run_until(|viewer| viewer.packets.len() == 3);
}
