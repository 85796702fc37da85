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

#[test]
fn one_address_cannot_take_all_sessions_over_http() {
    let mut config = GatewayConfig::default();
    config.limits.sessions_of_an_address = 2;
    let mut rig = Rig::with(config);
    let create = |rig: &mut Rig, client| {
        let created = rig.post_from(client, 0, 0, json!({"janus": "create"}));
        (
            kinds(std::slice::from_ref(&created)).join(""),
            created["data"]["id"].as_u64(),
        )
    };
    let greedy = [192, 0, 2, 1];
    let (_, first) = create(&mut rig, greedy);
    assert_eq!(create(&mut rig, greedy).0, "success");
    assert_eq!(create(&mut rig, greedy).0, "error 472");

    let (told, of_another) = create(&mut rig, [192, 0, 2, 2]);
    assert_eq!(told, "success");
    let claim = json!({"janus": "claim"});
    let claimed = rig.post_from(greedy, of_another.unwrap(), 0, claim.clone());
    assert_eq!(kinds(&[claimed]), ["error 472"]);
    for _ in 0..3 {
        assert_eq!(create(&mut rig, [127, 0, 0, 1]).0, "success", "a proxy");
    }

    // Sessions that end or go elsewhere make room.
    rig.post(first.unwrap(), 0, json!({"janus": "destroy"}));
    let (told, second) = create(&mut rig, greedy);
    assert_eq!(told, "success");
    rig.post_from([192, 0, 2, 2], second.unwrap(), 0, claim);
    assert_eq!(create(&mut rig, greedy).0, "success");
    assert_eq!(create(&mut rig, greedy).0, "error 472");
}

#[test]
fn clients_over_http_leave_offers_for_those_with_a_connection() {
    let mut config = GatewayConfig::default();
    config.limits.offers_over_http = 2;
    let mut rig = Rig::with(config);
    let watch = json!({"janus": "message", "body": {"request": "watch"}});
    for _ in 0..3 {
        let (session, handle) = rig.posted_viewer();
        rig.post(session, handle, watch.clone());
        assert_eq!(rig.polled(), []);
    }
    assert_eq!(rig.open_peers(), [1, 2]);
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    rig.watched(viewer);
    assert_eq!(rig.open_peers(), [1, 2, 3]);

    // One that is given up makes room for the next.
    rig.pass(Duration::from_secs(30));
    assert_eq!(rig.open_peers(), [3]);
    let (session, handle) = rig.posted_viewer();
    rig.post(session, handle, watch);
    assert_eq!(rig.open_peers(), [3, 4]);
}
