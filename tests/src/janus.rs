//! A Janus client for tests: JSON over a WebSocket, right or deliberately wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

pub use tokio_tungstenite::tungstenite::Message;

use crate::wait::{patiently, until};

/// The requests that are for a handle; the others are for a session or the server.
const OF_HANDLES: [&str; 4] = ["message", "trickle", "hangup", "detach"];

/// One connection to a server with, once attached, one session and one handle.
#[derive(Debug)]
pub struct Janus {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    session: Option<u64>,
    handle: Option<u64>,
    transactions: u64,
    /// What came while something else was waited for.
    unread: VecDeque<Value>,
}

/// What a server offers to a viewer.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The session description.
    pub sdp: String,
    /// The candidates that came beside it, as `candidate:…`; those inside it are not repeated.
    pub candidates: Vec<String>,
}

/// A connection that is left to itself: a task keeps the session alive and notes what the server
/// says. Dropping it drops the connection without a word.
#[derive(Debug)]
pub struct Kept {
    task: JoinHandle<()>,
    requests: mpsc::UnboundedSender<Value>,
    said: Arc<Mutex<Vec<Value>>>,
}

impl Janus {
    /// Connects and creates nothing.
    ///
    /// # Errors
    /// When the server does not accept the connection.
    pub async fn connect(url: &str) -> Result<Janus> {
        let mut request = url.into_client_request()?;
        let protocol = HeaderValue::from_static("janus-protocol");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        // Some tests send what the server must refuse; the client must not refuse it first.
        let config = WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let connecting = connect_async_with_config(request, Some(config), true);
        let (socket, response) = patiently("the WebSocket", connecting).await??;
        let protocol = response.headers().get("sec-websocket-protocol");
        ensure!(
            protocol.is_some_and(|p| p == "janus-protocol"),
            "no subprotocol: {protocol:?}"
        );
        Ok(Janus {
            socket,
            session: None,
            handle: None,
            transactions: 0,
            unread: VecDeque::new(),
        })
    }

    /// Connects, creates a session and attaches to µStreamer's plugin.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn attach(url: &str) -> Result<Janus> {
        Janus::attach_to(url, "janus.plugin.ustreamer").await
    }

    /// Connects, creates a session and attaches to a plugin.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn attach_to(url: &str, plugin: &str) -> Result<Janus> {
        let mut janus = Janus::connect(url).await?;
        let created = janus.request(json!({"janus": "create"})).await?;
        janus.session = Some(id(&created)?);
        let attach = json!({"janus": "attach", "plugin": plugin});
        janus.handle = Some(id(&janus.request(attach).await?)?);
        Ok(janus)
    }

    /// Asks for the stream until there is an offer. A server whose source is not ready yet
    /// answers 503; the viewer then asks again, as viewers do.
    ///
    /// # Errors
    /// When there is another answer, or none.
    pub async fn watch(&mut self) -> Result<Offer> {
        self.watch_with(json!({"request": "watch"})).await
    }

    /// The same with a request of one's own: one that names a mountpoint, say.
    ///
    /// # Errors
    /// When there is another answer, or none.
    pub async fn watch_with(&mut self, request: Value) -> Result<Offer> {
        patiently("an offer", self.ask_for_an_offer(request)).await?
    }

    async fn ask_for_an_offer(&mut self, request: Value) -> Result<Offer> {
        loop {
            self.message(request.clone(), None).await?;
            let event = self.event("event").await?;
            let data = &event["plugindata"]["data"];
            if let Some(sdp) = event["jsep"]["sdp"].as_str() {
                ensure!(event["jsep"]["type"] == "offer", "no offer: {event}");
                let candidates = self.candidates(sdp).await?;
                return Ok(Offer {
                    sdp: sdp.to_owned(),
                    candidates,
                });
            }
            ensure!(data["error_code"] == 503, "no offer: {event}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Answers an offer: `start` with the viewer's session description.
    ///
    /// # Errors
    /// When the server refuses it; its answer is in the error.
    pub async fn start(&mut self, sdp: &str) -> Result<()> {
        let answer = json!({"type": "answer", "sdp": sdp});
        let reply = self
            .message(json!({"request": "start"}), Some(answer))
            .await?;
        ensure!(
            reply["janus"] == "success" || reply["janus"] == "ack",
            "refused: {reply}"
        );
        let event = self.event("event").await?;
        // The streaming plugin says that it has started when media flow.
        let status = &event["plugindata"]["data"]["result"]["status"];
        ensure!(
            status == "started" || status == "starting",
            "refused: {event}"
        );
        Ok(())
    }

    /// Sends a message to the plugin and returns what answers it: success, or Janus' error.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn message(&mut self, body: Value, jsep: Option<Value>) -> Result<Value> {
        let mut request = json!({"janus": "message", "body": body});
        if let Some(jsep) = jsep {
            request["jsep"] = jsep;
        }
        self.request(request).await
    }

    /// Sends a request with this connection's session and handle and returns what answers it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn request(&mut self, mut request: Value) -> Result<Value> {
        let transaction = self.complete(&mut request)?;
        self.send(Message::text(request.to_string())).await?;
        self.find(&format!("an answer to {request}"), |message| {
            // The plugin's own events may carry the transaction too; they are not its answer.
            message["transaction"] == transaction.as_str() && message["janus"] != "event"
        })
        .await
    }

    /// Sends a request and waits for nothing.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn notify(&mut self, mut request: Value) -> Result<()> {
        self.complete(&mut request)?;
        self.send(Message::text(request.to_string())).await
    }

    /// Waits for a message of this kind: `event`, `webrtcup`, `hangup`, `trickle`, …
    ///
    /// # Errors
    /// When none comes or the connection ends.
    pub async fn event(&mut self, kind: &str) -> Result<Value> {
        self.find(kind, |message| message["janus"] == kind).await
    }

    /// Sends a WebSocket message as it is.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, message: Message) -> Result<()> {
        Ok(self.socket.send(message).await?)
    }

    /// Reads until the server ends the connection and returns how: the close code, if it said
    /// one. A server that cuts the connection while we still send may leave no code behind.
    ///
    /// # Errors
    /// When it does not end the connection.
    pub async fn closed(&mut self) -> Result<Option<u16>> {
        let socket = &mut self.socket;
        patiently("the server to close the connection", async {
            loop {
                match socket.next().await {
                    Some(Ok(Message::Close(frame))) => return frame.map(|f| f.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        })
        .await
    }

    /// Leaves the connection to a task of its own.
    pub fn keep(mut self) -> Kept {
        let said = Arc::new(Mutex::new(Vec::from(std::mem::take(&mut self.unread))));
        let (requests, mut outgoing) = mpsc::unbounded_channel();
        let notes = said.clone();
        let task = tokio::spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_secs(25));
            loop {
                let request = tokio::select! {
                    message = self.socket.next() => match message {
                        Some(Ok(Message::Text(text))) => {
                            let note = serde_json::from_str(&text).unwrap_or(Value::Null);
                            notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
                            continue;
                        }
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        Some(Ok(_)) => continue,
                    },
                    _ = beat.tick() => json!({"janus": "keepalive"}),
                    request = outgoing.recv() => match request {
                        Some(request) => request,
                        None => break,
                    },
                };
                if self.notify(request).await.is_err() {
                    break;
                }
            }
        });
        Kept {
            task,
            requests,
            said,
        }
    }

    /// The candidates that follow an offer. A server that puts them into the offer sends none.
    async fn candidates(&mut self, sdp: &str) -> Result<Vec<String>> {
        let mut candidates = Vec::new();
        if sdp.contains("a=candidate:") {
            return Ok(candidates);
        }
        loop {
            let trickle = self.event("trickle").await?;
            let candidate = &trickle["candidate"];
            if candidate["completed"] == true {
                return Ok(candidates);
            }
            let line = candidate["candidate"]
                .as_str()
                .with_context(|| trickle.to_string())?;
            candidates.push(line.to_owned());
        }
    }

    /// Gives a request its transaction, session and handle, unless it brings its own.
    fn complete(&mut self, request: &mut Value) -> Result<String> {
        self.transactions += 1;
        let transaction = format!("t{}", self.transactions);
        let fields: &mut Map<_, _> = request.as_object_mut().context("a request is an object")?;
        fields
            .entry("transaction")
            .or_insert_with(|| json!(transaction));
        if let Some(session) = self.session {
            fields.entry("session_id").or_insert_with(|| json!(session));
        }
        let kind = fields.get("janus").and_then(Value::as_str);
        let of_handle = kind.is_some_and(|kind| OF_HANDLES.contains(&kind));
        if let (Some(handle), true) = (self.handle, of_handle) {
            fields.entry("handle_id").or_insert_with(|| json!(handle));
        }
        Ok(transaction)
    }

    async fn find(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        if let Some(at) = self.unread.iter().position(&wanted) {
            return self
                .unread
                .remove(at)
                .context("the position was just found");
        }
        let (socket, unread) = (&mut self.socket, &mut self.unread);
        patiently(what, async {
            loop {
                match socket.next().await {
                    Some(Ok(Message::Text(text))) => {
                        let message = serde_json::from_str(&text)
                            .with_context(|| format!("the server sent no JSON: {text}"))?;
                        if wanted(&message) {
                            return Ok(message);
                        }
                        unread.push_back(message);
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(other)) => bail!("waited for {what}, but: {other:?}"),
                    Some(Err(error)) => bail!("waited for {what}, but: {error}"),
                    None => bail!("waited for {what}, but the connection ended"),
                }
            }
        })
        .await?
    }
}

impl Kept {
    /// Sends a request and waits for nothing.
    pub fn notify(&self, request: Value) {
        // A connection that has ended takes no requests; what it said last tells why.
        self.requests.send(request).ok();
    }

    /// Whether the server has said something of this kind.
    pub fn was_told(&self, kind: &str) -> bool {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().any(|message| message["janus"] == kind)
    }

    /// Waits until the server has said something of this kind, now or before, and returns it.
    ///
    /// # Errors
    /// When it does not.
    pub async fn told(&self, kind: &str) -> Result<Value> {
        until(&format!("the server to say {kind}"), async || {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(said
                .iter()
                .find(|message| message["janus"] == kind)
                .cloned())
        })
        .await
    }

    /// Waits until the connection has ended.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(&self) -> Result<()> {
        until("the connection to end", async || {
            Ok(self.task.is_finished().then_some(()))
        })
        .await
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn id(reply: &Value) -> Result<u64> {
    reply["data"]["id"]
        .as_u64()
        .with_context(|| format!("no id in {reply}"))
}
