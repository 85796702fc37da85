//! What is said over HTTP: requests and their answers, and events that come with long polls.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::compare::Difference;
use super::super::endpoint::ask;
use super::super::trace::{Request, Response, What};
use super::{Replay, known, without_connection};

impl Replay<'_> {
    pub(super) async fn request(&mut self, step: usize, request: &Request) {
        if self.is_polled_already(step) {
            return;
        }
        if !self.requests.is_empty() {
            // Whether a poll hangs in the server already cannot be seen from here; the client that
            // was recorded waited as well.
            tokio::time::sleep(self.pause_before(step)).await;
        }
        let endpoints = self.endpoints.clone();
        let path = self.ids.ours(&request.path);
        let body = self.ids.ours(&request.body);
        let request = request.clone();
        let asking = async move { ask(&endpoints, &path, body, &request).await };
        self.requests.insert(step, tokio::spawn(asking));
    }

    /// Whether what a poll was answered with has come with one before. How many events a poll
    /// takes along is a matter of moments, and differs from run to run with Janus as well.
    fn is_polled_already(&mut self, step: usize) -> bool {
        let answer = self
            .trace
            .steps
            .iter()
            .find_map(|answer| match &answer.what {
                What::Response(to, response) if *to == step => events(&response.body),
                _ => None,
            });
        answer.is_some_and(|events| {
            let events: Vec<_> = events.iter().map(|event| (0, event)).collect();
            !events.is_empty() && self.are_polled(&events)
        })
    }

    pub(super) async fn response(
        &mut self,
        line: usize,
        to: usize,
        recorded: &Response,
    ) -> Result<()> {
        self.outcome.compared += 1;
        let Some(request) = self.requests.remove(&to) else {
            let events = events(&recorded.body).unwrap_or_default();
            return self.compare_events(line, to, &events).await;
        };
        let Some(answer) = request.await?? else {
            self.differs(Difference::missing(line, &json!("an answer")));
            return Ok(());
        };
        let head = |status: u16, headers: &Map<String, Value>| {
            without_connection(json!({"status": status, "headers": headers}))
        };
        self.compare(
            line,
            self.ids.ours_in(&head(recorded.status, &recorded.headers)),
            head(
                answer.status,
                &known(&answer.headers, Some(&recorded.headers)),
            ),
        );
        match (events(&recorded.body), events(&answer.body)) {
            (Some(recorded_events), Some(found)) => {
                if recorded.body.is_array() != answer.body.is_array() {
                    let recorded = recorded.body.clone();
                    self.differs(Difference::other(line, recorded, answer.body));
                }
                self.polled.extend(found);
                self.compare_events(line, to, &recorded_events).await
            }
            _ => {
                self.ids.learn(&recorded.body, &answer.body);
                let mut expected = self.ids.ours_in(&recorded.body);
                let mut found = answer.body;
                if self.is_without_body(to) {
                    // The server made up the transaction.
                    for body in [&mut expected, &mut found] {
                        if let Some(body) = body.as_object_mut() {
                            body.remove("transaction");
                        }
                    }
                }
                self.compare(line, expected, found);
                Ok(())
            }
        }
    }

    fn is_without_body(&self, step: usize) -> bool {
        let step = self.trace.steps.get(step);
        step.is_some_and(|step| matches!(&step.what, What::Request(r) if r.body.is_empty()))
    }

    /// Compares events that came with polls, and polls again for those that have not come yet.
    async fn compare_events(&mut self, line: usize, to: usize, recorded: &[Value]) -> Result<()> {
        let Some(What::Request(request)) = self.trace.steps.get(to).map(|step| &step.what) else {
            return Ok(());
        };
        let path = self.ids.ours(&request.path);
        let recorded: Vec<_> = recorded.iter().map(|event| (line, event)).collect();
        while !self.are_polled(&recorded) {
            let answer = ask(self.endpoints, &path, String::new(), request).await?;
            match answer.and_then(|answer| events(&answer.body)) {
                Some(found) if !found.is_empty() => self.polled.extend(found),
                _ => break,
            }
        }
        let polled = std::mem::take(&mut self.polled);
        let claims = self.claim(&recorded, &polled);
        self.polled = self.compare_claimed(&recorded, &claims, polled);
        Ok(())
    }

    /// Whether polls have brought something about the subject of each event.
    fn are_polled(&mut self, recorded: &[(usize, &Value)]) -> bool {
        let polled = std::mem::take(&mut self.polled);
        let claims = self.claim(recorded, &polled);
        self.polled = polled;
        claims.iter().all(Option::is_some)
    }

    pub(super) async fn no_response(&mut self, line: usize, to: usize) -> Result<()> {
        self.outcome.compared += 1;
        if let Some(request) = self.requests.remove(&to)
            && let Some(answer) = request.await??
        {
            let found = json!({"status": answer.status, "body": answer.body});
            self.differs(Difference::other(line, json!("the end"), found));
        }
        Ok(())
    }

    /// How long the client waited before this step, up to a moment that any server can need.
    fn pause_before(&self, step: usize) -> Duration {
        let at = |step: usize| self.trace.steps.get(step).map_or(0, |step| step.at);
        let pause = at(step).saturating_sub(at(step.saturating_sub(1)));
        Duration::from_millis(pause.min(500))
    }
}

/// The events of a poll's answer; `None` if it is the answer to something else.
fn events(body: &Value) -> Option<Vec<Value>> {
    let is_event = |event: &Value| {
        matches!(
            event["janus"].as_str(),
            Some("event" | "trickle" | "webrtcup" | "hangup" | "detached" | "media" | "slowlink")
        )
    };
    match body {
        Value::Array(events) if events.iter().all(is_event) => Some(events.clone()),
        event if is_event(event) => Some(vec![event.clone()]),
        _ => None,
    }
}
