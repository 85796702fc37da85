//! The peer connection of a handle, from the offer to its end.

use super::*;
use crate::stream::Kind;

const NOTHING: [&str; 0] = [];

fn with_viewer() -> (Rig, Viewer) {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    (rig, viewer)
}

#[test]
fn candidates_are_in_the_offer_or_follow_it() {
    for full_trickle in [false, true] {
        let mut rig = Rig::with(GatewayConfig {
            full_trickle,
            ..GatewayConfig::default()
        });
        let connection = rig.connect(1);
        let viewer = rig.viewer(connection);
        let events = rig.watch(viewer);
        let sdp = events[0]["jsep"]["sdp"].as_str().unwrap();
        let candidates: Vec<_> = events[1..]
            .iter()
            .map(|event| &event["candidate"])
            .collect();
        if full_trickle {
            assert_eq!(sdp, SDP);
            let candidate = json!({"sdpMLineIndex": 0, "candidate": CANDIDATE});
            assert_eq!(candidates, [&candidate, &json!({"completed": true})]);
        } else {
            assert_eq!(
                sdp,
                format!("{SDP}a={CANDIDATE}\r\na=end-of-candidates\r\n")
            );
            assert!(candidates.is_empty());
        }
    }
}

#[test]
fn a_viewer_is_told_that_its_peer_comes_up_and_goes_down() {
    for (ending, told) in [
        (Ending::Viewer, "hangup DTLS alert"),
        (Ending::Unreachable, "hangup ICE failed"),
        (Ending::Server, "hangup Close PC"),
        (
            Ending::Broken("the fingerprint is another".into()),
            "hangup the fingerprint is another",
        ),
    ] {
        let (mut rig, viewer) = with_viewer();
        let peer = rig.watched(viewer);
        rig.gateway.handle_peer(peer, PeerNews::Up);
        assert_eq!(kinds(&rig.heard(viewer.connection)), ["webrtcup"]);
        rig.gateway
            .handle_peer(peer, PeerNews::Down(ending.clone()));
        assert_eq!(kinds(&rig.heard(viewer.connection)), [told]);
        rig.gateway.handle_peer(peer, PeerNews::Down(ending));
        assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING);
    }
}

#[test]
fn a_viewer_is_told_that_it_misses_many_packets() {
    let (mut rig, viewer) = with_viewer();
    let peer = rig.watched(viewer);
    let slow = PeerNews::SlowLink {
        mid: "v".into(),
        kind: Kind::Video,
        lost: 12,
    };
    rig.gateway.handle_peer(peer, slow);
    let [told] = &rig.heard(viewer.connection)[..] else {
        panic!("one event");
    };
    assert_eq!(told["janus"], "slowlink");
    assert_eq!(
        (&told["mid"], &told["media"]),
        (&json!("v"), &json!("video"))
    );
    assert_eq!((&told["uplink"], &told["lost"]), (&json!(true), &json!(12)));
}

#[test]
fn an_answer_counts_once() {
    let (mut rig, viewer) = with_viewer();
    let peer = rig.watched(viewer);
    assert_eq!(kinds(&rig.start(viewer)), ["error 469"]);
    assert_eq!(rig.gateway.media.answered, [peer]);
    assert_eq!(rig.open_peers(), [peer]);
}

#[test]
fn an_answer_that_does_not_fit_ends_its_peer_with_one_error() {
    let (mut rig, viewer) = with_viewer();
    rig.watch(viewer);
    let refusal = Error::new(ErrorCode::JsepInvalidSdp, "no H.264");
    rig.gateway.media.refuse = Some(refusal);
    let heard = rig.start(viewer);
    assert_eq!(kinds(&heard), ["error 465"]);
    assert_eq!(heard[0]["error"]["reason"], "no H.264");
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
    assert_eq!(kinds(&rig.start(viewer)), ["error 469"]);
    rig.watched(viewer);
}

#[test]
fn what_is_no_session_description_leaves_the_offer_waiting() {
    let (mut rig, viewer) = with_viewer();
    rig.watch(viewer);
    let jsep = json!({"type": "answer", "sdp": "hello"});
    let start = json!({"janus": "message", "body": {"request": "start"}, "jsep": jsep});
    assert_eq!(kinds(&rig.request(viewer, start)), ["error 465"]);
    assert_eq!(kinds(&rig.start(viewer)), ["event started", "success"]);
}

#[test]
fn viewers_make_no_offers() {
    let (mut rig, viewer) = with_viewer();
    let jsep = json!({"type": "offer", "sdp": SDP});
    let start = json!({"janus": "message", "body": {"request": "start"}, "jsep": jsep});
    assert_eq!(kinds(&rig.request(viewer, start)), ["error 471"]);
}

#[test]
fn an_unanswered_offer_is_given_again_as_it_was() {
    let mut rig = Rig::with(GatewayConfig {
        full_trickle: true,
        ..GatewayConfig::default()
    });
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    let first = rig.watch(viewer);
    assert_eq!(rig.watch(viewer), first);
    assert_eq!(rig.open_peers().len(), 1);

    // Other wishes make another offer.
    let body = json!({"request": "watch", "params": {"orientation": 90}});
    let other = rig.request(viewer, json!({"janus": "message", "body": body}));
    assert_eq!(kinds(&other)[..2], ["hangup Close PC", "event started"]);
    assert_eq!(rig.open_peers(), [2]);
}

#[test]
fn watching_again_replaces_a_peer_that_was_answered() {
    let (mut rig, viewer) = with_viewer();
    let first = rig.watched(viewer);
    assert_eq!(
        kinds(&rig.watch(viewer)),
        ["hangup Close PC", "event started"]
    );
    assert_eq!(kinds(&rig.start(viewer)), ["event started", "success"]);
    let second = rig.gateway.media.last_peer;
    assert_ne!(first, second);
    assert_eq!(rig.open_peers(), [second]);

    // What is still said of the first one touches nobody.
    for news in [PeerNews::Up, PeerNews::Down(Ending::Viewer)] {
        rig.gateway.handle_peer(first, news);
        assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING);
    }
    assert_eq!(rig.open_peers(), [second]);
}

#[test]
fn an_offer_that_nobody_answers_is_given_up() {
    let (mut rig, viewer) = with_viewer();
    rig.watch(viewer);
    rig.pass(Duration::from_millis(29_999));
    assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING);
    rig.pass(Duration::from_millis(1));
    assert_eq!(kinds(&rig.heard(viewer.connection)), ["hangup No answer"]);
    assert_eq!(rig.open_peers(), [] as [u64; 0]);

    let peer = rig.watched(viewer);
    rig.pass(Duration::from_secs(31));
    assert_eq!(rig.open_peers(), [peer]);
}

#[test]
fn candidates_that_come_before_the_answer_follow_it() {
    let (mut rig, viewer) = with_viewer();
    // There is no offer yet that this could be for.
    assert_eq!(rig.trickle(viewer, "candidate:0"), "ack");
    rig.watch(viewer);
    assert_eq!(rig.trickle(viewer, "candidate:1"), "ack");
    assert_eq!(rig.trickle(viewer, "nonsense"), "ack");
    assert_eq!(rig.gateway.media.candidates, []);
    rig.start(viewer);
    assert_eq!(rig.trickle(viewer, "candidate:2"), "ack");
    assert_eq!(rig.trickle(viewer, "nonsense"), "error 466");
    let taken = [(1, "candidate:1".to_owned()), (1, "candidate:2".to_owned())];
    assert_eq!(rig.gateway.media.candidates, taken);
}

#[test]
fn a_key_frame_is_asked_for_once_there_is_a_peer() {
    let (mut rig, viewer) = with_viewer();
    assert_eq!(kinds(&rig.message(viewer, "key_required")), NOTHING);
    rig.watch(viewer);
    assert_eq!(kinds(&rig.message(viewer, "key_required")), NOTHING);
    assert!(rig.gateway.media.key_frames.is_empty());
    rig.start(viewer);
    assert_eq!(kinds(&rig.message(viewer, "key_required")), NOTHING);
    assert_eq!(rig.gateway.media.key_frames, [1]);
}

#[test]
fn media_go_on_after_stop_until_hangup_or_detach() {
    for (request, told) in [
        ("hangup", ["success", "hangup Janus API"]),
        ("detach", ["success", "detached"]),
    ] {
        let (mut rig, viewer) = with_viewer();
        let peer = rig.watched(viewer);
        assert_eq!(kinds(&rig.message(viewer, "stop")), ["event stopped"]);
        assert_eq!(rig.open_peers(), [peer]);
        let heard = rig.request(viewer, json!({"janus": request}));
        assert_eq!(kinds(&heard), told);
        assert_eq!(rig.open_peers(), [] as [u64; 0]);
    }
}

#[test]
fn a_failure_of_the_server_is_told_as_one() {
    let (mut rig, viewer) = with_viewer();
    rig.watch(viewer);
    rig.gateway.media.refuse = Some(Error::new(ErrorCode::Unknown, "the media port is closed"));
    assert_eq!(kinds(&rig.start(viewer)), ["error 490"]);
}
