//! The tools that building and testing need: found where they are, installed where they are not.
//!
//! Each is looked for in `target/tools` and in `PATH` first, with its version where the version matters. What is
//! missing is installed in the ordinary way (rustup, cargo-binstall, a project's own release), then in the system's
//! way (Debian's packages, npm), and compiled from source when neither works. The order keeps an ordinary machine
//! ordinary, and a machine behind a wall that lets only package registries through working.

mod browser;
mod cargo_tools;
mod debian;
mod janus;
mod janus_js;
mod native;
mod npm;
mod release;
mod version;
mod wasm_opt;
mod wasm_target;

use crate::error::{Context, Result};
use crate::process;
use crate::progress::Step;
use crate::workspace::Workspace;
use browser::Browser;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
pub(crate) use wasm_target::TARGET as WASM_TARGET;
use wasm_target::WasmTarget;

/// What a command is about to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Compilers and libraries for the server's C and assembly.
    Native,
    /// What makes the page: the wasm target, trunk, wasm-bindgen, wasm-opt.
    Page,
    /// The wasm target's own clippy.
    WasmClippy,
    /// Chromium and its driver.
    Browser,
    /// The real janus.js, to test against.
    JanusJs,
    /// The real Janus, to test against, and what feeds it; a machine may do without.
    Janus,
    /// cargo-fuzz.
    Fuzz,
}

impl Need {
    pub(crate) const ALL: &[Self] = &[
        Self::Native,
        Self::Page,
        Self::WasmClippy,
        Self::Browser,
        Self::JanusJs,
        Self::Janus,
        Self::Fuzz,
    ];
}

/// Builds the kernel with the cameras that `tests/rig` runs tests beside, where they have none.
pub(crate) fn build_camera_rig(workspace: &Workspace) -> Result<()> {
    let step = Step::begin(
        "camera rig",
        "a kernel with cameras in it: ten minutes, the first time",
    );
    process::run(Command::new(workspace.root.join("tests/rig/rig.sh")).arg("build"))?;
    step.done();
    Ok(())
}

/// Tools that are there. Commands made from it find them.
pub(crate) struct Tools {
    path: OsString,
    wasm: Option<WasmTarget>,
    browser: Option<Browser>,
    janus_js: Option<PathBuf>,
}

impl Tools {
    /// Finds or installs what `needs` asks for.
    ///
    /// # Errors
    /// A tool that is missing and cannot be installed from here, with the one line that would install it.
    pub(crate) fn ensure(workspace: &Workspace, needs: &[Need]) -> Result<Self> {
        let bin = workspace.tools_bin();
        std::fs::create_dir_all(&bin).context(|| bin.display().to_string())?;
        let mut tools = Self {
            path: path_with(&[bin]),
            wasm: None,
            browser: None,
            janus_js: None,
        };
        if needs.contains(&Need::Native) {
            native::ensure(workspace)?;
        }
        if needs.contains(&Need::Page) || needs.contains(&Need::WasmClippy) {
            let wasm = wasm_target::ensure(workspace)?;
            // trunk starts cargo itself: only the environment reaches it there.
            if let Some(folder) = wasm.programs(workspace)? {
                tools.path = path_with(&[workspace.tools_bin(), folder]);
            }
            tools.wasm = Some(wasm);
        }
        if needs.contains(&Need::WasmClippy) {
            wasm_target::ensure_clippy(workspace, tools.wasm.as_ref())?;
        }
        if needs.contains(&Need::Page) {
            cargo_tools::ensure_for_page(workspace)?;
            wasm_opt::ensure(workspace)?;
        }
        if needs.contains(&Need::Fuzz) {
            cargo_tools::ensure_fuzz(workspace)?;
        }
        if needs.contains(&Need::Browser) {
            tools.browser = Some(browser::ensure(workspace)?);
        }
        if needs.contains(&Need::JanusJs) {
            tools.janus_js = Some(janus_js::ensure(workspace)?);
        }
        if needs.contains(&Need::Janus) {
            janus::ensure(workspace);
        }
        Ok(tools)
    }

    /// A command that finds the tools, and the wasm target if it starts cargo.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path);
        if let Some(wasm) = &self.wasm {
            command.envs(wasm.environment());
        }
        command
    }

    /// Versions that a built page depends on.
    pub(crate) fn page_facts(&self) -> Vec<&str> {
        let wasm = self.wasm.as_ref().map_or("", WasmTarget::version);
        vec![
            wasm,
            cargo_tools::TRUNK.version,
            cargo_tools::WASM_BINDGEN.version,
            wasm_opt::VERSION,
        ]
    }

    /// Where tests find the browser and its driver, if [`Need::Browser`] was asked for.
    pub(crate) fn browser_environment(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.browser.iter().flat_map(Browser::environment)
    }

    /// A `node_modules` with janus-gateway and webrtc-adapter in it, if [`Need::JanusJs`] was asked for.
    pub(crate) fn janus_js(&self) -> Option<&PathBuf> {
        self.janus_js.as_ref()
    }
}

fn path_with(first: &[PathBuf]) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = first.iter().cloned().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap_or(path)
}
