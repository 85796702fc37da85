//! Packages of the npm registry, as the lock files in `xtask/npm` have them: with what they depend on, and a checksum
//! for each.

use super::debian;
use crate::error::{Context, Result};
use crate::process::{self, which};
use crate::workspace::Workspace;
use std::path::Path;
use std::process::Command;

/// Makes sure of npm and of node.
pub(super) fn ensure(workspace: &Workspace, why: &str) -> Result<()> {
    match which("npm").is_some() && which("node").is_some() {
        true => Ok(()),
        false => debian::install(workspace, &["nodejs", "npm"], why),
    }
}

/// Installs what the lock file of that name holds into `prefix`/node_modules. None of its scripts is run.
pub(super) fn install(workspace: &Workspace, name: &str, prefix: &Path, log: &Path) -> Result<()> {
    std::fs::create_dir_all(prefix).context(|| prefix.display().to_string())?;
    for file in ["package.json", "package-lock.json"] {
        let from = workspace.root.join("xtask/npm").join(name).join(file);
        std::fs::copy(&from, prefix.join(file)).context(|| from.display().to_string())?;
    }
    let command = || {
        let mut command = Command::new("npm");
        command
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(prefix);
        command
    };
    process::run_with_retries(command, log)
}
