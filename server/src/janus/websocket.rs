//! The Janus API over WebSocket (RFC 6455).

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fanlight_protocol::SUBPROTOCOL;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

use super::task::{Connection, GatewayHandle};

/// The longest message, in bytes. Janus' requests are a few kilobytes with an SDP in them.
const MAX_MESSAGE: usize = 1 << 20;

/// A client is asked for a sign of life this often …
const PING: Duration = Duration::from_secs(20);

/// … and is taken to be gone after being silent for this long.
const SILENCE: Duration = Duration::from_secs(60);

/// The longest that a client may take to take a message.
const WRITE: Duration = Duration::from_secs(10);

/// Answers the request to upgrade a connection: the client has to speak `janus-protocol`.
pub(crate) fn accept(upgrade: WebSocketUpgrade, gateway: GatewayHandle) -> Response {
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        let why = format!("This WebSocket speaks the subprotocol {SUBPROTOCOL}: ask for it.\n");
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    upgrade.on_upgrade(async move |mut socket| {
        let mut connection = gateway.connect();
        let goodbye = carry(&mut socket, &mut connection).await;
        // Sessions end now, not when the client has taken its leave.
        drop(connection);
        if let Some(goodbye) = goodbye {
            let _ = timeout(WRITE, socket.send(Message::Close(Some(goodbye)))).await;
        }
    })
}

/// Carries messages both ways until one side has enough. What is to be read next waits until
/// everything has been written: a client that does not read slows down itself alone.
async fn carry(socket: &mut WebSocket, connection: &mut Connection) -> Option<CloseFrame> {
    let mut ping = tokio::time::interval(PING);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            biased;
            text = connection.next() => {
                let Some(text) = text else {
                    return Some(goodbye(close_code::AWAY, "the server ends the connection"));
                };
                let sent = timeout(WRITE, socket.send(Message::Text(text.into()))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return None;
                }
            }
            message = socket.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => connection.handle(text.as_str()).await,
                    Some(Ok(Message::Binary(bytes))) => connection.handle(bytes).await,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_))) | None => return None,
                    Some(Err(error)) => {
                        tracing::debug!(%error, "WebSocket");
                        return Some(goodbye(close_code::PROTOCOL, "a frame that cannot be taken"));
                    }
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return None;
                }
                let sent = timeout(WRITE, socket.send(Message::Ping(Default::default()))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return None;
                }
            }
        }
    }
}

fn goodbye(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }
}
