//! The Janus API over WebSocket (RFC 6455).

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use fanlight_protocol::{SUBPROTOCOL, admin};
use futures_util::StreamExt;
use tokio::time::{Instant, interval_at, timeout};
use tokio_tungstenite::tungstenite;

use super::task::{Api, Connection, GatewayHandle};

/// The longest message, in bytes. Janus' requests are a few kilobytes with an SDP in them.
const MAX_MESSAGE: usize = 1 << 20;

/// What is read at once, in bytes. Each connection has a buffer of this size all the time.
const READ_BUFFER: usize = 8 << 10;

/// The most that is kept for a client that does not read, in bytes: more than any answer has.
/// Answers to its pings pile up there.
const WRITE_BUFFER: usize = 4 << 20;

/// A client is asked for a sign of life this often …
const PING: Duration = Duration::from_secs(20);

/// … and is taken to be gone after being silent for this long.
const SILENCE: Duration = Duration::from_secs(60);

/// The longest that a client may take to take a message.
const WRITE: Duration = Duration::from_secs(10);

/// The longest that a client may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a client asks to speak, by the subprotocol.
pub(crate) fn asked_for(headers: &HeaderMap) -> Option<Api> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let mut protocols = values.flat_map(|value| value.split(',')).map(str::trim);
    protocols.find_map(|protocol| match protocol {
        SUBPROTOCOL => Some(Api::Janus),
        admin::SUBPROTOCOL => Some(Api::Admin),
        _ => None,
    })
}

/// Answers the request to upgrade a connection, on which the API is spoken. What is `held` is
/// dropped when the connection has ended.
pub(crate) fn accept(
    upgrade: WebSocketUpgrade,
    api: Api,
    gateway: GatewayHandle,
    held: impl Send + 'static,
) -> Response {
    let upgrade = upgrade
        .protocols([match api {
            Api::Janus => SUBPROTOCOL,
            Api::Admin => admin::SUBPROTOCOL,
        }])
        .read_buffer_size(READ_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE);
    upgrade.on_upgrade(async move |mut socket| {
        let _held = held;
        let mut connection = gateway.connect(api);
        match carry(&mut socket, &mut connection).await {
            End::Gone => {}
            // Sessions end now, not when the client has taken its leave.
            End::Closed => {
                drop(connection);
                say_goodbye(&mut socket, None).await;
            }
            End::Broken(frame) => {
                drop(connection);
                say_goodbye(&mut socket, Some(frame)).await;
            }
            // The gateway ends after its last connection: this one is there until it has ended well.
            End::Disconnected => {
                let frame = goodbye(close_code::AWAY, "the server ends the connection");
                say_goodbye(&mut socket, Some(frame)).await;
                drop(connection);
            }
        }
    })
}

/// Why a connection ends.
enum End {
    /// The client is not there any more.
    Gone,
    /// The client has said goodbye.
    Closed,
    /// The client sends what cannot be taken.
    Broken(CloseFrame),
    /// The gateway wants it.
    Disconnected,
}

/// Carries messages both ways until one side has enough. What is to be read next waits until
/// everything has been written: a client that does not read slows down itself alone.
async fn carry(socket: &mut WebSocket, connection: &mut Connection) -> End {
    let mut ping = interval_at(Instant::now() + PING, PING);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            biased;
            text = connection.next() => {
                let Some(text) = text else {
                    return End::Disconnected;
                };
                let sent = timeout(WRITE, socket.send(Message::Text(text.into()))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return End::Gone;
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return End::Gone;
                }
                let sent = timeout(WRITE, socket.send(Message::Ping(Default::default()))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return End::Gone;
                }
            }
            message = socket.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => connection.handle(text.as_str()).await,
                    Some(Ok(Message::Binary(bytes))) => connection.handle(bytes).await,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_))) => return End::Closed,
                    None => return End::Gone,
                    Some(Err(error)) => {
                        tracing::debug!(%error, "WebSocket");
                        return End::Broken(explain(error));
                    }
                }
            }
        }
    }
}

/// Ends the connection in good order (RFC 6455, 7.1.1), with a frame of ours or with the answer to
/// the client's, which is written while we read: a socket that is closed while there is something
/// to read takes back what was written last.
async fn say_goodbye(socket: &mut WebSocket, frame: Option<CloseFrame>) {
    let goodbye = async {
        if let Some(frame) = frame {
            // If it cannot be sent there is nothing to read either.
            let _ = socket.send(Message::Close(Some(frame))).await;
        }
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(GOODBYE, goodbye).await;
}

/// What the client did wrong.
fn explain(error: axum::Error) -> CloseFrame {
    let error = error.into_inner().downcast::<tungstenite::Error>();
    match error.as_deref() {
        Ok(tungstenite::Error::Capacity(_)) => {
            goodbye(close_code::SIZE, "messages have at most 1 MiB")
        }
        Ok(tungstenite::Error::Utf8(_)) => goodbye(close_code::INVALID, "texts are UTF-8"),
        _ => goodbye(close_code::PROTOCOL, "not a WebSocket frame"),
    }
}

fn goodbye(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }
}
