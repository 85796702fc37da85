//! The server that a conversation is held with: its addresses, and the two ways to speak to it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::body::{Body, to_bytes};
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::trace::{Frames, Open, Request, Say};

/// A long poll answers after half a minute, whatever happens.
const LONGEST: Duration = Duration::from_secs(40);

/// Where a server is spoken to.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The WebSocket, as `ws://…`.
    pub websocket: String,
    /// The WebSocket of the admin API.
    pub admin_websocket: String,
    /// The HTTP server, as `http://…` without a path.
    pub http: String,
    /// The HTTP server of the admin API.
    pub admin_http: String,
}

impl Endpoints {
    /// A server that has everything at one address, `host:port`.
    pub fn all_at(address: impl std::fmt::Display) -> Endpoints {
        let websocket = format!("ws://{address}/");
        let http = format!("http://{address}");
        Endpoints {
            admin_websocket: websocket.clone(),
            websocket,
            admin_http: http.clone(),
            http,
        }
    }

    /// The real Janus with the recorded configuration of this name, whose ports tell it from others.
    pub fn of_janus(configuration: &str) -> Endpoints {
        let tens = match configuration {
            "secrets" => 10_000,
            "timeouts" => 20_000,
            "camera" => 30_000,
            _ => 0,
        };
        Endpoints {
            websocket: format!("ws://127.0.0.1:{}/", tens + 8188),
            admin_websocket: format!("ws://127.0.0.1:{}/", tens + 7188),
            http: format!("http://127.0.0.1:{}", tens + 8088),
            admin_http: format!("http://127.0.0.1:{}", tens + 7088),
        }
    }

    pub(super) fn websocket(&self, admin: bool) -> &str {
        if admin {
            &self.admin_websocket
        } else {
            &self.websocket
        }
    }

    fn http(&self, path: &str) -> &str {
        if path.starts_with("/admin") {
            &self.admin_http
        } else {
            &self.http
        }
    }
}

/// An open WebSocket. A task reads it, so that nothing that the server says has to wait.
#[derive(Debug)]
pub(super) struct Socket {
    sender: mpsc::UnboundedSender<Message>,
    /// What the server said; closed when it has ended the connection.
    pub(super) heard: mpsc::UnboundedReceiver<Value>,
}

impl Socket {
    /// Opens a WebSocket. Returns the headers of the answer as well, or `None` when the server did
    /// not accept it, in whatever way.
    pub(super) async fn open(
        url: &str,
        open: &Open,
    ) -> Result<Option<(Socket, Map<String, Value>)>> {
        let mut request = url.into_client_request()?;
        if let Some(protocol) = &open.protocol {
            let protocol = HeaderValue::from_str(protocol)?;
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
        }
        let Ok((socket, response)) = connect_async(request).await else {
            return Ok(None);
        };
        let (mut write, mut read) = socket.split();
        let (sender, mut outgoing) = mpsc::unbounded_channel();
        let (noted, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            // Ends when the socket is dropped.
            while let Some(message) = outgoing.recv().await {
                if write.send(message).await.is_err() {
                    break;
                }
            }
            write.close().await.ok();
        });
        tokio::spawn(async move {
            while let Some(Ok(message)) = read.next().await {
                if let Message::Text(text) = message {
                    let text = serde_json::from_str(&text).unwrap_or_else(|_| text.as_str().into());
                    noted.send(text).ok();
                }
            }
        });
        Ok(Some((
            Socket { sender, heard },
            headers(response.headers()),
        )))
    }

    /// Sends a message. A connection that has ended takes none, and has said so already.
    pub(super) fn say(&self, text: String, say: &Say) {
        match say.frames {
            Frames::Text => self.send(Message::text(text)),
            Frames::Binary => self.send(Message::binary(text)),
            Frames::TwoFragments => {
                let (first, second) = text.split_at(text.len() / 2);
                let frame = |text: &str, kind, last| {
                    Message::Frame(Frame::message(text.to_owned(), OpCode::Data(kind), last))
                };
                self.send(frame(first, Data::Text, false));
                self.send(frame(second, Data::Continue, true));
            }
        }
    }

    fn send(&self, message: Message) {
        self.sender.send(message).ok();
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Map<String, Value>,
    /// [`Value::Null`] for none, and a text for one that is no JSON.
    pub(super) body: Value,
}

/// Makes a request. `None` when the server ended the connection without an answer.
pub(super) async fn ask(
    endpoints: &Endpoints,
    path: &str,
    body: String,
    request: &Request,
) -> Result<Option<Answer>> {
    let url = format!("{}{path}", endpoints.http(path));
    let mut builder = http::Request::builder()
        .method(request.method.as_str())
        .uri(url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value.as_str().unwrap_or_default());
    }
    // A connection for each request: one that was ended by the server fails no other.
    let client = Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http::<Body>();
    let asking = client.request(builder.body(Body::from(body))?);
    let answer = tokio::time::timeout(LONGEST, asking)
        .await
        .context("no answer over HTTP")?;
    let Ok(response) = answer else {
        return Ok(None);
    };
    let status = response.status().as_u16();
    let headers = headers(response.headers());
    let body = to_bytes(Body::new(response.into_body()), usize::MAX).await?;
    let body = match body.as_ref() {
        [] => Value::Null,
        text => {
            serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into())
        }
    };
    Ok(Some(Answer {
        status,
        headers,
        body,
    }))
}

fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into();
        (name.as_str().to_owned(), value)
    };
    headers.iter().map(text).collect()
}
