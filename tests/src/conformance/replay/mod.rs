//! Holds a recorded conversation with a server: here from step to step, [`websocket`] and [`http`]
//! with what each transport carries, and [`viewers`] in place of the browser.

mod http;
mod viewers;
mod websocket;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;

use super::compare::{Difference, Subject, fields, may_swap};
use super::endpoint::{Answer, Endpoints, Socket};
use super::ids::Ids;
use super::mask::masked;
use super::outcome::Outcome;
use super::trace::{Trace, What};
use super::wanted::Wanted;
use viewers::Viewers;

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
        viewers: Viewers::default(),
        outcome: Outcome {
            trace: trace.name.clone(),
            ..Outcome::default()
        },
    };
    if let Err(error) = replay.run().await {
        replay.outcome.broken = Some(format!("{error:#}"));
    }
    replay.viewers.leave().await.ok();
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
    viewers: Viewers,
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
                    if viewers::hang_up(rest) {
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
        let last = steps.last().map_or(0, |step| step.line);
        self.close(last).await;
        for event in std::mem::take(&mut self.polled) {
            self.differs(Difference::more(last, event));
        }
        Ok(())
    }

    /// Gives each recorded message the first one about the same subject that has come, as an index.
    fn claim(&mut self, recorded: &[(usize, &Value)], came: &[Value]) -> Vec<Option<usize>> {
        let mut claims = Vec::new();
        for (_, message) in recorded {
            let subject = Subject::of(&self.ids.ours_in(message));
            let found = (0..came.len()).find(|index| {
                let is_free = !claims.contains(&Some(*index));
                is_free && came.get(*index).map(Subject::of).as_ref() == Some(&subject)
            });
            if let Some(given) = found.and_then(|found| came.get(found)) {
                self.ids.learn(message, given);
            }
            claims.push(found);
        }
        claims
    }

    /// Compares recorded messages with those that they have claimed, and the order of both. Returns
    /// what nobody has claimed.
    fn compare_claimed(
        &mut self,
        recorded: &[(usize, &Value)],
        claims: &[Option<usize>],
        came: Vec<Value>,
    ) -> Vec<Value> {
        let mut before: Vec<(usize, &Value)> = Vec::new();
        for ((line, message), claim) in recorded.iter().zip(claims) {
            let Some((place, found)) = claim.and_then(|place| Some((place, came.get(place)?)))
            else {
                self.differs(Difference::missing(*line, message));
                continue;
            };
            self.compare(*line, self.ids.ours_in(message), found.clone());
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
        let came = came.into_iter().enumerate();
        came.filter(|(index, _)| !claims.contains(&Some(*index)))
            .map(|(_, message)| message)
            .collect()
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
