//! trunk, wasm-bindgen and cargo-fuzz: programs written in Rust, with releases on GitHub.

use super::release::{self, Release};
use super::version;
use crate::error::{Error, Result};
use crate::process::{self, which};
use crate::progress::{Step, note};
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that `cargo install` can build.
pub(super) struct CargoTool {
    /// The crate's name.
    name: &'static str,
    /// The version to install, and the only one that will do unless newer ones are as good.
    pub(super) version: &'static str,
    newer_is_as_good: bool,
    /// Its programs; the first one tells its version.
    programs: &'static [&'static str],
    /// The release for this machine, if there is one whose checksum is known.
    release: fn() -> Option<Release>,
    /// Why it takes so long to compile, and how long that is.
    patience: &'static str,
    /// Features that are left out to spare time.
    features: &'static [&'static str],
}

pub(super) const TRUNK: CargoTool = CargoTool {
    name: "trunk",
    version: "0.22.1",
    newer_is_as_good: false,
    programs: &["trunk"],
    // Its project publishes no checksums, and nobody has pinned one here yet.
    release: || None,
    patience: "four hundred crates, among them a JavaScript compiler: three to five minutes on two cores",
    features: &["--no-default-features", "--features", "rustls"],
};

pub(super) const WASM_BINDGEN: CargoTool = CargoTool {
    name: "wasm-bindgen-cli",
    version: "0.2.129",
    newer_is_as_good: false,
    programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
    release: || {
        let arch = std::env::consts::ARCH;
        let sha256 = match arch {
            "x86_64" => "82d12bb940e2d4e72e0d5605387fc1b8ca179044e012b620f0ce4e7440e8320e",
            "aarch64" => "2ed4351c35dd9440308bbb02767d47ea278efe851a52465300f3c94f5b6c2a87",
            _ => return None,
        };
        let url = format!(
            "https://github.com/wasm-bindgen/wasm-bindgen/releases/download/0.2.129/wasm-bindgen-0.2.129-{arch}-unknown-linux-musl.tar.gz"
        );
        Some(Release { url, sha256 })
    },
    patience: "one to two minutes on two cores",
    // Without TLS: it only ever talks to a browser's driver on this machine.
    features: &["--no-default-features"],
};

const FUZZ: CargoTool = CargoTool {
    name: "cargo-fuzz",
    version: "0.13.2",
    newer_is_as_good: true,
    programs: &["cargo-fuzz"],
    release: || {
        let url = "https://github.com/rust-fuzz/cargo-fuzz/releases/download/0.13.2/cargo-fuzz-0.13.2-x86_64-unknown-linux-musl.tar.gz";
        (std::env::consts::ARCH == "x86_64").then(|| Release {
            url: url.to_owned(),
            sha256: "b5b704018b63e0f151c17a057ac53b5111e1db545d1b9f72fee79f08a545931c",
        })
    },
    patience: "half a minute on two cores",
    features: &[],
};

/// A build that is as quick as can be: these programs run for a second, and are compiled for minutes.
const QUICK_BUILD: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "false"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "4"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
    ("CARGO_NET_RETRY", "5"),
];

/// Finds or installs what makes the page.
pub(super) fn ensure_for_page(workspace: &Workspace) -> Result<()> {
    ensure(workspace, &[&WASM_BINDGEN, &TRUNK])
}

/// Finds or installs cargo-fuzz.
pub(super) fn ensure_fuzz(workspace: &Workspace) -> Result<()> {
    ensure(workspace, &[&FUZZ])
}

fn ensure(workspace: &Workspace, tools: &[&CargoTool]) -> Result<()> {
    for tool in tools {
        tool.ensure(workspace)?;
    }
    // What they were compiled in, with what they have in common: half a gigabyte that nobody will use again.
    let _ = std::fs::remove_dir_all(build_folder(workspace));
    Ok(())
}

fn build_folder(workspace: &Workspace) -> PathBuf {
    workspace.tools.join("build")
}

impl CargoTool {
    fn ensure(&self, workspace: &Workspace) -> Result<()> {
        if self.is_there(workspace) {
            return Ok(());
        }
        let log = workspace.tools.join(format!("logs/{}.log", self.name));
        if self.install_with_binstall(workspace, &log) || self.install_release(workspace, &log) {
            return Ok(());
        }
        self.compile(workspace, &log)
    }

    fn is_there(&self, workspace: &Workspace) -> bool {
        self.is_in(&workspace.tools_bin()) || self.is_in_path()
    }

    fn is_in(&self, folder: &Path) -> bool {
        self.programs
            .iter()
            .all(|program| self.is_right(&folder.join(program)))
    }

    fn is_in_path(&self) -> bool {
        self.programs
            .iter()
            .all(|program| which(program).is_some_and(|file| self.is_right(&file)))
    }

    fn is_right(&self, program: &Path) -> bool {
        let text = process::output(Command::new(program).arg("--version"));
        let version = text.as_deref().and_then(version::parse);
        version.is_some_and(|version| match self.newer_is_as_good {
            true => version::at_least(version, self.version),
            false => version == self.version,
        })
    }

    fn install_with_binstall(&self, workspace: &Workspace, log: &Path) -> bool {
        if which("cargo-binstall").is_none() {
            return false;
        }
        let step = Step::begin(
            self.name,
            &format!("cargo binstall {}@{}", self.name, self.version),
        );
        let mut command = Command::new("cargo");
        command.args([
            "binstall",
            "--no-confirm",
            "--disable-strategies",
            "compile",
            "--root",
        ]);
        command
            .arg(&workspace.tools)
            .arg(format!("{}@{}", self.name, self.version));
        let installed =
            process::run_quietly(&mut command, log).is_ok() && self.is_in(&workspace.tools_bin());
        if installed {
            step.done();
        }
        installed
    }

    fn install_release(&self, workspace: &Workspace, log: &Path) -> bool {
        let Some(release) = (self.release)() else {
            return false;
        };
        let step = Step::begin(
            self.name,
            &format!("downloading the release of {}", self.version),
        );
        let installed = release::install(&release, self.programs, workspace, log);
        let is_there = installed.is_ok() && self.is_in(&workspace.tools_bin());
        match installed {
            _ if is_there => step.done(),
            Ok(()) => note(self.name, "the release does not run here"),
            Err(error) => note(self.name, &format!("no release: {error}")),
        }
        is_there
    }

    fn compile(&self, workspace: &Workspace, log: &Path) -> Result<()> {
        let step = Step::begin(
            self.name,
            &format!("compiling {} from source: {}", self.version, self.patience),
        );
        let mut command = Command::new("cargo");
        // Its own claim about the compiler is stricter than its code: an older one is worth the try.
        command
            .args(["install", "--locked", "--ignore-rust-version", "--force"])
            .args(["--version", self.version])
            .args(self.features)
            .arg("--root")
            .arg(&workspace.tools)
            .arg("--target-dir")
            .arg(build_folder(workspace))
            .arg(self.name)
            .envs(QUICK_BUILD.iter().copied())
            // What the workspace is built with is for its own crates.
            .current_dir(&workspace.tools)
            .env_remove("RUSTFLAGS");
        process::run_quietly(&mut command, log)?;
        if !self.is_in(&workspace.tools_bin()) {
            return Err(Error::new(format!(
                "{} was built but does not run as {}; see {}",
                self.name,
                self.version,
                log.display()
            )));
        }
        step.done();
        Ok(())
    }
}
