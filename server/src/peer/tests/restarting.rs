//! Connections that go on over another path.
use super::*;
use crate::peer::set::Restart;

impl World {
    /// Lets the viewer answer an offer to look for another path, as one that is now at `address`.
    fn restart(&mut self, peer: PeerId, address: SocketAddr) {
        let (credentials, sections, sdp) = self.offer();
        let candidate = offer::candidates(&[self.server]).remove(0);
        let viewer = &mut self.viewers[0];
        let answer = viewer.answer_again(self.now, address, &sdp);
        viewer.add_candidate(&candidate);
        let restart = Restart {
            credentials,
            addresses: vec![self.server],
            answer: Answer::parse(&answer, &sections).unwrap(),
        };
        self.set.restart(self.now, peer, restart);
    }

    fn remote(&self, peer: PeerId) -> Option<SocketAddr> {
        let info = self.set.info(peer)?;
        Some(info.ice.selected?.remote)
    }
}

#[test]
fn a_restarted_viewer_moves_to_its_new_address_under_the_same_keys() {
    let (mut world, peer) = World::connected();
    world.emit(1, true);
    let handshakes = world.count(|datagram| (20..=63).contains(&datagram[0]));
    let elsewhere = SocketAddr::from(([10, 0, 0, 3], 6001));
    world.restart(peer, elsewhere);
    world.run(Duration::from_secs(1));
    assert_eq!(world.remote(peer), Some(elsewhere));
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
    assert_eq!(handshakes.load(Ordering::SeqCst), 0);
    assert!(world.events.is_empty());
    // The viewer is heard there, too.
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
    };
    let now = world.now;
    world.viewers[0].send_rtcp(now, pli);
    world.exchange();
    assert_eq!(world.stream.key_frames_wanted(), 1);
    world.run(Duration::from_secs(20));
    assert!(world.events.is_empty());
}

#[test]
fn media_go_on_by_the_old_path_until_there_is_a_new_one() {
    let (mut world, peer) = World::connected();
    let old = world.viewers[0].address;
    let (credentials, sections, _) = world.offer();
    // An answer of someone who then says nothing.
    let sdp = world.offer().2;
    let (_, answer) = Viewer::answer(world.now, old, world.server, &sdp, Habits::default());
    let restart = Restart {
        credentials,
        addresses: vec![world.server],
        answer: Answer::parse(&answer, &sections).unwrap(),
    };
    world.set.restart(world.now, peer, restart);
    assert!(world.set.info(peer).unwrap().ice.restarting);
    world.run(Duration::from_secs(5));
    world.emit(1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
    world.run(Duration::from_secs(11));
    assert!(!world.set.info(peer).unwrap().ice.restarting);
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
    assert_eq!(world.remote(peer), Some(old));
    assert!(world.events.is_empty());
}

#[test]
fn a_restart_saves_a_viewer_whose_path_is_lost() {
    let (mut world, peer) = World::connected();
    // Its old address is nobody's any more.
    world.viewers[0].address = SocketAddr::from(([10, 0, 0, 9], 9009));
    world.lose = Box::new(|_| true);
    world.run(Duration::from_secs(12));
    assert!(world.events.is_empty());
    world.lose = Box::new(|_| false);
    let elsewhere = SocketAddr::from(([10, 0, 0, 3], 6001));
    world.restart(peer, elsewhere);
    world.run(Duration::from_secs(5));
    assert!(world.events.is_empty(), "{:?}", world.events);
    world.emit(1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
}

#[test]
fn a_viewer_to_whom_a_nat_gives_another_address_keeps_its_picture() {
    let (mut world, peer) = World::connected();
    world.emit(1, true);
    let elsewhere = SocketAddr::from(([10, 0, 0, 3], 6001));
    // The viewer itself sees nothing of it.
    world.translate(elsewhere);
    world.run(Duration::from_secs(8));
    assert_eq!(world.remote(peer), Some(elsewhere));
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
    world.run(Duration::from_secs(20));
    assert!(world.events.is_empty());
    let again = SocketAddr::from(([10, 0, 0, 3], 6002));
    world.translate(again);
    world.run(Duration::from_secs(8));
    assert_eq!(world.remote(peer), Some(again));
}

#[test]
fn a_check_under_a_foreign_address_moves_nothing() {
    let (mut world, peer) = World::connected();
    let mine = world.viewers[0].address;
    let foreign = SocketAddr::from(([10, 0, 0, 66], 6666));
    // The viewer falls silent, but for checks that seem to come from somebody else.
    world.translate(foreign);
    world.lose = Box::new(|_| true);
    world.run(Duration::from_secs(10));
    assert_eq!(world.remote(peer), Some(mine));
}
