//! What a test can see of a page that shows a stream: Fanlight's own or somebody else's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use fanlight_protocol::strip;
use fantoccini::Locator;
use fantoccini::elements::Element;
use serde_json::Value;

use crate::browser::Browser;
use crate::wait::until;

/// Remembers every peer connection of the page, so that its statistics can be asked for.
const REMEMBER_PEERS: &str = "
    window.testPeers = [];
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class RTCPeerConnection extends Native {
        constructor(...args) { super(...args); window.testPeers.push(this); }
    };";

/// The statistics of the newest connection that is not closed.
const STATS: &str = "
    const peers = window.testPeers ?? [];
    const live = peers.filter(peer => peer.connectionState !== 'closed');
    const stats = { peer: peers.indexOf(live.at(-1)), connections: peers.length };
    for (const report of (await live.at(-1)?.getStats())?.values() ?? []) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') stats.video = report;
        if (report.type === 'inbound-rtp' && report.kind === 'audio') stats.audio = report;
        if (report.type === 'codec') stats.codec = report.mimeType;
    }
    return stats;";

/// The upper tenth of the video's picture, where the strip is, as one number a pixel.
///
/// The picture is scaled so that a cell is 4 by 4 pixels: what is not needed is not transferred.
const STRIP: &str = "
    const video = document.querySelector('video');
    if (!video?.videoWidth) return null;
    const canvas = new OffscreenCanvas(WIDTH, HEIGHT / 10);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0, WIDTH, HEIGHT);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return Array.from(pixels.filter((_, index) => index % 4 === 1));";

/// A page in the current tab of a browser.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    browser: &'a Browser,
}

/// What the browser tells of the stream that it receives.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Which of the page's connections this is, from 0.
    pub connection: i64,
    /// How many the page has made.
    pub connections: u64,
    /// Frames decoded on this connection.
    pub frames: u64,
    /// `video/H264`.
    pub codec: String,
    /// Width and height of the last frame.
    pub size: (u64, u64),
    /// All that `inbound-rtp` has.
    pub inbound: Value,
}

impl<'a> Page<'a> {
    /// Opens a page in the current tab of Chromium.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn open(browser: &'a Browser, url: &str) -> Result<Page<'a>> {
        let page = Page::prepare(browser).await?;
        browser.client().goto(url).await?;
        Ok(page)
    }

    /// Sees to it that pages which are opened later in the current tab of Chromium have
    /// statistics.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn prepare(browser: &'a Browser) -> Result<Page<'a>> {
        browser.before_pages(REMEMBER_PEERS).await?;
        Ok(Page { browser })
    }

    /// Whatever page is in the current tab, without statistics: of any browser.
    pub fn current(browser: &'a Browser) -> Page<'a> {
        Page { browser }
    }

    /// Opens a page in a new tab of Chromium, which becomes the current one.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn open_tab(browser: &'a Browser, url: &str) -> Result<Page<'a>> {
        let tab = browser.client().new_window(true).await?;
        browser.client().switch_to_window(tab.handle).await?;
        Page::open(browser, url).await
    }

    /// What the page says, as it is meant for programs: `data-state` of its status.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn state(&self) -> Result<Option<String>> {
        let script = "return document.getElementById('status')?.dataset.state ?? null";
        Ok(self.browser.run(script).await?.as_str().map(str::to_owned))
    }

    /// Waits until the page is in one of these states, and returns the text that a person sees.
    ///
    /// # Errors
    /// When it never is.
    pub async fn becomes(&self, states: &[&str]) -> Result<String> {
        until(
            &format!("the page to be {}", states.join(" or ")),
            async || {
                let state = self.state().await?;
                Ok(states
                    .iter()
                    .any(|s| state.as_deref() == Some(s))
                    .then_some(()))
            },
        )
        .await?;
        let script = "return document.getElementById('status').textContent";
        Ok(self
            .browser
            .run(script)
            .await?
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// The statistics, once there are some.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn stats(&self) -> Result<Option<Stats>> {
        let stats = self.browser.run_async(STATS).await?;
        let inbound = stats["video"].clone();
        if inbound.is_null() {
            return Ok(None);
        }
        let number = |name: &str| inbound[name].as_u64().unwrap_or_default();
        Ok(Some(Stats {
            connection: stats["peer"]
                .as_i64()
                .context("no peer in the statistics")?,
            connections: stats["connections"].as_u64().unwrap_or_default(),
            frames: number("framesDecoded"),
            codec: stats["codec"].as_str().unwrap_or_default().to_owned(),
            size: (number("frameWidth"), number("frameHeight")),
            inbound,
        }))
    }

    /// Waits until sound is heard: the page plays it and is not muted.
    ///
    /// # Errors
    /// When there never is.
    pub async fn sounds(&self) -> Result<()> {
        let mut before = None;
        until("sound to be heard", async || {
            let stats = self.browser.run_async(STATS).await?;
            let energy = stats["audio"]["totalAudioEnergy"].as_f64();
            let grows = before.is_some_and(|before| energy > before);
            before = Some(energy);
            Ok(grows.then_some(()))
        })
        .await
    }

    /// Waits until this many frames have been decoded after now, on one and the same
    /// connection, and returns the statistics then.
    ///
    /// # Errors
    /// When they are not.
    pub async fn plays(&self, frames: u64) -> Result<Stats> {
        let mut from: Option<Stats> = None;
        until("frames to be decoded", async || {
            let Some(stats) = self.stats().await? else {
                return Ok(None);
            };
            let start = from.get_or_insert_with(|| stats.clone());
            if start.connection != stats.connection {
                *start = stats;
                return Ok(None);
            }
            Ok((stats.frames >= start.frames + frames).then_some(stats))
        })
        .await
    }

    /// An element of the page.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn find(&self, selector: &str) -> Result<Element> {
        let element = self.browser.client().find(Locator::Css(selector)).await;
        element.with_context(|| format!("there is no {selector}"))
    }

    /// Presses a key.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn press(&self, key: &str) -> Result<()> {
        Ok(self.find("body").await?.send_keys(key).await?)
    }

    /// Writes an answer to what Fanlight's page asks.
    ///
    /// # Errors
    /// When it asks nothing.
    pub async fn answer(&self, answer: &str) -> Result<()> {
        self.find("#status input").await?.send_keys(answer).await?;
        Ok(self.find("#status form button").await?.click().await?)
    }

    /// Gives a wrong PIN first, which the page says, and then the right one.
    ///
    /// # Errors
    /// When the page asks for no PIN, or does not say that it is wrong.
    pub async fn answer_with_pins(&self, wrong: &str, right: &str) -> Result<()> {
        let asked = self.becomes(&["asking"]).await?;
        ensure!(asked.contains("asks for a PIN"), "{asked}");
        self.answer(wrong).await?;
        until("the PIN to be wrong", async || {
            let said = self.becomes(&["asking"]).await?;
            Ok(said.contains("PIN is wrong").then_some(()))
        })
        .await?;
        self.answer(right).await
    }

    /// Opens the list of streams on Fanlight's page, and waits for these names in it.
    ///
    /// # Errors
    /// When they are not there.
    pub async fn lists(&self, names: &[&str]) -> Result<()> {
        self.press("l").await?;
        until("the list of streams", async || {
            let script = "return [...document.querySelectorAll('#streams a span')]
                .map(name => name.checkVisibility() && name.textContent)";
            let listed = self.browser.run(script).await?;
            Ok((listed == Value::from(names)).then_some(()))
        })
        .await
    }

    /// Chooses a stream from the list that is open.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn choose(&self, id: u64) -> Result<()> {
        let link = self
            .find(&format!("#streams a[href='?stream={id}']"))
            .await?;
        Ok(link.click().await?)
    }

    /// Reads the time strip of the picture on the screen: when the picture was made, as the
    /// picture itself tells. Waits until there is a picture with a whole strip.
    ///
    /// # Errors
    /// When there never is one.
    pub async fn strip_time(&self) -> Result<SystemTime> {
        let script = with_strip_size(STRIP);
        until("a time strip in the picture", async || {
            let pixels = self.browser.run(&script).await?;
            let pixels = pixels.as_array().map(Vec::as_slice).unwrap_or_default();
            Ok(read_strip(pixels))
        })
        .await
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn reload(&self) -> Result<()> {
        Ok(self.browser.client().refresh().await?)
    }
}

/// Puts the size of the picture that [`read_strip`] expects into a script.
pub fn with_strip_size(script: &str) -> String {
    script
        .replace("WIDTH", &strip::MIN_WIDTH.to_string())
        .replace("HEIGHT", &strip::MIN_HEIGHT.to_string())
}

/// Reads a strip from the brightness of the pixels in the upper tenth of a picture of the
/// smallest size that strips have.
pub fn read_strip(pixels: &[Value]) -> Option<SystemTime> {
    let pixel = |x: usize, y: usize| {
        let value = pixels.get(y * strip::MIN_WIDTH + x).and_then(Value::as_u64);
        value
            .and_then(|value| u8::try_from(value).ok())
            .unwrap_or_default()
    };
    let micros = strip::read(strip::MIN_WIDTH, strip::MIN_HEIGHT, pixel).ok()?;
    Some(UNIX_EPOCH + Duration::from_micros(micros))
}
