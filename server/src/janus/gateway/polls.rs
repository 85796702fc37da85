//! Clients over HTTP: what is said to them waits until they ask for it (long polling).

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use fanlight_protocol::request::Credentials;
use fanlight_protocol::{ServerMessage, SessionId};

use super::session::Holder;
use super::{Gateway, Outgoing, Recipient, Timer};
use crate::janus::media::Media;

/// How long a poll hangs while there is no news. Proxies and browsers wait for longer.
const HANG: Duration = Duration::from_secs(30);

/// A session whose client leaves more bytes than this waiting ends.
const BACKLOG: usize = 256 << 10;

/// What a message in the backlog costs beside its text.
const OVERHEAD: usize = 64;

/// The most polls that hang at one session. One more lets go of the oldest.
const POLLS: usize = 4;

/// The most messages that one poll is answered with.
const MAX_EVENTS: usize = 64;

/// One request for the news of a session. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PollId(pub(crate) u64);

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) struct Poll {
    pub(crate) session: SessionId,
    /// One message is answered as it is, any other number as an array of at most so many.
    pub(crate) max_events: usize,
    pub(crate) credentials: Credentials,
}

/// Why a client is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollRefused {
    /// The secret or the token is missing or wrong.
    Unauthorized,
    /// There is no such session, or its messages go elsewhere.
    NothingThere,
}

/// What a poll is answered with.
pub(super) struct News {
    poll: PollId,
    max_events: usize,
    messages: Vec<String>,
}

/// News of a session that a poll was answered with, as long as it is not known to have been heard.
#[derive(Debug)]
pub(super) struct Unheard {
    session: SessionId,
    messages: Vec<String>,
}

/// What a session has to say, and who waits for it.
#[derive(Debug)]
pub(super) struct Queue {
    /// The address of whoever polls.
    pub(super) client: IpAddr,
    messages: VecDeque<String>,
    /// Of all messages.
    bytes: usize,
    /// The oldest first.
    polls: VecDeque<(PollId, usize)>,
}

impl<M: Media> Gateway<M> {
    /// A client asks for the news of its session. The answer is said to the poll, now or later,
    /// exactly once.
    ///
    /// # Errors
    ///
    /// Says why there will be no answer.
    pub(crate) fn handle_poll(
        &mut self,
        now: Instant,
        id: PollId,
        poll: Poll,
    ) -> Result<(), PollRefused> {
        let access = self.config.access.check(&poll.credentials);
        access.map_err(|_| PollRefused::Unauthorized)?;
        let queue = self.queue(poll.session);
        let queue = queue.ok_or(PollRefused::NothingThere)?;
        let oldest = (queue.polls.len() >= POLLS).then(|| queue.polls.pop_front());
        queue.polls.push_back((id, poll.max_events));
        if let Some((oldest, max_events)) = oldest.flatten() {
            self.answer_poll(oldest, keepalive(max_events));
        }
        self.polls.insert(id, poll.session);
        self.timers.set(Timer::Poll(id), now + HANG);
        self.touch_session(now, poll.session);
        self.with_news.insert(poll.session);
        Ok(())
    }

    /// Whoever sent this poll does not wait for it any more: it has heard the answer, or has gone
    /// without. What was said to nobody is said again, to the next poll.
    pub(crate) fn handle_poll_closed(&mut self, now: Instant, id: PollId, was_heard: bool) {
        if let Some(Unheard { session, messages }) = self.unheard.remove(&id)
            && !was_heard
        {
            self.tell_again(session, messages);
        }
        self.timers.cancel(Timer::Poll(id));
        if let Some(session) = self.polls.remove(&id) {
            if let Some(queue) = self.queue(session) {
                queue.polls.retain(|(poll, _)| *poll != id);
            }
            self.touch_session(now, session);
        }
    }

    /// The poll has hung for long enough.
    pub(super) fn time_out_poll(&mut self, now: Instant, id: PollId) {
        let Some(session) = self.polls.get(&id).copied() else {
            return;
        };
        let queue = self.queue(session);
        let poll = queue.and_then(|queue| {
            let at = queue.polls.iter().position(|(poll, _)| *poll == id)?;
            queue.polls.remove(at)
        });
        if let Some((id, max_events)) = poll {
            self.answer_poll(id, keepalive(max_events));
        }
        self.touch_session(now, session);
    }

    /// Keeps a message for a client that polls.
    pub(super) fn queue_message(&mut self, session: SessionId, message: &ServerMessage) {
        if let Some(queue) = self.queue(session) {
            queue.put(message.to_json());
            self.with_news.insert(session);
        }
    }

    /// Keeps messages for a client that polls, before all others.
    pub(super) fn queue_again(&mut self, session: SessionId, messages: Vec<String>) {
        if let Some(queue) = self.queue(session) {
            queue.put_back(messages);
            self.with_news.insert(session);
        }
    }

    /// Answers the polls for which there is news.
    pub(super) fn serve_polls(&mut self, now: Instant) {
        while let Some(session) = self.with_news.pop_first() {
            let Some(queue) = self.queue(session) else {
                continue;
            };
            let answers = queue.serve();
            let overflows = queue.bytes > BACKLOG;
            if !answers.is_empty() {
                self.touch_session(now, session);
            }
            for news in answers {
                self.answer_poll(news.poll, news.to_text());
                let messages = news.messages;
                self.unheard
                    .insert(news.poll, Unheard { session, messages });
            }
            if overflows {
                tracing::debug!(%session, "a client does not poll, its session ends");
                self.end_session(session);
            }
        }
    }

    /// Lets go of all polls: with what there is to say, and then with nothing.
    pub(super) fn close_queue(&mut self, mut queue: Queue) {
        for news in queue.serve() {
            self.answer_poll(news.poll, news.to_text());
        }
        self.take_queue(queue);
    }

    /// Lets go of all polls with nothing. Returns what there was to say.
    pub(super) fn take_queue(&mut self, queue: Queue) -> Vec<String> {
        for (poll, max_events) in queue.polls {
            self.answer_poll(poll, keepalive(max_events));
        }
        queue.messages.into()
    }

    fn answer_poll(&mut self, id: PollId, text: String) {
        self.polls.remove(&id);
        self.timers.cancel(Timer::Poll(id));
        let to = Recipient::Poll(id);
        self.outgoing.push_back(Outgoing { to, text });
    }

    fn queue(&mut self, session: SessionId) -> Option<&mut Queue> {
        match &mut self.sessions.get_mut(&session)?.holder {
            Holder::Polls(queue) => Some(queue),
            Holder::Connection(_) | Holder::Nobody => None,
        }
    }
}

impl Queue {
    pub(super) fn new(client: IpAddr) -> Self {
        Self {
            client,
            messages: VecDeque::new(),
            bytes: 0,
            polls: VecDeque::new(),
        }
    }

    /// Whether somebody waits for news.
    pub(super) fn is_polled(&self) -> bool {
        !self.polls.is_empty()
    }

    fn put(&mut self, text: String) {
        self.bytes += text.len() + OVERHEAD;
        self.messages.push_back(text);
    }

    fn put_back(&mut self, texts: Vec<String>) {
        for text in texts.into_iter().rev() {
            self.bytes += text.len() + OVERHEAD;
            self.messages.push_front(text);
        }
    }

    /// What the polls are answered with, as long as there is news.
    fn serve(&mut self) -> Vec<News> {
        let mut answers = Vec::new();
        while !self.messages.is_empty() {
            let Some((poll, max_events)) = self.polls.pop_front() else {
                break;
            };
            let count = self.messages.len().min(max_events.clamp(1, MAX_EVENTS));
            let messages: Vec<String> = self.messages.drain(..count).collect();
            let bytes: usize = messages.iter().map(|text| text.len() + OVERHEAD).sum();
            self.bytes -= bytes;
            answers.push(News {
                poll,
                max_events,
                messages,
            });
        }
        answers
    }
}

impl News {
    fn to_text(&self) -> String {
        wrap(&self.messages.join(","), self.max_events)
    }
}

/// The answer to a poll for which there is no news.
fn keepalive(max_events: usize) -> String {
    wrap(&ServerMessage::Keepalive.to_json(), max_events)
}

fn wrap(messages: &str, max_events: usize) -> String {
    match max_events {
        1 => messages.to_owned(),
        _ => format!("[{messages}]"),
    }
}
