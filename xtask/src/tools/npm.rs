//! Packages of the npm registry.

use super::debian;
use crate::error::Result;
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

/// Installs one package, by name and version, into `prefix`/node_modules. None of its scripts is run.
pub(super) fn install(package: &str, prefix: &Path, log: &Path) -> Result<()> {
    let command = || {
        let mut command = Command::new("npm");
        command.args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
        ]);
        command.arg(prefix).arg(package);
        command
    };
    process::run_with_retries(command, log)
}
