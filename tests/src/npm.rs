//! JavaScript of other people, from npm: what Fanlight's server has to get on with.

use std::path::Path;

use anyhow::{Context as _, Result};

/// The scripts of the real janus.js, to be loaded in this order by plain script tags.
#[derive(Clone, Debug)]
pub struct JanusJs {
    /// Defines the global `adapter`.
    pub adapter: String,
    /// Defines the global `Janus`, and expects `adapter` to be there.
    pub janus: String,
}

/// Loads janus.js from the `node_modules` that `FANLIGHT_JANUS_JS` names, as `cargo xtask test` sets
/// it; `None` when it names none.
///
/// # Errors
/// When the packages are not there.
pub fn janus_js() -> Result<Option<JanusJs>> {
    let folder = std::env::var_os("FANLIGHT_JANUS_JS");
    folder.map(|folder| load(Path::new(&folder))).transpose()
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
