//! The task that owns the gateway, and the connections to it.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fanlight_protocol::request::Path;
use tokio::sync::{mpsc, oneshot};

use super::gateway::{
    ConnectionId, Gateway, GatewayConfig, Outgoing, Poll, PollId, PollRefused, Recipient,
};
use super::media::{Media, PeerNews};

/// A client that leaves more bytes than this unread is disconnected. One message may be longer.
const BACKLOG: usize = 1 << 20;

/// What a message in the backlog costs beside its text.
const OVERHEAD: usize = 64;

/// How long clients may take to leave when the gateway ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// The way to a gateway, and what it takes to run it.
pub(crate) fn channel() -> (GatewayHandle, GatewayTask) {
    let (inputs, receiver) = mpsc::unbounded_channel();
    let handle = GatewayHandle {
        inputs,
        last_id: Arc::new(AtomicU64::new(0)),
    };
    (handle, GatewayTask { inputs: receiver })
}

/// The way to a running gateway, for transports.
#[derive(Clone, Debug)]
pub(crate) struct GatewayHandle {
    inputs: mpsc::UnboundedSender<Input>,
    last_id: Arc<AtomicU64>,
}

/// What is spoken with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Janus,
    Admin,
}

/// One client's connection to the gateway. Its sessions end when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
    api: Api,
    inputs: mpsc::UnboundedSender<Input>,
    outbox: mpsc::UnboundedReceiver<String>,
    backlog: Arc<AtomicUsize>,
}

/// A gateway that is not running yet.
#[derive(Debug)]
pub(crate) struct GatewayTask {
    inputs: mpsc::UnboundedReceiver<Input>,
}

/// What transports tell the gateway. There is no bound on these: a connection has one message
/// under way at a time, so there are as many as there are clients.
#[derive(Debug)]
enum Input {
    Opened(ConnectionId, Outbox),
    Message {
        from: ConnectionId,
        api: Api,
        message: Vec<u8>,
        /// Dropped once the message has been handled.
        handled: oneshot::Sender<()>,
    },
    Closed(ConnectionId),
    Post {
        client: IpAddr,
        api: Api,
        path: Path,
        message: Vec<u8>,
        answer: oneshot::Sender<String>,
    },
    Poll {
        id: PollId,
        poll: Poll,
        answer: PollAnswer,
    },
    PollClosed {
        id: PollId,
        was_heard: bool,
    },
    ShutDown,
}

type PollAnswer = oneshot::Sender<Result<String, PollRefused>>;

/// Why a poll has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PollError {
    Refused(PollRefused),
    /// The gateway has ended.
    Ended,
}

/// Tells the gateway when a poll is not waited for any more, and whether its answer has arrived.
struct PollGuard {
    id: PollId,
    was_heard: bool,
    inputs: mpsc::UnboundedSender<Input>,
}

/// The gateway's end of a connection.
struct Outbox {
    texts: mpsc::UnboundedSender<String>,
    backlog: Arc<AtomicUsize>,
}

impl GatewayHandle {
    /// Connects a client.
    pub(crate) fn connect(&self, api: Api) -> Connection {
        let id = ConnectionId(self.next_id());
        let (texts, outbox) = mpsc::unbounded_channel();
        let backlog = Arc::new(AtomicUsize::new(0));
        let ours = Outbox {
            texts,
            backlog: backlog.clone(),
        };
        // Without a gateway the outbox is dropped here, and the connection ends as soon as it
        // is listened to.
        let _ = self.inputs.send(Input::Opened(id, ours));
        Connection {
            id,
            api,
            inputs: self.inputs.clone(),
            outbox,
            backlog,
        }
    }

    /// Hands a message to the gateway that a client at this address, or in this network, has posted;
    /// returns its answer, or `None` when the gateway has ended.
    pub(crate) async fn post(
        &self,
        client: IpAddr,
        api: Api,
        path: Path,
        message: Vec<u8>,
    ) -> Option<String> {
        let (answer, wait) = oneshot::channel();
        let post = Input::Post {
            client,
            api,
            path,
            message,
            answer,
        };
        self.inputs.send(post).ok()?;
        wait.await.ok()
    }

    /// Waits for the news of a session.
    ///
    /// # Errors
    ///
    /// When there are none to be had.
    pub(crate) async fn poll(&self, poll: Poll) -> Result<String, PollError> {
        let id = PollId(self.next_id());
        let (answer, wait) = oneshot::channel();
        let sent = self.inputs.send(Input::Poll { id, poll, answer });
        sent.map_err(|_| PollError::Ended)?;
        let mut guard = PollGuard {
            id,
            was_heard: false,
            inputs: self.inputs.clone(),
        };
        let answer = wait.await;
        guard.was_heard = answer.is_ok();
        match answer {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(refused)) => Err(PollError::Refused(refused)),
            Err(_) => Err(PollError::Ended),
        }
    }

    fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Tells those who watch that it is over, disconnects everybody, and takes nobody any more.
    pub(crate) fn shut_down(&self) {
        let _ = self.inputs.send(Input::ShutDown);
    }

    /// Waits until the gateway has ended, which it does once it was shut down and everybody has
    /// left.
    pub(crate) async fn ended(&self) {
        self.inputs.closed().await;
    }
}

impl Connection {
    /// Hands a message of the client to the gateway and waits until it has been handled. Its
    /// answer comes from [`Connection::next`].
    pub(crate) async fn handle(&self, message: impl Into<Vec<u8>>) {
        let (handled, wait) = oneshot::channel();
        let message = Input::Message {
            from: self.id,
            api: self.api,
            message: message.into(),
            handled,
        };
        if self.inputs.send(message).is_ok() {
            let _ = wait.await;
        }
    }

    /// The next message for the client; `None` when the gateway has disconnected it.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let text = self.outbox.recv().await?;
        self.backlog
            .fetch_sub(text.len() + OVERHEAD, Ordering::Relaxed);
        Some(text)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Closed(self.id));
    }
}

impl Drop for PollGuard {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::PollClosed {
            id: self.id,
            was_heard: self.was_heard,
        });
    }
}

impl GatewayTask {
    /// Runs the gateway until it was shut down and everybody has left or has had the time to, or
    /// until there is nobody who could connect.
    pub(crate) async fn run<M: Media>(
        mut self,
        config: GatewayConfig,
        media: M,
        mut peers: mpsc::UnboundedReceiver<(M::Peer, PeerNews)>,
    ) {
        let mut gateway = Gateway::new(config, media);
        let mut outboxes = HashMap::new();
        let mut polls = HashMap::new();
        // Clients that were told to go and have not gone yet.
        let mut leaving = 0_usize;
        let mut end = None;
        while end.is_none_or(|end| leaving > 0 && now() < end) {
            let deadline = end.or(gateway.poll_timeout());
            let mut under_way = None;
            tokio::select! {
                input = self.inputs.recv() => match input {
                    None => break,
                    Some(Input::Opened(id, outbox)) if end.is_none() => {
                        gateway.handle_opened(id);
                        outboxes.insert(id, outbox);
                    }
                    Some(Input::Opened(..)) => leaving += 1,
                    Some(Input::Message { from, api, message, handled }) => {
                        match api {
                            Api::Janus => gateway.handle_message(now(), from, &message),
                            Api::Admin => gateway.handle_admin_message(now(), from, &message),
                        }
                        under_way = Some(handled);
                    }
                    Some(Input::Closed(id)) => match outboxes.remove(&id) {
                        Some(_) => gateway.handle_closed(now(), id),
                        None => leaving = leaving.saturating_sub(1),
                    },
                    Some(Input::Post { client, api, path, message, answer }) => if end.is_none() {
                        let text = match api {
                            Api::Janus => gateway.handle_post(now(), client, path, &message),
                            Api::Admin => gateway.handle_admin_post(now(), path, &message),
                        };
                        // A client that has gone does not hear what came of it.
                        let _ = answer.send(text);
                    },
                    Some(Input::Poll { id, poll, answer }) => if end.is_none() {
                        match gateway.handle_poll(now(), id, poll) {
                            Ok(()) => drop(polls.insert(id, answer)),
                            Err(refused) => drop(answer.send(Err(refused))),
                        }
                    },
                    Some(Input::PollClosed { id, was_heard }) => {
                        polls.remove(&id);
                        gateway.handle_poll_closed(now(), id, was_heard);
                    }
                    Some(Input::ShutDown) => {
                        end = Some(now() + FAREWELL);
                        gateway.shut_down();
                    }
                },
                Some((peer, news)) = peers.recv() => gateway.handle_peer(peer, news),
                () = sleep_until(deadline) => gateway.handle_timeout(now()),
            }
            for gone in deliver(&mut gateway, &mut outboxes, &mut polls) {
                gateway.handle_closed(now(), gone);
                leaving += 1;
            }
            // The answer is out: the client may send its next message.
            drop(under_way);
            if end.is_some() {
                leaving += outboxes.drain().count();
            }
        }
    }
}

/// Hands out what the gateway has to say. Returns the clients that are disconnected because they
/// do not read it.
fn deliver<M: Media>(
    gateway: &mut Gateway<M>,
    outboxes: &mut HashMap<ConnectionId, Outbox>,
    polls: &mut HashMap<PollId, PollAnswer>,
) -> Vec<ConnectionId> {
    let mut gone = Vec::new();
    while let Some(Outgoing { to, text }) = gateway.poll_outgoing(now()) {
        let to = match to {
            Recipient::Connection(to) => to,
            Recipient::Poll(id) => {
                if let Some(answer) = polls.remove(&id) {
                    // If nobody waits for it, the poll's end is among the inputs and says so.
                    let _ = answer.send(Ok(text));
                }
                continue;
            }
        };
        if let Some(false) = outboxes.get(&to).map(|outbox| outbox.put(text)) {
            tracing::debug!(
                connection = to.0,
                "a client does not read and is disconnected"
            );
            outboxes.remove(&to);
            gone.push(to);
        }
    }
    gone
}

impl Outbox {
    /// False when there is too much in it already.
    fn put(&self, text: String) -> bool {
        let size = text.len() + OVERHEAD;
        let before = self.backlog.fetch_add(size, Ordering::Relaxed);
        let fits = before == 0 || before + size <= BACKLOG;
        // A client that has just gone has read enough.
        let _ = fits.then(|| self.texts.send(text));
        fits
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
