//! Pausing, and going on.

use super::*;

fn pause(stage: &mut Stage) {
    stage.viewer.pause(stage.now);
    stage.collect();
    assert_eq!(*stage.status(), Status::Paused);
}

fn resume(stage: &mut Stage) {
    stage.viewer.resume(stage.now);
    stage.collect();
}

#[test]
fn a_mountpoint_is_paused_on_its_connection() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    pause(&mut stage);
    let [pause] = stage.sent().try_into().unwrap();
    assert_eq!(pause["body"], json!({"request": "pause"}));
    stage.outcome(&pause, status("pausing"));
    for _ in 0..100 {
        stage.pass(1000);
        stage.acknowledge_all();
        stage.stats(100, 1);
    }
    assert_eq!(*stage.status(), Status::Paused);
    resume(&mut stage);
    let [start] = stage.sent().try_into().unwrap();
    assert_eq!(start["body"], json!({"request": "start"}));
    assert!(start["jsep"].is_null());
    stage.outcome(&start, status("started"));
    stage.pass(1000);
    stage.stats(100, 1);
    assert_eq!(*stage.status(), Status::Starting, "nothing has come");
    stage.pass(1000);
    stage.stats(200, 30);
    assert_eq!(*stage.status(), Status::Playing);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn a_connection_that_breaks_off_while_paused_is_found_out() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    pause(&mut stage);
    stage.input(Input::PeerState(PeerState::Disconnected));
    stage.pass(1000);
    resume(&mut stage);
    stage.pass(3000);
    assert_eq!(*stage.problem(), Problem::PeerFailed);
}

#[test]
fn what_the_plugin_cannot_pause_is_left_and_watched_anew() {
    let mut stage = Stage::new();
    stage.play();
    pause(&mut stage);
    assert_eq!(stage.requests(), ["stop", "detach", "destroy"]);
    assert_eq!(stage.outputs(), [Output::Close]);
    stage.pass(1_000_000);
    assert_eq!(stage.outputs(), []);
    resume(&mut stage);
    stage.play();
}

#[test]
fn a_mountpoint_that_is_not_there_yet_is_left_and_watched_anew() {
    let mut stage = Stage::of_mountpoint();
    stage.attach();
    pause(&mut stage);
    assert_eq!(stage.outputs().last(), Some(&Output::Close));
    resume(&mut stage);
    stage.sent();
    stage.play_mountpoint();
}

#[test]
fn a_connection_that_is_lost_while_paused_is_made_when_it_is_needed() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    pause(&mut stage);
    stage.input(Input::SocketClosed);
    assert_eq!(*stage.status(), Status::Paused);
    stage.pass(1_000_000);
    assert_eq!(stage.outputs(), [Output::Close]);
    resume(&mut stage);
    stage.sent();
    stage.play_mountpoint();
}

#[test]
fn a_network_that_comes_back_does_not_end_a_pause() {
    let mut stage = Stage::new();
    stage.play();
    pause(&mut stage);
    stage.viewer.reconnect(stage.now);
    stage.collect();
    assert_eq!(*stage.status(), Status::Paused);
}

#[test]
fn to_go_on_without_a_pause_changes_nothing() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    resume(&mut stage);
    assert_eq!(stage.requests(), [""; 0]);
    assert_eq!(*stage.status(), Status::Playing);
}
