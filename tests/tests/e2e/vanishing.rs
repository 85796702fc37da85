//! Viewers who vanish without a word leave nothing behind.

use anyhow::{Result, ensure};
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;
use fanlight_tests::wait::until;

const ROUNDS: usize = 10;
const VIEWERS: usize = 40;

#[tokio::test]
async fn ten_rounds_of_forty_vanished_viewers_leave_nothing() -> Result<()> {
    let server = Server::test_pattern().await?;
    let witness = Watcher::watch(&server.janus()).await?;
    witness.frames_grow_by(5).await?;
    let before = server.usage()?;
    let mut after_first_half = before;
    let mut silent = Vec::new();
    for round in 0..ROUNDS {
        let mut watchers = Watcher::crowd(&server.janus(), VIEWERS).await?;
        for watcher in &watchers {
            watcher.frames_grow_by(1).await?;
        }
        // Some keep a conversation that nobody is behind any more; the media's own time-out has to
        // find them out. The rest are gone with all they had.
        for watcher in watchers.drain(..4) {
            silent.push(watcher.fall_silent());
        }
        drop(watchers);
        witness.frames_grow_by(5).await?;
        if round == ROUNDS / 2 {
            until("the first half to be forgotten", async || {
                Ok((server.usage()?.fds <= before.fds + silent.len()).then_some(()))
            })
            .await?;
            after_first_half = server.usage()?;
        }
    }
    for conversation in &silent {
        conversation.told("hangup").await?;
    }
    drop(silent);
    until("all of them to be forgotten", async || {
        let now = server.usage()?;
        Ok((now.fds <= before.fds && now.threads <= before.threads).then_some(()))
    })
    .await?;
    let after = server.usage()?;
    // What an allocator has once used it keeps; but the second half takes no more than the first.
    let growth = after.rss_kb.saturating_sub(after_first_half.rss_kb);
    ensure!(
        growth < 4_000,
        "{growth} kB more after the second half: {before:?} {after:?}"
    );
    witness.frames_grow_by(15).await
}
