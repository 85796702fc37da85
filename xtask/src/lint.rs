//! Format and lints, for every crate on the target that it is written for.

use crate::error::Result;
use crate::process;
use crate::progress::note;
use crate::suite::results::Tally;
use crate::tools::{Need, Tools, WASM_TARGET};
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
    let clippy = |cargo: Command, arguments: &str| {
        let mut clippy = cargo;
        clippy
            .args(["clippy", "--locked", "--all-targets", "--target-dir"])
            .arg(&workspace.target)
            .args(arguments.split(' '))
            .args(["--", "-D", "warnings"]);
        clippy
    };
    let native = clippy(
        Command::new("cargo"),
        "--workspace --exclude fanlight-client",
    );
    let wasm = |arguments: &str| {
        let target = format!("--target {WASM_TARGET} --package fanlight-client");
        clippy(tools.command("cargo"), &format!("{target} {arguments}"))
    };
    for (name, mut command) in [
        ("format", format),
        ("clippy", native),
        ("clippy for wasm", wasm("--package fanlight-protocol")),
        // The Janus client under the page, as another program would use it.
        ("clippy without the page", wasm("--no-default-features")),
    ] {
        note(name, &process::line(&command));
        tally.add(match process::run(command.current_dir(&workspace.root)) {
            Ok(()) => Tally::passed(name),
            Err(error) => {
                eprintln!("{error}");
                Tally::failed(name)
            }
        });
    }
    Ok(())
}
