//! `janus.plugin.streaming`, where the recordings have nothing to say.

use fanlight_protocol::streaming::MountpointId;

use super::*;
use crate::mountpoint::{MountpointsConfig, testing};

const MOUNTPOINTS: &str = r#"
    [[mountpoint]]
    id = 1
    media = [
        { type = "audio", mid = "a", codec = "opus", pt = 111, port = 5004 },
        { type = "video", mid = "v", codec = "h264", pt = 96, port = 5006 },
    ]
    [[mountpoint]]
    id = 2
    pin = "p"
    media = [{ type = "video", mid = "v", codec = "h264", pt = 96, port = 5008 }]
    [[mountpoint]]
    id = 3
    media = [{ type = "video", mid = "w", codec = "vp8", pt = 96, port = 5010 }]
"#;

const PLUGIN: &str = "janus.plugin.streaming";

/// A gateway with mountpoints, and a viewer.
fn stage() -> (Rig, Viewer) {
    stage_with(MountpointsConfig::default())
}

fn stage_with(config: MountpointsConfig) -> (Rig, Viewer) {
    let media = Fake::with(MountpointsConfig {
        mountpoints: testing::parse(MOUNTPOINTS).mountpoints,
        ..config
    });
    let mut rig = Rig::with_media(GatewayConfig::default(), media);
    let viewer = new_viewer(&mut rig, 1);
    (rig, viewer)
}

fn new_viewer(rig: &mut Rig, connection: u64) -> Viewer {
    let connection = rig.connect(connection);
    let session = rig.session(connection);
    rig.attach_to(connection, session, PLUGIN)
}

/// Sends a body; returns all that is said to the viewer.
fn ask(rig: &mut Rig, viewer: Viewer, body: Value) -> Vec<Value> {
    rig.request(viewer, json!({"janus": "message", "body": body}))
}

/// Sends a body that is acknowledged; returns what comes of it in a word or two.
fn outcome(rig: &mut Rig, viewer: Viewer, body: Value) -> String {
    let heard = ask(rig, viewer, body);
    assert_eq!(heard[0]["janus"], "ack");
    let transaction = &heard[0]["transaction"];
    assert_eq!(&heard[1]["transaction"], transaction, "{heard:?}");
    kinds(&heard[1..]).join(", ")
}

/// Sends a body that is answered at once; returns the plugin's data.
fn answer(rig: &mut Rig, viewer: Viewer, body: Value) -> Value {
    let heard = ask(rig, viewer, body);
    assert_eq!(heard[0]["janus"], "success");
    heard[0]["plugindata"]["data"].clone()
}

/// The viewer watches, and media flow to it.
fn watch(rig: &mut Rig, viewer: Viewer, body: Value) -> u64 {
    assert_eq!(outcome(rig, viewer, body), "event preparing");
    let started = rig.start(viewer);
    assert_eq!(kinds(&started), ["ack", "event starting"]);
    let peer = rig.gateway.media.last_peer;
    rig.gateway.handle_peer(peer, PeerNews::Up);
    let up = rig.heard(viewer.connection);
    assert_eq!(kinds(&up), ["event started", "webrtcup"]);
    assert_eq!(up[0].get("transaction"), None);
    peer
}

/// What the peer is sent, by mid.
fn sent(rig: &Rig, peer: u64) -> Vec<&str> {
    let sending = rig.gateway.media.sending.iter();
    let of_peer = sending.filter(|((of, _), on)| *of == peer && **on);
    of_peer.map(|((_, mid), _)| mid.as_str()).collect()
}

fn viewers(rig: &mut Rig, viewer: Viewer, id: u64) -> Value {
    answer(rig, viewer, json!({"request": "info", "id": id}))["info"]["viewers"].clone()
}

#[test]
fn a_viewer_gets_the_media_it_wishes_for() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    assert_eq!(sent(&rig, peer), ["a", "v"]);
    for body in [
        json!({"request": "watch", "id": 1, "media": ["v"]}),
        json!({"request": "watch", "id": 1, "offer_audio": false}),
    ] {
        outcome(&mut rig, viewer, json!({"request": "stop"}));
        let peer = watch(&mut rig, viewer, body);
        assert_eq!(sent(&rig, peer), ["v"]);
    }
}

#[test]
fn a_wish_for_nothing_that_is_there_is_refused() {
    let (mut rig, viewer) = stage();
    for body in [
        json!({"request": "watch", "id": 1, "media": ["x"]}),
        json!({"request": "watch", "id": 1, "offer_audio": false, "offer_video": false}),
    ] {
        assert_eq!(outcome(&mut rig, viewer, body), "event 454");
    }
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
}

#[test]
fn a_paused_viewer_gets_nothing_until_it_starts_again() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let pause = json!({"request": "pause"});
    assert_eq!(outcome(&mut rig, viewer, pause), "event pausing");
    assert_eq!(sent(&rig, peer), [] as [&str; 0]);
    let start = json!({"request": "start"});
    assert_eq!(outcome(&mut rig, viewer, start), "event started");
    assert_eq!(sent(&rig, peer), ["a", "v"]);
}

#[test]
fn a_medium_that_was_switched_off_stays_off_through_a_pause() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let configure = |body: Value| {
        let mut body = body;
        body["request"] = "configure".into();
        body
    };
    outcome(&mut rig, viewer, configure(json!({"audio": false})));
    assert_eq!(sent(&rig, peer), ["v"]);
    outcome(&mut rig, viewer, json!({"request": "pause"}));
    outcome(&mut rig, viewer, json!({"request": "start"}));
    assert_eq!(sent(&rig, peer), ["v"]);
    let off = configure(json!({"mid": "v", "send": false}));
    outcome(&mut rig, viewer, off);
    assert_eq!(sent(&rig, peer), [] as [&str; 0]);
    outcome(&mut rig, viewer, configure(json!({"send": true})));
    assert_eq!(sent(&rig, peer), ["a", "v"]);
}

#[test]
fn a_pause_before_the_answer_holds_after_it() {
    let (mut rig, viewer) = stage();
    outcome(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let off = json!({"request": "configure", "video": false});
    outcome(&mut rig, viewer, off);
    rig.start(viewer);
    assert_eq!(sent(&rig, rig.gateway.media.last_peer), ["a"]);
}

#[test]
fn a_switch_goes_on_with_what_the_other_mountpoint_has() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let switch = json!({"request": "switch", "id": 2});
    assert_eq!(
        outcome(&mut rig, viewer, switch),
        "event 453",
        "it has a PIN"
    );
    let switch = json!({"request": "switch", "id": 2, "pin": "p"});
    let heard = ask(&mut rig, viewer, switch);
    let data = &heard[1]["plugindata"]["data"];
    assert_eq!(data["result"], json!({"switched": "ok", "id": 2}));
    assert_eq!(sent(&rig, peer), ["v"]);
    assert_eq!(viewers(&mut rig, viewer, 1), 0);
    assert_eq!(viewers(&mut rig, viewer, 2), 1);
    outcome(&mut rig, viewer, json!({"request": "switch", "id": 1}));
    assert_eq!(sent(&rig, peer), ["a", "v"]);
    assert_eq!(rig.gateway.media.switched.len(), 2);
}

#[test]
fn a_switch_ends_a_pause_and_leaves_off_what_was_switched_off() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let off = json!({"request": "configure", "audio": false});
    outcome(&mut rig, viewer, off);
    outcome(&mut rig, viewer, json!({"request": "pause"}));
    assert_eq!(sent(&rig, peer), [] as [&str; 0]);
    let switch = json!({"request": "switch", "id": 2, "pin": "p"});
    outcome(&mut rig, viewer, switch);
    assert_eq!(sent(&rig, peer), ["v"]);
    outcome(&mut rig, viewer, json!({"request": "switch", "id": 1}));
    assert_eq!(sent(&rig, peer), ["v"]);
}

#[test]
fn a_switch_that_cannot_be_leaves_everything_as_it_was() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let switch = json!({"request": "switch", "id": 3});
    assert_eq!(
        outcome(&mut rig, viewer, switch),
        "event 458",
        "no such mids"
    );
    rig.gateway.media.no_switches = Some("another codec".to_owned());
    let switch = json!({"request": "switch", "id": 2, "pin": "p"});
    assert_eq!(outcome(&mut rig, viewer, switch), "event 458");
    assert_eq!(sent(&rig, peer), ["a", "v"]);
    assert_eq!(viewers(&mut rig, viewer, 1), 1);
}

#[test]
fn stop_ends_the_peer_connection_and_another_mountpoint_can_be_watched() {
    let (mut rig, viewer) = stage();
    watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let stop = json!({"request": "stop"});
    let expected = "event stopping, hangup Close PC";
    assert_eq!(outcome(&mut rig, viewer, stop.clone()), expected);
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
    assert_eq!(outcome(&mut rig, viewer, stop), "event idle");
    watch(&mut rig, viewer, json!({"request": "watch", "id": 3}));
}

#[test]
fn a_restart_is_another_offer_for_the_same_peer_connection() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let restart = json!({"request": "watch", "id": 1, "restart": true});
    let heard = ask(&mut rig, viewer, restart);
    assert_eq!(kinds(&heard), ["ack", "event updating"]);
    assert_eq!(heard[1]["jsep"]["type"], "offer");
    assert_eq!(kinds(&rig.start(viewer)), ["ack", "event started"]);
    assert_eq!(rig.gateway.media.answered, [peer, peer]);
    assert_eq!(rig.open_peers(), [peer]);
    let again = rig.start(viewer);
    assert_eq!(kinds(&again), ["error 469"], "there was no third offer");
}

#[test]
fn a_restart_without_a_good_answer_leaves_the_peer_connection_as_it_is() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let restart = json!({"request": "watch", "id": 1, "restart": true});
    ask(&mut rig, viewer, restart.clone());
    rig.pass(Duration::from_secs(31));
    assert_eq!(rig.heard(viewer.connection), [] as [Value; 0]);
    assert_eq!(
        kinds(&rig.start(viewer)),
        ["error 469"],
        "it comes too late"
    );

    ask(&mut rig, viewer, restart.clone());
    rig.gateway.media.refuse = Some(Error::new(ErrorCode::JsepInvalidSdp, "no ICE"));
    assert_eq!(kinds(&rig.start(viewer)), ["error 465"]);
    rig.pass(Duration::from_secs(20));
    assert_eq!(rig.heard(viewer.connection), [] as [Value; 0]);

    ask(&mut rig, viewer, restart);
    assert_eq!(kinds(&rig.start(viewer)), ["ack", "event started"]);
    assert_eq!(rig.open_peers(), [peer]);
    assert_eq!(sent(&rig, peer), ["a", "v"]);
}

#[test]
fn a_disabled_mountpoint_sends_nothing_and_lets_nobody_in() {
    let (mut rig, viewer) = stage();
    let peer = watch(&mut rig, viewer, json!({"request": "watch", "id": 1}));
    let mut late = new_viewer(&mut rig, 2);
    let disable = json!({"request": "disable", "id": 1});
    assert_eq!(
        answer(&mut rig, viewer, disable),
        json!({"streaming": "ok"})
    );
    assert_eq!(sent(&rig, peer), [] as [&str; 0]);
    assert_eq!(rig.open_peers(), [peer], "its viewers stay");
    let body = json!({"request": "watch", "id": 1});
    assert_eq!(outcome(&mut rig, late, body.clone()), "event 455");
    let list = answer(&mut rig, viewer, json!({"request": "list"}));
    assert_eq!(list["list"][0]["enabled"], false);
    let enable = json!({"request": "enable", "id": 1});
    assert_eq!(answer(&mut rig, viewer, enable), json!({"streaming": "ok"}));
    assert_eq!(sent(&rig, peer), ["a", "v"]);
    late = new_viewer(&mut rig, 3);
    watch(&mut rig, late, body);
}

#[test]
fn viewers_that_are_kicked_may_come_back_and_those_of_the_destroyed_may_not() {
    let (mut rig, manager) = stage();
    let viewer = new_viewer(&mut rig, 2);
    let body = json!({"request": "watch", "id": 1});
    watch(&mut rig, viewer, body.clone());
    for (request, status) in [("kick_all", "kicked_all"), ("destroy", "stopped")] {
        let request = json!({"janus": "message", "session_id": manager.session,
            "handle_id": manager.handle, "body": {"request": request, "id": 1},
            "transaction": "t"});
        rig.say(manager.connection, request.to_string().as_bytes());
        let mut to_viewer = Vec::new();
        while let Some(Outgoing { to, text }) = rig.gateway.poll_outgoing(rig.now) {
            if to == Recipient::Connection(viewer.connection) {
                to_viewer.push(serde_json::from_str(&text).unwrap());
            }
        }
        let expected = [format!("event {status}"), "hangup Close PC".to_owned()];
        assert_eq!(kinds(&to_viewer), expected);
        assert_eq!(rig.open_peers(), [] as [u64; 0]);
        if status == "kicked_all" {
            watch(&mut rig, viewer, body.clone());
        }
    }
    assert_eq!(outcome(&mut rig, viewer, body), "event 455");
}

#[test]
fn viewers_of_the_other_plugin_lose_a_mountpoint_that_ends() {
    let (mut rig, manager) = stage();
    let viewer = rig.attach(manager.connection, manager.session);
    rig.watched(viewer);
    let destroy = json!({"request": "destroy", "id": 1});
    let heard = ask(&mut rig, manager, destroy);
    let expected = ["success", "event stopped", "hangup Close PC"];
    assert_eq!(kinds(&heard), expected);
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
}

#[test]
fn recordings_need_a_directory() {
    let (mut rig, viewer) = stage();
    let media = json!([{"mid": "v", "filename": "gate"}]);
    let record = json!({"request": "recording", "action": "start", "id": 1, "media": media});
    let refused = answer(&mut rig, viewer, record.clone());
    assert_eq!(refused["error_code"], 459);

    let directory = tempfile::tempdir().unwrap();
    let (mut rig, viewer) = stage_with(MountpointsConfig {
        recordings: Some(directory.path().to_owned()),
        ..MountpointsConfig::default()
    });
    let recording = |rig: &mut Rig| {
        let info = answer(rig, viewer, json!({"request": "info", "id": 1}));
        info["info"]["media"][1]["recording"].clone()
    };
    assert_eq!(answer(&mut rig, viewer, record.clone())["streaming"], "ok");
    assert_eq!(recording(&mut rig), "gate.mp4");
    let again = answer(&mut rig, viewer, record);
    assert_eq!(again["error_code"], 452);
    let stop = json!({"request": "recording", "action": "stop", "id": 1, "video": true});
    assert_eq!(answer(&mut rig, viewer, stop)["streaming"], "ok");
    assert_eq!(recording(&mut rig), Value::Null);
}

#[test]
fn what_is_done_for_good_needs_a_file() {
    let (mut rig, viewer) = stage();
    let edit = json!({"request": "edit", "id": 1, "new_pin": "x", "permanent": true});
    let refused = answer(&mut rig, viewer, edit);
    assert_eq!(refused["error_code"], 470);
    let watch = json!({"request": "watch", "id": 1});
    assert_eq!(
        outcome(&mut rig, viewer, watch),
        "event preparing",
        "no PIN"
    );
}

#[test]
fn other_kinds_of_mountpoints_are_not_offered() {
    let (mut rig, viewer) = stage();
    for body in [
        json!({"type": "live", "filename": "x"}),
        json!({"type": "ondemand", "filename": "x"}),
        json!({"type": "rtsp", "url": "rtsp://192.0.2.1/"}),
        json!({"type": "rtp", "data": true, "dataport": 0}),
    ] {
        let mut body = body;
        body["request"] = "create".into();
        assert_eq!(answer(&mut rig, viewer, body)["error_code"], 456);
    }
}

#[test]
fn a_pin_keeps_viewers_out_who_do_not_say_it() {
    let (mut rig, _) = stage_with(MountpointsConfig {
        default: Some(MountpointId(2)),
        ..MountpointsConfig::default()
    });
    let connection = rig.connect(2);
    let viewer = rig.viewer(connection);
    let heard = rig.watch(viewer);
    assert_eq!(kinds(&heard), ["event 403"]);
    let reason = &heard[0]["plugindata"]["data"]["error"];
    assert_eq!(
        reason,
        "there is a PIN: watch it with janus.plugin.streaming"
    );
    rig.pass(Duration::from_secs(2));
    assert!(rig.heard(connection).is_empty(), "nothing is waited for");
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
    let heard = ask(&mut rig, viewer, json!({"request": "watch", "pin": "x"}));
    assert_eq!(heard[0]["plugindata"]["data"]["error"], "the PIN is wrong");
    let heard = ask(&mut rig, viewer, json!({"request": "watch", "pin": "p"}));
    assert_eq!(heard[0]["jsep"]["type"], "offer", "{heard:?}");
}
