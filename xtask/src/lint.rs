//! Format and lints, for every crate on the target that it is written for.

use crate::error::Result;
use crate::process;
use crate::progress::note;
use crate::suite::results::Tally;
use crate::tools::{Need, Tools};
use crate::workspace::Workspace;
use std::process::{Command, ExitCode};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut tally = Tally::default();
    check(workspace, &mut tally)?;
    Ok(tally.finish())
}

/// Each check is one test that passes or fails.
///
/// # Errors
/// Only where a tool is missing.
pub(crate) fn check(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    let tools = Tools::ensure(workspace, &[Need::Native, Need::WasmClippy])?;
    let mut format = Command::new("cargo");
    format.args(["fmt", "--all", "--check"]);
    let mut native = Command::new("cargo");
    native.args([
        "clippy",
        "--locked",
        "--workspace",
        "--exclude",
        "fanlight-client",
        "--all-targets",
    ]);
    let mut wasm = tools.command("cargo");
    wasm.args([
        "clippy",
        "--locked",
        "--target",
        crate::tools::WASM_TARGET,
        "--all-targets",
    ]);
    wasm.args([
        "--package",
        "fanlight-client",
        "--package",
        "fanlight-protocol",
    ]);
    for clippy in [&mut native, &mut wasm] {
        clippy
            .arg("--target-dir")
            .arg(&workspace.target)
            .args(["--", "-D", "warnings"]);
    }
    for (name, command) in [
        ("format", &mut format),
        ("clippy", &mut native),
        ("clippy for wasm", &mut wasm),
    ] {
        note(name, &process::line(command));
        tally.add(match process::run(command.current_dir(&workspace.root)) {
            Ok(()) => Tally::passed(name),
            Err(_) => Tally::failed(name),
        });
    }
    Ok(())
}
