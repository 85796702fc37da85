//! How connections end.
use super::*;

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
fn nobody_is_looked_at_before_it_is_time() {
    let (mut world, _) = World::connected();
    // Deadlines are put on a grid; one that falls between two ticks must not come early.
    world.now += Duration::from_micros(321);
    for _ in 0..100 {
        let due = world.set.poll_timeout().expect("a deadline");
        assert!(due > world.now);
        world.now = due;
        world.set.handle_timeout(world.now);
        world.exchange();
    }
}
