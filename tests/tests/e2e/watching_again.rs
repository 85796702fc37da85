//! Watching and hanging up, again and again, leaves nothing behind.

use anyhow::{Result, ensure};
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;
use fanlight_tests::wait::until;
use serde_json::json;

const ROUNDS: usize = 20;
const VIEWERS: usize = 10;

#[tokio::test]
async fn two_hundred_times_watched_and_hung_up_leave_nothing() -> Result<()> {
    let server = Server::test_pattern().await?;
    let witness = Watcher::watch(&server.janus()).await?;
    witness.frames_grow_by(5).await?;
    let before = server.usage()?;
    let mut after_first_half = before;
    for round in 0..ROUNDS {
        let watchers = Watcher::crowd(&server.janus(), VIEWERS).await?;
        for (number, watcher) in watchers.iter().enumerate() {
            watcher.frames_grow_by(1).await?;
            // Each of the ways in which a client may end it.
            let goodbye = ["hangup", "detach", "destroy"][number % 3];
            watcher.signalling().notify(json!({"janus": goodbye}));
            if goodbye == "hangup" {
                watcher.signalling().told("hangup").await?;
            }
        }
        for watcher in &watchers {
            watcher.falls_silent().await?;
        }
        drop(watchers);
        until("the round to be forgotten", async || {
            Ok((server.usage()?.fds <= before.fds).then_some(()))
        })
        .await?;
        if round == ROUNDS / 2 {
            after_first_half = server.usage()?;
        }
    }
    let after = server.usage()?;
    ensure!(after.threads <= before.threads, "{before:?} {after:?}");
    // What an allocator has once used it keeps; but the second half takes no more than the first.
    let growth = after.rss_kb.saturating_sub(after_first_half.rss_kb);
    ensure!(
        growth < 2_000,
        "{growth} kB more after the second half: {before:?} {after:?}"
    );
    witness.frames_grow_by(15).await
}
