//! Holds a recorded conversation with a server.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::compare::{Difference, Subject, fields, may_swap};
use super::endpoint::{Answer, Endpoints, Socket, ask};
use super::ids::Ids;
use super::mask::masked;
use super::outcome::Outcome;
use super::trace::{Open, Request, Response, Say, Step, Trace, What};
use super::wanted::Wanted;
use crate::janus::Offer;
use crate::viewer::Receiver;

/// How long to wait for what the recording has; longer if it took long there.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for the next thing after something did not come.
const LESS_PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait for what nobody waits for: an answer too many.
const MOMENT: Duration = Duration::from_millis(100);

/// Headers that are of the connection, and not of what is said.
const OF_THE_CONNECTION: [&str; 7] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "sec-websocket-accept",
    "transfer-encoding",
    "upgrade",
];

/// Holds a recorded conversation with a server and compares its answers. What is wanted to be
/// missing is not waited for.
pub async fn replay(trace: &Trace, endpoints: &Endpoints, wanted: &Wanted) -> Outcome {
    let mut replay = Replay {
        trace,
        endpoints,
        wanted,
        ids: Ids::default(),
        socket: None,
        unclaimed: Vec::new(),
        requests: HashMap::new(),
        polled: Vec::new(),
        offers: HashMap::new(),
        receivers: HashMap::new(),
        outcome: Outcome {
            trace: trace.name.clone(),
            ..Outcome::default()
        },
    };
    if let Err(error) = replay.run().await {
        replay.outcome.broken = Some(format!("{error:#}"));
    }
    for (_, receiver) in replay.receivers.drain() {
        receiver.close().await.ok();
    }
    replay.outcome
}

struct Replay<'a> {
    trace: &'a Trace,
    endpoints: &'a Endpoints,
    wanted: &'a Wanted,
    ids: Ids,
    socket: Option<Socket>,
    /// What the server said and the recording has not come to yet, in order.
    unclaimed: Vec<Value>,
    /// Requests over HTTP that are under way, by their steps. A poll that was not made, because
    /// what it was answered with is here already, is none.
    requests: HashMap<usize, JoinHandle<Result<Option<Answer>>>>,
    /// Events that came with a poll before the recording has them.
    polled: Vec<Value>,
    /// The newest offer of each handle, and the candidates that came beside it.
    offers: HashMap<String, Offer>,
    /// The native viewers that have answered, by handle.
    receivers: HashMap<String, Receiver>,
    outcome: Outcome,
}

impl Replay<'_> {
    async fn run(&mut self) -> Result<()> {
        let steps = &self.trace.steps;
        let mut at = 0;
        while let Some(step) = steps.get(at) {
            let rest = steps.get(at..).unwrap_or_default();
            at += 1;
            let line = step.line;
            match &step.what {
                What::Open(open) => self.open(line, open).await?,
                What::Say(say) => {
                    if hangs_up(rest) {
                        self.leave().await?;
                    }
                    self.say(say)
                        .await
                        .with_context(|| format!("line {line}"))?;
                }
                What::Hear(_) => {
                    let messages = rest
                        .iter()
                        .take_while(|step| matches!(step.what, What::Hear(_)));
                    let messages: Vec<_> = messages.collect();
                    at += messages.len() - 1;
                    self.hear(&messages).await;
                }
                What::Ended => self.ended(line).await,
                What::Close => self.close(line).await,
                What::Request(request) => self.request(at - 1, request).await,
                What::Response(to, response) => self.response(line, *to, response).await?,
                What::NoResponse(to) => self.no_response(line, *to).await?,
            }
        }
        // Where the recording ended with the server, another server may have gone on.
        self.close(steps.last().map_or(0, |step| step.line)).await;
        Ok(())
    }

    async fn open(&mut self, line: usize, open: &Open) -> Result<()> {
        self.outcome.compared += 1;
        let url = self.endpoints.websocket(open.admin);
        let opened = Socket::open(url, open).await?;
        let recorded = match &open.accepted {
            Some(headers) => json!({"headers": headers}),
            None => json!("refused"),
        };
        let found = match &opened {
            Some((_, headers)) => json!({"headers": known(headers, open.accepted.as_ref())}),
            None => json!("refused"),
        };
        self.socket = opened.map(|(socket, _)| socket);
        self.compare(
            line,
            without_connection(recorded),
            without_connection(found),
        );
        Ok(())
    }

    /// Says what the client said, with the ids of this server, and with the answer of a native
    /// viewer in place of that of the browser.
    async fn say(&mut self, say: &Say) -> Result<()> {
        let mut text = self.ids.ours(&say.text);
        if let Some(handle) = answers(&text) {
            self.take_what_came();
            let mut message: Value = serde_json::from_str(&text)?;
            let offer = self.offers.get(&handle).cloned();
            let offer = offer.context("no offer to answer")?;
            let (receiver, answer) = Receiver::answer(offer).await?;
            if let Some(before) = self.receivers.insert(handle, receiver) {
                before.close().await.ok();
            }
            message["jsep"]["sdp"] = answer.into();
            text = message.to_string();
        }
        if let Some(socket) = &self.socket {
            socket.say(text, say);
        }
        Ok(())
    }

    /// Waits for what the server said then, in any order, and compares it.
    async fn hear(&mut self, steps: &[&Step]) {
        let recorded: Vec<_> = steps
            .iter()
            .filter_map(|step| match &step.what {
                What::Hear(message) => Some((step.line, message)),
                _ => None,
            })
            .collect();
        let end = Instant::now() + self.patience(steps);
        let mut claims: Vec<Option<usize>> = vec![None; recorded.len()];
        loop {
            self.take_what_came();
            self.claim(&recorded, &mut claims);
            let is_waited_for = |(index, (line, message)): (usize, &(usize, &Value))| {
                claims.get(index).is_some_and(Option::is_none)
                    && !self.may_be_missing(*line, message)
            };
            if !recorded.iter().enumerate().any(is_waited_for) {
                break;
            }
            if !self.another_message(end).await {
                break;
            }
        }
        self.compare_claimed(&recorded, &claims);
        let mut index = 0;
        self.unclaimed.retain(|_| {
            index += 1;
            !claims.contains(&Some(index - 1))
        });
    }

    /// Gives each recorded message the first one about the same subject.
    fn claim(&mut self, recorded: &[(usize, &Value)], claims: &mut [Option<usize>]) {
        for (place, (_, message)) in recorded.iter().enumerate() {
            if claims.get(place).is_none_or(Option::is_some) {
                continue;
            }
            let subject = Subject::of(&self.ids.ours_in(message));
            let found = (0..self.unclaimed.len()).find(|index| {
                !claims.contains(&Some(*index))
                    && self.unclaimed.get(*index).map(Subject::of).as_ref() == Some(&subject)
            });
            let Some(found) = found else { continue };
            if let Some(claim) = claims.get_mut(place) {
                *claim = Some(found);
            }
            if let Some(given) = self.unclaimed.get(found) {
                self.ids.learn(message, given);
            }
        }
    }

    fn compare_claimed(&mut self, recorded: &[(usize, &Value)], claims: &[Option<usize>]) {
        let mut before: Vec<(usize, &Value)> = Vec::new();
        for ((line, message), claim) in recorded.iter().zip(claims) {
            self.outcome.compared += 1;
            let Some(found) = claim.and_then(|index| self.unclaimed.get(index)).cloned() else {
                self.differs(missing(*line, message));
                continue;
            };
            self.compare(*line, self.ids.ours_in(message), found);
            let place = claim.unwrap_or_default();
            let overtaken = before
                .iter()
                .find(|(other, earlier)| *other > place && !may_swap(earlier, message));
            if let Some((_, earlier)) = overtaken {
                self.differs(Difference {
                    line: *line,
                    path: "/order".to_owned(),
                    recorded: Some((*earlier).clone()),
                    found: Some((*message).clone()),
                });
            }
            before.push((place, message));
        }
    }

    fn may_be_missing(&self, line: usize, message: &Value) -> bool {
        let missing = missing(line, message);
        self.wanted.covers(&self.trace.name, &missing).is_some()
    }

    /// Takes what has come on the WebSocket, and notes offers and candidates.
    fn take_what_came(&mut self) {
        while let Some(message) = self
            .socket
            .as_mut()
            .and_then(|socket| socket.heard.try_recv().ok())
        {
            self.note(message);
        }
    }

    /// Waits for the next message; `false` when none comes.
    async fn another_message(&mut self, end: Instant) -> bool {
        let Some(socket) = &mut self.socket else {
            return false;
        };
        match tokio::time::timeout_at(end, socket.heard.recv()).await {
            Ok(Some(message)) => {
                self.note(message);
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    fn note(&mut self, message: Value) {
        self.note_offer(&message);
        self.unclaimed.push(message);
    }

    fn note_offer(&mut self, message: &Value) {
        let handle = message["sender"].to_string();
        let offer = self.offers.entry(handle).or_insert_with(|| Offer {
            sdp: String::new(),
            candidates: Vec::new(),
        });
        if let Some(sdp) = message["jsep"]["sdp"].as_str() {
            sdp.clone_into(&mut offer.sdp);
        }
        if let Some(candidate) = message["candidate"]["candidate"].as_str() {
            offer.candidates.push(candidate.to_owned());
        }
    }

    /// Ends the viewers, as the browser did before it said so, and waits until the server knows.
    async fn leave(&mut self) -> Result<()> {
        for (_, receiver) in self.receivers.drain() {
            receiver.close().await?;
        }
        let end = Instant::now() + PATIENCE;
        let knows = |message: &Value| message["janus"] == "hangup";
        while !self.unclaimed.iter().any(knows) && self.another_message(end).await {}
        Ok(())
    }

    /// The server ended the conversation.
    async fn ended(&mut self, line: usize) {
        self.outcome.compared += 1;
        let end = Instant::now() + PATIENCE;
        if self.may_be_missing(line, &json!("the end")) {
            self.another_message(end).await;
        } else {
            while self.another_message(end).await {}
        }
        if self
            .socket
            .as_ref()
            .is_some_and(|socket| !socket.heard.is_closed())
        {
            self.differs(missing(line, &json!("the end")));
        }
    }

    /// The client ends the conversation. Whatever the server said and nobody waited for is too much.
    async fn close(&mut self, line: usize) {
        let end = Instant::now() + MOMENT;
        while self.another_message(end).await {}
        for message in std::mem::take(&mut self.unclaimed) {
            self.differs(Difference {
                line,
                path: String::new(),
                recorded: None,
                found: Some(message),
            });
        }
        self.socket = None;
    }

    async fn request(&mut self, step: usize, request: &Request) {
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
    fn is_polled_already(&self, step: usize) -> bool {
        let answer = self
            .trace
            .steps
            .iter()
            .find_map(|answer| match &answer.what {
                What::Response(to, response) if *to == step => events(&response.body),
                _ => None,
            });
        answer.is_some_and(|events| !events.is_empty() && self.are_polled(&events))
    }

    async fn response(&mut self, line: usize, to: usize, recorded: &Response) -> Result<()> {
        self.outcome.compared += 1;
        let Some(request) = self.requests.remove(&to) else {
            let events = events(&recorded.body).unwrap_or_default();
            return self.compare_events(line, to, &events).await;
        };
        let Some(answer) = request.await?? else {
            self.differs(Difference {
                line,
                path: String::new(),
                recorded: Some(json!("an answer")),
                found: None,
            });
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
                    self.differs(Difference {
                        line,
                        path: String::new(),
                        recorded: Some(recorded.body.clone()),
                        found: Some(answer.body),
                    });
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
        while !self.are_polled(recorded) {
            let answer = ask(self.endpoints, &path, String::new(), request).await?;
            match answer.and_then(|answer| events(&answer.body)) {
                Some(found) if !found.is_empty() => self.polled.extend(found),
                _ => break,
            }
        }
        for event in recorded {
            let event = self.ids.ours_in(event);
            let subject = Subject::of(&event);
            let found = self
                .polled
                .iter()
                .position(|found| Subject::of(found) == subject);
            match found {
                Some(found) => {
                    let found = self.polled.remove(found);
                    self.compare(line, event, found);
                }
                None => self.differs(missing(line, &event)),
            }
        }
        Ok(())
    }

    /// Whether polls have brought something about the subject of each event.
    fn are_polled(&self, recorded: &[Value]) -> bool {
        let mut polled: Vec<_> = self.polled.iter().map(Subject::of).collect();
        recorded.iter().all(|event| {
            let subject = Subject::of(&self.ids.ours_in(event));
            let found = polled.iter().position(|polled| *polled == subject);
            found.map(|found| polled.remove(found)).is_some()
        })
    }

    async fn no_response(&mut self, line: usize, to: usize) -> Result<()> {
        self.outcome.compared += 1;
        if let Some(request) = self.requests.remove(&to)
            && let Some(answer) = request.await??
        {
            self.differs(Difference {
                line,
                path: String::new(),
                recorded: None,
                found: Some(json!({"status": answer.status, "body": answer.body})),
            });
        }
        Ok(())
    }

    /// How long the client waited before this step, up to a moment that any server can need.
    fn pause_before(&self, step: usize) -> Duration {
        let at = |step: usize| self.trace.steps.get(step).map_or(0, |step| step.at);
        let pause = at(step).saturating_sub(at(step.saturating_sub(1)));
        Duration::from_millis(pause.min(500))
    }

    /// As long as it took, and then some, as long as nothing was waited for in vain.
    fn patience(&self, steps: &[&Step]) -> Duration {
        let is_missing =
            |difference: &Difference| difference.found.is_none() && difference.path.is_empty();
        if self.outcome.differences.iter().any(is_missing) {
            return LESS_PATIENCE;
        }
        let before = steps.first().map_or(0, |first| {
            let earlier = self
                .trace
                .steps
                .iter()
                .take_while(|step| step.line < first.line);
            earlier.last().map_or(0, |step| step.at)
        });
        let last = steps.last().map_or(0, |step| step.at);
        PATIENCE + Duration::from_millis(last.saturating_sub(before))
    }

    fn compare(&mut self, line: usize, recorded: Value, found: Value) {
        for difference in fields(line, &masked(recorded), &masked(found)) {
            self.differs(difference);
        }
    }

    fn differs(&mut self, difference: Difference) {
        self.outcome.differences.push(difference);
    }
}

fn missing(line: usize, message: &Value) -> Difference {
    Difference {
        line,
        path: String::new(),
        recorded: Some(message.clone()),
        found: None,
    }
}

/// Whether the answers to what is said next have the hangup of a browser that closed its
/// connection before it said anything.
fn hangs_up(steps: &[Step]) -> bool {
    let is_said = |step: &&Step| matches!(step.what, What::Say(_));
    let is_heard = |step: &&Step| matches!(step.what, What::Hear(_));
    let said = steps.iter().take_while(is_said).count();
    steps
        .iter()
        .skip(said)
        .take_while(is_heard)
        .any(|step| matches!(&step.what, What::Hear(message) if message["reason"] == "DTLS alert"))
}

/// The handle whose offer this message answers as a browser does, and not just with something.
fn answers(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    let jsep = message.get("jsep")?;
    let is_real = jsep["sdp"].as_str()?.contains("a=ice-ufrag:");
    (jsep["type"] == "answer" && is_real).then(|| message["handle_id"].to_string())
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

/// The headers that the recording has as well: more of them do no harm.
fn known(found: &Map<String, Value>, recorded: Option<&Map<String, Value>>) -> Map<String, Value> {
    let is_recorded = |name: &str| recorded.is_some_and(|recorded| recorded.contains_key(name));
    found
        .iter()
        .filter(|(name, _)| is_recorded(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn without_connection(mut head: Value) -> Value {
    if let Some(headers) = head.get_mut("headers").and_then(Value::as_object_mut) {
        headers.retain(|name, _| !OF_THE_CONNECTION.contains(&name.as_str()));
    }
    head
}
