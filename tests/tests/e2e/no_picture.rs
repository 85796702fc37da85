//! When there is no picture, the page says why, in words that a person understands.

use anyhow::{Result, ensure};
use fanlight_tests::browser::{in_chromium, in_firefox};
use fanlight_tests::janus::Janus;
use fanlight_tests::page::Page;
use fanlight_tests::server::Server;
use serde_json::json;

/// A source that may come yet: somebody has to plug it in.
const ABSENT: &[&str] = &["--source", "v4l2:/dev/fanlight-has-no-such-camera"];

#[tokio::test]
async fn a_page_says_that_the_source_is_missing_and_waits_for_it() -> Result<()> {
    let server = Server::start(ABSENT).await?;
    let name = "a_page_says_that_the_source_is_missing_and_waits_for_it";
    in_chromium(name, async |browser| {
        let page = Page::open(browser, &server.page()).await?;
        let said = page.becomes(&["waiting"]).await?;
        ensure!(
            said.contains("fanlight-has-no-such-camera"),
            "the page says only: {said}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn watching_a_missing_source_is_answered_with_503() -> Result<()> {
    let server = Server::start(ABSENT).await?;
    let mut janus = Janus::attach(&server.janus()).await?;
    janus.message(json!({"request": "watch"}), None).await?;
    let event = janus.event("event").await?;
    ensure!(event["plugindata"]["data"]["error_code"] == 503, "{event}");
    ensure!(event["jsep"].is_null(), "{event}");
    Ok(())
}

#[tokio::test]
async fn a_browser_without_h264_is_told_so() -> Result<()> {
    let server = Server::test_pattern().await?;
    in_firefox("a_browser_without_h264_is_told_so", async |browser| {
        browser.client().goto(&server.page()).await?;
        let page = Page::current(browser);
        let said = page.becomes(&["no-h264", "playing"]).await?;
        // A Firefox that has fetched its decoder plays, which is as well.
        let width = browser.run("return document.querySelector('video').videoWidth");
        let plays = width.await?.as_u64().is_some_and(|width| width > 0);
        ensure!(
            plays || said.contains("H.264"),
            "the page says only: {said}"
        );
        Ok(())
    })
    .await
}
