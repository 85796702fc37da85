//! Fanlight's page shows Fanlight's own mountpoints, which others feed with RTP.

use anyhow::{Result, ensure};
use fanlight_tests::browser::{Browser, in_chromium};
use fanlight_tests::feed::{self, Feed, Video};
use fanlight_tests::janus::Janus;
use fanlight_tests::nat::Nat;
use fanlight_tests::page::Page;
use fanlight_tests::server::{Ports, Server};
use fanlight_tests::skip;
use fanlight_tests::wait::until;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

#[tokio::test]
async fn a_stream_is_chosen_from_the_list_and_comes_on_the_same_connection() -> Result<()> {
    let test = "a_stream_is_chosen_from_the_list_and_comes_on_the_same_connection";
    on_stage(test, &[], async |browser, scene| {
        let _hall = picture("640x360", scene.hall).await?;
        let _yard = picture("320x180", scene.yard).await?;
        let page = Page::open(browser, &scene.server.page()).await?;
        let stats = page.plays(30).await?;
        ensure!(stats.size == (640, 360), "not the first one: {stats:?}");
        page.lists(&["Hall", "Yard", "Safe", "Stage", "Radio"])
            .await?;
        page.choose(1).await?;
        page.plays(10).await?;
        page.choose(2).await?;
        let stats = until("the other picture", async || {
            Ok(page.stats().await?.filter(|stats| stats.size == (320, 180)))
        })
        .await?;
        // What the server chooses comes from another plugin than what a person does.
        ensure!(stats.connections == 2, "{stats:?}");
        page.plays(30).await?;
        page.becomes(&["playing"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_pin_is_asked_for_once_until_it_is_right() -> Result<()> {
    let test = "a_pin_is_asked_for_once_until_it_is_right";
    on_stage(test, &[], async |browser, scene| {
        let _safe = picture("640x360", scene.safe).await?;
        let page = Page::open(browser, &scene.page(3)).await?;
        opens_with_the_pin(page).await
    })
    .await
}

#[tokio::test]
async fn the_pin_of_the_stream_that_the_server_chooses_is_asked_for() -> Result<()> {
    let test = "the_pin_of_the_stream_that_the_server_chooses_is_asked_for";
    on_stage(test, &["--default-mountpoint=3"], async |browser, scene| {
        let _safe = picture("640x360", scene.safe).await?;
        let page = Page::open(browser, &scene.server.page()).await?;
        opens_with_the_pin(page).await?;
        // For a screen at which nobody can write it.
        let url = format!("{}#pin=1234", scene.server.page());
        let page = Page::open_tab(browser, &url).await?;
        page.plays(30).await?;
        Ok(())
    })
    .await
}

async fn opens_with_the_pin(page: Page<'_>) -> Result<()> {
    page.answer_with_pins("4321", "1234").await?;
    let stats = page.plays(30).await?;
    // One for no PIN, one for the wrong one: nothing was tried in between.
    ensure!(stats.connections == 3, "{stats:?}");
    Ok(())
}

#[tokio::test]
async fn a_stream_with_sound_is_heard_once_somebody_wants_to() -> Result<()> {
    let test = "a_stream_with_sound_is_heard_once_somebody_wants_to";
    on_stage(test, &[], async |browser, scene| {
        let _sound = Feed::opus(&[scene.stage_sound])?;
        let _picture = picture("640x360", scene.stage).await?;
        let page = Page::open(browser, &scene.page(4)).await?;
        page.plays(30).await?;
        ensure!(is_muted(browser).await?, "nobody has asked for it");
        page.press("m").await?;
        ensure!(!is_muted(browser).await?, "somebody wants to hear it");
        page.sounds().await?;
        page.plays(30).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn sound_is_heard_while_its_picture_is_awaited() -> Result<()> {
    let test = "sound_is_heard_while_its_picture_is_awaited";
    on_stage(test, &[], async |browser, scene| {
        let _sound = Feed::opus(&[scene.stage_sound])?;
        let page = Page::open(browser, &scene.page(4)).await?;
        let said = page.becomes(&["sound"]).await?;
        ensure!(said.contains("Sound without a picture"), "{said}");
        page.find("#status .action").await?.click().await?;
        ensure!(!is_muted(browser).await?, "somebody wants to hear it");
        page.sounds().await?;
        let _picture = picture("640x360", scene.stage).await?;
        let stats = page.plays(30).await?;
        ensure!(stats.connections == 1, "{stats:?}");
        page.becomes(&["playing"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn sound_alone_is_a_stream_as_well() -> Result<()> {
    let test = "sound_alone_is_a_stream_as_well";
    on_stage(test, &[], async |browser, scene| {
        let _sound = Feed::opus(&[scene.radio])?;
        let page = Page::open(browser, &scene.page(5)).await?;
        let said = page.becomes(&["sound"]).await?;
        ensure!(said.contains("Sound only"), "{said}");
        page.press("m").await?;
        page.sounds().await
    })
    .await
}

#[tokio::test]
async fn a_stream_that_is_taken_away_comes_back_on_the_page() -> Result<()> {
    let test = "a_stream_that_is_taken_away_comes_back_on_the_page";
    on_stage(test, &[], async |browser, scene| {
        let _hall = picture("640x360", scene.hall).await?;
        let page = Page::open(browser, &scene.page(1)).await?;
        page.plays(10).await?;
        let mut manager = Janus::attach_to(&scene.server.janus(), PLUGIN).await?;
        let destroy = json!({"request": "destroy", "id": 1});
        manager.message(destroy, None).await?;
        until("the page to miss the stream", async || {
            let said = page.becomes(&["reconnecting"]).await?;
            Ok(said.contains("no such stream").then_some(()))
        })
        .await?;
        let media = [video(scene.hall)];
        let create = json!({"request": "create", "type": "rtp", "id": 1, "media": media});
        manager.message(create, None).await?;
        page.plays(30).await?;
        page.becomes(&["playing"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_stream_is_shown_again_after_the_server_was_restarted() -> Result<()> {
    let test = "a_stream_is_shown_again_after_the_server_was_restarted";
    on_stage(test, &[], async |browser, scene| {
        let _hall = picture("640x360", scene.hall).await?;
        let page = Page::open(browser, &scene.page(1)).await?;
        page.plays(10).await?;
        let ports = scene.server.ports();
        let Scene { server, file, .. } = scene;
        server.stop().await?;
        page.becomes(&["reconnecting"]).await?;
        let _server = start(ports, &file, &[]).await?;
        page.plays(30).await?;
        page.becomes(&["playing"]).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_viewer_behind_a_nat_that_forgets_it_keeps_its_connection() -> Result<()> {
    let test = "a_viewer_behind_a_nat_that_forgets_it_keeps_its_connection";
    on_stage(test, &[], async |browser, scene| {
        let _hall = picture("640x360", scene.hall).await?;
        let nat = Nat::before(scene.server.ports().rtc).await?;
        browser.before_pages(&nat.script()).await?;
        let page = Page::open(browser, &scene.page(1)).await?;
        page.plays(30).await?;
        for _ in 0..2 {
            nat.forget();
            let stats = page.plays(60).await?;
            ensure!(stats.connections == 1, "it connected again: {stats:?}");
        }
        page.becomes(&["playing"]).await?;
        Ok(())
    })
    .await
}

const PLUGIN: &str = "janus.plugin.streaming";

/// A server with nothing but mountpoints: two pictures, one with a PIN, one with sound, and sound
/// alone.
struct Scene {
    server: Server,
    file: NamedTempFile,
    hall: u16,
    yard: u16,
    safe: u16,
    stage: u16,
    stage_sound: u16,
    radio: u16,
}

impl Scene {
    /// Starts the server. Nobody sends to it yet.
    async fn set(options: &[&str]) -> Result<Scene> {
        let (hall, yard, safe) = (port()?, port()?, port()?);
        let (stage, stage_sound, radio) = (port()?, port()?, port()?);
        let mountpoints = json!({"mountpoint": [
            {"id": 1, "description": "Hall", "media": [video(hall)]},
            {"id": 2, "description": "Yard", "media": [video(yard)]},
            {"id": 3, "description": "Safe", "pin": "1234", "media": [video(safe)]},
            {"id": 4, "description": "Stage", "media": [sound(stage_sound), video(stage)]},
            {"id": 5, "description": "Radio", "media": [sound(radio)]},
        ]});
        let file = NamedTempFile::new()?;
        std::fs::write(file.path(), toml::to_string(&mountpoints)?)?;
        Ok(Scene {
            server: start(Ports::free()?, &file, options).await?,
            file,
            hall,
            yard,
            safe,
            stage,
            stage_sound,
            radio,
        })
    }

    /// The page that shows a mountpoint.
    fn page(&self, id: u64) -> String {
        format!("{}?stream={id}", self.server.page())
    }
}

async fn start(ports: Ports, mountpoints: &NamedTempFile, options: &[&str]) -> Result<Server> {
    let mountpoints = format!("--mountpoints={}", mountpoints.path().display());
    let options = [&["--source=none", mountpoints.as_str()], options].concat();
    Server::start_on(ports, &options).await
}

/// Runs a test in Chromium before a server of its own.
async fn on_stage(
    test: &str,
    options: &[&str],
    body: impl AsyncFnOnce(&Browser, Scene) -> Result<()>,
) -> Result<()> {
    if let Err(missing) = feed::is_installed() {
        skip(test, missing);
        return Ok(());
    }
    let scene = Scene::set(options).await?;
    in_chromium(test, async |browser| body(browser, scene).await).await
}

/// A port for RTP, and the next one for the RTCP of its sender.
fn port() -> Result<u16> {
    let port = Ports::free()?.rtc.port();
    Ports::free()?;
    Ok(port)
}

fn video(port: u16) -> Value {
    json!({"type": "video", "mid": "v", "codec": "h264", "pt": 96, "port": port})
}

fn sound(port: u16) -> Value {
    json!({"type": "audio", "mid": "a", "codec": "opus", "pt": 111, "port": port})
}

async fn picture(size: &'static str, port: u16) -> Result<Feed> {
    let video = Video {
        size,
        ..Video::default()
    };
    Feed::h264(video, &[port]).await
}

async fn is_muted(browser: &Browser) -> Result<bool> {
    let muted = browser
        .run("return document.querySelector('video').muted")
        .await?;
    Ok(muted == true)
}
