//! Pages that people wrote for Janus and µStreamer's plugin watch a Fanlight server unchanged.

use anyhow::{Result, ensure};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::get;
use fanlight_tests::browser;
use fanlight_tests::npm::{self, JanusJs};
use fanlight_tests::page::Page;
use fanlight_tests::server::Server;
use fanlight_tests::skip;

#[tokio::test]
async fn the_real_janus_js_watches() -> Result<()> {
    let test = "the_real_janus_js_watches";
    let Some(scripts) = npm::janus_js()? else {
        skip(
            test,
            "FANLIGHT_JANUS_JS names no janus.js; cargo xtask test sets it",
        );
        return Ok(());
    };
    let server = Server::test_pattern().await?;
    let site = serve(scripts).await?;
    browser::in_chromium(test, async |browser| {
        let page = Page::open(browser, &format!("{site}/?server={}", server.janus())).await?;
        let watching = page.plays(60).await;
        let complaints = browser.run("return window.complaints ?? 'no page'").await?;
        let stats = watching.map_err(|error| error.context(format!("complaints: {complaints}")))?;
        ensure!(stats.codec == "video/H264", "{stats:?}");
        ensure!(
            complaints.as_array().is_some_and(Vec::is_empty),
            "complaints: {complaints}"
        );
        // It is on the screen as well, not only decoded.
        page.strip_time().await?;
        Ok(())
    })
    .await
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
