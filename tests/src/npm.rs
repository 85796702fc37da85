//! JavaScript of other people, from npm: what Fanlight's server has to get on with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

/// The packages and the versions that are meant.
const PACKAGES: [&str; 2] = ["janus-gateway@1.4.2", "webrtc-adapter@9"];

/// The scripts of the real janus.js, to be loaded in this order by plain script tags.
#[derive(Clone, Debug)]
pub struct JanusJs {
    /// Defines the global `adapter`.
    pub adapter: String,
    /// Defines the global `Janus`, and expects `adapter` to be there.
    pub janus: String,
}

/// Loads janus.js: from the `node_modules` that `FANLIGHT_JANUS_JS` names, or that an earlier
/// call installed, or else from the registry. `Err` has the reason why there is none.
///
/// # Errors
/// When the packages are not there and cannot be installed.
pub async fn janus_js() -> Result<JanusJs> {
    if let Some(folder) = std::env::var_os("FANLIGHT_JANUS_JS") {
        return load(Path::new(&folder));
    }
    let folder = install_folder()?;
    if let Ok(scripts) = load(&folder) {
        return Ok(scripts);
    }
    install(&folder).await?;
    load(&folder)
}

/// Reads the scripts from a folder with a `node_modules` in it, or from a `node_modules`.
fn load(folder: &Path) -> Result<JanusJs> {
    let modules = folder.join("node_modules");
    let modules = if modules.is_dir() {
        modules
    } else {
        folder.to_owned()
    };
    let read = |path: &str| {
        let path = modules.join(path);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    // Two packages want the adapter, so npm may put it beside one or inside of the other.
    let adapter = read("webrtc-adapter/out/adapter.js")
        .or_else(|_| read("janus-gateway/node_modules/webrtc-adapter/out/adapter.js"))?;
    Ok(JanusJs {
        adapter,
        janus: read("janus-gateway/npm/src/janus.js")?,
    })
}

fn install_folder() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own
        .ancestors()
        .nth(3)
        .context("no target folder")?
        .join("npm"))
}

async fn install(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut error = String::new();
    // Registries have bad moments.
    for attempt in 0..3 {
        tokio::time::sleep(Duration::from_secs(5 * attempt)).await;
        let npm = Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--prefix",
            ])
            .arg(folder)
            .args(PACKAGES)
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(120), npm)
            .await
            .context("npm takes too long")?
            .context("no npm")?;
        if output.status.success() {
            return Ok(());
        }
        error = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    bail!("npm install failed: {error}")
}
