//! Whatever is sent, it is answered once, and nothing breaks.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;

const PLUGINS: [&str; 2] = ["janus.plugin.ustreamer", "janus.plugin.streaming"];

#[test]
fn every_message_has_exactly_one_answer() {
    let mut rig = Rig::new();
    let mut random = StdRng::seed_from_u64(7);
    let mut offers = 0;
    for client in 0..150 {
        let connection = rig.connect(client);
        let session = rig.session(connection);
        let plugin = PLUGINS[usize::from(client % 2 == 0)];
        let viewer = rig.attach_to(connection, session, plugin);
        for _ in 0..200 {
            rig.gateway.media.not_ready = random.random_bool(0.2).then(|| "not ready".to_owned());
            let message = odd_request(&mut random, viewer);
            rig.say(connection, message.to_string().as_bytes());
            let heard = rig.heard(connection);
            let answers = heard.iter().filter(|message| is_answer(message)).count();
            assert_eq!(answers, 1, "{message}: {heard:?}");
            if random.random_bool(0.05) {
                rig.pass(Duration::from_secs(random.random_range(0..20)));
                rig.heard(connection);
            }
        }
        offers += rig.gateway.media.answered.len();
        rig.gateway.handle_closed(rig.now, connection);
        assert_eq!(rig.open_peers(), [] as [u64; 0]);
        assert_eq!(rig.gateway.poll_timeout(), None);
    }
    assert!(offers > 100, "the messages are too odd to reach anything");
}

#[test]
fn bytes_that_are_no_json_are_answered_once() {
    let mut rig = Rig::new();
    let mut random = StdRng::seed_from_u64(8);
    let connection = rig.connect(1);
    for _ in 0..3_000 {
        let length = random.random_range(0..64);
        let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
        rig.say(connection, &bytes);
        assert_eq!(kinds(&rig.heard(connection)), ["error 454"], "{bytes:?}");
    }
}

#[test]
fn deep_and_large_json_is_refused_or_answered() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    rig.say(connection, deep.as_bytes());
    assert_eq!(kinds(&rig.heard(connection)), ["error 454"]);
    let long = json!({"janus": "ping", "transaction": "x".repeat(1 << 20)});
    rig.say(connection, long.to_string().as_bytes());
    assert_eq!(kinds(&rig.heard(connection)), ["pong"]);
    let many = format!(
        r#"{{"janus":"ping","transaction":"t"{}}}"#,
        r#","a":1"#.repeat(100_000)
    );
    rig.say(connection, many.as_bytes());
    assert_eq!(kinds(&rig.heard(connection)), ["pong"]);
}

fn is_answer(message: &Value) -> bool {
    let answers = ["success", "ack", "error", "pong", "server_info"];
    message["janus"]
        .as_str()
        .is_some_and(|kind| answers.contains(&kind))
}

/// A request in which each field may be right, missing, or of any type.
fn odd_request(random: &mut StdRng, viewer: Viewer) -> Value {
    let requests = [
        "ping",
        "info",
        "create",
        "attach",
        "keepalive",
        "claim",
        "destroy",
        "detach",
        "hangup",
        "foo",
        "trickle",
        "trickle",
    ];
    let bodies = [
        "watch",
        "watch",
        "start",
        "stop",
        "features",
        "key_required",
        "nope",
        "list",
        "info",
        "create",
        "edit",
        "destroy",
        "enable",
        "disable",
        "kick_all",
        "recording",
        "pause",
        "configure",
        "switch",
    ];
    let candidates = [
        json!({"candidate": CANDIDATE}),
        json!({"completed": true}),
        json!(null),
    ];
    let is_message = random.random_bool(0.5);
    let name = if is_message {
        "message"
    } else {
        requests.choose(random).unwrap()
    };
    let jsep = odd_object(
        random,
        [("type", json!("answer"), 0.9), ("sdp", json!(SDP), 0.9)],
    );
    let params = odd_object(
        random,
        [("orientation", json!(90), 0.5), ("audio", json!(true), 0.5)],
    );
    let request = json!(bodies.choose(random));
    let mountpoint = json!(random.random_range(0..3));
    let medium = odd_object(
        random,
        [
            ("type", json!("video"), 0.95),
            ("mid", json!("v"), 0.95),
            ("codec", json!("h264"), 0.9),
            ("pt", json!(96), 0.9),
            ("port", json!(0), 0.95),
            ("filename", json!("x"), 0.1),
        ],
    );
    let body = odd_object(
        random,
        [
            ("request", request, 0.95),
            ("params", params, 0.3),
            ("id", mountpoint, 0.95),
            ("type", json!("rtp"), 0.9),
            ("media", json!([medium]), 0.5),
            ("pin", json!("p"), 0.1),
            ("new_pin", json!(""), 0.1),
            ("restart", json!(true), 0.1),
            ("action", json!("start"), 0.5),
        ],
    );
    let session = json!(random.random_range(0..9));
    let candidate = candidates.choose(random).unwrap().clone();
    let fields = [
        ("transaction", json!("t"), 0.98),
        ("janus", json!(name), 0.98),
        ("session_id", json!(viewer.session), 0.95),
        ("handle_id", json!(viewer.handle), 0.9),
        ("plugin", json!("janus.plugin.ustreamer"), 0.9),
        ("body", body, 0.95),
        ("jsep", jsep, 0.5),
        ("candidate", candidate, 0.8),
        ("candidates", json!([{"completed": true}]), 0.05),
        ("id", session, 0.5),
    ];
    odd_object(random, fields)
}

/// An object of these fields, each right with some probability.
fn odd_object<const N: usize>(random: &mut StdRng, fields: [(&str, Value, f64); N]) -> Value {
    let mut object = json!({});
    for (field, right, odds) in fields {
        if random.random_bool(odds) {
            object[field] = right;
        } else if random.random_bool(0.3) {
            object[field] = odd_value(random, 2);
        }
    }
    object
}

fn odd_value(random: &mut StdRng, depth: u32) -> Value {
    match random.random_range(0..if depth == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(random.random::<bool>()),
        2 => json!(random.random::<i64>()),
        3 => json!(random.random::<u64>()),
        4 => json!(random.random::<f64>() * 1e300),
        5 => json!(""),
        6 => json!("\u{0}\u{fffd}\"v=0\\"),
        7 => (0..3).map(|_| odd_value(random, depth - 1)).collect(),
        _ => json!({"a": odd_value(random, depth - 1), "candidate": odd_value(random, depth - 1)}),
    }
}
