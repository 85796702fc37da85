//! Recorded conversations with the real Janus: every message is understood, and what is ours to
//! send is written as it was.

use fanlight_protocol::request::{Request, RequestKind};
use fanlight_protocol::{ErrorCode, ServerMessage, streaming};
use serde_json::Value;

const RECORDINGS: [(&str, &str); 8] = [
    (
        "core-errors",
        include_str!("../../tests/traces/core-errors.jsonl"),
    ),
    (
        "core-session-timeout",
        include_str!("../../tests/traces/core-session-timeout.jsonl"),
    ),
    (
        "streaming-management",
        include_str!("../testdata/streaming-management.jsonl"),
    ),
    (
        "streaming-removed",
        include_str!("../testdata/streaming-removed.jsonl"),
    ),
    (
        "streaming-viewer",
        include_str!("../testdata/streaming-viewer.jsonl"),
    ),
    (
        "ustreamer-candidates-in-offer",
        include_str!("../testdata/ustreamer-candidates-in-offer.jsonl"),
    ),
    (
        "ustreamer-odd-requests",
        include_str!("../testdata/ustreamer-odd-requests.jsonl"),
    ),
    (
        "ustreamer-viewer",
        include_str!("../testdata/ustreamer-viewer.jsonl"),
    ),
];

/// All messages of one direction, each with the place where it stands.
fn messages(direction: &str) -> Vec<(String, Value)> {
    let mut messages = Vec::new();
    for (name, recording) in RECORDINGS {
        for (number, line) in recording.lines().enumerate() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line["dir"] == direction {
                messages.push((format!("{name}:{}", number + 1), message(&line)));
            }
        }
    }
    assert!(messages.len() > 100);
    messages
}

/// What was said, and where that is no JSON, the text.
fn message(line: &Value) -> Value {
    let json = line.get("json").cloned();
    json.or_else(|| serde_json::from_str(line["raw"].as_str()?).ok())
        .unwrap_or_else(|| line["raw"].clone())
}

#[test]
fn what_servers_tell_viewers_is_understood_and_written_the_same() {
    for (place, message) in messages("<") {
        let parsed =
            ServerMessage::parse(&message.to_string()).unwrap_or_else(|e| panic!("{place}: {e}"));
        if is_for_managers(&message) {
            // The gateway's tests hold what is written against the same recordings.
            continue;
        }
        let parsed = parsed.unwrap_or_else(|| panic!("{place} is not known"));
        let written: Value = serde_json::from_str(&parsed.to_json()).unwrap();
        assert_eq!(written, message, "{place}");
    }
}

/// What no viewer reads.
fn is_for_managers(message: &Value) -> bool {
    const ANSWERS: [&str; 6] = ["info", "created", "edited", "destroyed", "ok", "kicked_all"];
    let answer = message["plugindata"]["data"]["streaming"].as_str();
    message["janus"] == "server_info" || answer.is_some_and(|answer| ANSWERS.contains(&answer))
}

#[test]
fn what_clients_say_is_understood_and_written_the_same() {
    let mut written_the_same = 0;
    for (place, message) in messages(">") {
        let text = message
            .as_str()
            .map_or_else(|| message.to_string(), str::to_owned);
        let Ok(request) = Request::parse(&text) else {
            // Those without a transaction, or worse: the gateway's tests see to their answers.
            continue;
        };
        match request.kind {
            Err(malformed) => assert_eq!(message["janus"], malformed.request, "{place}"),
            Ok(_) if is_never_ours(&message) => {}
            Ok(_) => {
                let written: Value = serde_json::from_str(&request.to_json()).unwrap();
                assert_eq!(written, message, "{place}");
                written_the_same += 1;
            }
        }
    }
    assert!(written_the_same > 80, "{written_the_same}");
}

#[test]
fn bodies_for_the_streaming_plugin_are_understood_and_written_the_same() {
    let mut written_the_same = 0;
    for (place, message) in messages(">") {
        let Ok(request) = Request::parse(message.to_string()) else {
            continue;
        };
        let Ok(RequestKind::Message { body, .. }) = request.kind else {
            continue;
        };
        let Ok(parsed) = streaming::Request::parse(&body) else {
            // The gateway's tests see to the answers.
            continue;
        };
        let written = serde_json::to_value(parsed).unwrap();
        let body = &message["body"];
        // Media that are given one by one are written as a list, and two mids are one that was
        // given twice.
        if place.starts_with("streaming") && body.get("audioport").is_none() {
            assert_eq!(written, *body, "{place}");
            written_the_same += 1;
        }
    }
    assert!(written_the_same > 60, "{written_the_same}");
}

/// What means the same as something simpler, which we write instead.
fn is_never_ours(message: &Value) -> bool {
    let candidate = message.get("candidate");
    message["session_id"].is_string() || message["id"] == 0 || candidate.is_some_and(Value::is_null)
}

#[test]
fn errors_that_hide_the_transaction_are_told_apart() {
    for (text, code) in [
        ("{not json", ErrorCode::InvalidJson),
        ("[1,2]", ErrorCode::MissingMandatoryElement),
        (r#"{"janus":"create"}"#, ErrorCode::MissingMandatoryElement),
        (
            r#"{"janus":1,"transaction":"t"}"#,
            ErrorCode::InvalidElementType,
        ),
        (
            r#"{"janus":"create","transaction":"t","id":-5}"#,
            ErrorCode::InvalidElementType,
        ),
    ] {
        assert_eq!(Request::parse(text).unwrap_err().code, code, "{text}");
    }
    let trickle = r#"{"janus":"trickle","transaction":"t"}"#;
    let malformed = Request::parse(trickle).unwrap().kind.unwrap_err();
    assert_eq!(malformed.request, "trickle");
    assert_eq!(malformed.error.code, ErrorCode::MissingMandatoryElement);
    let unknown = Request::parse(r#"{"janus":"foo","transaction":"t"}"#).unwrap();
    assert_eq!(unknown.kind, Ok(RequestKind::Unknown("foo".into())));
}
