//! Ways to connect.
use super::*;
use crate::peer::records::CLIENT_HELLO;

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
    let (credentials, sections, sdp) = world.offer();
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
    assert!(world.intercept().is_empty());
    world.add(PeerId(1), credentials, &sections, &answer);
    let sent = world.intercept();
    assert_eq!(demux::kind(&sent[0].1), Some(Kind::CheckAnswer));
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
fn an_answer_that_was_lost_is_repeated_though_the_hello_is_repeated_first() {
    let mut world = World::new();
    let peer = world.join(1);
    let is_message = |datagram: &[u8], kind| datagram[0] == 22 && datagram.get(13) == Some(&kind);
    let mut is_first = true;
    world.lose = Box::new(move |datagram| {
        let server_hello = 2;
        is_message(datagram, server_hello) && std::mem::take(&mut is_first)
    });
    world.run(Duration::from_millis(50));
    let is_hello = |datagram: &&Vec<u8>| is_message(datagram, CLIENT_HELLO);
    let mut hello = world.handshakes.iter().rfind(is_hello).unwrap().clone();
    let path = Path {
        local: world.server,
        remote: world.viewers[0].address,
    };
    // As browsers do, long before this viewer would.
    for number in 20..24 {
        hello[10] = number;
        world.set.receive(world.now, path, &hello);
        world.run(Duration::from_millis(100));
    }
    world.run(Duration::from_millis(300));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
}

#[test]
fn a_network_that_is_gone_for_some_seconds_is_waited_for() {
    let mut world = World::new();
    let peer = world.join(1);
    world.lose = Box::new(|datagram| demux::kind(datagram) == Some(Kind::Dtls));
    world.run(Duration::from_secs(5));
    assert!(world.events.is_empty(), "{:?}", world.events);
    world.lose = Box::new(|_| false);
    world.run(Duration::from_secs(4));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
}

#[test]
fn a_viewer_that_missed_the_end_of_the_handshake_gets_its_beginning_again() {
    let mut world = World::new();
    world.stream.keep(vec![frame_at(1, true, world.captured())]);
    let mut is_first = true;
    world.lose = Box::new(move |datagram| {
        let change_cipher_spec = 20;
        datagram[0] == change_cipher_spec && std::mem::take(&mut is_first)
    });
    let peer = world.join(1);
    world.run(Duration::from_millis(500));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
    assert!(world.frames(0).is_empty());
    world.run(Duration::from_secs(2));
    assert_eq!(world.frames(0), [1, 1, 1]);
    assert_eq!(world.stream.key_frames_wanted(), 0);
}
