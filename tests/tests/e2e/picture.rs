//! The point of it all: the page shows the moving picture of the source, as it is now.

use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use fanlight_tests::browser::in_chromium;
use fanlight_tests::page::Page;
use fanlight_tests::server::Server;

#[tokio::test]
async fn the_page_plays_h264_of_the_size_asked_for() -> Result<()> {
    let server = Server::test_pattern().await?;
    in_chromium(
        "the_page_plays_h264_of_the_size_asked_for",
        async |browser| {
            let page = Page::open(browser, &server.page()).await?;
            let stats = page.plays(60).await?;
            ensure!(stats.codec == "video/H264", "{stats:?}");
            ensure!(stats.size == (640, 360), "{stats:?}");
            ensure!(
                stats.connections == 1,
                "one connection is enough: {stats:?}"
            );
            page.becomes(&["playing"]).await?;
            Ok(())
        },
    )
    .await
}

#[tokio::test]
async fn the_picture_on_the_screen_is_the_test_pattern_of_now() -> Result<()> {
    let server = Server::test_pattern().await?;
    in_chromium(
        "the_picture_on_the_screen_is_the_test_pattern_of_now",
        async |browser| {
            let page = Page::open(browser, &server.page()).await?;
            page.plays(10).await?;
            let mut last = SystemTime::UNIX_EPOCH;
            for _ in 0..5 {
                // No picture is older than the question by more than a busy machine can explain, and
                // none is from the future.
                let asked = SystemTime::now();
                let made = page.strip_time().await?;
                ensure!(made <= SystemTime::now(), "a picture from the future");
                ensure!(
                    made > asked - Duration::from_secs(5),
                    "a picture of long ago"
                );
                ensure!(made > last, "the picture stands still");
                last = made;
                page.plays(5).await?;
            }
            Ok(())
        },
    )
    .await
}
