//! The task that owns the gateway, and the connections to it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::gateway::{ConnectionId, Gateway, GatewayConfig, Outgoing};
use super::media::{Media, PeerNews};

/// A client that leaves more bytes than this unread is disconnected. One message may be longer.
const BACKLOG: usize = 1 << 20;

/// What a message in the backlog costs beside its text.
const OVERHEAD: usize = 64;

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

/// One client's connection to the gateway. Its sessions end when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
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
        message: Vec<u8>,
        /// Dropped once the message has been handled.
        handled: oneshot::Sender<()>,
    },
    Closed(ConnectionId),
    ShutDown,
}

/// The gateway's end of a connection.
struct Outbox {
    texts: mpsc::UnboundedSender<String>,
    backlog: Arc<AtomicUsize>,
}

impl GatewayHandle {
    /// Connects a client.
    pub(crate) fn connect(&self) -> Connection {
        let id = ConnectionId(self.last_id.fetch_add(1, Ordering::Relaxed));
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
            inputs: self.inputs.clone(),
            outbox,
            backlog,
        }
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

impl GatewayTask {
    /// Runs the gateway until it was shut down and the last connection has ended, or until there
    /// is nobody left who could connect.
    pub(crate) async fn run<M: Media>(
        mut self,
        config: GatewayConfig,
        media: M,
        mut peers: mpsc::UnboundedReceiver<(M::Peer, PeerNews)>,
    ) {
        let mut gateway = Gateway::new(config, media);
        let mut outboxes = HashMap::new();
        // Clients that were told to go and have not gone yet.
        let mut leaving = 0_usize;
        let mut open = true;
        while open || leaving > 0 {
            let deadline = gateway.poll_timeout();
            let mut under_way = None;
            tokio::select! {
                input = self.inputs.recv() => match input {
                    None => break,
                    Some(Input::Opened(id, outbox)) if open => {
                        gateway.handle_opened(id);
                        outboxes.insert(id, outbox);
                    }
                    Some(Input::Opened(..)) => leaving += 1,
                    Some(Input::Message { from, message, handled }) => {
                        gateway.handle_message(now(), from, &message);
                        under_way = Some(handled);
                    }
                    Some(Input::Closed(id)) => match outboxes.remove(&id) {
                        Some(_) => gateway.handle_closed(id),
                        None => leaving = leaving.saturating_sub(1),
                    },
                    Some(Input::ShutDown) => {
                        open = false;
                        gateway.shut_down();
                    }
                },
                Some((peer, news)) = peers.recv() => gateway.handle_peer(peer, news),
                () = sleep_until(deadline) => gateway.handle_timeout(now()),
            }
            for gone in deliver(&mut gateway, &mut outboxes) {
                gateway.handle_closed(gone);
                leaving += 1;
            }
            // The answer is out: the client may send its next message.
            drop(under_way);
            if !open {
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
) -> Vec<ConnectionId> {
    let mut gone = Vec::new();
    while let Some(Outgoing { to, text }) = gateway.poll_outgoing() {
        if let Some(false) = outboxes.get(&to).map(|outbox| outbox.put(text)) {
            tracing::warn!(
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
