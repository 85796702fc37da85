//! The server's binary.

use crate::error::{Error, Result};
use crate::process;
use crate::progress::Step;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the server is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As it is shipped.
    Release,
    /// As its tests are: with checks, and debug information.
    Dev,
}

/// A built server.
pub(crate) struct Server {
    binary: PathBuf,
}

/// Builds the server, with whatever page has been built before.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<Server> {
    let step = Step::begin(
        "server",
        "building it: four hundred crates and a video encoder in C++, minutes the first time",
    );
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(&workspace.root)
        .args(["build", "--locked", "--package", "fanlight"]);
    let folder = match profile {
        Profile::Release => {
            cargo.arg("--release");
            "release"
        }
        Profile::Dev => "debug",
    };
    process::run(cargo.arg("--target-dir").arg(&workspace.target))?;
    step.done();
    Ok(Server {
        binary: workspace.target.join(folder).join("fanlight"),
    })
}

impl Server {
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Replaces this program by the server, so that signals and the exit code are the server's own. Returns only if
    /// that fails.
    pub(crate) fn become_it(&self, arguments: &[String]) -> Error {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(&self.binary);
        let line = process::line(command.args(arguments));
        println!("[server] {line}");
        Error::new(format!("{line}: {}", command.exec()))
    }
}
