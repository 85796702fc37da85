//! A real browser, driven through its WebDriver.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};

use crate::skip;
use crate::wait::{patiently, until};

/// A browser with one window. Dropping it ends the browser and its driver.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    kind: Kind,
    /// Ended after the client that speaks to it.
    driver: Driver,
}

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Chromium, through `chromedriver` (or `CHROMEDRIVER`).
    Chromium,
    /// Firefox, through `geckodriver` (or `GECKODRIVER`).
    Firefox,
}

/// What Chromium is called, here and in xtask's set-up.
const CHROMIUM: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Runs a test in headless Chromium. Without Chromium the test is skipped. When it fails, a
/// picture of the page and what it wrote to its console are kept under `target/e2e`.
///
/// # Errors
/// When the browser cannot be started, or what the test returns.
pub async fn in_chromium(test: &str, body: impl AsyncFnOnce(&Browser) -> Result<()>) -> Result<()> {
    run(Kind::Chromium, test, body).await
}

/// The same in headless Firefox.
///
/// # Errors
/// As [`in_chromium`].
pub async fn in_firefox(test: &str, body: impl AsyncFnOnce(&Browser) -> Result<()>) -> Result<()> {
    run(Kind::Firefox, test, body).await
}

async fn run(kind: Kind, test: &str, body: impl AsyncFnOnce(&Browser) -> Result<()>) -> Result<()> {
    let Some(programs) = Programs::find(kind) else {
        skip(
            test,
            format_args!("no {kind:?} with its WebDriver on this machine"),
        );
        return Ok(());
    };
    // One browser at a time: two of them decoding on two cores would test the machine.
    static TURN: Mutex<()> = Mutex::const_new(());
    let _turn: MutexGuard<'_, ()> = TURN.lock().await;
    let browser = Browser::start(kind, &programs).await?;
    let result = body(&browser).await;
    if result.is_err() {
        browser.keep_evidence(test).await;
    }
    browser.close().await;
    result
}

impl Browser {
    async fn start(kind: Kind, programs: &Programs) -> Result<Browser> {
        let driver = Driver::start(kind, programs).await?;
        let capabilities: Capabilities = match kind {
            Kind::Chromium => chromium(&programs.browser, &driver.profile),
            Kind::Firefox => firefox(&programs.browser),
        }
        .as_object()
        .cloned()
        .context("capabilities are an object")?;
        let address = format!("http://127.0.0.1:{}", driver.port);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = patiently("the browser", builder.connect(&address)).await??;
        Ok(Browser {
            client,
            kind,
            driver,
        })
    }

    /// The WebDriver client, for whatever has no helper here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a script and returns what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str) -> Result<Value> {
        Ok(patiently("a script", self.client.execute(script, vec![])).await??)
    }

    /// Runs the body of an async function and returns what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run_async(&self, body: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {body} }})().then(
                 value => done({{ value }}), error => done({{ error: String(error) }}));"
        );
        let outcome = patiently("a script", self.client.execute_async(&script, vec![])).await??;
        let error = &outcome["error"];
        ensure!(error.is_null(), "a script failed: {error}");
        Ok(outcome["value"].clone())
    }

    /// Has a script run in this tab before any of a page's own. Chromium only.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn before_pages(&self, script: &str) -> Result<()> {
        ensure!(
            self.kind == Kind::Chromium,
            "only Chromium has this command"
        );
        let command = Extension {
            path: "goog/cdp/execute",
            body: json!({
                "cmd": "Page.addScriptToEvaluateOnNewDocument",
                "params": {"source": script},
            }),
        };
        self.client.issue_cmd(command).await?;
        Ok(())
    }

    /// Kills the process that runs the pages of the current tab, as a crash would. The tab is
    /// of no use after that.
    pub async fn crash_tab(&self) {
        // The answer to this command dies with the tab.
        let command = Extension {
            path: "goog/cdp/execute",
            body: json!({"cmd": "Page.crash", "params": {}}),
        };
        let crashing = self.client.issue_cmd(command);
        tokio::time::timeout(std::time::Duration::from_secs(2), crashing)
            .await
            .ok();
    }

    /// What pages wrote to the console since the last call. Empty in Firefox, which keeps it.
    pub async fn console(&self) -> Vec<String> {
        if self.kind != Kind::Chromium {
            return Vec::new();
        }
        let command = Extension {
            path: "se/log",
            body: json!({"type": "browser"}),
        };
        let Ok(log) = self.client.issue_cmd(command).await else {
            return Vec::new();
        };
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|e| format!("{} {}", e["level"], e["message"]))
            .collect()
    }

    async fn keep_evidence(&self, test: &str) {
        let folder = evidence();
        fs::create_dir_all(&folder).ok();
        let text = self.run("return document.documentElement.innerText").await;
        let mut console = self.console().await;
        console.push(format!("the page says: {text:?}"));
        for line in &console {
            eprintln!("{test}: {line}");
        }
        if let Ok(picture) = self.client.screenshot().await {
            let path = folder.join(format!("{test}.png"));
            fs::write(&path, picture).ok();
            eprintln!("{test}: see {}", path.display());
        }
        fs::write(folder.join(format!("{test}.log")), console.join("\n")).ok();
    }

    async fn close(self) {
        // A browser that no longer answers is killed with its driver.
        let closing = self.client.close();
        tokio::time::timeout(std::time::Duration::from_secs(10), closing)
            .await
            .ok();
        drop(self.driver);
    }
}

/// Where the evidence of failed tests is kept: beside what cargo built.
fn evidence() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let target = own.ancestors().find(|folder| folder.ends_with("target"));
    target.unwrap_or(Path::new("target")).join("e2e")
}

fn chromium(binary: &Path, profile: &Path) -> Value {
    let arguments = [
        "--headless".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        // A tab behind another goes on at full speed, as if it had a window of its own.
        "--disable-background-timer-throttling".to_owned(),
        "--disable-backgrounding-occluded-windows".to_owned(),
        "--disable-renderer-backgrounding".to_owned(),
        "--window-size=1280,720".to_owned(),
        format!("--user-data-dir={}", profile.display()),
    ];
    json!({
        "browserName": "chrome",
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {"binary": binary, "args": arguments},
    })
}

fn firefox(binary: &Path) -> Value {
    json!({
        "browserName": "firefox",
        "moz:firefoxOptions": {"binary": binary, "args": ["-headless"]},
    })
}

/// The programs that are needed for one browser.
struct Programs {
    driver: PathBuf,
    browser: PathBuf,
}

impl Programs {
    fn find(kind: Kind) -> Option<Programs> {
        let chosen = |variable| std::env::var_os(variable).map(PathBuf::from);
        let found = |names: &[&str]| names.iter().find_map(|name| on_path(name));
        let (driver, browser) = match kind {
            Kind::Chromium => (
                chosen("CHROMEDRIVER").or_else(|| on_path("chromedriver")),
                chosen("FANLIGHT_BROWSER").or_else(|| found(&CHROMIUM)),
            ),
            Kind::Firefox => (
                chosen("GECKODRIVER").or_else(|| on_path("geckodriver")),
                found(&["firefox-esr", "firefox"]),
            ),
        };
        Some(Programs {
            driver: driver?,
            browser: browser?,
        })
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A running WebDriver, and the profile of the browser that it starts.
#[derive(Debug)]
struct Driver {
    child: Child,
    port: u16,
    profile: PathBuf,
}

impl Driver {
    async fn start(kind: Kind, programs: &Programs) -> Result<Driver> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let profile =
            std::env::temp_dir().join(format!("fanlight-e2e-{}-{port}", std::process::id()));
        fs::create_dir_all(&profile)?;
        let mut command = Command::new(&programs.driver);
        match kind {
            Kind::Chromium => command.arg(format!("--port={port}")),
            Kind::Firefox => command.args(["--port", &port.to_string()]),
        };
        let child = command
            .env("TMPDIR", &profile)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // The browser joins the group, so that both can be ended together.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", programs.driver.display()))?;
        let driver = Driver {
            child,
            port,
            profile,
        };
        until("the WebDriver", async || {
            Ok(tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .ok())
        })
        .await?;
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group {
            // It may have ended by itself.
            killpg(Pid::from_raw(group), Signal::SIGKILL).ok();
        }
        fs::remove_dir_all(&self.profile).ok();
    }
}

/// A command of one browser's driver that WebDriver does not know.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
