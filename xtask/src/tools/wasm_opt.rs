//! wasm-opt: makes the page's program a third smaller.
//!
//! Debian 12's (108) is not an option: it miscompiles what today's Rust emits, and the page dies in the browser.

use super::release::{self, Release};
use super::{npm, version};
use crate::error::{Context, Error, Result};
use crate::process::{self, which};
use crate::progress::{Step, note};
use crate::workspace::Workspace;
use std::path::Path;
use std::process::Command;

/// The same number is pinned in Trunk.toml: trunk takes no other.
pub(super) const VERSION: &str = "132";

pub(super) fn ensure(workspace: &Workspace) -> Result<()> {
    let place = workspace.tools_bin().join("wasm-opt");
    let package = workspace.tools.join(format!(
        "binaryen-{VERSION}/node_modules/binaryen/bin/wasm-opt"
    ));
    // The npm package takes half a second to tell its version. Its folder's name tells it as well.
    if place.read_link().is_ok_and(|link| link == package) && package.exists() {
        return Ok(());
    }
    if is_right(&place) || which("wasm-opt").is_some_and(|file| is_right(&file)) {
        return Ok(());
    }
    let log = workspace.tools.join("logs/wasm-opt.log");
    if let Some(release) = release() {
        let step = Step::begin(
            "wasm-opt",
            &format!("downloading the release of binaryen {VERSION}"),
        );
        match release::install(&release, &["wasm-opt"], workspace, &log) {
            Ok(()) if is_right(&place) => {
                step.done();
                return Ok(());
            }
            Ok(()) => note("wasm-opt", "the release does not run here"),
            Err(error) => note("wasm-opt", &format!("no release: {error}")),
        }
    }
    install_from_npm(workspace, &log)?;
    let _ = std::fs::remove_file(&place);
    std::os::unix::fs::symlink(&package, &place).context(|| place.display().to_string())?;
    match is_right(&place) {
        true => Ok(()),
        false => Err(Error::new(format!(
            "{} does not run: is node too old?",
            place.display()
        ))),
    }
}

/// wasm-opt itself, compiled to JavaScript: slower, the same result, and a package registry has it.
fn install_from_npm(workspace: &Workspace, log: &Path) -> Result<()> {
    npm::ensure(workspace, "node and npm, for wasm-opt")?;
    let step = Step::begin("wasm-opt", &format!("npm: binaryen {VERSION} (23 MB)"));
    let prefix = workspace.tools.join(format!("binaryen-{VERSION}"));
    npm::install(workspace, "binaryen", &prefix, log)?;
    step.done();
    Ok(())
}

fn release() -> Option<Release> {
    let arch = std::env::consts::ARCH;
    let sha256 = match arch {
        "x86_64" => "195ddc94f9bc89f45abdabb0b9eea86023d727ba90eac8b35b80f2544fc30572",
        "aarch64" => "c58562417836c5d0493d89bdefc434933bdc097db641b483df86bcfa557a107f",
        _ => return None,
    };
    let version = format!("version_{VERSION}");
    let url = format!(
        "https://github.com/WebAssembly/binaryen/releases/download/{version}/binaryen-{version}-{arch}-linux.tar.gz"
    );
    Some(Release { url, sha256 })
}

fn is_right(program: &Path) -> bool {
    let text = process::output(Command::new(program).arg("--version"));
    text.as_deref().and_then(version::parse) == Some(VERSION)
}
