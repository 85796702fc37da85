//! What a session costs of which nothing is asked.

use std::time::{Duration, Instant};

use anyhow::Result;
use fanlight_tests::server::Server;
use fanlight_tests::sessions::{Sessions, Transport};

use crate::SOURCE;
use crate::table::Table;

const SESSIONS: usize = 1_000;

pub(crate) async fn run(window: Duration) -> Result<()> {
    let table = Table::begin(
        &format!("{SESSIONS} idle sessions"),
        &[
            "sessions",
            "RSS kB",
            "kB a session",
            "CPU ms a second",
            "wake-ups a second",
        ],
    )?;
    for (name, transport) in [
        ("none", None),
        ("WebSocket", Some(Transport::WebSocket)),
        ("HTTP, each with a poll that hangs", Some(Transport::Http)),
    ] {
        table.row(&measure(name, transport, window).await?);
    }
    Ok(())
}

async fn measure(
    name: &str,
    transport: Option<Transport>,
    window: Duration,
) -> Result<Vec<String>> {
    let server = Server::start(SOURCE).await?;
    let alone = server.usage()?;
    let _sessions = match transport {
        Some(transport) => Some(Sessions::open(&server, transport, SESSIONS).await?),
        None => None,
    };
    // What opening them has left to do is not theirs.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (begin, before) = (Instant::now(), server.usage()?);
    tokio::time::sleep(window).await;
    let after = server.usage()?;
    let seconds = begin.elapsed().as_secs_f64();
    let each = after.rss_kb.saturating_sub(alone.rss_kb) as f64 / SESSIONS as f64;
    let busy = after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1_000.0;
    let wake_ups = (after.wake_ups - before.wake_ups) as f64;
    Ok(vec![
        name.to_owned(),
        after.rss_kb.to_string(),
        transport.map_or("–".to_owned(), |_| format!("{each:.1}")),
        format!("{:.2}", busy / seconds),
        format!("{:.1}", wake_ups / seconds),
    ])
}
