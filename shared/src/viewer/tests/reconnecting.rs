use super::*;

#[test]
fn the_picture_comes_back_after_every_loss() {
    let hangup = json!({
        "janus": "hangup", "session_id": SESSION, "sender": HANDLE, "reason": "Close PC",
    });
    let detached = json!({"janus": "detached", "session_id": SESSION, "sender": HANDLE});
    let timeout = json!({"janus": "timeout", "session_id": SESSION});
    let [hangup, detached, timeout] = [hangup, detached, timeout].map(|m| m.to_string());
    let losses = [
        (Problem::SocketLost, Input::SocketClosed),
        (Problem::PeerFailed, Input::PeerState(PeerState::Failed)),
        (Problem::PeerFailed, Input::PeerState(PeerState::Closed)),
        (
            Problem::HungUp("Close PC".to_owned()),
            Input::Message(&hangup),
        ),
        (Problem::SessionGone, Input::Message(&detached)),
        (Problem::SessionGone, Input::Message(&timeout)),
    ];
    for (problem, loss) in losses {
        let mut stage = Stage::new();
        stage.play();
        stage.keep_playing(10);
        stage.input(loss);
        assert_eq!(*stage.problem(), problem);
        assert_eq!(stage.outputs(), [Output::Close], "{problem:?}");
        stage.pass(250);
        assert_eq!(
            stage.outputs(),
            [Output::Open {
                attempt: Attempt(1)
            }]
        );
        let after = Some(problem);
        assert_eq!(*stage.status(), Status::Connecting { after });
        stage.sent();
        stage.play();
    }
}

#[test]
fn a_session_that_a_restarted_server_does_not_know_is_made_anew() {
    for code in [458, 459] {
        let mut stage = Stage::new();
        stage.play();
        stage.pass(25_000);
        let [keepalive] = stage.sent().try_into().unwrap();
        stage.message(error(&keepalive, code));
        assert_eq!(*stage.problem(), Problem::SessionGone);
        assert_eq!(stage.requests(), [""; 0]);
        stage.play_again();
    }
}

#[test]
fn a_candidate_for_a_lost_session_tells_that_it_is_lost() {
    let mut stage = Stage::new();
    stage.join();
    stage.input(Input::LocalCandidate(candidate("candidate:a")));
    let [trickle] = stage.sent().try_into().unwrap();
    stage.message(error(&trickle, 458));
    assert_eq!(*stage.problem(), Problem::SessionGone);
}

#[test]
fn a_request_without_an_answer_is_a_lost_server() {
    type Reach = fn(&mut Stage);
    let steps: [(&str, Reach); 5] = [
        ("create", |stage| stage.input(Input::SocketOpened)),
        ("attach", |stage| {
            stage.input(Input::SocketOpened);
            stage.made("create", SESSION);
        }),
        ("start", |stage| {
            stage.get_offer();
            stage.input(Input::Answer { sdp: ANSWER });
            stage.stats(1, 1);
        }),
        ("keepalive", |stage| {
            stage.play();
            stage.pass(25_000);
        }),
        ("trickle", |stage| {
            stage.play();
            stage.input(Input::LocalCandidate(Candidate::COMPLETED));
        }),
    ];
    for (request, reach) in steps {
        let mut stage = Stage::new();
        reach(&mut stage);
        stage.pass(9_999);
        assert!(stage.open.is_some(), "{request} has ten seconds");
        stage.pass(1);
        assert_eq!(*stage.problem(), Problem::NoAnswer(request));
    }
}

#[test]
fn a_socket_that_does_not_open_is_given_up_and_tried_again() {
    let mut stage = Stage::new();
    stage.pass(10_000);
    assert_eq!(*stage.problem(), Problem::Unreachable);
    stage.pass(250);
    stage.input(Input::SocketClosed);
    assert_eq!(*stage.problem(), Problem::Unreachable);
    stage.play_again();
}

#[test]
fn a_browser_that_makes_no_answer_is_not_waited_for_without_end() {
    let mut stage = Stage::new();
    stage.get_offer();
    stage.pass(10_000);
    assert!(matches!(stage.problem(), Problem::AnswerFailed(_)));
}

#[test]
fn an_answer_that_fails_is_told_with_the_browsers_reason() {
    // At first no peer connection can be made; after `join` the answer was reported but does not
    // become the local description.
    let steps: [fn(&mut Stage); 3] = [|_| {}, Stage::get_offer, Stage::join];
    for reach in steps {
        let mut stage = Stage::new();
        reach(&mut stage);
        let reason = "InvalidAccessError";
        stage.input(Input::AnswerFailed { reason });
        assert_eq!(*stage.problem(), Problem::AnswerFailed(reason.to_owned()));
    }
}

#[test]
fn a_peer_connection_that_never_stands_is_given_up() {
    let mut stage = Stage::new();
    stage.join();
    stage.input(Input::PeerState(PeerState::Connecting));
    stage.pass(10_000);
    assert_eq!(*stage.problem(), Problem::PeerFailed);
}

#[test]
fn a_short_disconnection_passes_and_a_long_one_is_a_failure() {
    let mut stage = Stage::new();
    stage.play();
    stage.input(Input::PeerState(PeerState::Disconnected));
    stage.pass(3_900);
    stage.input(Input::PeerState(PeerState::Connected));
    stage.pass(3_900);
    assert_eq!(*stage.status(), Status::Playing);
    stage.input(Input::PeerState(PeerState::Disconnected));
    stage.pass(3_900);
    stage.input(Input::PeerState(PeerState::Disconnected));
    stage.pass(100);
    assert_eq!(*stage.problem(), Problem::PeerFailed);
}

/// How long the viewer waits after each of so many failures in a row, in ms.
fn waits(stage: &mut Stage, failures: usize) -> Vec<u128> {
    let mut waits = Vec::new();
    for _ in 0..failures {
        stage.input(Input::SocketClosed);
        let Status::Waiting { until, .. } = *stage.status() else {
            panic!("it waits: {:?}", stage.status());
        };
        let wait = until.since(stage.now);
        waits.push(wait.as_millis());
        stage.pass(wait.as_millis() as u64 + 1);
        assert!(stage.open.is_some());
    }
    waits
}

#[test]
fn waits_grow_from_a_quarter_of_a_second_to_five_seconds() {
    let waits = waits(&mut Stage::new(), 12);
    assert!((125..=250).contains(&waits[0]), "{waits:?}");
    assert!((250..=500).contains(&waits[1]), "{waits:?}");
    assert!(
        waits[6..].iter().all(|w| (2500..=5000).contains(w)),
        "{waits:?}"
    );
}

#[test]
fn waits_are_short_again_after_a_picture_that_lasted() {
    let mut stage = Stage::new();
    waits(&mut stage, 8);
    stage.play();
    stage.keep_playing(5);
    assert!(waits(&mut stage, 1)[0] <= 250);
}

#[test]
fn waits_stay_long_after_a_picture_that_did_not_last() {
    let mut stage = Stage::new();
    waits(&mut stage, 8);
    stage.play();
    stage.keep_playing(4);
    assert!(waits(&mut stage, 1)[0] >= 2500);
}

#[test]
fn waits_stay_long_when_a_late_source_leads_to_no_picture() {
    let mut stage = Stage::new();
    waits(&mut stage, 8);
    stage.attach();
    stage.acknowledge_all();
    stage.plugin(features("stun:a:1"));
    for _ in 0..10 {
        stage.plugin(plugin_error(503, "not yet"));
        stage.pass(1000);
        stage.acknowledge_all();
    }
    stage.offer();
    assert!(waits(&mut stage, 1)[0] >= 2500);
}

#[test]
fn waits_are_short_again_after_a_server_that_waited_for_its_source() {
    let mut stage = Stage::new();
    waits(&mut stage, 8);
    stage.attach();
    for _ in 0..10 {
        stage.acknowledge_all();
        stage.plugin(plugin_error(503, "not yet"));
        stage.pass(1000);
    }
    assert!(waits(&mut stage, 1)[0] <= 250);
}

#[test]
fn waits_are_short_again_for_somebody_who_left_and_comes_back() {
    let mut stage = Stage::new();
    waits(&mut stage, 8);
    stage.viewer.leave(stage.now);
    stage.collect();
    stage.viewer.reconnect(stage.now);
    stage.collect();
    assert!(waits(&mut stage, 1)[0] <= 250);
}

#[test]
fn somebody_who_cannot_wait_need_not() {
    let mut stage = Stage::new();
    waits(&mut stage, 8);
    stage.input(Input::SocketClosed);
    stage.viewer.reconnect(stage.now);
    stage.collect();
    assert!(stage.open.is_some());
}

#[test]
fn reconnecting_by_hand_does_not_disturb_what_is_under_way() {
    let mut stage = Stage::new();
    stage.viewer.reconnect(stage.now);
    stage.collect();
    stage.play();
    stage.viewer.reconnect(stage.now);
    stage.collect();
    stage.keep_playing(5);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn a_server_that_still_listens_is_told_that_the_attempt_has_ended() {
    let mut stage = Stage::new();
    stage.play();
    stage.input(Input::PeerState(PeerState::Failed));
    assert_eq!(stage.requests(), ["stop", "detach", "destroy"]);
}

#[test]
fn nothing_is_sent_on_a_lost_socket() {
    let mut stage = Stage::new();
    stage.play();
    stage.input(Input::SocketClosed);
    assert_eq!(stage.requests(), [""; 0]);
}

#[test]
fn a_machine_that_slept_comes_back_at_once() {
    let mut stage = Stage::new();
    stage.play();
    stage.keep_playing(10);
    stage.now = stage.now + Duration::from_secs(3600);
    stage.viewer.handle_timeout(stage.now);
    stage.collect();
    stage.stats(110, 11);
    assert_eq!(*stage.problem(), Problem::NoPackets);
    stage.play_again();
}
