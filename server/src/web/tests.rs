//! A real server on a free port, spoken to in bytes.

mod admin;
mod http;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::*;
use crate::janus::testing::Fake;
use crate::janus::{GatewayConfig, channel};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

type Client = WebSocketStream<TcpStream>;

fn web_config() -> WebConfig {
    WebConfig {
        listen: vec![([127, 0, 0, 1], 0).into()],
        origins: Origins::default(),
        acl: Acl::default(),
        admin: None,
    }
}

impl Server {
    fn start() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let mut web = Web::bind(web_config()).unwrap();
        web.limits = limits;
        Self::serve(web, GatewayConfig::default())
    }

    fn of(web: WebConfig, gateway: GatewayConfig) -> Self {
        Self::serve(Web::bind(web).unwrap(), gateway)
    }

    fn serve(web: Web, config: GatewayConfig) -> Self {
        let address = web.addresses()[0];
        let (gateway, task) = channel();
        let (_, peers) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(task.run(config, Fake::default(), peers));
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let served = tokio::spawn(web.serve(gateway, shutdown));
        Self {
            address,
            stop,
            served,
        }
    }

    /// Sends a request without a body; returns the head and the body of the answer.
    async fn http(&self, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
        self.exchange(method, path, headers, "").await
    }

    /// Sends a request as it stands; returns the head and the body of the answer.
    async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> (String, Vec<u8>) {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: camera.local\r\nConnection: close\r\n{headers}\r\n{body}"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = socket.read_to_end(&mut answer);
        tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap().to_lowercase(), body)
    }

    fn request(&self, path: &str) -> Request {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        let protocol = "janus-protocol".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        request
    }

    async fn try_connect(&self, request: Request) -> Result<Client, Error> {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (client, _) = tokio_tungstenite::client_async(request, socket).await?;
        Ok(client)
    }

    async fn connect(&self) -> Client {
        self.try_connect(self.request("/janus/ws")).await.unwrap()
    }
}

/// The status and the text that a WebSocket is refused with.
fn refusal(result: Result<Client, Error>) -> (u16, String) {
    match result {
        Err(Error::Http(response)) => {
            let text = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8(text).unwrap())
        }
        other => panic!("{:?}", other.map(|_| "connected")),
    }
}

async fn next(client: &mut Client) -> Message {
    let message = tokio::time::timeout(PATIENCE, client.next()).await.unwrap();
    message.unwrap().unwrap()
}

/// The next text of the server.
async fn hear(client: &mut Client) -> Value {
    loop {
        match next(client).await {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn ping(client: &mut Client) {
    let ping = json!({"janus": "ping", "transaction": "t"}).to_string();
    client.send(Message::text(ping)).await.unwrap();
    assert_eq!(hear(client).await["janus"], "pong");
}

/// The code that the server ends the connection with.
async fn close_code(client: &mut Client) -> u16 {
    loop {
        if let Message::Close(frame) = next(client).await {
            return frame.unwrap().code.into();
        }
    }
}

#[tokio::test]
async fn the_page_is_served_with_a_policy_and_not_twice() {
    let server = Server::start();
    let (head, body) = server.http("GET", "/", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/html; charset=utf-8"));
    assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
    assert!(head.contains("cache-control: no-cache"));
    assert!(body.to_ascii_lowercase().starts_with(b"<!doctype html>"));

    let (etag, _) = head
        .split_once("etag: ")
        .unwrap()
        .1
        .split_once("\r\n")
        .unwrap();
    let condition = format!("If-None-Match: \"other\", W/{etag}\r\n");
    let (head, body) = server.http("GET", "/", &condition).await;
    assert!(head.starts_with("http/1.1 304"), "{head}");
    assert!(body.is_empty());
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let server = Server::start();
    let (_, page) = server.http("GET", "/", "").await;
    let (head, body) = server.http("HEAD", "/", "").await;
    assert!(
        head.contains(&format!("content-length: {}", page.len())),
        "{head}"
    );
    assert!(body.is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_said_in_words() {
    let server = Server::start();
    for path in ["/nothing", "/../Cargo.toml", "/%2e%2e/x", "//"] {
        let (head, body) = server.http("GET", path, "").await;
        assert!(head.starts_with("http/1.1 404"), "{head}");
        assert!(body.starts_with(b"There is nothing here."));
    }
    let (head, _) = server.http("POST", "/", "Content-Length: 0\r\n").await;
    assert!(head.starts_with("http/1.1 405"), "{head}");
    assert!(head.contains("allow: get, head"), "{head}");
    let (head, body) = server.http("GET", "/janus/ws", "").await;
    assert!(head.starts_with("http/1.1 426"), "{head}");
    assert!(String::from_utf8(body).unwrap().contains("WebSocket"));
}

#[tokio::test]
async fn janus_clients_come_by_any_path() {
    let server = Server::start();
    for path in [
        "/",
        "/ws",
        "/janus",
        "/janus/ws",
        "/janus/",
        "/else?where=x",
    ] {
        let mut client = server.try_connect(server.request(path)).await.unwrap();
        ping(&mut client).await;
    }
}

#[tokio::test]
async fn the_subprotocol_is_asked_for() {
    let server = Server::start();
    for protocol in [None, Some("chat"), Some("janus-admin-protocol")] {
        let mut request = server.request("/janus");
        match protocol {
            Some(name) => request
                .headers_mut()
                .insert("sec-websocket-protocol", name.parse().unwrap()),
            None => request.headers_mut().remove("sec-websocket-protocol"),
        };
        let (status, text) = refusal(server.try_connect(request).await);
        assert_eq!(status, 400);
        assert!(text.contains("janus-protocol"), "{text}");
    }
}

#[tokio::test]
async fn a_page_of_another_host_is_refused_with_what_to_do() {
    let server = Server::start();
    let mut request = server.request("/");
    request
        .headers_mut()
        .insert("origin", "http://example.org".parse().unwrap());
    let (status, text) = refusal(server.try_connect(request).await);
    assert_eq!(status, 403);
    assert!(text.contains("--allow-origin http://example.org"), "{text}");
}

#[tokio::test]
async fn binary_and_fragmented_messages_are_messages() {
    let server = Server::start();
    let mut client = server.connect().await;
    let ping = json!({"janus": "ping", "transaction": "t"})
        .to_string()
        .into_bytes();
    client.send(Message::binary(ping.clone())).await.unwrap();
    assert_eq!(hear(&mut client).await["janus"], "pong");
    let (start, end) = ping.split_at(9);
    for frame in [
        Frame::message(start.to_vec(), OpCode::Data(Data::Text), false),
        Frame::message(end.to_vec(), OpCode::Data(Data::Continue), true),
    ] {
        client.send(Message::Frame(frame)).await.unwrap();
    }
    assert_eq!(hear(&mut client).await["janus"], "pong");
    client.send(Message::binary(vec![0xff; 9])).await.unwrap();
    assert_eq!(hear(&mut client).await["error"]["code"], 454);
}

#[tokio::test]
async fn a_message_beyond_a_mebibyte_ends_its_connection_alone() {
    let server = Server::start();
    let mut other = server.connect().await;
    let mut client = server.connect().await;
    let padded = |length: usize| {
        let head = r#"{"janus":"ping","transaction":"t","x":""#;
        format!("{head}{}\"}}", "x".repeat(length - head.len() - 2))
    };
    client.send(Message::text(padded(1 << 20))).await.unwrap();
    assert_eq!(hear(&mut client).await["janus"], "pong");
    client
        .send(Message::text(padded((1 << 20) + 1)))
        .await
        .unwrap();
    assert_eq!(close_code(&mut client).await, 1009);
    ping(&mut other).await;
}

#[tokio::test]
async fn ten_thousand_bad_messages_are_answered_and_disturb_nobody() {
    let server = Server::start();
    let mut other = server.connect().await;
    let (mut sink, mut stream) = server.connect().await.split();
    let send = async {
        for number in 0..10_000 {
            let bad = [
                "{not json",
                "[]",
                "{}",
                r#"{"janus":"foo","transaction":"t"}"#,
            ];
            let text = bad[number % bad.len()];
            sink.send(Message::text(text)).await.unwrap();
        }
    };
    let read = async {
        for _ in 0..10_000 {
            let message = stream.next().await.unwrap().unwrap();
            let answer: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            assert_eq!(answer["janus"], "error");
        }
    };
    let disturb = async {
        for _ in 0..100 {
            ping(&mut other).await;
        }
    };
    tokio::join!(send, read, disturb);
}

#[tokio::test]
async fn garbage_on_a_websocket_ends_its_connection_alone() {
    let server = Server::start();
    let mut other = server.connect().await;
    let client = server.connect().await;
    let mut socket = client.into_inner();
    socket.write_all(&[0xff; 100]).await.unwrap();
    let mut rest = Vec::new();
    let read = socket.read_to_end(&mut rest);
    // Reset or closed: what matters is that it ends.
    let _ = tokio::time::timeout(PATIENCE, read).await.unwrap();
    ping(&mut other).await;
}

#[tokio::test]
async fn who_does_not_finish_a_request_is_cut_off() {
    let server = Server::with(Limits {
        head: Duration::from_millis(50),
        ..Limits::default()
    });
    for part in [
        "",
        "GET / HTTP/1.1\r\nHost:",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(part.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = socket.read_to_end(&mut answer);
        tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    }
    let mut client = server.connect().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    ping(&mut client).await;
}

#[tokio::test]
async fn a_connection_too_many_is_closed_and_there_is_room_after_one_has_ended() {
    let server = Server::with(Limits {
        connections: 2,
        ..Limits::default()
    });
    let mut first = server.connect().await;
    let second = server.connect().await;
    assert!(server.try_connect(server.request("/")).await.is_err());
    ping(&mut first).await;
    drop(second);
    let room = async { while server.try_connect(server.request("/")).await.is_err() {} };
    tokio::time::timeout(PATIENCE, room).await.unwrap();
    ping(&mut first).await;
}

#[tokio::test]
async fn sessions_end_with_the_connection() {
    let server = Server::start();
    let create = json!({"janus": "create", "id": 7, "transaction": "t"}).to_string();
    let mut first = server.connect().await;
    first.send(Message::text(create.clone())).await.unwrap();
    assert_eq!(hear(&mut first).await["janus"], "success");
    drop(first);
    let mut second = server.connect().await;
    let created = async {
        loop {
            second.send(Message::text(create.clone())).await.unwrap();
            if hear(&mut second).await["janus"] == "success" {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, created).await.unwrap();
}

#[tokio::test]
async fn a_client_that_says_goodbye_is_answered() {
    let server = Server::start();
    let mut client = server.connect().await;
    client.close(None).await.unwrap();
    assert!(matches!(next(&mut client).await, Message::Close(_)));
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_ends_tells_its_viewers_and_gives_the_port_back() {
    let server = Server::start();
    let mut client = server.connect().await;
    let send = async |client: &mut Client, request: Value| {
        client
            .send(Message::text(request.to_string()))
            .await
            .unwrap();
        hear(client).await
    };
    let create = json!({"janus": "create", "id": 7, "transaction": "t"});
    send(&mut client, create).await;
    let plugin = "janus.plugin.ustreamer";
    let attach = json!({"janus": "attach", "session_id": 7, "plugin": plugin, "transaction": "t"});
    let handle = send(&mut client, attach).await["data"]["id"].clone();
    let watch = json!({
        "janus": "message", "session_id": 7, "handle_id": handle,
        "body": {"request": "watch"}, "transaction": "t",
    });
    assert_eq!(send(&mut client, watch).await["jsep"]["type"], "offer");
    assert_eq!(hear(&mut client).await["janus"], "success");

    server.stop.send(()).unwrap();
    assert_eq!(hear(&mut client).await["janus"], "hangup");
    assert_eq!(close_code(&mut client).await, 1001);
    drop(client);
    tokio::time::timeout(PATIENCE, server.served)
        .await
        .unwrap()
        .unwrap();
    listen::bind(&[server.address]).unwrap();
}
