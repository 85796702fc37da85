//! Viewers that pause, resume and go on with other tracks.
use super::*;
use rtc::rtp::Packet;

impl World {
    /// A second camera.
    fn other(&self) -> (Arc<Stub>, Vec<OfferedTrack>) {
        let other = Stub::new("other");
        let tracks = vec![offered("v", &other)];
        (other, tracks)
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    fn packets(&self) -> &[Packet] {
        &self.viewers[0].packets
    }

    /// The first packets of the frames that came.
    fn starts(&self) -> Vec<&Packet> {
        let starts = self
            .packets()
            .chunk_by(|a, b| a.payload[1..9] == b.payload[1..9]);
        starts.map(|frame| &frame[0]).collect()
    }
}

/// Nothing is missing, and nothing comes twice.
fn is_one_stream(packets: &[Packet]) -> bool {
    packets.windows(2).all(|two| {
        let [before, after] = [&two[0].header, &two[1].header];
        after.sequence_number == before.sequence_number.wrapping_add(1) && after.ssrc == before.ssrc
    })
}

#[test]
fn a_paused_track_is_not_watched_and_resumes_with_a_key_frame() {
    let (mut world, peer) = World::connected();
    world.emit(1, true);
    world.set.set_sending(world.now, peer, Some("v"), false);
    assert!(!world.stream.is_subscribed());
    world.emit(2, false);
    world.set.set_sending(world.now, peer, Some("v"), true);
    assert!(world.stream.is_subscribed());
    world.emit(3, false);
    assert_eq!(world.frames(0), [1, 1, 1]);
    assert!(world.stream.key_frames_wanted() > 0);
    world.emit(4, true);
    assert_eq!(world.frames(0), [1, 1, 1, 4, 4, 4]);
    assert!(is_one_stream(world.packets()));
}

#[test]
fn a_pause_of_one_viewer_is_none_for_another() {
    let (mut world, peer) = World::connected();
    world.join(2);
    world.run(Duration::from_secs(1));
    world.emit(1, true);
    world.set.set_sending(world.now, peer, None, false);
    world.set.set_sending(world.now, peer, None, false);
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1]);
    assert_eq!(world.frames(1), [1, 1, 1, 2, 2, 2]);
    world
        .set
        .close(world.now, PeerId(2), CloseReason::Requested);
    assert!(!world.stream.is_subscribed());
}

#[test]
fn one_track_pauses_and_the_others_go_on() {
    let (world, microphone) = World::with_sound();
    let (mut world, peer) = world.connect();
    world.set.set_sending(world.now, peer, Some("v"), false);
    world.emit(1, true);
    world.sound(&microphone, 1);
    assert!(world.frames(0).is_empty());
    assert_eq!(world.frames_of(0, SOUND), [1]);
}

#[test]
fn a_pause_before_the_viewer_is_connected_holds() {
    let mut world = World::new();
    let peer = world.join(1);
    world.set.set_sending(world.now, peer, None, false);
    assert!(!world.stream.is_subscribed());
    world.run(Duration::from_secs(1));
    assert_eq!(world.events, [(peer, PeerEvent::Connected)]);
    world.emit(1, true);
    assert!(world.frames(0).is_empty());
    world.set.set_sending(world.now, peer, None, true);
    world.emit(2, true);
    assert_eq!(world.frames(0), [2, 2, 2]);
}

#[test]
fn a_resumed_picture_that_was_kept_comes_later_than_what_was_seen() {
    let (mut world, peer) = World::connected();
    let kept: Vec<_> = (1..=3)
        .map(|number| {
            world.wait(50);
            frame_at(number, number == 1, world.captured())
        })
        .collect();
    world.stream.keep(kept.clone());
    for frame in kept {
        world.stream.emit(&frame);
        world.exchange();
    }
    world.set.set_sending(world.now, peer, None, false);
    world.set.set_sending(world.now, peer, None, true);
    world.exchange();
    assert_eq!(
        world.frames(0),
        [1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    );
    assert!(is_one_stream(world.packets()));
    let times = world
        .packets()
        .chunks(3)
        .map(|frame| frame[0].header.timestamp);
    assert!(times.is_sorted_by(|before, after| before < after));
}

#[test]
fn a_switched_viewer_gets_the_other_track_as_one_stream() {
    let (mut world, peer) = World::connected();
    let (other, tracks) = world.other();
    world.emit(1, true);
    world.wait(200);
    world.set.switch(world.now, peer, tracks);
    assert!(!world.stream.is_subscribed() && other.is_subscribed());
    assert_eq!(other.key_frames_wanted(), 1);
    world.emit(2, false);
    world.emit_from(&other, 70, false);
    world.emit_from(&other, 71, true);
    world.wait(50);
    world.emit_from(&other, 72, false);
    assert_eq!(world.frames(0), [1, 1, 1, 71, 71, 71, 72, 72, 72]);
    assert!(is_one_stream(world.packets()));
    let times: Vec<_> = world.starts().iter().map(|p| p.header.timestamp).collect();
    // 200 ms, then the distance of two frames.
    assert_eq!([times[1] - times[0], times[2] - times[1]], [18_000, 4_500]);
}

#[test]
fn a_switched_viewer_begins_with_what_the_other_track_keeps() {
    let (mut world, peer) = World::connected();
    let (other, tracks) = world.other();
    let captured = world.captured();
    world.wait(100);
    world.emit(1, true);
    other.keep(vec![
        frame_at(50, true, captured),
        frame_at(51, false, captured),
    ]);
    world.set.switch(world.now, peer, tracks);
    world.exchange();
    assert_eq!(world.frames(0)[3..], [50, 50, 50, 51, 51, 51]);
    let times = world.starts();
    // It was captured before what was sent last, and still comes later.
    assert_eq!(times[1].header.timestamp, times[0].header.timestamp + 1);
}

#[test]
fn packets_from_before_a_switch_are_never_taken_from_the_other_track() {
    let (mut world, peer) = World::connected();
    let (other, tracks) = world.other();
    world.emit(1, true);
    world.set.switch(world.now, peer, tracks);
    // The same numbers of packets as the lost one's.
    world.emit_from(&other, 1, true);
    world.emit_from(&other, 2, false);
    let sent: Vec<_> = world
        .packets()
        .iter()
        .map(|p| p.header.sequence_number)
        .collect();
    let (before, after) = (sent[1], sent[4]);
    let nack = TransportLayerNack {
        sender_ssrc: 1,
        media_ssrc: MEDIA,
        nacks: nack_pairs_from_sequence_numbers(&[before, after]),
    };
    let now = world.now;
    world.viewers[0].send_rtcp(now, nack);
    world.exchange();
    let again: Vec<_> = world.packets()[sent.len()..]
        .iter()
        .map(|p| p.header.sequence_number)
        .collect();
    assert_eq!(again, [after]);
}

#[test]
fn a_switch_before_the_viewer_is_connected_holds() {
    let mut world = World::new();
    let peer = world.join(1);
    let (other, tracks) = world.other();
    world.set.switch(world.now, peer, tracks);
    assert!(!world.stream.is_subscribed() && other.is_subscribed());
    world.run(Duration::from_secs(1));
    world.emit_from(&other, 1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
    world.set.close(world.now, peer, CloseReason::Requested);
    assert!(!other.is_subscribed());
}

#[test]
fn a_switch_to_the_same_track_changes_nothing() {
    let (mut world, peer) = World::connected();
    world.emit(1, true);
    world.set.switch(world.now, peer, world.tracks.clone());
    world.emit(2, false);
    assert_eq!(world.frames(0), [1, 1, 1, 2, 2, 2]);
}

#[test]
fn a_paused_viewer_that_is_switched_stays_paused() {
    let (mut world, peer) = World::connected();
    let (other, tracks) = world.other();
    world.set.set_sending(world.now, peer, None, false);
    world.set.switch(world.now, peer, tracks);
    assert!(!other.is_subscribed());
    world.set.set_sending(world.now, peer, None, true);
    world.emit_from(&other, 1, true);
    assert_eq!(world.frames(0), [1, 1, 1]);
}

#[test]
fn whoever_resumes_again_and_again_is_sent_the_beginning_once_at_a_time() {
    let (mut world, peer) = World::connected();
    world.stream.keep(vec![frame_at(1, true, world.captured())]);
    for _ in 0..10 {
        world.set.set_sending(world.now, peer, None, false);
        world.set.set_sending(world.now, peer, None, true);
    }
    world.exchange();
    assert_eq!(world.frames(0), [1, 1, 1]);
    world.emit(2, false);
    assert_eq!(world.stream.key_frames_wanted(), 1);
    world.emit(3, true);
    assert_eq!(world.frames(0), [1, 1, 1, 3, 3, 3]);
}
