//! Connections to a running gateway.

use super::*;
use crate::janus::testing::Fake;
use fanlight_protocol::SessionId;
use fanlight_protocol::request::Credentials;
use futures_util::FutureExt;
use serde_json::{Value, json};

/// A running gateway.
fn start() -> (GatewayHandle, tokio::task::JoinHandle<()>) {
    let (handle, task) = channel();
    let (_, peers) = mpsc::unbounded_channel();
    let run = task.run(GatewayConfig::default(), Fake::default(), peers);
    (handle, tokio::spawn(run))
}

async fn ask(connection: &mut Connection, request: Value) -> Value {
    connection.handle(request.to_string()).await;
    serde_json::from_str(&connection.next().await.unwrap()).unwrap()
}

#[tokio::test]
async fn sessions_end_with_the_connection_that_made_them() {
    let (gateway, _task) = start();
    let create = json!({"janus": "create", "transaction": "t", "id": 7});
    let mut first = gateway.connect(Api::Janus);
    assert_eq!(ask(&mut first, create.clone()).await["janus"], "success");
    let mut second = gateway.connect(Api::Janus);
    assert_eq!(ask(&mut second, create.clone()).await["error"]["code"], 468);
    drop(first);
    assert_eq!(ask(&mut second, create).await["janus"], "success");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_at_a_bounded_backlog() {
    let (gateway, _task) = start();
    let mut deaf = gateway.connect(Api::Janus);
    let long = "x".repeat(10_000);
    let ping = json!({"janus": "ping", "transaction": long}).to_string();
    for _ in 0..1_000 {
        deaf.handle(ping.as_str()).await;
    }
    let drain = async {
        let mut read = 0;
        while let Some(text) = deaf.next().await {
            read += text.len();
        }
        read
    };
    let patience = Duration::from_secs(20);
    let read = tokio::time::timeout(patience, drain).await.unwrap();
    assert!((BACKLOG / 2..=BACKLOG).contains(&read), "{read}");

    // It may go or stay; others are served.
    let mut other = gateway.connect(Api::Janus);
    let ping = json!({"janus": "ping", "transaction": "t"});
    assert_eq!(ask(&mut other, ping.clone()).await["janus"], "pong");
    drop(deaf);
    assert_eq!(ask(&mut other, ping).await["janus"], "pong");
}

#[tokio::test]
async fn a_message_longer_than_the_backlog_is_delivered_to_a_client_that_reads() {
    let (gateway, _task) = start();
    let mut connection = gateway.connect(Api::Janus);
    let ping = json!({"janus": "ping", "transaction": "x".repeat(2 * BACKLOG)});
    for _ in 0..3 {
        assert_eq!(ask(&mut connection, ping.clone()).await["janus"], "pong");
    }
}

#[tokio::test]
async fn the_task_ends_when_the_last_connection_has_said_goodbye() {
    let (gateway, task) = start();
    let mut early = gateway.connect(Api::Janus);
    let ping = json!({"janus": "ping", "transaction": "t"});
    assert_eq!(ask(&mut early, ping).await["janus"], "pong");
    gateway.shut_down();
    assert_eq!(early.next().await, None);
    let mut late = gateway.connect(Api::Janus);
    assert_eq!(late.next().await, None);
    assert!(!task.is_finished());
    drop(early);
    drop(late);
    task.await.unwrap();
    gateway.ended().await;
}

#[tokio::test]
async fn the_task_does_not_wait_for_a_client_that_does_not_leave() {
    let (gateway, task) = start();
    let stubborn = gateway.connect(Api::Janus);
    gateway.shut_down();
    task.await.unwrap();
    drop(stubborn);
}

#[tokio::test]
async fn a_poll_that_is_dropped_with_its_answer_under_way_loses_no_event() {
    let (gateway, _task) = start();
    let client = IpAddr::from([192, 0, 2, 1]);
    let post = async |request: Value| {
        let message = request.to_string().into_bytes();
        let answer = gateway
            .post(client, Api::Janus, Path::default(), message)
            .await;
        serde_json::from_str::<Value>(&answer.unwrap()).unwrap()
    };
    post(json!({"janus": "create", "transaction": "t", "id": 7})).await;
    let plugin = "janus.plugin.ustreamer";
    let attach = json!({"janus": "attach", "transaction": "t", "session_id": 7, "plugin": plugin});
    let handle = post(attach).await["data"]["id"].clone();
    let poll = || {
        gateway.poll(Poll {
            session: SessionId(7),
            max_events: 1,
            credentials: Credentials::default(),
        })
    };
    let mut gone = Box::pin(poll());
    assert!(gone.as_mut().now_or_never().is_none());
    let stop = json!({"janus": "message", "transaction": "t", "session_id": 7,
        "handle_id": handle, "body": {"request": "stop"}});
    assert_eq!(post(stop).await["janus"], "success");
    // One more request: the poll has been answered when that is.
    post(json!({"janus": "keepalive", "transaction": "t", "session_id": 7})).await;
    drop(gone);
    let event: Value = serde_json::from_str(&poll().await.unwrap()).unwrap();
    assert_eq!(event["janus"], "event");
}

#[tokio::test]
async fn without_a_gateway_connections_end_at_once() {
    let (gateway, task) = channel();
    drop(task);
    let mut connection = gateway.connect(Api::Janus);
    connection.handle("{}").await;
    assert_eq!(connection.next().await, None);
}
