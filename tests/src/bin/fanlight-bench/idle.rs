//! What a server costs that nobody watches.

use std::time::{Duration, Instant};

use anyhow::Result;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;

use crate::SOURCE;
use crate::table::Table;

pub(crate) async fn run(window: Duration) -> Result<()> {
    let table = Table::begin("Idle", &["when", "% of a core", "RSS kB"])?;
    let row = |when: &str, (percent, rss): (f64, u64)| {
        table.row(&[when.to_owned(), format!("{percent:.2}"), rss.to_string()]);
    };
    let server = Server::start(SOURCE).await?;
    row("nobody has come yet", measure(&server, window).await?);
    let watcher = Watcher::watch(&server.janus()).await?;
    watcher.frames_grow_by(60).await?;
    drop(watcher);
    row("the last viewer has left", measure(&server, window).await?);
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
