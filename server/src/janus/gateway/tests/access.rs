//! Who may ask.

use fanlight_protocol::SessionId;
use fanlight_protocol::request::{Credentials, Path};

use super::*;
use crate::janus::gateway::{Access, Plugin, Poll, PollId, PollRefused, StoredToken, Tokens};
use crate::secret::Secret;

/// A gateway that asks for a secret, or for one of two tokens: `all` is good for every plugin,
/// `none` for no one.
fn guarded() -> Rig {
    let token = |token, plugins: &[Plugin]| StoredToken {
        token: Secret::new(token),
        plugins: plugins.iter().copied().collect(),
    };
    let stored = vec![token("all", &Plugin::ALL), token("none", &[])];
    Rig::with(GatewayConfig {
        access: Access {
            api_secret: Some(Secret::new("s3cret")),
            tokens: Some(Tokens::new(stored, None)),
        },
        ..GatewayConfig::default()
    })
}

#[test]
fn who_knows_neither_secret_nor_token_may_ask_for_nothing_but_ping_and_info() {
    let mut rig = guarded();
    let connection = rig.connect(1);
    for (request, answer) in [
        (json!({"janus": "ping"}), "pong"),
        (json!({"janus": "info"}), "server_info"),
        (json!({"janus": "create"}), "error 403"),
        (
            json!({"janus": "create", "apisecret": "wrong"}),
            "error 403",
        ),
        (json!({"janus": "create", "token": "wrong"}), "error 403"),
        (json!({"janus": "create", "apisecret": 7}), "error 403"),
        (json!({"janus": "foo"}), "error 457"),
        // Nothing is told of which sessions there are.
        (json!({"janus": "keepalive", "session_id": 42}), "error 403"),
        (json!({"janus": "create", "token": "all"}), "success"),
        (json!({"janus": "create", "apisecret": "s3cret"}), "success"),
    ] {
        let text = request.to_string();
        assert_eq!(
            kinds(&[rig.ask_one(connection, request)]),
            [answer],
            "{text}"
        );
    }
}

#[test]
fn the_refusal_has_janus_words() {
    let mut rig = guarded();
    let connection = rig.connect(1);
    let keepalive = json!({"janus": "keepalive", "session_id": 42});
    let reason = "Unauthorized request (wrong or missing secret/token)";
    let error = json!({"code": 403, "reason": reason});
    let refusal = json!({"janus": "error", "session_id": 42, "transaction": "1", "error": error});
    assert_eq!(rig.ask_one(connection, keepalive), refusal);
}

#[test]
fn a_token_is_good_for_its_plugins_alone() {
    let mut rig = guarded();
    let connection = rig.connect(1);
    let create = json!({"janus": "create", "token": "none"});
    let session = rig.ask_one(connection, create)["data"]["id"].clone();
    let attach = |token: &str| {
        let plugin = "janus.plugin.ustreamer";
        json!({"janus": "attach", "session_id": session, "plugin": plugin, "token": token})
    };
    let refused = rig.ask_one(connection, attach("none"));
    let reason = "Provided token can't access plugin 'janus.plugin.ustreamer'";
    assert_eq!(refused["error"], json!({"code": 405, "reason": reason}));
    assert_eq!(kinds(&rig.ask(connection, attach("all"))), ["success"]);
}

#[test]
fn who_knows_the_secret_needs_no_token() {
    let mut rig = guarded();
    let connection = rig.connect(1);
    let proof = |mut request: Value| {
        request["apisecret"] = "s3cret".into();
        request["token"] = "wrong".into();
        request
    };
    let create = proof(json!({"janus": "create"}));
    let session = rig.ask_one(connection, create)["data"]["id"].clone();
    let attach =
        json!({"janus": "attach", "session_id": session, "plugin": "janus.plugin.ustreamer"});
    assert_eq!(rig.ask_one(connection, proof(attach))["janus"], "success");
}

#[test]
fn polls_bring_their_secret_or_token() {
    let mut rig = guarded();
    let create = br#"{"janus":"create","id":7,"transaction":"t","apisecret":"s3cret"}"#;
    let now = rig.now;
    rig.gateway
        .handle_post(now, [192, 0, 2, 1].into(), Path::default(), create);
    let mut poll = |session, api_secret: Option<&str>, token: Option<&str>| {
        let credentials = Credentials {
            api_secret: api_secret.map(str::to_owned),
            token: token.map(str::to_owned),
        };
        let poll = Poll {
            session: SessionId(session),
            max_events: 1,
            credentials,
        };
        rig.gateway.handle_poll(now, PollId(1), poll)
    };
    assert_eq!(poll(7, None, None), Err(PollRefused::Unauthorized));
    assert_eq!(poll(42, None, None), Err(PollRefused::Unauthorized));
    assert_eq!(poll(7, Some("s3cret"), None), Ok(()));
    assert_eq!(poll(7, None, Some("none")), Ok(()));
}

#[test]
fn info_says_what_is_asked_for() {
    let mut rig = guarded();
    let connection = rig.connect(1);
    let info = rig.ask_one(connection, json!({"janus": "info"}));
    assert_eq!([&info["api_secret"], &info["auth_token"]], [true, true]);
}
