//! The real Janus, as Debian packages it: what Fanlight's client and the conformance suite are
//! held against.
//!
//! A test puts what it does into [`beside_janus`], starts Janus there with [`RealJanus::start`] and a
//! [`Feed`](crate::feed::Feed) for its mountpoints, and meets it at [`RealJanus::websocket`];
//! `tests/conformance/rig.rs` is the shortest that does.
//!
//! The body runs in a program of its own, in a network of its own (see
//! [`own_network`](crate::own_network)): ports are Janus' usual ones, and a [`Server`], a browser
//! and viewers that are started there meet Janus there. A program that is no test gets there by
//! [`own_network::enter`](crate::own_network::enter).
//!
//! [`Server`]: crate::server::Server

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::feed;
use crate::log::Log;
use crate::own_network::{ADDRESS, in_own_network, is_inside};
use crate::usage::Usage;
use crate::wait::until;
use crate::{is_on_path, skip};

/// What Janus writes when its two transports listen, the last things that it starts.
const LISTENING: [&str; 2] = [
    "JANUS WebSockets transport plugin initialized!",
    "JANUS REST (HTTP/HTTPS) transport plugin initialized!",
];

/// Runs a test in a network of its own, where it can start [`RealJanus`]. Without Janus or ffmpeg
/// on this machine the test is skipped.
///
/// # Errors
/// What the test returns.
pub async fn beside_janus(test: &str, body: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    if let Err(missing) = is_installed() {
        skip(test, missing);
        return Ok(());
    }
    in_own_network(test, body).await
}

/// Whether Janus and what feeds it are on this machine.
///
/// # Errors
/// What is missing.
pub fn is_installed() -> Result<()> {
    is_on_path("janus")?;
    feed::is_installed()
}

/// A running Janus. Dropping it kills it.
#[derive(Debug)]
pub struct RealJanus {
    child: Child,
    log: Log,
    /// Its configuration, and whatever it writes.
    _folder: TempDir,
}

impl RealJanus {
    /// Starts Janus with its streaming plugin and these mountpoints, as they stand in
    /// `janus.plugin.streaming.jcfg`, and waits until it listens. Sessions time out after a
    /// minute, candidates are trickled, and the admin API's secret is `janusoverlord`.
    ///
    /// # Errors
    /// When there is none, or it does not start; its log is in the error.
    pub async fn start(mountpoints: &str) -> Result<RealJanus> {
        let folder = copy(&recorded_configuration("streaming"))?;
        let file = folder.path().join("janus.plugin.streaming.jcfg");
        std::fs::write(file, mountpoints)?;
        RealJanus::run(folder).await
    }

    /// Starts Janus with a copy of a folder of its configuration files and waits until it listens,
    /// on HTTP and on WebSocket.
    ///
    /// # Errors
    /// As [`RealJanus::start`].
    pub async fn with_configuration(folder: &Path) -> Result<RealJanus> {
        RealJanus::run(copy(folder)?).await
    }

    async fn run(folder: TempDir) -> Result<RealJanus> {
        ensure!(is_inside(), "Janus needs a network of its own");
        let mut child = Command::new("janus")
            .arg("--configs-folder")
            .arg(folder.path())
            .args(["--interface", ADDRESS])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start Janus")?;
        let log = Log::of(&mut child);
        let mut janus = RealJanus {
            child,
            log,
            _folder: folder,
        };
        until("Janus to listen", async || {
            if let Some(status) = janus.child.try_wait()? {
                let log = janus.log.complete().await.join("\n");
                bail!("Janus ended at once, {status}:\n{log}");
            }
            let log = janus.log.lines();
            let listens = |what: &&str| log.iter().any(|line| line.contains(what));
            Ok(LISTENING.iter().all(listens).then_some(()))
        })
        .await?;
        Ok(janus)
    }

    /// The address of its WebSocket, with the usual configuration.
    pub fn websocket(&self) -> String {
        "ws://127.0.0.1:8188".to_owned()
    }

    /// What it costs now.
    ///
    /// # Errors
    /// When it is gone.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id().context("Janus has ended")?)
    }
}

/// A configuration that conversations were recorded with: see `tests/traces/README.md`.
pub fn recorded_configuration(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("traces/configuration")
        .join(name)
}

fn copy(from: &Path) -> Result<TempDir> {
    let folder = TempDir::with_prefix("fanlight-janus-")?;
    for file in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let file = file?;
        std::fs::copy(file.path(), folder.path().join(file.file_name()))?;
    }
    Ok(folder)
}
