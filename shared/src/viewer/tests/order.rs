use super::*;

#[test]
fn an_event_may_come_before_its_acknowledgement() {
    let mut stage = Stage::new();
    stage.attach();
    stage.plugin(features("stun:a:1"));
    stage.offer();
    stage.acknowledge_all();
    stage.input(Input::Answer { sdp: ANSWER });
    stage.plugin(started());
    stage.acknowledge_all();
    stage.input(Input::PeerState(PeerState::Connected));
    stage.stats(1, 1);
    stage.keep_playing(60);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn candidates_that_come_before_the_offer_are_kept_for_it() {
    let mut stage = Stage::new();
    stage.attach();
    stage.outputs();
    stage.plugin(features("stun:a:1"));
    let line = "candidate:1 1 udp 1 10.0.0.1 9 typ host";
    stage.message(trickle(
        json!({"sdpMid": "v", "sdpMLineIndex": 0, "candidate": line}),
    ));
    stage.message(trickle(json!({"completed": true})));
    assert_eq!(stage.outputs(), []);
    stage.offer();
    let outputs = stage.outputs();
    assert!(matches!(outputs[0], Output::ApplyOffer { .. }));
    assert_eq!(
        outputs[1..],
        [
            Output::AddCandidate(candidate(line)),
            Output::AddCandidate(Candidate::COMPLETED),
        ]
    );
}

#[test]
fn candidates_without_an_offer_fill_no_memory() {
    let mut stage = Stage::new();
    stage.attach();
    stage.plugin(features("stun:a:1"));
    for _ in 0..10_000 {
        stage.message(trickle(json!({"candidate": "candidate:x"})));
    }
    stage.offer();
    assert!(stage.outputs().len() < 100);
}

#[test]
fn an_offer_that_overtakes_the_features_waits_for_them() {
    let mut stage = Stage::new();
    stage.attach();
    stage.outputs();
    stage.offer();
    stage.pass(20);
    assert_eq!(stage.outputs(), []);
    stage.plugin(features("stun:a:1"));
    let (sdp, ice_url) = (OFFER.to_owned(), Some("stun:a:1".to_owned()));
    assert_eq!(stage.outputs(), [Output::ApplyOffer { sdp, ice_url }]);
}

#[test]
fn an_offer_does_not_wait_for_features_for_long() {
    let mut stage = Stage::new();
    stage.attach();
    stage.outputs();
    stage.offer();
    stage.pass(50);
    let (sdp, ice_url) = (OFFER.to_owned(), None);
    assert_eq!(stage.outputs(), [Output::ApplyOffer { sdp, ice_url }]);
    stage.plugin(features("stun:a:1"));
    assert_eq!(stage.outputs(), []);
}

#[test]
fn candidates_that_are_gathered_before_the_answer_follow_it() {
    let mut stage = Stage::new();
    stage.get_offer();
    stage.input(Input::LocalCandidate(candidate("candidate:a")));
    stage.input(Input::LocalCandidate(candidate("candidate:b")));
    assert_eq!(stage.sent(), Vec::<Value>::new());
    stage.input(Input::Answer { sdp: ANSWER });
    stage.input(Input::LocalCandidate(Candidate::COMPLETED));
    let [start, kept, completed] = stage.sent().try_into().unwrap();
    assert_eq!(name(&start), "start");
    assert_eq!(kept["candidates"][1]["candidate"], "candidate:b");
    assert_eq!(completed["candidate"], json!({"completed": true}));
}

#[test]
fn what_comes_twice_counts_once() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    stage.input(Input::SocketOpened);
    let create = json!({
        "janus": "success", "transaction": stage.sent[0]["transaction"], "data": {"id": 99},
    });
    stage.made("create", SESSION);
    stage.message(create);
    stage.made("attach", HANDLE);
    stage.acknowledge_all();
    stage.plugin(features("stun:a:1"));
    stage.plugin(features("stun:b:2"));
    stage.offer();
    stage.offer();
    stage.input(Input::Answer { sdp: ANSWER });
    stage.input(Input::Answer { sdp: ANSWER });
    assert_eq!(stage.requests(), ["start"]);
    let offers = stage.outputs().into_iter();
    let offers = offers.filter(|output| matches!(output, Output::ApplyOffer { .. }));
    assert_eq!(offers.count(), 1);
}

#[test]
fn what_concerns_another_session_or_handle_is_ignored() {
    let mut stage = Stage::new();
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(features("stun:a:1"));
    stage.outputs();
    let mut offer = event(started());
    offer["jsep"] = json!({"type": "offer", "sdp": OFFER});
    let hangup = json!({
        "janus": "hangup", "session_id": SESSION, "sender": HANDLE, "reason": "DTLS alert",
    });
    let timeout = json!({"janus": "timeout", "session_id": SESSION});
    let detached = json!({"janus": "detached", "session_id": SESSION, "sender": HANDLE});
    let candidate = trickle(json!({"candidate": "candidate:x"}));
    for message in [&offer, &hangup, &timeout, &detached, &candidate] {
        for field in ["session_id", "sender"] {
            let mut foreign = message.clone();
            foreign[field] = json!(33);
            // A timeout has no handle that could be another.
            if message.get(field).is_some() {
                stage.message(foreign);
            }
        }
    }
    assert_eq!(stage.outputs(), []);
    assert_eq!(stage.attempt, Attempt(0));
    stage.offer();
    assert_eq!(stage.outputs().len(), 1);
}

#[test]
fn what_an_old_attempt_still_reports_is_ignored() {
    let mut stage = Stage::new();
    stage.play();
    let old = stage.attempt;
    stage.input(Input::SocketClosed);
    stage.play_again();
    stage.input_of(old, Input::SocketClosed);
    stage.input_of(old, Input::PeerState(PeerState::Failed));
    stage.input_of(old, Input::LocalCandidate(candidate("candidate:old")));
    stage.input_of(old, Input::Answer { sdp: ANSWER });
    assert_eq!(stage.sent(), Vec::<Value>::new());
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn answers_to_requests_of_an_old_attempt_are_ignored() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    let [create] = stage.sent().try_into().unwrap();
    stage.input(Input::SocketClosed);
    stage.pass(5000);
    stage.input(Input::SocketOpened);
    stage.message(error(&create, 403));
    stage.message(json!({
        "janus": "success", "transaction": create["transaction"], "data": {"id": 5},
    }));
    assert_eq!(stage.requests(), ["create"]);
}

#[test]
fn garbage_is_ignored_at_every_step() {
    let garbage = |stage: &mut Stage| {
        let known = stage.statuses.len();
        for text in [
            "",
            "{",
            "[]",
            "null",
            "17",
            "\"\"",
            "{}",
            "\u{0}",
            "{\"janus\":1}",
            r#"{"janus":"brandnew"}"#,
            r#"{"janus":"event"}"#,
            r#"{"janus":"success"}"#,
            r#"{"janus":"error","error":{"code":458,"reason":"whose?"}}"#,
            r#"{"janus":"ack","transaction":"nobody's"}"#,
            r#"{"janus":"event","session_id":11,"sender":22,"plugindata":{"plugin":"other"}}"#,
            r#"{"janus":"event","session_id":11,"sender":22,"plugindata":{"plugin":
                "janus.plugin.ustreamer","data":{"result":{"status":"camera"}}}}"#,
        ] {
            stage.input(Input::Message(text));
        }
        assert_eq!(stage.statuses.len(), known);
        assert_eq!(stage.sent(), Vec::<Value>::new());
    };
    let mut stage = Stage::new();
    garbage(&mut stage);
    stage.get_offer();
    garbage(&mut stage);
    stage.input(Input::Answer { sdp: ANSWER });
    stage.acknowledge_all();
    garbage(&mut stage);
    stage.stats(1, 1);
    garbage(&mut stage);
    assert_eq!(*stage.status(), Status::Playing);
}

#[test]
fn an_acknowledgement_is_no_answer_to_create() {
    let mut stage = Stage::new();
    stage.input(Input::SocketOpened);
    stage.acknowledge_all();
    stage.pass(10_000);
    assert_eq!(*stage.problem(), Problem::NoAnswer("create"));
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut stage = Stage::new();
    stage.play();
    let before = std::mem::replace(&mut stage.now, Time::ZERO);
    stage.input(Input::SocketClosed);
    let Status::Waiting { until, .. } = *stage.status() else {
        panic!("it waits: {:?}", stage.status());
    };
    assert!(until > before);
}
