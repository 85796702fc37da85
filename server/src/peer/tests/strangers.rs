//! Whoever is not who he should be, or sends what he should not.
use super::*;
use crate::peer::records::testing::record;

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
    assert!(
        world
            .intercept()
            .iter()
            .all(|(path, _)| path.remote != thief)
    );
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
    assert!(world.intercept().is_empty());
}

#[test]
fn an_address_where_nobody_is_heard_any_more_is_the_next_viewers() {
    let (mut world, first) = World::connected();
    let address = world.viewers.remove(0).address;
    // Nobody is heard there any more.
    world.run(Duration::from_secs(3));
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
        tried.extend(world.intercept().iter().map(|(path, _)| path.remote));
        world.now += Duration::from_millis(20);
    }
    assert_eq!(tried.len(), candidate::MAX_REMOTE);
}

#[test]
fn addresses_that_never_answer_are_left_in_peace() {
    let mut world = World::new();
    let peer = world.join(1);
    for port in 6000..6015 {
        let line = format!("candidate:1 1 udp 1 10.0.0.9 {port} typ host");
        let remote = candidate::parse(&line).unwrap().unwrap();
        world.set.add_candidate(world.now, peer, remote);
    }
    let mut sent = 0;
    for _ in 0..3000 {
        world.set.handle_timeout(world.now);
        sent += world.intercept().len();
        world.now += STEP;
    }
    assert!((200..=300).contains(&sent), "{sent} checks");
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
fn garbage_in_the_middle_of_a_handshake_does_not_end_it() {
    let mut world = World::new();
    let peer = world.join(1);
    let path = Path {
        local: world.server,
        remote: world.viewers[0].address,
    };
    world.viewers[0].handle_timeout(world.now);
    let check = world.viewers[0].poll_transmit().expect("a check");
    world.set.receive(world.now, path, &check);
    world.lose = Box::new(|datagram| demux::kind(datagram) == Some(Kind::Dtls));
    world.run(Duration::from_millis(50));
    assert!(!world.handshakes.is_empty(), "a handshake has begun");
    world.lose = Box::new(|_| false);
    for kind in 20..=63 {
        world
            .set
            .receive(world.now, path, &[kind, 254, 253, 0, 0, 0]);
        world.set.receive(
            world.now,
            path,
            &[[kind, 254, 253].as_slice(), &[0; 30]].concat(),
        );
    }
    world.run(Duration::from_secs(2));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
}

#[test]
fn a_message_in_thousands_of_pieces_ends_nothing() {
    let mut world = World::new();
    world.join(1);
    world.lose = Box::new(|datagram| demux::kind(datagram) == Some(Kind::Dtls));
    world.run(Duration::from_millis(50));
    let path = Path {
        local: world.server,
        remote: world.viewers[0].address,
    };
    let certificate = vec![7; 40_000];
    for offset in (0..certificate.len()).rev() {
        let bit = record(11, 2, &certificate, offset..offset + 1);
        world.set.receive(world.now, path, &bit);
    }
    world.lose = Box::new(|_| false);
    world.viewers.clear();
    let other = world.join(2);
    world.run(Duration::from_secs(1));
    assert_eq!(world.events, [(other, PeerEvent::Connected)]);
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
fn checks_under_the_address_of_another_viewer_take_nothing_from_it() {
    let (mut world, first) = World::connected();
    let address = world.viewers[0].address;
    let thief = world.join(2);
    let mut thiefs = world.viewers.remove(1);
    let path = Path {
        local: world.server,
        remote: address,
    };
    for _ in 0..40 {
        thiefs.handle_timeout(world.now);
        while let Some(check) = thiefs.poll_transmit() {
            world.set.receive(world.now, path, &check);
        }
        world.run(Duration::from_millis(100));
    }
    world.events.retain(|(peer, _)| *peer != thief);
    assert!(world.events.is_empty(), "{:?}", world.events);
    world.emit(1, true);
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
    };
    world.viewers[0].send_rtcp(world.now, pli);
    world.exchange();
    assert_eq!(world.stream.key_frames_wanted(), 1, "{first:?} is heard");
}
