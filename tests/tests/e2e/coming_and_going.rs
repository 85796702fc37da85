//! Pages are opened twice, loaded again, and die. Nobody else notices.

use anyhow::{Result, ensure};
use fanlight_tests::browser::in_chromium;
use fanlight_tests::page::Page;
use fanlight_tests::server::Server;
use fanlight_tests::viewer::Viewer;
use fanlight_tests::wait::until;

#[tokio::test]
async fn a_reloaded_page_plays_again_and_its_predecessor_is_forgotten() -> Result<()> {
    let server = Server::test_pattern().await?;
    let name = "a_reloaded_page_plays_again_and_its_predecessor_is_forgotten";
    in_chromium(name, async |browser| {
        let page = Page::open(browser, &server.page()).await?;
        page.plays(15).await?;
        let before = server.usage()?.fds;
        for _ in 0..3 {
            page.reload().await?;
            page.plays(15).await?;
        }
        uses_at_most(&server, before).await
    })
    .await
}

#[tokio::test]
async fn two_tabs_play_at_the_same_time() -> Result<()> {
    let server = Server::test_pattern().await?;
    in_chromium("two_tabs_play_at_the_same_time", async |browser| {
        let first = Page::open(browser, &server.page()).await?;
        let first_tab = browser.client().window().await?;
        let alone = first.plays(15).await?.frames;
        let second = Page::open_tab(browser, &server.page()).await?;
        second.plays(60).await?;
        browser.client().switch_to_window(first_tab).await?;
        let hidden = first.stats().await?.map_or(0, |stats| stats.frames);
        ensure!(
            hidden >= alone + 30,
            "it did not go on while hidden: {alone} frames, then {hidden}"
        );
        let shown = first.plays(15).await?;
        ensure!(shown.connections == 1, "the first tab had to connect again");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_killed_tab_is_forgotten_and_leaves_the_others_their_picture() -> Result<()> {
    let server = Server::test_pattern().await?;
    let native = Viewer::watch(&server.janus()).await?;
    let name = "a_killed_tab_is_forgotten_and_leaves_the_others_their_picture";
    in_chromium(name, async |browser| {
        let page = Page::open(browser, &server.page()).await?;
        let tab = browser.client().window().await?;
        page.plays(15).await?;
        let before = server.usage()?.fds;
        let doomed = Page::open_tab(browser, &server.page()).await?;
        doomed.plays(15).await?;
        ensure!(server.usage()?.fds > before, "a page has no socket?");
        browser.crash_tab().await;
        browser.client().switch_to_window(tab).await?;
        uses_at_most(&server, before).await?;
        ensure!(
            page.plays(15).await?.connections == 1,
            "the other tab had to connect again"
        );
        native.frames_grow_by(15).await
    })
    .await?;
    native.close().await
}

/// Waits until the server has no more files open than before: the sockets of those who left are
/// closed, and with each socket go its session and its connection for the picture.
async fn uses_at_most(server: &Server, fds: usize) -> Result<()> {
    until("the server to close its sockets", async || {
        Ok((server.usage()?.fds <= fds).then_some(()))
    })
    .await
}
