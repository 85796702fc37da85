//! Two messages field by field, and two sequences of messages.

use serde_json::Value;

/// One thing that is not as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// The line of the recording.
    pub(super) line: usize,
    /// The field, as a JSON pointer; empty for the whole message.
    pub(super) path: String,
    /// What was recorded, if anything was.
    pub(super) recorded: Option<Value>,
    /// What this server has in its place, if anything.
    pub(super) found: Option<Value>,
}

impl Difference {
    /// A message of the recording that did not come.
    pub(super) fn missing(line: usize, recorded: &Value) -> Difference {
        Difference {
            line,
            path: String::new(),
            recorded: Some(recorded.clone()),
            found: None,
        }
    }

    /// A message that the recording does not have up to this line.
    pub(super) fn more(line: usize, found: Value) -> Difference {
        Difference {
            line,
            path: String::new(),
            recorded: None,
            found: Some(found),
        }
    }

    /// Another message, as a whole.
    pub(super) fn other(line: usize, recorded: Value, found: Value) -> Difference {
        Difference {
            line,
            path: String::new(),
            recorded: Some(recorded),
            found: Some(found),
        }
    }

    /// The message, if it is one that the recording does not have.
    pub(super) fn as_more(&self) -> Option<&Value> {
        let is_more = self.path.is_empty() && self.recorded.is_none();
        self.found.as_ref().filter(|_| is_more)
    }

    /// Whether a message of the recording did not come.
    pub(super) fn is_missing(&self) -> bool {
        self.path.is_empty() && self.found.is_none()
    }
}

/// Compares every field of two messages.
pub(super) fn fields(line: usize, recorded: &Value, found: &Value) -> Vec<Difference> {
    let mut comparison = Comparison {
        line,
        differences: Vec::new(),
    };
    comparison.compare("", Some(recorded), Some(found));
    comparison.differences
}

struct Comparison {
    line: usize,
    differences: Vec<Difference>,
}

impl Comparison {
    fn compare(&mut self, path: &str, recorded: Option<&Value>, found: Option<&Value>) {
        match (recorded, found) {
            (Some(Value::Object(recorded)), Some(Value::Object(found))) => {
                let new = found.keys().filter(|name| !recorded.contains_key(*name));
                for name in recorded.keys().chain(new) {
                    let path = format!("{path}/{name}");
                    self.compare(&path, recorded.get(name), found.get(name));
                }
            }
            (Some(Value::Array(recorded)), Some(Value::Array(found)))
                if recorded.len() == found.len() =>
            {
                for (index, (recorded, found)) in recorded.iter().zip(found).enumerate() {
                    self.compare(&format!("{path}/{index}"), Some(recorded), Some(found));
                }
            }
            (recorded, found) if recorded == found => {}
            (recorded, found) => self.differences.push(Difference {
                line: self.line,
                path: path.to_owned(),
                recorded: recorded.cloned(),
                found: found.cloned(),
            }),
        }
    }
}

/// What a message is about. An answer belongs to its request, and an event to its handle; those
/// about the same thing come in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    /// The transaction, if it is given.
    Answer(Value),
    /// An event of a plugin, and the handle.
    Plugin(Value),
    /// An event of the server, its kind, and the handle or the session.
    Server(Value, Value),
}

impl Subject {
    pub(super) fn of(message: &Value) -> Subject {
        let about = |field: &str| message.get(field).cloned().unwrap_or(Value::Null);
        match message["janus"].as_str() {
            Some("event") => Subject::Plugin(about("sender")),
            Some("webrtcup" | "hangup" | "media" | "slowlink" | "detached" | "trickle") => {
                Subject::Server(about("janus"), about("sender"))
            }
            Some("timeout") => Subject::Server(about("janus"), about("session_id")),
            _ => Subject::Answer(about("transaction")),
        }
    }
}

/// Whether two messages that came one after the other may come the other way round. Janus answers
/// requests in one thread, calls plugins in another and runs each connection in a third: the real
/// Janus, asked again, does not keep those orders itself. What is told of one connection comes in
/// order, and so does its end after what the plugin said that led to it.
pub(super) fn may_swap(one: &Value, other: &Value) -> bool {
    match (Subject::of(one), Subject::of(other)) {
        (Subject::Server(_, one), Subject::Server(_, other)) => one != other,
        (Subject::Plugin(plugin), Subject::Server(kind, server))
        | (Subject::Server(kind, server), Subject::Plugin(plugin)) => {
            plugin != server || (kind != "hangup" && kind != "detached")
        }
        (Subject::Server(..), Subject::Answer(_)) | (Subject::Answer(_), Subject::Server(..)) => {
            true
        }
        (Subject::Answer(one), Subject::Answer(other)) => one != other,
        (Subject::Plugin(_), Subject::Answer(_)) => other["janus"] == "ack",
        (Subject::Answer(_), Subject::Plugin(_)) => one["janus"] == "ack",
        (Subject::Plugin(one), Subject::Plugin(other)) => one != other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_that_differs_is_named() {
        let recorded = json!({"a": 1, "b": {"c": [1, 2]}, "d": true});
        let found = json!({"a": 2, "b": {"c": [1, 3]}, "e": 0});
        let mut paths: Vec<_> = fields(7, &recorded, &found)
            .into_iter()
            .map(|difference| difference.path)
            .collect();
        paths.sort();
        assert_eq!(paths, ["/a", "/b/c/1", "/d", "/e"]);
        assert_eq!(fields(7, &recorded, &recorded), []);
    }

    #[test]
    fn an_ack_and_an_event_come_in_any_order_but_success_stays_where_it_was() {
        let event = json!({"janus": "event", "sender": 1});
        let ack = json!({"janus": "ack", "transaction": "t"});
        let success = json!({"janus": "success", "transaction": "t"});
        assert!(may_swap(&ack, &event));
        assert!(may_swap(&event, &ack));
        assert!(!may_swap(&event, &success));
        assert!(!may_swap(&event, &event));
    }

    #[test]
    fn a_connection_ends_after_all_that_was_told_of_it() {
        let of_one = |kind: &str| json!({"janus": kind, "sender": 1});
        assert!(!may_swap(&of_one("event"), &of_one("hangup")));
        assert!(!may_swap(&of_one("hangup"), &of_one("detached")));
        assert!(!may_swap(&of_one("webrtcup"), &of_one("hangup")));
        let of_other = json!({"janus": "hangup", "sender": 2});
        assert!(may_swap(&of_one("detached"), &of_other));
        assert!(may_swap(&of_one("event"), &of_other));
        assert!(may_swap(&of_one("webrtcup"), &of_one("event")));
        let success = json!({"janus": "success", "transaction": "t"});
        assert!(may_swap(&of_one("detached"), &success));
    }
}
