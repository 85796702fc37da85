use super::*;
use crate::ustreamer;

#[test]
fn a_wrong_secret_is_named_and_tried_again_rarely() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    let [create] = stage.sent().try_into().unwrap();
    stage.message(error(&create, 403));
    assert_eq!(*stage.problem(), Problem::Unauthorized);
    stage.pass(29_999);
    assert_eq!(stage.attempt, Attempt(0));
    stage.pass(1);
    assert_eq!(stage.attempt, Attempt(1));
}

#[test]
fn a_server_without_the_plugin_is_named_and_tried_again_rarely() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    stage.made("create", SESSION);
    let [attach] = stage.sent().try_into().unwrap();
    stage.message(error(&attach, 460));
    assert_eq!(*stage.problem(), Problem::NoSuchPlugin(ustreamer::PLUGIN));
    assert_eq!(stage.requests(), ["destroy"]);
    stage.pass(29_999);
    assert_eq!(stage.attempt, Attempt(0));
    stage.pass(1);
    assert_eq!(stage.attempt, Attempt(1));
}

#[test]
fn an_answer_without_the_codec_is_named_and_tried_again_rarely() {
    let mut stage = Stage::new();
    stage.get_offer();
    let sdp = "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n";
    stage.input(Input::Answer { sdp });
    assert_eq!(*stage.problem(), Problem::NoCodec("H264".to_owned()));
    assert_eq!(stage.requests(), ["stop", "detach", "destroy"]);
    stage.pass(29_999);
    assert_eq!(stage.attempt, Attempt(0));
    // A browser may have fetched it meanwhile.
    stage.pass(1);
    stage.play();
}

#[test]
fn a_stream_that_asks_for_a_pin_is_tried_again_rarely_without_it() {
    for (pin, problem) in [
        (None, Problem::PinRequired),
        (Some("x".to_owned()), Problem::WrongPin),
    ] {
        let mut stage = Stage::with(Config {
            watch: Watch::Ustreamer { params: None, pin },
            ..Config::default()
        });
        stage.attach();
        // Where features are known; else an error may be the answer to that request.
        stage.plugin(features(""));
        stage.plugin(plugin_error(403, "there is a PIN"));
        assert_eq!(*stage.problem(), problem);
        stage.pass(29_999);
        assert_eq!(stage.attempt, Attempt(0));
    }
}

#[test]
fn what_the_viewer_can_do_without_may_stay_unanswered_by_a_server_that_is_heard() {
    let mut stage = Stage::with(Config {
        list: true,
        ..Config::default()
    });
    stage.join();
    stage.stats(100, 1);
    stage.input(Input::LocalCandidate(candidate("candidate:a")));
    stage.sent();
    for second in 1..=20 {
        stage.pass(1000);
        stage.plugin(json!({"ok": true}));
        stage.stats(100 + second, 1 + second);
    }
    assert_eq!(*stage.status(), Status::Playing);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn an_answer_that_the_server_refuses_is_a_failed_attempt() {
    let mut stage = Stage::new();
    stage.get_offer();
    stage.input(Input::Answer { sdp: ANSWER });
    let [start] = stage.sent().try_into().unwrap();
    stage.message(error(&start, 465));
    assert!(matches!(stage.problem(), Problem::Refused(_)));
    stage.play_again();
}

#[test]
fn an_answer_that_the_plugin_refuses_is_a_failed_attempt() {
    let mut stage = Stage::new();
    stage.join();
    stage.plugin(plugin_error(400, "no H.264 in the answer"));
    assert!(matches!(stage.problem(), Problem::WatchRefused(_)));
}

#[test]
fn what_the_viewer_can_do_without_may_be_refused() {
    let mut stage = Stage::new();
    stage.attach();
    let [features, _] = stage.sent().try_into().unwrap();
    stage.message(error(&features, 462));
    stage.offer();
    stage.input(Input::Answer { sdp: ANSWER });
    stage.acknowledge_all();
    stage.input(Input::LocalCandidate(candidate("candidate:a")));
    let [trickle] = stage.sent().try_into().unwrap();
    stage.message(error(&trickle, 466));
    stage.stats(1, 1);
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn a_success_that_made_nothing_is_no_answer() {
    for data in [json!({}), json!({"id": 0})] {
        let mut stage = Stage::new();
        stage.input(Input::SocketOpened);
        let [create] = stage.sent().try_into().unwrap();
        let transaction = &create["transaction"];
        stage.message(json!({"janus": "success", "transaction": transaction, "data": data}));
        assert_eq!(*stage.problem(), Problem::NoAnswer("create"));
    }
}

#[test]
fn a_server_that_takes_nobody_is_tried_again() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    let [create] = stage.sent().try_into().unwrap();
    stage.message(error(&create, 472));
    assert!(matches!(stage.problem(), Problem::Refused(_)));
    stage.play_again();
}
