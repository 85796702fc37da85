//! A compiler for wasm32: the one in use with the target's standard library, or Debian's own Rust, which builds
//! that library from the sources that it ships.

use super::{debian, version};
use crate::error::{Context, Error, Result};
use crate::process::{self, which};
use crate::progress::{Step, note};
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The oldest compiler that builds the workspace.
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// Where Debian's Rust has its root. rustup takes a path for a toolchain's name, so nothing has to be linked.
const DEBIAN: &str = "/usr";

/// What has to be Debian's, so that it is the compiler that these sources belong to.
const DEBIAN_PROGRAMS: &[&str] = &["cargo", "rustc", "rustdoc", "cargo-clippy", "clippy-driver"];

/// Debian's compiler, cargo, the library's sources and the linker for wasm.
const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];

/// How to get wasm out of cargo.
pub(crate) struct WasmTarget {
    version: String,
    debian: bool,
}

impl WasmTarget {
    /// What cargo has to find in its environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, &'static str)> {
        if !self.debian {
            return Vec::new();
        }
        vec![
            // For a /usr/bin/cargo that is rustup's.
            ("RUSTUP_TOOLCHAIN", DEBIAN),
            // Building the standard library is unstable, and this lets a stable compiler do it. One list for page
            // and tests: they then share the result.
            ("RUSTC_BOOTSTRAP", "1"),
            (
                "CARGO_UNSTABLE_BUILD_STD",
                "std,panic_abort,proc_macro,test",
            ),
        ]
    }

    /// A folder that comes first in `PATH`, where another cargo than rustup's may stand in front of Debian's.
    pub(super) fn programs(&self, workspace: &Workspace) -> Result<Option<PathBuf>> {
        if !self.debian {
            return Ok(None);
        }
        let folder = workspace.tools.join("debian-rust");
        std::fs::create_dir_all(&folder).context(|| folder.display().to_string())?;
        for name in DEBIAN_PROGRAMS {
            let link = folder.join(name);
            if link.symlink_metadata().is_err() {
                // Where there is no such program, the link is none to `PATH` either.
                let program = Path::new(DEBIAN).join("bin").join(name);
                std::os::unix::fs::symlink(program, &link)
                    .context(|| link.display().to_string())?;
            }
        }
        Ok(Some(folder))
    }

    /// The compiler's own version line.
    pub(super) fn version(&self) -> &str {
        &self.version
    }
}

pub(super) fn ensure(workspace: &Workspace) -> Result<WasmTarget> {
    if let Some(target) = in_use().or_else(of_debian) {
        return Ok(target);
    }
    if which("rustup").is_some() {
        let step = Step::begin("wasm target", "rustup target add wasm32-unknown-unknown");
        let log = workspace.tools.join("logs/rustup.log");
        match process::run_quietly(Command::new("rustup").args(["target", "add", TARGET]), &log) {
            Ok(()) => step.done(),
            Err(_) => note(
                "wasm target",
                "rustup could not fetch it; trying Debian's Rust",
            ),
        }
        if let Some(target) = in_use() {
            return Ok(target);
        }
    }
    debian::install(
        workspace,
        DEBIAN_PACKAGES,
        "Debian's Rust, which can build the standard library for wasm32",
    )?;
    of_debian().ok_or_else(|| {
        Error::new(format!(
            "no compiler for wasm32: please install Rust {RUST_VERSION} or newer with rustup, and type: rustup target add {TARGET}"
        ))
    })
}

/// Clippy for the wasm target. rustup's comes with the toolchain; Debian's is a package of its own.
pub(super) fn ensure_clippy(workspace: &Workspace, target: Option<&WasmTarget>) -> Result<()> {
    let of_debian = target.is_some_and(|target| target.debian);
    if of_debian && !Path::new("/usr/bin/clippy-driver").exists() {
        debian::install(
            workspace,
            &["rust-web-clippy"],
            "clippy for the wasm target",
        )?;
    }
    Ok(())
}

/// The compiler that cargo would start here, if it has the target's library.
fn in_use() -> Option<WasmTarget> {
    let folder = process::output(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]))?;
    let mut files = std::fs::read_dir(folder).ok()?.flatten();
    let has_std = files.any(|file| file.file_name().to_string_lossy().starts_with("libstd-"));
    let version = process::output(Command::new("rustc").arg("--version"))?;
    has_std.then_some(WasmTarget {
        version,
        debian: false,
    })
}

/// Debian's compiler, if it is new enough and has what it takes to build the library.
fn of_debian() -> Option<WasmTarget> {
    let root = Path::new(DEBIAN);
    let parts = [
        "bin/cargo",
        "bin/rust-lld",
        "lib/rustlib/src/rust/library/Cargo.lock",
    ];
    if !parts.iter().all(|part| root.join(part).exists()) {
        return None;
    }
    let version = process::output(Command::new(root.join("bin/rustc")).arg("--version"))?;
    let new_enough = version::at_least(version::parse(&version)?, RUST_VERSION);
    new_enough.then_some(WasmTarget {
        version,
        debian: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    fn programs(debian: bool) -> (Folder, Option<PathBuf>) {
        let folder = Folder::new();
        let workspace = Workspace {
            root: folder.path().into(),
            target: folder.path().into(),
            tools: folder.path().join("tools"),
        };
        let target = WasmTarget {
            version: String::new(),
            debian,
        };
        target.programs(&workspace).unwrap();
        let programs = target.programs(&workspace).unwrap();
        (folder, programs)
    }

    #[test]
    fn debians_compiler_is_found_before_any_other() {
        let (_folder, programs) = programs(true);
        let cargo = programs.unwrap().join("cargo").read_link().unwrap();
        assert_eq!(cargo, Path::new("/usr/bin/cargo"));
    }

    #[test]
    fn the_compiler_in_use_needs_no_folder() {
        let (_folder, programs) = programs(false);
        assert_eq!(programs, None);
    }
}
