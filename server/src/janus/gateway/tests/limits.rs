//! One client cannot take what others need.

use super::*;

fn create(rig: &mut Rig, connection: ConnectionId) -> String {
    kinds(&rig.ask(connection, json!({"janus": "create"}))).join(" ")
}

#[test]
fn one_connection_cannot_take_all_sessions() {
    let mut rig = Rig::new();
    let greedy = rig.connect(1);
    let limit = rig.gateway.config.limits.sessions_of_a_connection;
    let first = rig.session(greedy);
    for _ in 1..limit {
        assert_eq!(create(&mut rig, greedy), "success");
    }
    assert_eq!(create(&mut rig, greedy), "error 472");

    let other = rig.connect(2);
    let session = rig.session(other);
    let claim = json!({"janus": "claim", "session_id": session});
    assert_eq!(kinds(&rig.ask(greedy, claim)), ["error 472"]);
    let destroy = json!({"janus": "destroy", "session_id": first});
    assert_eq!(kinds(&rig.ask(greedy, destroy)), ["success"]);
    assert_eq!(create(&mut rig, greedy), "success");
}

#[test]
fn sessions_and_handles_are_bounded() {
    let mut config = GatewayConfig::default();
    config.limits.sessions = 3;
    config.limits.handles_of_a_session = 2;
    let mut rig = Rig::with(config);
    for number in 0..3 {
        let connection = rig.connect(number);
        assert_eq!(create(&mut rig, connection), "success");
    }
    let late = rig.connect(9);
    assert_eq!(create(&mut rig, late), "error 472");
    rig.gateway.handle_closed(rig.now, ConnectionId(0));
    let session = rig.session(late);
    rig.attach(late, session);
    rig.attach(late, session);
    let plugin = "janus.plugin.ustreamer";
    let attach = json!({"janus": "attach", "session_id": session, "plugin": plugin});
    assert_eq!(kinds(&rig.ask(late, attach)), ["error 461"]);
}

#[test]
fn one_connection_cannot_leave_any_number_of_offers_unanswered() {
    let mut rig = Rig::new();
    let limit = rig.gateway.config.limits.offers_of_a_connection;
    let greedy = rig.connect(1);
    let viewers: Vec<_> = (0..=limit).map(|_| rig.viewer(greedy)).collect();
    for viewer in &viewers[..limit] {
        assert_eq!(kinds(&rig.watch(*viewer)), ["event started"]);
    }
    // One more waits, gets no offer, and is told why.
    assert_eq!(kinds(&rig.watch(viewers[limit])), [] as [&str; 0]);
    rig.pass(Duration::from_secs(1));
    assert_eq!(kinds(&rig.heard(greedy)), ["event 503"]);
    assert_eq!(rig.open_peers().len(), limit);

    // An answer alone makes no room for it: that takes a peer that stands. Others are not held up.
    let other = rig.connect(2);
    let viewer = rig.viewer(other);
    assert_eq!(kinds(&rig.watch(viewer)), ["event started"]);
    rig.start(viewers[0]);
    assert_eq!(kinds(&rig.watch(viewers[limit])), [] as [&str; 0]);
    rig.gateway.handle_peer(1, PeerNews::Up);
    assert_eq!(kinds(&rig.heard(greedy)), ["webrtcup"]);
    assert_eq!(kinds(&rig.watch(viewers[limit])), ["event started"]);
}

#[test]
fn candidates_that_come_early_are_bounded() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    rig.watch(viewer);
    for _ in 0..1000 {
        assert_eq!(rig.trickle(viewer, CANDIDATE), "ack");
    }
    rig.start(viewer);
    assert_eq!(rig.gateway.media.candidates.len(), 32);
}

#[test]
fn candidates_that_are_too_long_are_refused_before_and_after_the_answer() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    let of_length = |length| format!("{CANDIDATE:<length$}");
    rig.watch(viewer);
    assert_eq!(rig.trickle(viewer, &of_length(1025)), "error 466");
    assert_eq!(rig.trickle(viewer, &of_length(1024)), "ack");
    rig.start(viewer);
    assert_eq!(rig.trickle(viewer, &of_length(1025)), "error 466");
    let taken = [(1, of_length(1024))];
    assert_eq!(rig.gateway.media.candidates, taken);
}

#[test]
fn a_handle_has_no_name_of_any_length() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let session = rig.session(connection);
    for (length, told) in [(257, "error 461"), (256, "success")] {
        let attach = json!({
            "janus": "attach",
            "session_id": session,
            "plugin": "janus.plugin.ustreamer",
            "opaque_id": "x".repeat(length),
        });
        assert_eq!(kinds(&rig.ask(connection, attach)), [told]);
    }
}
