//! The real janus.js and the adapter that it stands on: what Fanlight's server has to get on with.

use super::npm;
use crate::error::Result;
use crate::progress::Step;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// What `xtask/npm/janus-js` has, beside webrtc-adapter and sdp.
const PACKAGE: &str = "janus-gateway-1.4.2";

/// Path of a `node_modules` with the packages in it.
pub(super) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let prefix = workspace.tools.join(PACKAGE);
    let modules = prefix.join("node_modules");
    if modules.join("janus-gateway/package.json").exists()
        && modules.join("webrtc-adapter/package.json").exists()
    {
        return Ok(modules);
    }
    npm::ensure(workspace, "npm, which has the real janus.js for the tests")?;
    let step = Step::begin("janus.js", &format!("npm: {PACKAGE}"));
    let log = workspace.tools.join("logs/janus-js.log");
    npm::install(workspace, "janus-js", &prefix, &log)?;
    step.done();
    Ok(modules)
}
