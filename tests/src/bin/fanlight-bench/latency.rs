//! How old a picture is when a browser shows it. The picture itself tells: see
//! `fanlight_protocol::strip`.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use fanlight_tests::browser::in_chromium;
use fanlight_tests::page::{Page, read_strip, with_strip_size};
use fanlight_tests::server::Server;
use serde_json::Value;

use crate::SOURCE;
use crate::table::{Sorted, Table};

/// Samples every fifth picture: reading pixels back costs more than showing them.
const SAMPLE: &str = "
    const video = document.querySelector('video');
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT / 10);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    window.samples = [];
    let count = 0;
    (function next() {
        video.requestVideoFrameCallback((_, frame) => {
            next();
            if (++count % 5) return;
            context.drawImage(video, 0, 0, WIDTH, HEIGHT);
            const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
            samples.push({
                presented: performance.timeOrigin + frame.presentationTime,
                expected: performance.timeOrigin + frame.expectedDisplayTime,
                pixels: Array.from(pixels.filter((_, index) => index % 4 === 1)),
            });
        });
    })();";

pub(crate) async fn run(window: Duration) -> Result<()> {
    let table = Table::begin(
        "Picture made to picture shown, ms",
        &["when", "pictures read", "min", "median", "p95", "max"],
    )?;
    let server = Server::start(SOURCE).await?;
    in_chromium("latency", async |browser| {
        let page = Page::open(browser, &server.page()).await?;
        // The jitter buffer has found its size by then.
        page.plays(90).await?;
        browser.run(&with_strip_size(SAMPLE)).await?;
        tokio::time::sleep(window).await;
        let samples = browser.run("return window.samples").await?;
        let samples = samples.as_array().context("no samples")?;
        for (what, name) in [
            ("handed to the compositor", "presented"),
            ("expected on the screen", "expected"),
        ] {
            let ages: Vec<_> = samples
                .iter()
                .filter_map(|sample| age(sample, name))
                .collect();
            let ages = Sorted::new(ages).context("no picture had a time strip")?;
            let mut row = vec![
                what.to_owned(),
                format!("{} of {}", ages.len(), samples.len()),
            ];
            row.extend(ages.cells());
            table.row(&row);
        }
        Ok(())
    })
    .await
}

/// Milliseconds from the time in the picture to the time that the browser gives.
fn age(sample: &Value, name: &str) -> Option<f64> {
    let made = read_strip(sample["pixels"].as_array()?)?;
    let made = made.duration_since(UNIX_EPOCH).ok()?.as_secs_f64() * 1_000.0;
    Some(sample[name].as_f64()? - made)
}
