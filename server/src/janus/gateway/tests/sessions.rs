//! Sessions and handles.

use super::*;

#[test]
fn ping_and_info_need_no_session() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let pong = rig.ask_one(connection, json!({"janus": "ping"}));
    assert_eq!(pong["janus"], "pong");
    let info = rig.ask_one(connection, json!({"janus": "info"}));
    assert_eq!(info["janus"], "server_info");
    assert_eq!(info["session-timeout"], 60);
    assert!(info["plugins"]["janus.plugin.ustreamer"].is_object());
}

#[test]
fn random_ids_fit_into_a_javascript_number() {
    let mut rig = Rig::new();
    for number in 0..1000 {
        let connection = rig.connect(number);
        let session = rig.session(connection);
        assert!((1..1 << 53).contains(&session));
        rig.gateway.handle_closed(rig.now, connection);
    }
}

#[test]
fn a_session_lives_while_anything_is_asked_of_it() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    let keepalive = json!({"janus": "keepalive", "session_id": viewer.session});
    for _ in 0..5 {
        rig.pass(Duration::from_secs(59));
        assert_eq!(kinds(&rig.ask(connection, keepalive.clone())), ["ack"]);
        rig.pass(Duration::from_secs(59));
        assert_eq!(kinds(&rig.message(viewer, "start")), ["event started"]);
    }
    rig.pass(Duration::from_secs(59));
    assert_eq!(rig.heard(connection), [] as [Value; 0]);
    rig.pass(Duration::from_secs(1));
    let timeout = json!({"janus": "timeout", "session_id": viewer.session});
    assert_eq!(rig.heard(connection), [timeout]);
    assert_eq!(kinds(&rig.ask(connection, keepalive)), ["error 458"]);
}

#[test]
fn what_ends_a_session_ends_its_peers_and_leaves_nothing_behind() {
    let ends: [fn(&mut Rig, Viewer); 3] = [
        |rig, viewer| rig.gateway.handle_closed(rig.now, viewer.connection),
        |rig, _| rig.pass(Duration::from_secs(60)),
        |rig, viewer| {
            let destroy = json!({"janus": "destroy", "session_id": viewer.session});
            assert_eq!(kinds(&rig.ask(viewer.connection, destroy)), ["success"]);
        },
    ];
    for end in ends {
        let mut rig = Rig::new();
        let connection = rig.connect(1);
        let watching = rig.viewer(connection);
        let offered = rig.attach(connection, watching.session);
        let waiting = rig.attach(connection, watching.session);
        rig.watched(watching);
        rig.watch(offered);
        rig.gateway.media.not_ready = Some("not yet".into());
        rig.watch(waiting);
        assert_eq!(rig.open_peers().len(), 2);
        end(&mut rig, watching);
        assert_eq!(rig.open_peers(), [] as [u64; 0]);
        assert!(rig.gateway.sessions.is_empty());
        assert!(rig.gateway.peers.is_empty());
        assert!(rig.gateway.waiting.is_empty());
        assert_eq!(rig.gateway.poll_timeout(), None);
    }
}

#[test]
fn nothing_is_waited_for_without_sessions() {
    let mut rig = Rig::new();
    assert_eq!(rig.gateway.poll_timeout(), None);
    let connection = rig.connect(1);
    assert_eq!(rig.gateway.poll_timeout(), None);
    rig.viewer(connection);
    assert!(rig.gateway.poll_timeout().is_some());
}

#[test]
fn a_claimed_session_speaks_to_its_new_connection_and_outlives_the_old() {
    let mut rig = Rig::new();
    let old = rig.connect(1);
    let new = rig.connect(2);
    let mut viewer = rig.viewer(old);
    let peer = rig.watched(viewer);
    let claim = json!({"janus": "claim", "session_id": viewer.session});
    assert_eq!(kinds(&rig.ask(new, claim)), ["success"]);
    rig.gateway.handle_closed(rig.now, old);
    rig.gateway.handle_peer(peer, PeerNews::Up);
    assert_eq!(kinds(&rig.heard(new)), ["webrtcup"]);
    viewer.connection = new;
    assert_eq!(kinds(&rig.message(viewer, "stop")), ["event stopped"]);
    rig.gateway.handle_closed(rig.now, new);
    assert!(rig.gateway.sessions.is_empty());
}

#[test]
fn a_message_from_a_connection_that_has_gone_makes_nothing() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    rig.gateway.handle_closed(rig.now, connection);
    let create = json!({"janus": "create"});
    assert_eq!(rig.ask(connection, create), [] as [Value; 0]);
    assert!(rig.gateway.sessions.is_empty());
}

#[test]
fn features_name_the_stun_server_and_stay_readable_without_one() {
    for stun_server in [None, Some("stun:stun.example.org:3478".to_owned())] {
        let mut rig = Rig::with(GatewayConfig {
            stun_server: stun_server.clone(),
            ..GatewayConfig::default()
        });
        let connection = rig.connect(1);
        let viewer = rig.viewer(connection);
        let events = rig.message(viewer, "features");
        let features = &events[0]["plugindata"]["data"]["result"]["features"];
        let url = stun_server.unwrap_or_default();
        let ice = json!({"url": url});
        assert_eq!(*features, json!({"audio": false, "mic": false, "ice": ice}));
    }
}

#[test]
fn those_who_watch_are_told_that_the_server_ends() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let watching = rig.viewer(connection);
    rig.viewer(connection);
    rig.watched(watching);
    rig.gateway.shut_down();
    assert_eq!(kinds(&rig.heard(connection)), ["hangup Close PC"]);
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
    assert_eq!(rig.gateway.poll_timeout(), None);
}

#[test]
fn a_session_can_be_claimed_for_a_while_after_its_connection_has_closed() {
    let mut rig = Rig::with(GatewayConfig {
        reclaim_timeout: Duration::from_secs(5),
        ..GatewayConfig::default()
    });
    let old = rig.connect(1);
    let viewer = rig.viewer(old);
    let peer = rig.watched(viewer);
    rig.gateway.handle_closed(rig.now, old);
    assert_eq!(rig.open_peers(), [peer]);

    let new = rig.connect(2);
    rig.pass(Duration::from_secs(4));
    let claim = json!({"janus": "claim", "session_id": viewer.session});
    assert_eq!(kinds(&rig.ask(new, claim.clone())), ["success"]);
    rig.pass(Duration::from_secs(59));
    rig.gateway.handle_peer(peer, PeerNews::Up);
    assert_eq!(kinds(&rig.heard(new)), ["webrtcup"]);

    rig.gateway.handle_closed(rig.now, new);
    rig.pass(Duration::from_secs(5));
    let late = rig.connect(3);
    assert_eq!(kinds(&rig.ask(late, claim)), ["error 458"]);
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
}

#[test]
fn without_a_time_out_sessions_end_with_their_connection_alone() {
    let mut rig = Rig::with(GatewayConfig {
        session_timeout: Duration::ZERO,
        ..GatewayConfig::default()
    });
    let connection = rig.connect(1);
    rig.session(connection);
    rig.pass(Duration::from_secs(100_000));
    assert_eq!(rig.heard(connection), [] as [Value; 0]);
    assert_eq!(rig.gateway.sessions.len(), 1);
    rig.gateway.handle_closed(rig.now, connection);
    assert!(rig.gateway.sessions.is_empty());
}
