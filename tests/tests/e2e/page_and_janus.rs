//! Fanlight's page in front of the real Janus: its client takes the place of janus.js.

use anyhow::{Result, ensure};
use fanlight_tests::browser::{Browser, in_chromium};
use fanlight_tests::feed::{Feed, Video};
use fanlight_tests::janus::Janus;
use fanlight_tests::page::Page;
use fanlight_tests::proxy::Proxy;
use fanlight_tests::real_janus::{RealJanus, beside_janus, recorded_configuration};
use fanlight_tests::server::Server;
use fanlight_tests::wait::until;
use serde_json::json;

/// Two streams alike, one with a PIN, and one with sound.
const MOUNTPOINTS: &str = r#"
hall: { type = "rtp"; id = 1; description = "Hall"; media = (
    { type = "video", mid = "v", port = 5004, pt = 96, codec = "h264" }
) }
yard: { type = "rtp"; id = 2; description = "Yard"; media = (
    { type = "video", mid = "v", port = 5006, pt = 96, codec = "h264" }
) }
safe: { type = "rtp"; id = 3; description = "Safe"; pin = "1234"; media = (
    { type = "video", mid = "v", port = 5008, pt = 96, codec = "h264" }
) }
stage: { type = "rtp"; id = 4; description = "Stage"; media = (
    { type = "audio", mid = "a", port = 5010, pt = 111, codec = "opus" },
    { type = "video", mid = "v", port = 5012, pt = 96, codec = "h264" }
) }
"#;

const PORTS: [u16; 4] = [5004, 5006, 5008, 5012];

#[tokio::test]
async fn the_page_plays_a_mountpoint_of_the_real_janus() -> Result<()> {
    let test = "the_page_plays_a_mountpoint_of_the_real_janus";
    before_janus(test, async |browser, url| {
        let page = Page::open(browser, &format!("{url}?stream=1")).await?;
        let stats = page.plays(60).await?;
        ensure!(stats.codec == "video/H264", "{stats:?}");
        ensure!(stats.size == (640, 360), "{stats:?}");
        page.becomes(&["playing"]).await?;
        ensure!(stats.connections == 1, "the first try did it: {stats:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_stream_is_chosen_on_the_page_and_comes_on_the_same_connection() -> Result<()> {
    let test = "another_stream_is_chosen_on_the_page_and_comes_on_the_same_connection";
    before_janus(test, async |browser, url| {
        let page = Page::open(browser, &format!("{url}?stream=1")).await?;
        page.plays(10).await?;
        page.lists(&["Hall", "Yard", "Safe", "Stage"]).await?;
        page.choose(2).await?;
        let stats = page.plays(60).await?;
        ensure!(stats.connections == 1, "{stats:?}");
        let current = browser
            .run("return [location.search, document.querySelector('[aria-current] span').textContent]")
            .await?;
        ensure!(current == json!(["?stream=2", "Yard"]), "{current}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_janus_without_a_stream_of_its_choice_shows_its_first() -> Result<()> {
    let test = "a_janus_without_a_stream_of_its_choice_shows_its_first";
    before_janus(test, async |browser, url| {
        let page = Page::open(browser, url).await?;
        page.plays(10).await?;
        let current = "return document.querySelector('[aria-current] span')?.textContent";
        let current = browser.run(current).await?;
        ensure!(current == "Hall", "{current}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_pin_is_asked_for_until_it_is_right() -> Result<()> {
    let test = "a_pin_is_asked_for_until_it_is_right";
    before_janus(test, async |browser, url| {
        let page = Page::open(browser, &format!("{url}?stream=3")).await?;
        page.answer_with_pins("4321", "1234").await?;
        page.plays(30).await?;
        // For a screen at which nobody can write it.
        let page = Page::open_tab(browser, &format!("{url}?stream=3#pin=1234")).await?;
        page.plays(30).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_stream_with_sound_is_silent_until_somebody_wants_to_hear_it() -> Result<()> {
    let test = "a_stream_with_sound_is_silent_until_somebody_wants_to_hear_it";
    before_janus(test, async |browser, url| {
        let page = Page::open(browser, &format!("{url}?stream=4")).await?;
        page.plays(30).await?;
        let state = "const video = document.querySelector('video');
            return [video.muted, video.paused, video.srcObject.getAudioTracks().length]";
        let silent = browser.run(state).await?;
        ensure!(silent == json!([true, false, 1]), "{silent}");
        page.press("m").await?;
        let heard = browser.run(state).await?;
        ensure!(heard == json!([false, false, 1]), "{heard}");
        page.plays(30).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_mountpoint_that_is_taken_away_comes_back_on_the_page() -> Result<()> {
    let test = "a_mountpoint_that_is_taken_away_comes_back_on_the_page";
    before_janus(test, async |browser, url| {
        let page = Page::open(browser, &format!("{url}?stream=2")).await?;
        page.plays(10).await?;
        let mut manager = Janus::attach_to(JANUS, "janus.plugin.streaming").await?;
        manager
            .message(json!({"request": "destroy", "id": 2}), None)
            .await?;
        until("the page to miss the stream", async || {
            let said = page.becomes(&["reconnecting"]).await?;
            Ok(said.contains("no such stream").then_some(()))
        })
        .await?;
        let media = json!([
            {"type": "video", "mid": "v", "port": 5006, "pt": 96, "codec": "h264"}
        ]);
        let yard = json!({"request": "create", "type": "rtp", "id": 2, "media": media});
        manager.message(yard, None).await?;
        page.plays(30).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_janus_with_a_secret_is_watched_by_who_knows_it() -> Result<()> {
    let test = "a_janus_with_a_secret_is_watched_by_who_knows_it";
    beside_janus(test, async || {
        let folder = tempfile::tempdir()?;
        for file in std::fs::read_dir(recorded_configuration("streaming"))? {
            let file = file?;
            let text = std::fs::read_to_string(file.path())?;
            let text = text.replace("general: {\n", "general: {\n\tapi_secret = \"s3cret\"\n");
            std::fs::write(folder.path().join(file.file_name()), text)?;
        }
        std::fs::write(
            folder.path().join("janus.plugin.streaming.jcfg"),
            MOUNTPOINTS,
        )?;
        let _janus = RealJanus::with_configuration(folder.path()).await?;
        in_front(test, async |browser, url| {
            let page = Page::open(browser, &format!("{url}?stream=1")).await?;
            let asked = page.becomes(&["asking"]).await?;
            ensure!(asked.contains("asks for a secret"), "{asked}");
            page.answer("s3cret").await?;
            page.plays(30).await?;
            let page = Page::open_tab(browser, &format!("{url}?stream=1#apisecret=s3cret")).await?;
            page.plays(30).await?;
            Ok(())
        })
        .await
    })
    .await
}

const JANUS: &str = "ws://127.0.0.1:8188";

/// Runs a test with the page before a Janus that has [`MOUNTPOINTS`].
async fn before_janus(
    test: &str,
    body: impl AsyncFnOnce(&Browser, &str) -> Result<()>,
) -> Result<()> {
    beside_janus(test, async || {
        let _janus = RealJanus::start(MOUNTPOINTS).await?;
        in_front(test, body).await
    })
    .await
}

/// Feeds the mountpoints and runs a test with the page before the Janus that runs.
async fn in_front(test: &str, body: impl AsyncFnOnce(&Browser, &str) -> Result<()>) -> Result<()> {
    let mut feed = Feed::h264(Video::default(), &PORTS).await?;
    // The page is that of a Fanlight; what it plays is not.
    let fanlight = Server::test_pattern().await?;
    let janus = JANUS.trim_start_matches("ws://").parse()?;
    let proxy = Proxy::start(fanlight.ports().http, janus).await?;
    in_chromium(test, async |browser| body(browser, &proxy.page()).await).await?;
    feed.is_alive()
}
