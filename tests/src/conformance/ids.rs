//! The ids of a recording, and those that this server gave in their places.

use serde_json::Value;

/// Numbers below this are no random ids: a mountpoint, a port, an id that the client chose.
const SMALLEST: u64 = 100_000_000_000;

#[derive(Debug, Default)]
pub(super) struct Ids(Vec<(String, String)>);

impl Ids {
    /// Learns from an answer to `create` or `attach`.
    pub(super) fn learn(&mut self, recorded: &Value, given: &Value) {
        let id = |answer: &Value| answer["data"]["id"].as_u64();
        if let (Some(recorded), Some(given)) = (id(recorded), id(given))
            && recorded >= SMALLEST
        {
            let learnt = (recorded.to_string(), given.to_string());
            if !self.0.contains(&learnt) {
                self.0.push(learnt);
            }
        }
    }

    /// A recorded text with the ids of this server.
    pub(super) fn ours(&self, text: &str) -> String {
        let replace =
            |text: String, (recorded, given): &(String, String)| text.replace(recorded, given);
        self.0.iter().fold(text.to_owned(), replace)
    }

    /// A recorded message with the ids of this server.
    pub(super) fn ours_in(&self, message: &Value) -> Value {
        // What comes from JSON by replacing digits by digits is JSON.
        serde_json::from_str(&self.ours(&message.to_string())).unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_learnt_id_is_replaced_wherever_it_stands() {
        let mut ids = Ids::default();
        ids.learn(
            &json!({"data": {"id": 8022967825237140_u64}}),
            &json!({"data": {"id": 5}}),
        );
        assert_eq!(
            ids.ours_in(&json!({"session_id": 8022967825237140_u64, "reason": "No such session 8022967825237140"})),
            json!({"session_id": 5, "reason": "No such session 5"})
        );
    }

    #[test]
    fn an_id_that_the_client_chose_is_kept() {
        let mut ids = Ids::default();
        ids.learn(&json!({"data": {"id": 1234}}), &json!({"data": {"id": 99}}));
        assert_eq!(ids.ours("1234"), "1234");
    }
}
