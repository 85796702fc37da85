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
fn an_answer_without_h264_stops_until_somebody_asks() {
    let mut stage = Stage::new();
    stage.get_offer();
    let sdp = "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n";
    stage.input(Input::Answer { sdp });
    assert_eq!(*stage.problem(), Problem::NoH264);
    assert_eq!(stage.viewer.poll_timeout(), None);
    assert_eq!(stage.requests(), ["stop", "detach", "destroy"]);
    stage.pass(1_000_000);
    assert_eq!(stage.attempt, Attempt(0));
    stage.viewer.reconnect(stage.now);
    stage.collect();
    stage.play();
}

#[test]
fn a_browser_known_to_lack_h264_is_told_before_anything_is_asked() {
    let mut stage = Stage::new();
    stage.input(Input::NoH264);
    assert_eq!(*stage.problem(), Problem::NoH264);
    assert_eq!(stage.requests(), [""; 0]);
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
