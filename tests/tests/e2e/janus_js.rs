//! Pages that people wrote for Janus, its streaming plugin and µStreamer's watch a Fanlight server
//! unchanged, over either transport and with whatever lets them in.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::get;
use fanlight_tests::browser::{self, Browser};
use fanlight_tests::feed::{self, Feed, Video};
use fanlight_tests::npm::{self, JanusJs};
use fanlight_tests::page::Page;
use fanlight_tests::server::{Ports, Server, TEST_PATTERN};
use fanlight_tests::skip;
use fanlight_tests::wait::until;
use serde_json::{Value, json};

const USTREAMER: &str = "plugin=janus.plugin.ustreamer";
const STREAMING: &str = "plugin=janus.plugin.streaming";

#[tokio::test]
async fn the_real_janus_js_watches() -> Result<()> {
    watches("the_real_janus_js_watches", Server::janus).await
}

#[tokio::test]
async fn the_real_janus_js_watches_over_http() -> Result<()> {
    watches("the_real_janus_js_watches_over_http", http).await
}

#[tokio::test]
async fn janus_js_goes_through_mountpoints_with_the_api_secret() -> Result<()> {
    goes_through_mountpoints(
        "janus_js_goes_through_mountpoints_with_the_api_secret",
        Server::janus,
        "--api-secret=open-sesame",
        "apisecret=open-sesame",
    )
    .await
}

#[tokio::test]
async fn janus_js_goes_through_mountpoints_over_http_with_a_token() -> Result<()> {
    goes_through_mountpoints(
        "janus_js_goes_through_mountpoints_over_http_with_a_token",
        http,
        "--token=let-me-in",
        "token=let-me-in",
    )
    .await
}

#[tokio::test]
async fn janus_js_restarts_ice_and_keeps_its_picture() -> Result<()> {
    let test = "janus_js_restarts_ice_and_keeps_its_picture";
    before_mountpoints(test, Server::janus, &[], "", restarts_ice).await
}

async fn watches(test: &str, address: impl Fn(&Server) -> String) -> Result<()> {
    let Some(scripts) = scripts(test)? else {
        return Ok(());
    };
    let server = Server::start(TEST_PATTERN).await?;
    let site = serve(scripts).await?;
    browser::in_chromium(test, async |browser| {
        let url = format!("{site}/?server={}&{USTREAMER}", address(&server));
        let page = Page::open(browser, &url).await?;
        let stats = page.plays(60).await;
        let stats = with_complaints(browser, stats).await?;
        ensure!(stats.codec == "video/H264", "{stats:?}");
        // It is on the screen as well, not only decoded.
        page.strip_time().await?;
        Ok(())
    })
    .await
}

async fn goes_through_mountpoints(
    test: &str,
    address: impl Fn(&Server) -> String,
    option: &str,
    parameter: &str,
) -> Result<()> {
    before_mountpoints(test, address, &[option], parameter, goes_through).await
}

/// Runs a test with janus.js, attached to a server that has a large and a small picture.
async fn before_mountpoints(
    test: &str,
    address: impl Fn(&Server) -> String,
    options: &[&str],
    parameter: &str,
    body: impl AsyncFnOnce(&Browser, Page<'_>) -> Result<()>,
) -> Result<()> {
    let Some(scripts) = scripts(test)? else {
        return Ok(());
    };
    if let Err(missing) = feed::is_installed() {
        skip(test, missing);
        return Ok(());
    }
    let (large, small) = (Ports::free()?.rtc, Ports::free()?.rtc);
    let mountpoints = tempfile::NamedTempFile::new()?;
    let tables = mountpoint(1, large) + &mountpoint(2, small);
    std::fs::write(mountpoints.path(), tables)?;
    let file = format!("--mountpoints={}", mountpoints.path().display());
    let options = [&["--source=none", file.as_str()], options].concat();
    let server = Server::start(&options).await?;
    let video = |size| Video {
        size,
        ..Video::default()
    };
    let _large = Feed::h264(video("640x360"), &[large.port()]).await?;
    let _small = Feed::h264(video("320x180"), &[small.port()]).await?;
    let site = serve(scripts).await?;
    browser::in_chromium(test, async |browser| {
        let url = format!(
            "{site}/?server={}&{STREAMING}&{parameter}",
            address(&server)
        );
        let page = Page::open(browser, &url).await?;
        says(browser, "attached").await?;
        with_complaints(browser, body(browser, page).await).await
    })
    .await
}

async fn goes_through(browser: &Browser, page: Page<'_>) -> Result<()> {
    let list = ask(browser, json!({"request": "list"})).await?;
    let ids: Vec<_> = list["list"]
        .as_array()
        .with_context(|| list.to_string())?
        .iter()
        .filter_map(|mountpoint| mountpoint["id"].as_u64())
        .collect();
    ensure!(ids == [1, 2], "{list}");

    ask(browser, json!({"request": "watch", "id": 1})).await?;
    says(browser, "started").await?;
    let stats = page.plays(30).await?;
    ensure!(stats.size == (640, 360), "{stats:?}");

    ask(browser, json!({"request": "pause"})).await?;
    says(browser, "pausing").await?;
    stands_still(page).await?;
    ask(browser, json!({"request": "start"})).await?;
    says(browser, "started").await?;
    page.plays(30).await?;

    ask(browser, json!({"request": "switch", "id": 2})).await?;
    says(browser, "switched").await?;
    until("the other picture", async || {
        let stats = page.stats().await?;
        Ok(stats.filter(|stats| stats.size == (320, 180)))
    })
    .await?;
    let stats = page.plays(30).await?;
    ensure!(stats.connections == 1, "it connected again: {stats:?}");

    ask(browser, json!({"request": "stop"})).await?;
    says(browser, "stopping").await?;
    says(browser, "cleaned up").await
}

async fn restarts_ice(browser: &Browser, page: Page<'_>) -> Result<()> {
    ask(browser, json!({"request": "watch", "id": 1})).await?;
    says(browser, "started").await?;
    page.plays(30).await?;
    let before = path(browser).await?;
    let restart = json!({"request": "watch", "id": 1, "restart": true});
    ask(browser, restart).await?;
    says(browser, "updating").await?;
    until("the new path to be taken", async || {
        let now = path(browser).await?;
        let is_new = now["offered"] != before["offered"];
        Ok((is_new && now["taken"] == now["offered"]).then_some(()))
    })
    .await?;
    let stats = page.plays(60).await?;
    ensure!(stats.connections == 1, "it connected again: {stats:?}");
    Ok(())
}

/// The ICE user names of the server: in its last offer, and on the path that is taken.
async fn path(browser: &Browser) -> Result<Value> {
    let script = "
        const peer = testPeers.at(-1);
        const reports = await peer.getStats();
        const transport = [...reports.values()].find(report => report.type === 'transport');
        const pair = reports.get(transport.selectedCandidatePairId);
        return {
            offered: peer.remoteDescription.sdp.match(/a=ice-ufrag:(.*)/)[1],
            taken: reports.get(pair?.remoteCandidateId)?.usernameFragment,
        };";
    browser.run_async(script).await
}

/// Sends a request to the plugin and returns what it answers at once.
async fn ask(browser: &Browser, request: Value) -> Result<Value> {
    browser
        .run_async(&format!("return await ask({request})"))
        .await
}

/// Waits until the plugin says this, and forgets it.
async fn says(browser: &Browser, what: &str) -> Result<()> {
    let script = format!(
        "const at = (window.said ?? []).indexOf('{what}');
         return at >= 0 && said.splice(at, 1).length > 0;"
    );
    until(what, async || {
        let said = browser.run(&script).await?;
        Ok((said == true).then_some(()))
    })
    .await
}

/// Waits until no more frames are decoded.
async fn stands_still(page: Page<'_>) -> Result<()> {
    let mut before = None;
    until("the picture to stand still", async || {
        // Longer than several frames take.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let frames = page.stats().await?.map(|stats| stats.frames);
        Ok((before.replace(frames) == Some(frames)).then_some(()))
    })
    .await
}

/// What the page complained of goes into the error, and is one.
async fn with_complaints<T>(browser: &Browser, outcome: Result<T>) -> Result<T> {
    let complaints = browser.run("return window.complaints ?? 'no page'").await?;
    let outcome = outcome.map_err(|error| error.context(format!("complaints: {complaints}")))?;
    ensure!(
        complaints.as_array().is_some_and(Vec::is_empty),
        "complaints: {complaints}"
    );
    Ok(outcome)
}

fn http(server: &Server) -> String {
    format!("{}janus", server.page())
}

fn mountpoint(id: u64, address: SocketAddr) -> String {
    format!(
        "[[mountpoint]]
         id = {id}
         [[mountpoint.media]]
         type = 'video'
         mid = 'v'
         codec = 'h264'
         pt = 96
         bind = '{}'
         port = {}
         fmtp = 'profile-level-id=42e01f;packetization-mode=1'
         ",
        address.ip(),
        address.port()
    )
}

fn scripts(test: &str) -> Result<Option<JanusJs>> {
    let scripts = npm::janus_js()?;
    if scripts.is_none() {
        skip(
            test,
            "FANLIGHT_JANUS_JS names no janus.js; cargo xtask test sets it",
        );
    }
    Ok(scripts)
}

/// Serves the page and its scripts from an origin of their own, as another web server would.
async fn serve(scripts: JanusJs) -> Result<String> {
    let script = |source: String| get(async move || ([(CONTENT_TYPE, "text/javascript")], source));
    let site = Router::new()
        .route("/", get(async || Html(include_str!("pages/janus_js.html"))))
        .route("/adapter.js", script(scripts.adapter))
        .route("/janus.js", script(scripts.janus));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, site).await });
    Ok(format!("http://{address}"))
}
