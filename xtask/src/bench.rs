//! The benchmarks: a program of the tests' crate, given a server as it is shipped.

use crate::error::{Context, Result};
use crate::process;
use crate::tools::{Need, Tools};
use crate::workspace::Workspace;
use crate::{page, server};
use std::process::{Command, ExitCode};

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode> {
    let mut needs = vec![Need::Native, Need::Page, Need::Browser];
    if arguments.iter().any(|what| what == "janus") {
        needs.push(Need::Janus);
    }
    let tools = Tools::ensure(workspace, &needs)?;
    page::build(workspace, &tools)?;
    let server = server::build(workspace, server::Profile::Release)?;
    let mut bench = Command::new("cargo");
    bench.current_dir(&workspace.root).args([
        "run",
        "--release",
        "--locked",
        "--package",
        "fanlight-tests",
    ]);
    bench
        .args(["--bin", "fanlight-bench", "--target-dir"])
        .arg(&workspace.target);
    bench
        .arg("--")
        .args(arguments)
        .env("FANLIGHT_BIN", server.binary());
    bench.envs(tools.browser_environment());
    let status = bench.status().context(|| process::line(&bench))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
