//! The Janus API over HTTP.

use super::*;
use crate::secret::Secret;

impl Server {
    /// Posts a message; returns the answer to it.
    pub(super) async fn post(&self, path: &str, message: &str) -> Value {
        let (head, body) = self.post_with(path, "", message).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        serde_json::from_slice(&body).unwrap()
    }

    async fn post_with(&self, path: &str, headers: &str, message: &str) -> (String, Vec<u8>) {
        let length = message.len();
        let headers = format!("{headers}Content-Length: {length}\r\n");
        self.exchange("POST", path, &headers, message).await
    }

    /// A server whose clients have to know a secret.
    fn guarded() -> Self {
        let mut config = GatewayConfig::default();
        config.access.api_secret = Some(Secret::new("s3 c+et"));
        Self::of(web_config(), config)
    }

    pub(super) async fn get(&self, path: &str) -> (String, Value) {
        let (head, body) = self.http("GET", path, "").await;
        (head, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// A session and a handle; the paths of both.
    async fn session(&self) -> (String, String) {
        let create = r#"{"janus":"create","transaction":"t"}"#;
        let session = self.post("/janus", create).await["data"]["id"].to_string();
        let session = format!("/janus/{session}");
        let attach = r#"{"janus":"attach","plugin":"janus.plugin.ustreamer","transaction":"t"}"#;
        let handle = self.post(&session, attach).await["data"]["id"].to_string();
        let handle = format!("{session}/{handle}");
        (session, handle)
    }
}

const STOP: &str = r#"{"janus":"message","body":{"request":"stop"},"transaction":"t"}"#;

#[tokio::test]
async fn who_asks_without_a_session_is_answered() {
    let server = Server::start();
    let (_, info) = server.get("/janus/info").await;
    assert_eq!(info["janus"], "server_info");
    assert!(info["transports"]["janus.transport.http"].is_object());
    let (_, pong) = server.get("/janus/ping").await;
    assert_eq!(pong["janus"], "pong");
    let ping = r#"{"janus":"ping","transaction":"a"}"#;
    let pong = json!({"janus": "pong", "transaction": "a"});
    assert_eq!(server.post("/janus", ping).await, pong);
    assert_eq!(server.post("/janus/", ping).await, pong);
}

#[tokio::test]
async fn news_is_polled_for() {
    let server = Server::start();
    let (session, handle) = server.session().await;
    let poll = format!("{session}?rid=1795194486238&maxev=5");
    // In either order.
    let ((_, news), _) = tokio::join!(server.get(&poll), server.post(&handle, STOP));
    let status = &news[0]["plugindata"]["data"]["result"]["status"];
    assert_eq!(status, "stopped");

    server.post(&handle, STOP).await;
    for single in ["?maxev=1", "?maxev=abc", ""] {
        let (_, news) = server.get(&format!("{session}{single}")).await;
        assert_eq!(news["janus"], "event");
        server.post(&handle, STOP).await;
    }
}

#[tokio::test]
async fn places_without_an_answer_are_not_found() {
    let server = Server::start();
    for path in ["/janus", "/janus/42", "/janus/abc?maxev=1", "/janus/1/2/3"] {
        let (head, body) = server.http("GET", path, "").await;
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
        assert!(head.contains("access-control-allow-origin: *"), "{head}");
        assert!(body.is_empty());
    }
    let (head, _) = server.http("GET", "/janus/1/2", "").await;
    assert!(head.starts_with("http/1.1 302"), "{head}");
    assert!(head.contains("location: /janus/1\r\n"), "{head}");
}

#[tokio::test]
async fn what_janus_does_not_do_is_said_as_janus_says_it() {
    let server = Server::start();
    let (_, body) = server.http("DELETE", "/janus", "").await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    let error = json!({"code": 450, "reason": "Unsupported method DELETE"});
    assert_eq!(answer, json!({"janus": "error", "error": error}));

    let bad = server.post("/janus", "{bad").await;
    assert_eq!(bad["error"]["code"], 454);
    let reason = bad["error"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("JSON error: on line 1: "), "{reason}");
    let empty = server.post("/janus", "").await;
    assert_eq!(empty["error"]["reason"], "Request payload missing");
    let keepalive = r#"{"janus":"keepalive","transaction":"t"}"#;
    assert_eq!(
        server.post("/janus/abc", keepalive).await["error"]["code"],
        457
    );
}

#[tokio::test]
async fn a_body_beyond_a_mebibyte_is_refused() {
    let server = Server::start();
    let long = "x".repeat((1 << 20) + 1);
    let (head, _) = server.post_with("/janus", "", &long).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
}

#[tokio::test]
async fn pages_of_this_machine_may_ask_and_see_the_answer() {
    let server = Server::start();
    let page = "Origin: http://localhost:3000\r\n";
    let wanted = format!("{page}Access-Control-Request-Headers: content-type\r\n");
    let (head, _) = server.http("OPTIONS", "/janus/1/2", &wanted).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for header in [
        "access-control-allow-origin: http://localhost:3000",
        "access-control-allow-methods: post",
        "access-control-allow-headers: content-type",
        "access-control-max-age: 86400",
    ] {
        assert!(head.contains(header), "{head}");
    }
    let ping = r#"{"janus":"ping","transaction":"a"}"#;
    let (head, _) = server.post_with("/janus", page, ping).await;
    assert!(head.contains("access-control-allow-origin: http://localhost:3000"));
}

#[tokio::test]
async fn pages_of_other_hosts_may_not_ask() {
    let server = Server::start();
    let page = "Origin: http://example.org\r\n";
    let create = r#"{"janus":"create","transaction":"t"}"#;
    let (head, text) = server.post_with("/janus", page, create).await;
    assert!(head.starts_with("http/1.1 403"), "{head}");
    assert!(!head.contains("access-control"), "{head}");
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("--allow-origin http://example.org"), "{text}");
    for method in ["OPTIONS", "GET"] {
        let (head, _) = server.http(method, "/janus/info", page).await;
        assert!(head.starts_with("http/1.1 403"), "{head}");
    }
}

#[tokio::test]
async fn a_poll_that_is_left_takes_no_news_away() {
    let server = Server::start();
    let (session, handle) = server.session().await;
    let mut left = TcpStream::connect(server.address).await.unwrap();
    let poll = format!("GET {session} HTTP/1.1\r\nHost: camera.local\r\n\r\n");
    left.write_all(poll.as_bytes()).await.unwrap();
    // Whether or not it was heard of before it was left.
    drop(left);
    let news = async {
        loop {
            server.post(&handle, STOP).await;
            let poll = server.get(&session);
            if let Ok((_, news)) = tokio::time::timeout(Duration::from_secs(1), poll).await {
                break news;
            }
        }
    };
    let news = tokio::time::timeout(PATIENCE, news).await.unwrap();
    assert_eq!(news["janus"], "event");
}

#[tokio::test]
async fn a_server_that_ends_answers_its_polls() {
    let server = Server::start();
    let (session, _) = server.session().await;
    let mut polls = Vec::new();
    for _ in 0..5 {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        let poll =
            format!("GET {session} HTTP/1.1\r\nHost: camera.local\r\nConnection: close\r\n\r\n");
        socket.write_all(poll.as_bytes()).await.unwrap();
        polls.push(async move {
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            assert!(answer.contains(r#"{"janus":"keepalive"}"#), "{answer}");
        });
    }
    // The fifth poll lets go of the first to come, so that the others hang by then.
    let (_, _, others) = futures_util::future::select_all(polls.into_iter().map(Box::pin)).await;
    server.stop.send(()).unwrap();
    let served = tokio::time::timeout(PATIENCE, server.served).await;
    served.unwrap().unwrap();
    futures_util::future::join_all(others).await;
}

#[tokio::test]
async fn polls_bring_their_secret_in_the_query() {
    let server = Server::guarded();
    let create = r#"{"janus":"create","id":7,"transaction":"t"}"#;
    assert_eq!(server.post("/janus", create).await["error"]["code"], 403);
    let create = r#"{"janus":"create","id":7,"transaction":"t","apisecret":"s3 c+et"}"#;
    assert_eq!(server.post("/janus", create).await["janus"], "success");
    for query in ["", "?apisecret=s3+c+et", "?token=s3%20c%2Bet"] {
        let (head, body) = server.http("GET", &format!("/janus/7{query}"), "").await;
        assert!(head.starts_with("http/1.1 403"), "{head}");
        assert!(body.is_empty());
    }
    // As janus.js escapes it. What is destroyed meanwhile has nothing to say.
    let destroy = r#"{"janus":"destroy","transaction":"t","apisecret":"s3 c+et"}"#;
    let poll = server.get("/janus/7?rid=1&maxev=10&apisecret=s3%20c%2Bet");
    let destroyed = async {
        for _ in 0..4 {
            server.get("/janus/ping").await;
        }
        server.post("/janus/7", destroy).await
    };
    let ((head, _), _) = tokio::join!(poll, destroyed);
    assert!(!head.starts_with("http/1.1 403"), "{head}");
}

#[tokio::test]
async fn addresses_that_are_not_on_the_list_see_the_page_alone() {
    let mut config = web_config();
    config.acl = Acl(vec!["192.0.2.".parse().unwrap()]);
    let server = Server::of(config, GatewayConfig::default());
    let ping = r#"{"janus":"ping","transaction":"a"}"#;
    let (head, text) = server.post_with("/janus", "", ping).await;
    assert!(head.starts_with("http/1.1 403"), "{head}");
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("--acl 127.0.0.1"), "{text}");
    let (status, _) = refusal(server.try_connect(server.request("/")).await);
    assert_eq!(status, 403);
    let (head, _) = server.http("GET", "/", "").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
}
