//! How long a person waits: from the opening of the page's WebSocket to its first picture.

use anyhow::{Context as _, Result};
use fanlight_tests::browser::in_chromium;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::page::Page;
use fanlight_tests::server::Server;
use fanlight_tests::wait::until;

use crate::SOURCE;
use crate::table::{Sorted, Table};

/// Notes when the page's first WebSocket opens and when its first picture is presented.
const STOPWATCH: &str = "
    window.stopwatch = {};
    {
        const Native = window.WebSocket;
        window.WebSocket = class WebSocket extends Native {
            constructor(...args) {
                super(...args);
                this.addEventListener('open', () => stopwatch.opened ??= performance.now());
            }
        };
    }
    (function look() {
        const video = document.querySelector('video');
        if (!video) return requestAnimationFrame(look);
        video.requestVideoFrameCallback((_, frame) => stopwatch.presented = frame.presentationTime);
    })();";

pub(crate) async fn run(tries: u64) -> Result<()> {
    let table = Table::begin(
        "WebSocket open to first picture, ms",
        &["who", "tries", "min", "median", "p95", "max", "PLIs"],
    )?;
    let server = Server::start(SOURCE).await?;
    in_chromium("first-frame", async |browser| {
        browser.before_pages(STOPWATCH).await?;
        let page = Page::prepare(browser).await?;
        for (who, company) in [("alone", false), ("beside another viewer", true)] {
            let _other = match company {
                true => Some(Watcher::watch(&server.janus()).await?),
                false => None,
            };
            let mut waits = Vec::new();
            let mut plis = 0;
            for _ in 0..tries {
                browser.client().goto(&server.page()).await?;
                waits.push(
                    until("the first picture", async || {
                        let script = "return stopwatch.presented - stopwatch.opened";
                        Ok(browser.run(script).await?.as_f64())
                    })
                    .await?,
                );
                let stats = page
                    .stats()
                    .await?
                    .context("a picture without statistics")?;
                plis += stats.inbound["pliCount"].as_u64().unwrap_or_default();
                browser.client().goto("about:blank").await?;
            }
            let waits = Sorted::new(waits).context("nothing was measured")?;
            let mut row = vec![who.to_owned(), waits.len().to_string()];
            row.extend(waits.cells());
            row.push(plis.to_string());
            table.row(&row);
        }
        Ok(())
    })
    .await
}
