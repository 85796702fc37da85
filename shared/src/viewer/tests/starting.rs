use super::*;
use crate::request::Credentials;
use crate::ustreamer::WatchParams;

#[test]
fn a_viewer_gets_its_picture() {
    let mut stage = Stage::new();
    assert_eq!(
        stage.outputs(),
        [Output::Open {
            attempt: Attempt(0)
        }]
    );
    stage.input(Input::SocketOpened);
    stage.made("create", SESSION);
    stage.made("attach", HANDLE);
    stage.acknowledge_all();
    stage.plugin(features("stun:stun.example:3478"));
    stage.offer();
    let (sdp, ice_url) = (OFFER.to_owned(), Some("stun:stun.example:3478".to_owned()));
    assert_eq!(stage.outputs(), [Output::ApplyOffer { sdp, ice_url }]);
    stage.input(Input::Answer { sdp: ANSWER });
    assert_eq!(stage.sent[0]["body"], json!({"request": "start"}));
    assert_eq!(
        stage.sent[0]["jsep"],
        json!({"type": "answer", "sdp": ANSWER})
    );
    stage.acknowledge_all();
    stage.plugin(started());
    stage.message(json!({"janus": "webrtcup", "session_id": SESSION, "sender": HANDLE}));
    stage.input(Input::PeerState(PeerState::Connected));
    stage.stats(100, 1);
    let expected = [
        Status::Connecting { after: None },
        Status::Starting,
        Status::Playing,
    ];
    assert_eq!(stage.statuses, expected);
}

#[test]
fn features_and_watch_are_asked_at_once() {
    let mut stage = Stage::new();
    stage.attach();
    assert_eq!(stage.requests(), ["features", "watch"]);
}

#[test]
fn every_request_has_its_address_and_its_own_transaction() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    let create = stage.sent[0].clone();
    assert_eq!(create["session_id"], Value::Null);
    stage.made("create", SESSION);
    let attach = stage.sent[0].clone();
    assert_eq!(attach["session_id"], SESSION);
    assert_eq!(attach["handle_id"], Value::Null);
    assert_eq!(attach["plugin"], "janus.plugin.ustreamer");
    stage.made("attach", HANDLE);
    let [features, watch] = stage.sent().try_into().unwrap();
    assert_eq!(watch["session_id"], SESSION);
    assert_eq!(watch["handle_id"], HANDLE);
    let transactions = [create, attach, features, watch].map(|request| {
        let transaction = request["transaction"].as_str().unwrap();
        transaction.to_owned()
    });
    let different: std::collections::HashSet<_> = transactions.into_iter().collect();
    assert_eq!(different.len(), 4);
}

#[test]
fn secrets_and_wishes_are_sent() {
    let mut stage = Stage::with(Config {
        credentials: Credentials {
            api_secret: Some("abc".to_owned()),
            token: None,
        },
        watch: Watch::Ustreamer {
            params: Some(WatchParams {
                orientation: 90,
                ..WatchParams::default()
            }),
            pin: Some("1234".to_owned()),
        },
        opaque_id: Some("hall".to_owned()),
        ..Config::default()
    });
    stage.input(Input::SocketOpened);
    assert_eq!(stage.sent[0]["apisecret"], "abc");
    stage.made("create", SESSION);
    assert_eq!(stage.sent[0]["opaque_id"], "hall");
    stage.made("attach", HANDLE);
    let [features, watch] = stage.sent().try_into().unwrap();
    assert_eq!(features["apisecret"], "abc");
    assert_eq!(watch["body"]["params"]["orientation"], 90);
    assert_eq!(watch["body"]["pin"], "1234");
}

#[test]
fn an_empty_stun_server_is_none() {
    let mut stage = Stage::new();
    stage.attach();
    stage.plugin(features(""));
    stage.offer();
    let outputs = stage.outputs();
    assert!(matches!(
        outputs.last(),
        Some(Output::ApplyOffer { ice_url: None, .. })
    ));
}

#[test]
fn the_first_frame_on_the_screen_is_a_picture_without_waiting_for_counters() {
    let mut stage = Stage::new();
    stage.join();
    stage.input(Input::PeerState(PeerState::Connected));
    stage.input(Input::FrameShown);
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn packets_tell_that_the_peer_connection_stands_when_its_state_does_not() {
    let mut stage = Stage::new();
    stage.join();
    stage.stats(10, 0);
    stage.pass(1000);
    stage.stats(20, 1);
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn a_session_is_kept_alive_while_it_plays() {
    let mut stage = Stage::new();
    stage.play();
    let mut keepalives = 0;
    for second in 1..=100 {
        stage.pass(1000);
        stage.stats(100 + second, 1 + second);
        keepalives += stage.sent.iter().filter(|r| name(r) == "keepalive").count();
        assert!(stage.sent.iter().all(|r| r["handle_id"] == Value::Null));
        stage.acknowledge_all();
    }
    assert_eq!(keepalives, 4);
}

#[test]
fn the_plugin_of_ustreamer_is_understood() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    stage.made("create", SESSION);
    stage.made("attach", HANDLE);
    // Answers at once with success, after the event that it has to tell, which has no transaction.
    let [features_request, watch] = stage.sent().try_into().unwrap();
    let ok = |request: &Value| {
        let mut ok = event(json!({"ok": true}));
        ok["janus"] = json!("success");
        ok["transaction"] = request["transaction"].clone();
        ok
    };
    stage.plugin(features("stun:stun.l.google.com:19302"));
    stage.message(ok(&features_request));
    stage.message(trickle(json!({
        "sdpMLineIndex": 0,
        "candidate": "candidate:1 1 udp 2015363327 10.77.0.1 32997 typ host",
    })));
    stage.offer();
    stage.message(ok(&watch));
    stage.message(trickle(json!({"completed": true})));
    stage.input(Input::Answer { sdp: ANSWER });
    stage.plugin(started());
    let [start] = stage.sent().try_into().unwrap();
    stage.message(ok(&start));
    stage.input(Input::PeerState(PeerState::Connected));
    stage.input(Input::FrameShown);
    stage.keep_playing(120);
    assert_eq!(stage.attempt, Attempt(0));
}
