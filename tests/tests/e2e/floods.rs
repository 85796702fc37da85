//! Who asks for too much, or does not listen, is told so or dropped; all others go on.

use anyhow::{Result, ensure};
use fanlight_tests::crowd::Watcher;
use fanlight_tests::janus::{Janus, Message};
use fanlight_tests::server::{Server, TEST_PATTERN};
use fanlight_tests::sessions::Http;
use fanlight_tests::wait::{PATIENCE, until};
use serde_json::{Value, json};

/// The most sessions that the server is told to have.
const MAX: usize = 60;

/// Sessions that one connection may have.
const OF_A_CONNECTION: usize = 16;

async fn full_server() -> Result<(Server, Vec<Janus>)> {
    let server =
        Server::start(&[TEST_PATTERN, &["--max-sessions", &MAX.to_string()]].concat()).await?;
    let mut connections = Vec::new();
    let mut made = 0;
    while made < MAX {
        let mut janus = Janus::connect(&server.janus()).await?;
        for _ in 0..OF_A_CONNECTION.min(MAX - made) {
            let created = janus.request(json!({"janus": "create"})).await?;
            ensure!(created["janus"] == "success", "{created}");
            made += 1;
        }
        connections.push(janus);
    }
    Ok((server, connections))
}

/// What a client is told that cannot have a session.
fn is_refused(answer: &Value) -> Result<()> {
    let error = &answer["error"];
    let clear = error["reason"]
        .as_str()
        .is_some_and(|reason| reason.contains("not accepting new sessions"));
    ensure!(error["code"] == 472 && clear, "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_flood_of_creates_ends_at_the_limit_with_error_472() -> Result<()> {
    let (server, mut connections) = full_server().await?;
    let http = Http::new(&server);
    let create = || json!({"janus": "create"});
    let before = server.usage()?;
    for _ in 0..500 {
        let mut late = Janus::connect(&server.janus()).await?;
        is_refused(&late.request(create()).await?)?;
        is_refused(&http.post("", create()).await?)?;
    }
    let after = server.usage()?;
    ensure!(after.rss_kb < before.rss_kb + 8_000, "{before:?} {after:?}");

    // Whoever leaves makes room.
    connections.pop();
    until("room for a session", async || {
        let created = http.post("", create()).await?;
        Ok((created["janus"] == "success").then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_client_that_asks_and_never_reads_is_dropped_and_nobody_waits_for_it() -> Result<()> {
    let server = Server::test_pattern().await?;
    let witness = Watcher::watch(&server.janus()).await?;
    witness.frames_grow_by(5).await?;
    let mut other = Janus::attach(&server.janus()).await?;
    let before = server.usage()?;

    let mut deaf = Janus::connect(&server.janus()).await?;
    let ping = json!({"janus": "ping", "transaction": "x".repeat(100_000)}).to_string();
    let shouting = tokio::spawn(async move {
        // Sending fails once the server has closed the connection.
        while deaf.send(Message::text(ping.as_str())).await.is_ok() {}
    });
    let mut highest = 0;
    until("the server to drop it", async || {
        let pong = other.request(json!({"janus": "keepalive"})).await?;
        ensure!(pong["janus"] == "ack", "{pong}");
        highest = highest.max(server.usage()?.rss_kb);
        Ok(shouting.is_finished().then_some(()))
    })
    .await?;
    tokio::time::timeout(PATIENCE, shouting).await??;
    ensure!(
        highest < before.rss_kb + 16_000,
        "{highest} kB, and before {before:?}"
    );
    until("its socket to be closed", async || {
        Ok((server.usage()?.fds <= before.fds).then_some(()))
    })
    .await?;
    witness.frames_grow_by(15).await
}
