use super::*;

/// Packets go on and frames do not, for so many seconds after the last frame.
fn stall(stage: &mut Stage, seconds: u64) {
    for _ in 0..seconds {
        stage.pass(1000);
        let packets = stage.now.since(Time::ZERO).as_millis();
        stage.stats(packets as u64, 1);
    }
}

fn key_frames_asked(stage: &mut Stage) -> usize {
    let requests = stage.requests();
    requests
        .iter()
        .filter(|name| *name == "key_required")
        .count()
}

#[test]
fn packets_without_frames_need_a_key_frame() {
    let mut stage = Stage::new();
    stage.play();
    stall(&mut stage, 1);
    assert_eq!(key_frames_asked(&mut stage), 0);
    stall(&mut stage, 1);
    assert_eq!(key_frames_asked(&mut stage), 1);
    assert_eq!(*stage.status(), Status::Stalled);
    stage.stats(2000, 2);
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn a_key_frame_is_asked_for_again_but_not_with_every_look() {
    let mut stage = Stage::new();
    stage.play();
    for look in 1..=50 {
        stage.pass(100);
        stage.stats(1000 + look, 1);
        let asked = stage.sent.iter().filter(|r| name(r) == "key_required");
        assert!(asked.count() <= 3);
    }
    assert_eq!(key_frames_asked(&mut stage), 3);
}

#[test]
fn a_first_frame_that_cannot_be_decoded_is_asked_for_too() {
    let mut stage = Stage::new();
    stage.join();
    stage.input(Input::PeerState(PeerState::Connected));
    for packets in 1..=2 {
        stage.pass(1000);
        stage.stats(packets, 0);
    }
    assert_eq!(key_frames_asked(&mut stage), 1);
    assert_eq!(*stage.status(), Status::Starting);
}

#[test]
fn a_picture_that_no_key_frame_helps_is_begun_anew() {
    let mut stage = Stage::new();
    stage.play();
    for second in 1..=9 {
        stage.pass(1000);
        stage.acknowledge_all();
        stage.stats(1000 + second, 1);
    }
    assert_eq!(*stage.status(), Status::Stalled);
    stage.pass(1000);
    stage.stats(2000, 1);
    assert_eq!(*stage.problem(), Problem::NoFrames);
    stage.play_again();
}

#[test]
fn silence_is_a_lost_picture() {
    let mut stage = Stage::new();
    stage.play();
    for _ in 1..=3 {
        stage.pass(1000);
        stage.stats(100, 1);
        assert_eq!(*stage.status(), Status::Playing);
    }
    assert_eq!(key_frames_asked(&mut stage), 0);
    stage.pass(1000);
    stage.stats(100, 1);
    assert_eq!(*stage.problem(), Problem::NoPackets);
}

#[test]
fn a_peer_connection_that_stands_but_carries_nothing_is_given_up() {
    let mut stage = Stage::new();
    stage.join();
    stage.input(Input::PeerState(PeerState::Connected));
    stage.pass(4000);
    stage.stats(0, 0);
    assert_eq!(*stage.problem(), Problem::NoPackets);
}

#[test]
fn a_source_of_a_frame_in_three_seconds_does_not_stand() {
    let mut stage = Stage::new();
    stage.play();
    for second in 1..=30 {
        stage.pass(1000);
        let frames = second / 3;
        stage.stats(100 + 10 * frames, 1 + frames);
        assert_eq!(*stage.status(), Status::Playing);
        assert_eq!(key_frames_asked(&mut stage), 0);
    }
}

#[test]
fn a_page_that_nobody_sees_need_not_decode() {
    let mut stage = Stage::new();
    stage.play();
    stage.viewer.set_visible(stage.now, false);
    stall(&mut stage, 20);
    assert_eq!(key_frames_asked(&mut stage), 0);
    stage.viewer.set_visible(stage.now, true);
    stage.pass(1000);
    stage.stats(3000, 1);
    assert_eq!(key_frames_asked(&mut stage), 0);
    stage.pass(1000);
    stage.stats(3001, 1);
    assert_eq!(key_frames_asked(&mut stage), 1);
}

#[test]
fn what_went_by_while_nobody_saw_it_is_no_standstill() {
    let mut stage = Stage::new();
    stage.play();
    stage.viewer.set_visible(stage.now, false);
    // Browsers slow down the timers of such a page, too.
    stage.pass(9000);
    stage.viewer.set_visible(stage.now, true);
    stage.stats(3000, 1);
    assert_eq!(key_frames_asked(&mut stage), 0);
    stage.stats(3001, 2);
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn a_page_that_nobody_sees_notices_a_lost_picture_all_the_same() {
    let mut stage = Stage::new();
    stage.play();
    stage.viewer.set_visible(stage.now, false);
    stage.pass(4000);
    stage.stats(100, 1);
    assert_eq!(*stage.problem(), Problem::NoPackets);
}

#[test]
fn a_viewer_without_counters_plays_on() {
    let mut stage = Stage::new();
    stage.join();
    stage.input(Input::PeerState(PeerState::Connected));
    stage.input(Input::FrameShown);
    for _ in 0..100 {
        stage.pass(1000);
        stage.acknowledge_all();
    }
    assert_eq!(*stage.status(), Status::Playing);
}
