//! What administrators ask, and what those who watch notice of it.

use fanlight_protocol::request::Path;
use fanlight_protocol::{HandleId, SessionId};

use super::*;
use crate::janus::gateway::{Access, Admin, Tokens};
use crate::log::Log;
use crate::secret::Secret;

/// A gateway with an administrator.
fn rig() -> Rig {
    Rig::with(GatewayConfig {
        admin: Some(Admin {
            secret: Secret::new("overlord"),
            log: Log::default(),
        }),
        access: Access {
            api_secret: None,
            tokens: None,
        },
        ..GatewayConfig::default()
    })
}

impl Rig {
    /// Posts a request of an administrator, without the secret if it has none of its own.
    fn administer_as(&mut self, session: u64, handle: u64, mut request: Value) -> Value {
        let path = Path {
            session: (session != 0).then_some(SessionId(session)),
            handle: (handle != 0).then_some(HandleId(handle)),
        };
        request["transaction"] = "t".into();
        let request = request.to_string();
        let now = self.now;
        let answer = self
            .gateway
            .handle_admin_post(now, path, request.as_bytes());
        serde_json::from_str(&answer).unwrap()
    }

    fn administer_at(&mut self, session: u64, handle: u64, mut request: Value) -> Value {
        request["admin_secret"] = "overlord".into();
        self.administer_as(session, handle, request)
    }

    fn administer(&mut self, request: Value) -> Value {
        self.administer_at(0, 0, request)
    }
}

fn error(answer: &Value) -> (u64, &str) {
    assert_eq!(answer["janus"], "error", "{answer}");
    let error = &answer["error"];
    (
        error["code"].as_u64().unwrap(),
        error["reason"].as_str().unwrap(),
    )
}

const UNAUTHORIZED: (u64, &str) = (403, "Unauthorized request (wrong or missing secret/token)");

#[test]
fn nobody_but_an_administrator_may_ask_for_more_than_ping_and_info() {
    let mut rig = rig();
    let ping = rig.administer_as(0, 0, json!({"janus": "ping"}));
    assert_eq!(ping, json!({"janus": "pong", "transaction": "t"}));
    let info = rig.administer_as(0, 0, json!({"janus": "info"}));
    assert_eq!(info["janus"], "server_info");
    for secret in [json!(null), json!(""), json!("wrong"), json!(7)] {
        let request = json!({"janus": "list_sessions", "admin_secret": secret});
        assert_eq!(
            error(&rig.administer_as(0, 0, request.clone())),
            UNAUTHORIZED
        );
        // Nothing is told of which sessions there are.
        assert_eq!(error(&rig.administer_as(42, 0, request)), UNAUTHORIZED);
    }
    let mut without = Rig::new();
    let request = json!({"janus": "list_sessions"});
    assert_eq!(
        error(&without.administer_as(0, 0, request.clone())),
        UNAUTHORIZED
    );
    assert_eq!(error(&without.administer_at(0, 0, request)), UNAUTHORIZED);
}

#[test]
fn errors_come_in_janus_words_and_order() {
    let mut rig = rig();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    let (session, handle) = (viewer.session, viewer.handle);
    let no_handle = format!("No such handle 42 in session {session}");
    for (at, request, expected) in [
        (
            (42, 0),
            json!({"janus": "list_handles"}),
            (458, "No such session 42"),
        ),
        (
            (session, 42),
            json!({"janus": "handle_info"}),
            (459, no_handle.as_str()),
        ),
        (
            (0, 0),
            json!({"janus": "foo"}),
            (457, "Unhandled request 'foo' at this path"),
        ),
        (
            (0, 0),
            json!({"janus": "list_handles"}),
            (457, "Unhandled request 'list_handles' at this path"),
        ),
        (
            (session, 0),
            json!({"janus": "get_status"}),
            (457, "Unhandled request 'get_status' at this path"),
        ),
        (
            (session, handle),
            json!({"janus": "start_pcap"}),
            (457, "Unhandled request 'start_pcap' at this path"),
        ),
        (
            (0, 0),
            json!({"janus": "set_log_level"}),
            (456, "Missing mandatory element (level)"),
        ),
        (
            (0, 0),
            json!({"janus": "accept_new_sessions"}),
            (456, "Missing mandatory element (accept)"),
        ),
        (
            (0, 0),
            json!({"janus": "list_tokens"}),
            (490, "Stored-Token based authentication disabled"),
        ),
        (
            (0, 0),
            json!({"janus": "message_plugin", "plugin": "nope"}),
            (460, "Invalid plugin"),
        ),
        (
            (0, 0),
            json!({"janus": "query_eventhandler", "handler": "x", "request": {}}),
            (460, "Invalid event handler"),
        ),
    ] {
        let answer = rig.administer_at(at.0, at.1, request);
        assert_eq!(error(&answer), expected);
        assert_eq!(answer["transaction"], "t");
        assert_eq!(answer.get("session_id").is_some(), at.0 != 0);
    }
    let no_transaction = br#"{"janus":"list_sessions","admin_secret":"overlord"}"#;
    let now = rig.now;
    let answer = rig
        .gateway
        .handle_admin_post(now, Path::default(), no_transaction);
    let error = r#"{"code":456,"reason":"Missing mandatory element (transaction)"}"#;
    assert_eq!(answer, format!(r#"{{"janus":"error","error":{error}}}"#));
}

#[test]
fn sessions_and_handles_are_listed_by_path_or_by_message() {
    let mut rig = rig();
    let listed = rig.administer(json!({"janus": "list_sessions"}));
    assert_eq!(
        listed,
        json!({"janus": "success", "transaction": "t", "sessions": []})
    );
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    let listed = rig.administer(json!({"janus": "list_sessions"}));
    assert_eq!(listed["sessions"], json!([viewer.session]));
    let handles = json!({
        "janus": "success", "session_id": viewer.session, "transaction": "t",
        "handles": [viewer.handle],
    });
    let ask = json!({"janus": "list_handles"});
    assert_eq!(rig.administer_at(viewer.session, 0, ask), handles);
    let ask = json!({"janus": "list_handles", "session_id": viewer.session});
    assert_eq!(rig.administer(ask), handles);
}

#[test]
fn a_viewer_hears_what_an_administrator_does_to_it() {
    let mut rig = rig();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    rig.watched(viewer);
    let (session, handle) = (viewer.session, viewer.handle);
    let done = json!({"janus": "success", "session_id": session, "transaction": "t"});

    let hangup = json!({"janus": "hangup_webrtc"});
    assert_eq!(rig.administer_at(session, handle, hangup), done);
    assert_eq!(kinds(&rig.heard(connection)), ["hangup Admin API"]);
    assert_eq!(rig.open_peers(), [] as [u64; 0]);
    let detach = json!({"janus": "detach_handle"});
    assert_eq!(rig.administer_at(session, handle, detach), done);
    assert_eq!(kinds(&rig.heard(connection)), ["detached"]);
    let destroy = json!({"janus": "destroy_session"});
    assert_eq!(rig.administer_at(session, 0, destroy), done);
    let keepalive = json!({"janus": "keepalive", "session_id": session});
    assert_eq!(kinds(&rig.ask(connection, keepalive)), ["error 458"]);
}

#[test]
fn a_handle_is_described_with_its_connection_or_without() {
    let mut rig = rig();
    let connection = rig.connect(1);
    let mut viewer = rig.viewer(connection);
    let attach = json!({
        "janus": "attach", "session_id": viewer.session, "plugin": "janus.plugin.ustreamer",
        "opaque_id": "kiosk",
    });
    let attached = rig.ask_one(connection, attach);
    viewer.handle = attached["data"]["id"].as_u64().unwrap();
    rig.pass(Duration::from_secs(2));
    rig.watch(viewer);
    rig.pass(Duration::from_secs(3));
    let ask = json!({"janus": "handle_info"});
    let answer = rig.administer_at(viewer.session, viewer.handle, ask);
    assert_eq!(answer["handle_id"], viewer.handle);
    let info = &answer["info"];
    assert_eq!(info["session_transport"], "janus.transport.websockets");
    assert_eq!(info["plugin"], "janus.plugin.ustreamer");
    assert_eq!(info["opaque_id"], "kiosk");
    assert_eq!(info["session_timeout"], 60);
    assert_eq!(info["created"], 0);
    assert_eq!(info["session_last_activity"], 2_000_000);
    assert_eq!(info["current_time"], 5_000_000);
    assert_eq!(info["flags"]["got-offer"], true);
    assert_eq!(info["flags"]["got-answer"], false);
    assert_eq!(info["flags"]["trickle"], false);
    assert_eq!(info["flags"]["has-video"], false);
    assert_eq!(info["ice-role"], "controlling");
    assert!(info["sdps"]["local"].as_str().unwrap().starts_with("v=0"));
    let webrtc = &info["webrtc"];
    assert_eq!(webrtc["ice"]["state"], "gathering");
    assert_eq!(webrtc["ice"]["ready"], -1);
    assert_eq!(webrtc["dtls"]["dtls-role"], "actpass");
    assert_eq!(webrtc["extensions"], json!({"urn:example:mid": 4}));
    let video = &webrtc["media"]["v"];
    assert_eq!(
        video["codecs"],
        json!({"pt": 96, "rtx-pt": 97, "codec": "h264"})
    );
    assert_eq!(video["ssrc"]["ssrc-rtx"], 1_874_963_822);
    assert_eq!(video["direction"], json!({"send": true, "recv": false}));
    assert_eq!(video["rtcp"]["main"]["base"], 90_000);

    rig.start(viewer);
    let ask = json!({"janus": "handle_info"});
    let answer = rig.administer_at(viewer.session, viewer.handle, ask);
    let flags = &answer["info"]["flags"];
    assert_eq!(flags["negotiated"], true);
    assert_eq!(flags["trickle"], true);
    assert_eq!(flags["has-video"], true);
    assert_eq!(flags["has-audio"], false);

    let ask = json!({"janus": "handle_info", "plugin_only": true});
    let answer = rig.administer_at(viewer.session, viewer.handle, ask);
    assert!(answer["info"].get("webrtc").is_none());
    assert!(answer["info"].get("flags").is_none());
}

#[test]
fn mountpoints_are_managed_and_their_viewers_shown() {
    let mut rig = rig();
    let plugin = "janus.plugin.streaming";
    let list = json!({"janus": "message_plugin", "plugin": plugin, "request": {"request": "list"}});
    let listed = rig.administer(list);
    assert_eq!(listed["response"]["streaming"], "list");
    assert_eq!(listed["response"]["list"][0]["id"], 1);

    let connection = rig.connect(1);
    let session = rig.session(connection);
    let attach = json!({"janus": "attach", "session_id": session, "plugin": plugin});
    let attached = rig.ask_one(connection, attach);
    let handle = attached["data"]["id"].as_u64().unwrap();
    let ask = json!({"janus": "handle_info", "plugin_only": true});
    let idle = json!({"state": "idle", "started": 0, "paused": 0});
    let info = rig.administer_at(session, handle, ask.clone());
    assert_eq!(info["info"]["plugin_specific"], idle);

    let viewer = Viewer {
        connection,
        session,
        handle,
    };
    let watch = json!({"janus": "message", "body": {"request": "watch", "id": 1}});
    assert_eq!(
        kinds(&rig.request(viewer, watch)),
        ["ack", "event preparing"]
    );
    let info = rig.administer_at(session, handle, ask);
    let specific = &info["info"]["plugin_specific"];
    assert_eq!(specific["state"], "watching");
    assert_eq!(specific["mountpoint_id"], 1);
    assert_eq!(specific["mountpoint_name"], "mp-1");
    assert_eq!(specific["mountpoint_viewers"], 1);
    let media = json!([{"type": "video", "mindex": 0, "mid": "v"}]);
    assert_eq!(specific["media"], media);
}

#[test]
fn new_sessions_can_be_refused_while_others_live_on() {
    let mut rig = rig();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    let refuse = json!({"janus": "accept_new_sessions", "accept": false});
    assert_eq!(rig.administer(refuse)["accept"], false);
    let refused = rig.ask_one(connection, json!({"janus": "create"}));
    assert_eq!(
        error(&refused),
        (472, "Currently not accepting new sessions")
    );
    let info = rig.ask_one(connection, json!({"janus": "info"}));
    assert_eq!(info["accepting-new-sessions"], false);
    rig.watched(viewer);
    let accept = json!({"janus": "accept_new_sessions", "accept": true});
    assert_eq!(rig.administer(accept)["accept"], true);
    rig.session(connection);
}

#[test]
fn the_time_out_can_be_set_for_all_sessions_and_for_one() {
    let mut rig = rig();
    let connection = rig.connect(1);
    let one = rig.session(connection);
    let set = |timeout: i64| json!({"janus": "set_session_timeout", "timeout": timeout});
    assert_eq!(rig.administer(set(10))["timeout"], 10);
    assert_eq!(rig.administer_at(one, 0, set(20))["session_id"], one);
    let other = rig.session(connection);
    rig.pass(Duration::from_secs(10));
    let timeout = |session| json!({"janus": "timeout", "session_id": session});
    assert_eq!(rig.heard(connection), [timeout(other)]);
    assert_eq!(rig.administer_at(one, 0, set(-1))["timeout"], -1);
    rig.pass(Duration::from_secs(10));
    assert_eq!(rig.heard(connection), [timeout(one)]);
    assert_eq!(error(&rig.administer(set(-1))).0, 467);
    assert_eq!(error(&rig.administer(set(-2))).0, 467);
}

#[test]
fn the_logs_level_is_set_and_told() {
    let mut rig = rig();
    let set = rig.administer(json!({"janus": "set_log_level", "level": 7}));
    assert_eq!(set["level"], 7);
    let status = rig.administer(json!({"janus": "get_status"}));
    assert_eq!(status["status"]["log_level"], 7);
    assert_eq!(status["status"]["token_auth"], false);
    let loud = rig.administer(json!({"janus": "set_log_level", "level": 8}));
    assert_eq!(
        error(&loud),
        (
            467,
            "Invalid element type (level should be between 0 and 7)"
        )
    );
}

/// What an administrator does with tokens, and what comes of it for those who have one.
#[test]
fn tokens_are_added_changed_and_removed() {
    let mut rig = rig();
    rig.gateway.config.access.tokens = Some(Tokens::new(vec![], None));
    let connection = rig.connect(1);
    let plugin = "janus.plugin.ustreamer";
    let create = json!({"janus": "create", "id": 7, "token": "tok1"});
    let attach = json!({"janus": "attach", "session_id": 7, "plugin": plugin, "token": "tok1"});
    assert_eq!(kinds(&rig.ask(connection, create.clone())), ["error 403"]);

    let add = json!({"janus": "add_token", "token": "tok1", "plugins": [plugin]});
    let plugins = json!({"plugins": [plugin]});
    assert_eq!(rig.administer(add)["data"], plugins);
    assert_eq!(kinds(&rig.ask(connection, create.clone())), ["success"]);
    assert_eq!(kinds(&rig.ask(connection, attach.clone())), ["success"]);
    let listed = rig.administer(json!({"janus": "list_tokens"}));
    let token = json!({"token": "tok1", "allowed_plugins": [plugin]});
    assert_eq!(listed["data"], json!({"tokens": [token]}));

    let change = |request: &str, plugins: Value| json!({"janus": request, "token": "tok1", "plugins": plugins});
    let none = rig.administer(change("disallow_token", json!([plugin])));
    assert_eq!(none["data"], json!({"plugins": []}));
    assert_eq!(kinds(&rig.ask(connection, attach.clone())), ["error 405"]);
    let all = rig.administer(change("allow_token", json!([plugin])));
    assert_eq!(all["data"], plugins);
    assert_eq!(kinds(&rig.ask(connection, attach)), ["success"]);
    for (request, code) in [
        (change("allow_token", json!([])), 467),
        (change("allow_token", json!(["nope"])), 467),
        (
            json!({"janus": "allow_token", "token": "tok2", "plugins": [plugin]}),
            470,
        ),
        (json!({"janus": "add_token"}), 456),
        (json!({"janus": "remove_token", "token": "tok2"}), 490),
    ] {
        assert_eq!(error(&rig.administer(request.clone())).0, code, "{request}");
    }
    let nothing = json!({"janus": "add_token", "token": "tok2", "plugins": ["nope"]});
    assert_eq!(rig.administer(nothing)["data"], json!({"plugins": []}));

    let removed = rig.administer(json!({"janus": "remove_token", "token": "tok1"}));
    assert_eq!(removed, json!({"janus": "success", "transaction": "t"}));
    assert_eq!(kinds(&rig.ask(connection, create)), ["error 403"]);
}

#[test]
fn an_administrator_on_a_websocket_is_answered_there() {
    let mut rig = rig();
    let connection = rig.connect(1);
    let list = br#"{"janus":"list_sessions","admin_secret":"overlord","transaction":"t1"}"#;
    rig.gateway.handle_admin_message(rig.now, connection, list);
    let listed = json!({"janus": "success", "transaction": "t1", "sessions": []});
    assert_eq!(rig.heard(connection), [listed]);
}
