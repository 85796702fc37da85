//! Takes out of a message what differs from run to run, and tells that it was there.

use serde_json::Value;

use super::sdp;

/// Fields whose values are times, addresses, ports, counts of one run, or versions. Their types
/// are compared.
const OF_ONE_RUN: &[&str] = &[
    // Times and ages.
    "age_ms",
    "created",
    "current_time",
    "session_last_activity",
    "agent-created",
    "gathered",
    "elapsed",
    // Addresses and ports.
    "local-ip",
    "ip",
    "host",
    "port",
    "rtcpport",
    // Keys and SSRCs.
    "fingerprint",
    "remote-fingerprint",
    "ssrc",
    "ssrc-rtx",
    // Versions, and the names of people and programs beside them.
    "version",
    "version_string",
    "commit-hash",
    "compile-time",
    "glib2",
    "jansson",
    "libnice",
    "libsrtp",
    "libcurl",
    "crypto",
    "author",
];

/// Texts of one JSON parser follow these words, which both servers write.
const PARSERS: [&str; 2] = ["Invalid Janus API request - ", "JSON error: on line 1: "];

/// The message without what is of one run only.
pub(super) fn masked(mut message: Value) -> Value {
    if let Some(reason) = message.pointer_mut("/error/reason") {
        mask_parser(reason);
    }
    if let Some(candidate) = message.get_mut("candidate") {
        mask_trickle(candidate);
    }
    mask_fields(&mut message);
    message
}

fn mask_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(description) if description.starts_with("v=0") => {
                        *value = sdp::structure(description);
                    }
                    Value::Array(lines) if name.ends_with("-candidates") => {
                        lines.iter_mut().for_each(mask_candidate);
                    }
                    value if OF_ONE_RUN.contains(&name.as_str()) => mask(value),
                    value => mask_fields(value),
                }
            }
        }
        Value::Array(values) => {
            values.iter_mut().for_each(mask_fields);
            // Janus lists mountpoints in the order of a hash table.
            if values.iter().all(|value| value["id"].is_u64()) {
                values.sort_by_key(|value| value["id"].as_u64());
            }
        }
        _ => {}
    }
}

/// Keeps the type.
fn mask(value: &mut Value) {
    *value = match value {
        Value::Null => return,
        Value::Bool(_) => "<a truth value>",
        Value::Number(_) => "<a number>",
        Value::String(_) => "<a text>",
        Value::Array(_) => "<a list>",
        Value::Object(_) => "<an object>",
    }
    .into();
}

fn mask_parser(reason: &mut Value) {
    let text = reason.as_str().unwrap_or_default();
    let words = PARSERS.iter().find(|words| text.starts_with(**words));
    if let Some(words) = words {
        *reason = (*words).into();
    }
}

/// Janus leaves out the mid when the candidate was there before the offer.
fn mask_trickle(candidate: &mut Value) {
    if let Some(fields) = candidate.as_object_mut() {
        fields.remove("sdpMid");
    }
    if let Some(line) = candidate.get_mut("candidate") {
        mask_candidate(line);
    }
}

/// `candidate:1 1 udp 2015363327 10.77.0.1 20365 typ host`: component, protocol and type are
/// compared.
fn mask_candidate(line: &mut Value) {
    let words: Vec<_> = line.as_str().unwrap_or_default().split(' ').collect();
    if let [_, component, protocol, _, _, _, rest @ ..] = words.as_slice() {
        *line = format!("candidate {component} {protocol} {}", rest.join(" ")).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_age_is_masked_and_a_missing_age_is_not() {
        let list = |age| masked(json!({"list": [{"id": 1, "age_ms": age}]}));
        assert_eq!(list(json!(5)), list(json!(7000)));
        assert_ne!(list(json!(5)), list(json!("5")));
        assert_ne!(list(json!(5)), masked(json!({"list": [{"id": 1}]})));
    }

    #[test]
    fn lists_of_mountpoints_are_in_any_order() {
        assert_eq!(
            masked(json!({"list": [{"id": 2}, {"id": 1}]})),
            masked(json!({"list": [{"id": 1}, {"id": 2}]}))
        );
        assert_ne!(
            masked(json!({"codes": [2, 1]})),
            masked(json!({"codes": [1, 2]}))
        );
    }

    #[test]
    fn a_candidate_is_of_the_same_kind_at_another_address() {
        let trickle = |line: &str| {
            masked(
                json!({"janus": "trickle", "candidate": {"sdpMLineIndex": 0, "candidate": line}}),
            )
        };
        assert_eq!(
            trickle("candidate:1 1 udp 2015363327 10.77.0.1 20365 typ host"),
            trickle("candidate:7 1 udp 1 127.0.0.1 5 typ host")
        );
        assert_ne!(
            trickle("candidate:1 1 udp 2015363327 10.77.0.1 20365 typ host"),
            trickle("candidate:1 1 tcp 2015363327 10.77.0.1 20365 typ host")
        );
    }
}
