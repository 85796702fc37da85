//! What a server costs that nobody watches.

use std::time::{Duration, Instant};

use anyhow::Result;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;

use crate::{SOURCE, table};

pub(crate) async fn run(window: Duration) -> Result<()> {
    let server = Server::start(SOURCE).await?;
    let before = measure(&server, window).await?;
    let watcher = Watcher::watch(&server.janus()).await?;
    watcher.frames_grow_by(60).await?;
    drop(watcher);
    let after = measure(&server, window).await?;
    let row = |when: &str, percent: f64, rss: u64| {
        vec![when.to_owned(), format!("{percent:.2}"), rss.to_string()]
    };
    table::print(
        "Idle",
        &["when", "% of a core", "RSS kB"],
        &[
            row("nobody has come yet", before.0, before.1),
            row("the last viewer has left", after.0, after.1),
        ],
    );
    Ok(())
}

/// Percent of a core, and kB of memory.
async fn measure(server: &Server, window: Duration) -> Result<(f64, u64)> {
    // What has just begun or ended is not idle.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (begin, before) = (Instant::now(), server.usage()?);
    tokio::time::sleep(window).await;
    let after = server.usage()?;
    let busy = (after.cpu - before.cpu).as_secs_f64();
    Ok((busy / begin.elapsed().as_secs_f64() * 100.0, after.rss_kb))
}
