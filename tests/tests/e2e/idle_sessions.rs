//! Who opens a session and does nothing costs next to nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fanlight_tests::server::Server;
use fanlight_tests::sessions::{Sessions, Transport};
use fanlight_tests::wait::until;

const SESSIONS: usize = 1_000;

/// Three times what a session takes, in kB.
const MEMORY: u64 = 100;

/// How long wake-ups are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// How long after its beginning a session is first asked whether it is there.
const FIRST_ASKED: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_thousand_sessions_on_websockets_are_cheap_and_asleep() -> Result<()> {
    are_cheap_and_asleep(Transport::WebSocket).await
}

#[tokio::test]
async fn a_thousand_sessions_that_poll_are_cheap_and_asleep() -> Result<()> {
    are_cheap_and_asleep(Transport::Http).await
}

async fn are_cheap_and_asleep(transport: Transport) -> Result<()> {
    let server = Server::test_pattern().await?;
    let alone = wake_ups(&server).await?;
    let before = server.usage()?;
    let began = Instant::now();
    let mut sessions = Sessions::open(&server, transport, SESSIONS).await?;
    let with_all = server.usage()?;
    let each = with_all.rss_kb.saturating_sub(before.rss_kb) / SESSIONS as u64;
    ensure!(each < MEMORY, "{each} kB a session");
    ensure!(
        with_all.threads <= before.threads,
        "{before:?} {with_all:?}"
    );

    let asleep = wake_ups(&server).await?;
    // On a machine so slow that some are asked already, each costs a question and an answer.
    let asked = match began.elapsed() < FIRST_ASKED {
        true => 0,
        false => 2 * SESSIONS as u64,
    };
    ensure!(
        asleep < alone + asked + SESSIONS as u64 / 10,
        "woken {asleep} times by all, and {alone} times by nobody"
    );
    ensure!(
        sessions.are_idle(),
        "a session has ended or was told something"
    );

    drop(sessions);
    until("the sessions to be forgotten", async || {
        Ok((server.usage()?.fds <= before.fds).then_some(()))
    })
    .await
}

/// How often a thread of the server is woken while nothing happens.
async fn wake_ups(server: &Server) -> Result<u64> {
    let before = server.usage()?.wake_ups;
    tokio::time::sleep(WINDOW).await;
    Ok(server.usage()?.wake_ups - before)
}
