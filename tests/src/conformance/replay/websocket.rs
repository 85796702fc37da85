//! What is said over a WebSocket: each message of the recording is waited for and compared.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::compare::Difference;
use super::super::endpoint::Socket;
use super::super::trace::{Open, Say, Step, What};
use super::{LESS_PATIENCE, MOMENT, PATIENCE, Replay, known, without_connection};

impl Replay<'_> {
    pub(super) async fn open(&mut self, line: usize, open: &Open) -> Result<()> {
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
    pub(super) async fn say(&mut self, say: &Say) -> Result<()> {
        self.take_what_came();
        let text = self.viewers.answer(self.ids.ours(&say.text)).await?;
        if let Some(socket) = &self.socket {
            socket.say(text, say);
        }
        Ok(())
    }

    /// Waits for what the server said then, in any order, and compares it.
    pub(super) async fn hear(&mut self, steps: &[&Step]) {
        let recorded: Vec<_> = steps
            .iter()
            .filter_map(|step| match &step.what {
                What::Hear(message) => Some((step.line, message)),
                _ => None,
            })
            .collect();
        self.outcome.compared += recorded.len();
        let end = Instant::now() + self.patience(steps);
        let (claims, came) = loop {
            self.take_what_came();
            let came = std::mem::take(&mut self.unclaimed);
            let claims = self.claim(&recorded, &came);
            let is_waited_for = |((line, message), claim): (&(usize, &Value), &Option<usize>)| {
                claim.is_none() && !self.may_be_missing(*line, message)
            };
            if !recorded.iter().zip(&claims).any(is_waited_for) {
                break (claims, came);
            }
            self.unclaimed = came;
            if !self.another_message(end).await {
                break (claims, std::mem::take(&mut self.unclaimed));
            }
        };
        self.unclaimed = self.compare_claimed(&recorded, &claims, came);
    }

    fn may_be_missing(&self, line: usize, message: &Value) -> bool {
        let missing = Difference::missing(line, message);
        self.wanted.covers(&self.trace.name, &missing).is_some()
    }

    /// Takes what has come, and shows it to the viewers.
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
        self.viewers.note(&message);
        self.unclaimed.push(message);
    }

    /// Ends the viewers, as the browser did before it said so, and waits until the server knows.
    pub(super) async fn leave(&mut self) -> Result<()> {
        self.viewers.leave().await?;
        let end = Instant::now() + PATIENCE;
        let knows = |message: &Value| message["janus"] == "hangup";
        while !self.unclaimed.iter().any(knows) && self.another_message(end).await {}
        Ok(())
    }

    /// The server ended the conversation.
    pub(super) async fn ended(&mut self, line: usize) {
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
            self.differs(Difference::missing(line, &json!("the end")));
        }
    }

    /// The client ends the conversation. Whatever the server said and nobody waited for is too much.
    pub(super) async fn close(&mut self, line: usize) {
        let end = Instant::now() + MOMENT;
        while self.another_message(end).await {}
        for message in std::mem::take(&mut self.unclaimed) {
            self.differs(Difference::more(line, message));
        }
        self.socket = None;
    }

    /// As long as it took, and then some, as long as nothing was waited for in vain.
    fn patience(&self, steps: &[&Step]) -> Duration {
        if self.outcome.differences.iter().any(Difference::is_missing) {
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
}
