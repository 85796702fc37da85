//! Servers are restarted while people watch.

use anyhow::{Result, ensure};
use fanlight_tests::browser::in_chromium;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::page::Page;
use fanlight_tests::server::{Server, TEST_PATTERN};

#[tokio::test]
async fn an_open_page_plays_again_by_itself_after_the_server_was_killed() -> Result<()> {
    let server = Server::test_pattern().await?;
    let ports = server.ports();
    let name = "an_open_page_plays_again_by_itself_after_the_server_was_killed";
    in_chromium(name, async |browser| {
        let page = Page::open(browser, &server.page()).await?;
        page.plays(15).await?;
        server.kill().await?;
        let said = page.becomes(&["reconnecting"]).await?;
        ensure!(!said.is_empty(), "the page does not say what happened");
        let _again = Server::start_on(ports, TEST_PATTERN).await?;
        let stats = page.plays(15).await?;
        ensure!(
            stats.connection > 0,
            "that is still the old connection: {stats:?}"
        );
        page.becomes(&["playing"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn ctrl_c_tells_the_viewers_and_ends_with_success() -> Result<()> {
    let server = Server::test_pattern().await?;
    let watchers = [
        Watcher::watch(&server.janus()).await?,
        Watcher::watch(&server.janus()).await?,
    ];
    for watcher in &watchers {
        watcher.frames_grow_by(5).await?;
    }
    let end = server.stop().await?;
    ensure!(
        end.status.success(),
        "{}:\n{}",
        end.status,
        end.lines.join("\n")
    );
    for watcher in &watchers {
        watcher.signalling().told("hangup").await?;
        watcher.signalling().ended().await?;
    }
    Ok(())
}
