//! Watching a mountpoint of `janus.plugin.streaming`.

use super::*;
use crate::streaming;

#[test]
fn a_mountpoint_is_watched_as_the_streaming_plugin_speaks() {
    let mut stage = Stage::of_mountpoint();
    stage.input(Input::SocketOpened);
    stage.made("create", SESSION);
    assert_eq!(stage.sent[0]["plugin"], "janus.plugin.streaming");
    stage.made("attach", HANDLE);
    assert_eq!(stage.sent[0]["body"], json!({"request": "watch", "id": 10}));
    stage.offer_mountpoint(OFFER);
    assert_eq!(*stage.status(), Status::Starting);
    let sdp = OFFER.to_owned();
    let applied = Output::ApplyOffer { sdp, ice_url: None };
    assert_eq!(stage.outputs().last(), Some(&applied));
    stage.input(Input::Answer { sdp: ANSWER });
    let [start] = stage.sent().try_into().unwrap();
    assert_eq!(start["body"], json!({"request": "start"}));
    assert_eq!(start["jsep"], json!({"type": "answer", "sdp": ANSWER}));
    stage.outcome(&start, status("starting"));
    stage.message(streaming(status("started")));
    stage.message(json!({"janus": "webrtcup", "session_id": SESSION, "sender": HANDLE}));
    stage.input(Input::PeerState(PeerState::Connected));
    stage.stats(100, 1);
    stage.keep_playing(120);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn candidates_before_the_offer_are_kept_for_it() {
    let mut stage = Stage::of_mountpoint();
    stage.attach();
    let line = "candidate:1 1 udp 2015363327 10.77.0.1 20365 typ host";
    stage.message(trickle(json!({"sdpMLineIndex": 0, "candidate": line})));
    stage.message(trickle(json!({"completed": true})));
    stage.offer_mountpoint(OFFER);
    let outputs = stage.outputs();
    assert!(matches!(
        outputs.as_slice(),
        [
            Output::Open { .. },
            Output::ApplyOffer { .. },
            Output::AddCandidate(Candidate::Candidate { .. }),
            Output::AddCandidate(Candidate::COMPLETED),
        ]
    ));
}

#[test]
fn a_pin_is_sent() {
    let mut stage = Stage::with(Config {
        watch: with_pin(11, "1234"),
        ..Config::default()
    });
    stage.attach();
    let [watch] = stage.sent().try_into().unwrap();
    let expected = json!({"request": "watch", "id": 11, "pin": "1234"});
    assert_eq!(watch["body"], expected);
}

#[test]
fn a_pin_is_in_no_log() {
    assert!(!format!("{:?}", with_pin(11, "1234")).contains("1234"));
}

#[test]
fn a_mountpoint_that_wants_a_pin_asks_for_it() {
    let missing = streaming_error(453, "Missing mandatory element (pin)");
    let wrong = streaming_error(457, "Unauthorized (wrong pin)");
    for (watch, refusal, problem) in [
        (mountpoint(11), missing, Problem::PinRequired),
        (with_pin(11, "x"), wrong, Problem::WrongPin),
    ] {
        let mut stage = Stage::with(Config {
            watch,
            ..Config::default()
        });
        stage.attach();
        let [watch] = stage.sent().try_into().unwrap();
        stage.outcome(&watch, refusal);
        assert_eq!(*stage.problem(), problem);
        stage.pass(29_000);
        assert_eq!(stage.attempt, Attempt(0), "it is of no use to hurry");
        stage.watch(with_pin(11, "1234"));
        stage.sent();
        stage.play_mountpoint();
    }
}

#[test]
fn a_mountpoint_that_is_not_there_is_named_and_tried_again() {
    let mut stage = Stage::of_mountpoint();
    stage.attach();
    let [watch] = stage.sent().try_into().unwrap();
    stage.outcome(&watch, streaming_error(455, "No such mountpoint/stream 10"));
    assert_eq!(*stage.problem(), Problem::NoSuchStream(MountpointId(10)));
    stage.pass(250);
    stage.sent();
    stage.play_mountpoint();
}

#[test]
fn a_mountpoint_that_lets_nobody_in_is_told_apart_from_one_that_is_not_there() {
    let mut stage = Stage::with(Config {
        watch: mountpoint(10),
        list: true,
        ..Config::default()
    });
    stage.attach();
    let [list, watch] = stage.sent().try_into().unwrap();
    let off = json!({"id": 10, "enabled": false, "media": []});
    stage.answer_at_once(&list, json!({"streaming": "list", "list": [off]}));
    stage.outcome(
        &watch,
        streaming_error(455, "Mountpoint/stream 10 is disabled"),
    );
    assert_eq!(*stage.problem(), Problem::StreamDisabled);
}

#[test]
fn a_mountpoint_that_is_taken_away_is_told_and_waited_for() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    stage.message(streaming(status("stopped")));
    assert_eq!(*stage.problem(), Problem::StreamEnded);
    stage.pass(250);
    stage.sent();
    stage.play_mountpoint();
}

#[test]
fn who_is_sent_away_comes_back_only_later() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    stage.message(streaming(status("kicked_all")));
    assert_eq!(*stage.problem(), Problem::Kicked);
    stage.pass(29_999);
    assert_eq!(stage.attempt, Attempt(0));
    stage.pass(1);
    assert_eq!(stage.attempt, Attempt(1));
}

#[test]
fn a_server_without_the_streaming_plugin_is_named() {
    let mut stage = Stage::of_mountpoint();
    stage.input(Input::SocketOpened);
    stage.made("create", SESSION);
    let [attach] = stage.sent().try_into().unwrap();
    stage.message(error(&attach, 460));
    let problem = Problem::NoSuchPlugin(streaming::PLUGIN);
    assert_eq!(*stage.problem(), problem);
}

#[test]
fn a_mountpoint_to_which_nobody_sends_is_waited_for() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    for _ in 0..100 {
        stage.pass(1000);
        stage.acknowledge_all();
        stage.stats(100, 1);
    }
    assert!(matches!(stage.status(), Status::WaitingForSource { .. }));
    // Packets before the first key frame are no standstill of all that time.
    stage.pass(1000);
    stage.stats(110, 1);
    stage.pass(1000);
    stage.stats(120, 2);
    assert_eq!(*stage.status(), Status::Playing);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn a_mountpoint_that_is_switched_off_is_named_so() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    let mut list = None;
    while list.is_none() {
        stage.pass(1000);
        stage.stats(100, 1);
        list = stage.sent().into_iter().find(|sent| name(sent) == "list");
    }
    let off = json!({"id": 10, "description": "Hall", "enabled": false, "media": []});
    let listed = json!({"streaming": "list", "list": [off]});
    stage.answer_at_once(&list.unwrap(), listed);
    stage.pass(1000);
    stage.stats(100, 1);
    let Status::WaitingForSource { reason } = stage.status() else {
        panic!("{:?}", stage.status());
    };
    assert!(reason.contains("switched off"), "{reason}");
}

#[test]
fn a_silent_mountpoint_whose_connection_is_lost_is_a_lost_one() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    stage.pass(5000);
    stage.stats(100, 1);
    stage.input(Input::PeerState(PeerState::Disconnected));
    stage.pass(4000);
    assert_eq!(*stage.problem(), Problem::PeerFailed);
}

#[test]
fn a_picture_that_stands_is_told_though_the_plugin_cannot_be_asked_for_a_key_frame() {
    let mut stage = Stage::of_mountpoint();
    stage.play_mountpoint();
    for second in 1..=2 {
        stage.pass(1000);
        stage.stats(100 + second, 1);
    }
    assert_eq!(*stage.status(), Status::Stalled);
    assert_eq!(stage.requests(), [""; 0]);
}

#[test]
fn sound_alone_plays() {
    let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";
    let mut stage = Stage::of_mountpoint();
    stage.attach();
    stage.offer_mountpoint(sdp);
    stage.input(Input::Answer { sdp });
    stage.acknowledge_all();
    for second in 1..=20 {
        stage.pass(1000);
        stage.stats_with_sound(0, 0, 50 * second);
    }
    assert_eq!(*stage.status(), Status::Playing);
    for _ in 0..5 {
        stage.pass(1000);
        stage.stats_with_sound(0, 0, 1000);
    }
    assert!(matches!(stage.status(), Status::WaitingForSource { .. }));
}

/// Up to where a mountpoint with picture and sound is awaited.
fn join_with_sound(stage: &mut Stage) {
    let sound = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";
    stage.attach();
    stage.offer_mountpoint(&format!("{OFFER}{sound}"));
    stage.input(Input::Answer {
        sdp: &format!("{ANSWER}{sound}"),
    });
    stage.acknowledge_all();
}

#[test]
fn sound_whose_picture_does_not_come_is_listened_to() {
    let mut stage = Stage::of_mountpoint();
    join_with_sound(&mut stage);
    for second in 1..=60 {
        stage.pass(1000);
        stage.acknowledge_all();
        stage.stats_with_sound(0, 0, 50 * second);
        assert_eq!(*stage.status(), Status::Listening);
    }
    stage.stats_with_sound(100, 1, 3050);
    assert_eq!(*stage.status(), Status::Playing);
    assert_eq!(stage.attempt, Attempt(0));
}

#[test]
fn sound_goes_on_when_the_picture_ends() {
    let mut stage = Stage::of_mountpoint();
    join_with_sound(&mut stage);
    stage.stats_with_sound(100, 1, 50);
    assert_eq!(*stage.status(), Status::Playing);
    for second in 1..=4 {
        stage.pass(1000);
        stage.stats_with_sound(100, 1, 50 + 50 * second);
    }
    assert_eq!(*stage.status(), Status::Listening);
    for _ in 1..=4 {
        stage.pass(1000);
        stage.stats_with_sound(100, 1, 250);
    }
    assert!(matches!(stage.status(), Status::WaitingForSource { .. }));
}

#[test]
fn a_picture_that_cannot_be_decoded_is_no_silence() {
    let mut stage = Stage::of_mountpoint();
    join_with_sound(&mut stage);
    for second in 1..=11 {
        stage.pass(1000);
        stage.stats_with_sound(50 * second, 0, 50 * second);
    }
    assert_eq!(*stage.problem(), Problem::NoFrames);
}

#[test]
fn a_codec_that_the_browser_lacks_is_named() {
    let offer = OFFER.replace("H264", "AV1");
    let mut stage = Stage::of_mountpoint();
    stage.attach();
    stage.offer_mountpoint(&offer);
    stage.input(Input::Answer { sdp: ANSWER });
    assert_eq!(*stage.problem(), Problem::NoCodec("AV1".to_owned()));
}

#[test]
fn other_codecs_than_h264_are_played() {
    let mut stage = Stage::of_mountpoint();
    stage.attach();
    stage.offer_mountpoint(&OFFER.replace("H264", "VP8"));
    let sdp = &ANSWER.replace("H264", "VP8");
    stage.input(Input::Answer { sdp });
    stage.acknowledge_all();
    stage.stats(100, 1);
    assert_eq!(*stage.status(), Status::Playing);
}
