//! What there is to watch, and turning to something else.

use super::*;

fn listed(mountpoints: &[(u64, &[&str])]) -> Value {
    let mountpoints: Vec<_> = mountpoints
        .iter()
        .map(|(id, kinds)| {
            let media = kinds.iter().map(|kind| json!({"mid": kind, "type": kind}));
            let media: Vec<_> = media.collect();
            json!({"id": id, "type": "live", "description": "Hall", "media": media})
        })
        .collect();
    json!({"streaming": "list", "list": mountpoints})
}

fn asks_for_list(watch: Watch) -> Stage {
    Stage::with(Config {
        watch,
        list: true,
        ..Config::default()
    })
}

fn ids(stage: &Stage) -> Option<Vec<u64>> {
    let listed = stage.listed.as_ref()?;
    Some(listed.iter().map(|mountpoint| mountpoint.id.0).collect())
}

/// Plays mountpoint 10 of a server that has 12 alike and 13 with sound.
fn play_one_of_many() -> Stage {
    let mut stage = asks_for_list(mountpoint(10));
    stage.attach();
    let [list, watch] = stage.sent().try_into().unwrap();
    let all: [(u64, &[&str]); 3] = [
        (10, &["video"]),
        (12, &["video"]),
        (13, &["audio", "video"]),
    ];
    stage.answer_at_once(&list, listed(&all));
    stage.sent = vec![watch];
    stage.offer_mountpoint(OFFER);
    stage.input(Input::Answer { sdp: ANSWER });
    stage.acknowledge_all();
    stage.input(Input::PeerState(PeerState::Connected));
    stage.stats(100, 1);
    stage.outputs();
    stage
}

fn switched(id: u64) -> Value {
    json!({"streaming": "event", "result": {"switched": "ok", "id": id}})
}

#[test]
fn a_viewer_of_a_mountpoint_is_told_of_the_others() {
    let mut stage = asks_for_list(mountpoint(10));
    stage.attach();
    assert_eq!(ids(&stage), None);
    let [list, watch] = stage.sent().try_into().unwrap();
    assert_eq!((name(&list), name(&watch)), ("list", "watch"));
    stage.answer_at_once(
        &list,
        listed(&[(10, &["video"]), (11, &["audio", "video"])]),
    );
    assert_eq!(ids(&stage), Some(vec![10, 11]));
}

#[test]
fn a_viewer_of_ustreamer_asks_another_handle_for_the_list() {
    let mut stage = asks_for_list(Watch::default());
    stage.attach();
    let [features, watch, attach] = stage.sent().try_into().unwrap();
    assert_eq!((name(&features), name(&watch)), ("features", "watch"));
    assert_eq!(attach["plugin"], "janus.plugin.streaming");
    assert_eq!(attach["handle_id"], Value::Null);
    let transaction = &attach["transaction"];
    stage.message(json!({"janus": "success", "transaction": transaction, "data": {"id": 77}}));
    let [list] = stage.sent().try_into().unwrap();
    assert_eq!((name(&list), &list["handle_id"]), ("list", &json!(77)));
    stage.answer_at_once(&list, listed(&[(1, &["video"])]));
    assert_eq!(ids(&stage), Some(vec![1]));
    // The handle serves again.
    stage.viewer.list(stage.now);
    stage.collect();
    let [list] = stage.sent().try_into().unwrap();
    assert_eq!((name(&list), &list["handle_id"]), ("list", &json!(77)));
}

#[test]
fn a_handle_for_the_list_that_is_lost_is_made_anew() {
    let mut stage = asks_for_list(Watch::default());
    stage.attach();
    let [_, _, attach] = stage.sent().try_into().unwrap();
    let transaction = &attach["transaction"];
    stage.message(json!({"janus": "success", "transaction": transaction, "data": {"id": 77}}));
    let [list] = stage.sent().try_into().unwrap();
    stage.message(error(&list, 459));
    for lost in [
        Value::Null,
        json!({"janus": "detached", "session_id": SESSION, "sender": 77}),
    ] {
        stage.message(lost);
        stage.viewer.list(stage.now);
        stage.collect();
        stage.made("attach", 77);
        assert_eq!(stage.requests(), ["list"]);
    }
    stage.offer();
    assert_eq!(*stage.status(), Status::Starting);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn what_there_is_to_watch_is_looked_for_until_something_is_watched() {
    let mut stage = asks_for_list(Watch::Nothing);
    stage.attach();
    for _ in 0..10 {
        let [list] = stage.sent().try_into().unwrap();
        stage.answer_at_once(&list, listed(&[]));
        stage.pass(5000);
    }
    assert_eq!(*stage.status(), Status::Idle);
    let [list] = stage.sent().try_into().unwrap();
    stage.answer_at_once(&list, listed(&[(10, &["video"])]));
    stage.watch(mountpoint(10));
    stage.offer_mountpoint(OFFER);
    stage.input(Input::Answer { sdp: ANSWER });
    stage.acknowledge_all();
    for second in 1..=20 {
        stage.pass(1000);
        stage.stats(100 + second, 1 + second);
    }
    assert_eq!(stage.requests(), [""; 0]);
}

#[test]
fn a_server_without_mountpoints_is_watched_all_the_same() {
    let mut stage = asks_for_list(Watch::default());
    stage.attach();
    let [_, _, attach] = stage.sent().try_into().unwrap();
    stage.message(error(&attach, 460));
    assert_eq!(ids(&stage), Some(vec![]));
    stage.offer();
    assert_eq!(*stage.status(), Status::Starting);
}

#[test]
fn a_list_that_is_refused_does_not_end_the_picture() {
    let mut stage = asks_for_list(mountpoint(10));
    stage.attach();
    let [list, _] = stage.sent().try_into().unwrap();
    stage.answer_at_once(&list, streaming_error(470, "no list today"));
    assert_eq!(*stage.status(), Status::Connecting { after: None });
}

#[test]
fn a_viewer_who_watches_nothing_yet_is_ready_for_what_is_chosen() {
    let mut stage = asks_for_list(Watch::Nothing);
    stage.attach();
    assert_eq!(*stage.status(), Status::Idle);
    let [list] = stage.sent().try_into().unwrap();
    stage.answer_at_once(&list, listed(&[(10, &["video"])]));
    for _ in 0..200 {
        stage.pass(1000);
        stage.acknowledge_all();
    }
    assert_eq!(*stage.status(), Status::Idle);
    stage.watch(mountpoint(10));
    assert_eq!(*stage.status(), Status::Connecting { after: None });
    stage.offer_mountpoint(OFFER);
    assert_eq!(*stage.status(), Status::Starting);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn another_mountpoint_alike_comes_on_the_same_connection() {
    let mut stage = play_one_of_many();
    stage.watch(with_pin(12, "1234"));
    let [switch] = stage.sent().try_into().unwrap();
    let body = json!({"request": "switch", "id": 12, "pin": "1234"});
    assert_eq!(switch["body"], body);
    stage.outcome(&switch, switched(12));
    stage.acknowledge_all();
    assert_eq!(
        *stage.status(),
        Status::Playing,
        "the picture stays until then"
    );
    for second in 1..=20 {
        stage.pass(1000);
        stage.acknowledge_all();
        stage.stats(100 + second, 1 + second);
    }
    assert_eq!(*stage.status(), Status::Playing);
    assert_eq!(stage.outputs(), []);
}

#[test]
fn another_mountpoint_with_other_media_is_watched_anew() {
    let mut stage = play_one_of_many();
    stage.watch(mountpoint(13));
    assert_eq!(stage.requests(), ["stop", "detach", "destroy"]);
    let attempt = Attempt(1);
    assert_eq!(stage.outputs(), [Output::Close, Output::Open { attempt }]);
    assert_eq!(*stage.status(), Status::Connecting { after: None });
}

#[test]
fn a_switch_that_is_refused_is_tried_by_watching_anew() {
    let mut stage = play_one_of_many();
    stage.watch(mountpoint(12));
    let [switch] = stage.sent().try_into().unwrap();
    stage.outcome(&switch, streaming_error(458, "Can't switch"));
    assert!(matches!(stage.problem(), Problem::WatchRefused(_)));
    stage.pass(250);
    stage.input(Input::SocketOpened);
    stage.sent();
    let watched = stage.viewer.cx.config.watch.clone();
    assert_eq!(watched, mountpoint(12));
}

#[test]
fn a_switch_to_what_was_not_negotiated_is_watched_anew() {
    let mut stage = play_one_of_many();
    stage.watch(mountpoint(12));
    let [switch] = stage.sent().try_into().unwrap();
    // What still came of the picture before proves nothing.
    stage.pass(500);
    stage.stats(120, 10);
    stage.outcome(&switch, switched(12));
    stage.acknowledge_all();
    stage.pass(500);
    stage.stats(130, 15);
    for _ in 0..4 {
        stage.pass(1000);
        stage.stats(130, 15);
    }
    assert_eq!(*stage.problem(), Problem::NoPackets);
}

#[test]
fn a_switch_without_an_outcome_is_a_failure_even_when_acknowledged() {
    let mut stage = play_one_of_many();
    stage.watch(mountpoint(12));
    stage.acknowledge_all();
    stage.pass(9_999);
    stage.stats(200, 20);
    stage.pass(1);
    assert_eq!(*stage.problem(), Problem::NoAnswer("switch"));
}

#[test]
fn a_switch_ends_a_pause() {
    let mut stage = play_one_of_many();
    stage.viewer.pause(stage.now);
    stage.collect();
    stage.sent();
    stage.watch(mountpoint(12));
    assert_eq!(stage.requests(), ["start", "switch"]);
    assert_eq!(*stage.status(), Status::Starting);
}

#[test]
fn another_plugin_is_watched_in_another_attempt() {
    let mut stage = Stage::new();
    stage.play();
    stage.watch(mountpoint(10));
    assert_eq!(stage.requests(), ["stop", "detach", "destroy"]);
    stage.play_mountpoint();
}

#[test]
fn a_choice_before_anything_was_asked_costs_nothing() {
    let mut stage = Stage::new();
    stage.watch(mountpoint(10));
    stage.play_mountpoint();
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn a_choice_is_not_kept_waiting_by_what_went_wrong_before() {
    let mut stage = Stage::new();
    stage.input(Input::SocketClosed);
    stage.watch(mountpoint(10));
    assert_eq!(*stage.status(), Status::Connecting { after: None });
    stage.play_mountpoint();
}

#[test]
fn what_is_watched_already_is_not_disturbed_by_choosing_it() {
    let mut stage = play_one_of_many();
    stage.watch(mountpoint(10));
    assert_eq!(stage.requests(), [""; 0]);
    assert_eq!(*stage.status(), Status::Playing);
}
