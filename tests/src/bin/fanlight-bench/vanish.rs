//! What is left of viewers who vanish. The test of the same name is shorter and takes no prisoners;
//! this shows the figures.

use anyhow::Result;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;
use fanlight_tests::usage::Usage;

use crate::SOURCE;
use crate::table::Table;

const ROUNDS: usize = 10;
const VIEWERS: usize = 40;

pub(crate) async fn run() -> Result<()> {
    let table = Table::begin(
        "40 viewers vanish, ten times",
        &["when", "open files", "threads", "RSS kB"],
    )?;
    let row = |when: String, usage: Usage| {
        table.row(&[
            when,
            usage.fds.to_string(),
            usage.threads.to_string(),
            usage.rss_kb.to_string(),
        ]);
    };
    let server = Server::start(SOURCE).await?;
    row("before".to_owned(), server.usage()?);
    for round in 1..=ROUNDS {
        let watchers = Watcher::crowd(&server.janus(), VIEWERS).await?;
        // Their sockets are gone, their conversations are not: the media's time-out has to notice.
        let silent: Vec<_> = watchers.into_iter().map(Watcher::fall_silent).collect();
        for conversation in &silent {
            conversation.told("hangup").await?;
        }
        drop(silent);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        row(format!("after round {round}"), server.usage()?);
    }
    Ok(())
}
