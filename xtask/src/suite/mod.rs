//! The whole test suite, stage by stage. A stage that fails keeps no other from running.

pub(crate) mod results;
mod stage;

use crate::arguments::TestOptions;
use crate::error::Result;
use crate::tools::{Need, Tools, WASM_TARGET};
use crate::workspace::Workspace;
use crate::{fuzz, lint, page, server};
use results::Tally;
use std::process::{Command, ExitCode};

/// What continuous integration may not leave out on a machine that lacks something. `FANLIGHT_REQUIRE` names other
/// tests, with commas between them: those beside the real Janus, which cannot be had everywhere, for one that has it.
const REQUIRED_IN_CI: &[&str] = &[
    "fanlight_answers_as_janus_did",
    "curl_holds_the_conversation_of_a_viewer",
];

/// `cargo xtask test`.
pub(crate) fn run(workspace: &Workspace, options: &TestOptions) -> Result<ExitCode> {
    let mut tally = Tally::default();
    if options.fast {
        Tools::ensure(workspace, &[Need::Native])?;
        tally.add(native(workspace, options));
    } else {
        test(workspace, options, &mut tally);
    }
    Ok(tally.finish())
}

/// `cargo xtask ci`: lints, tests and fuzz targets, one sum at the end.
pub(crate) fn run_all(workspace: &Workspace) -> Result<ExitCode> {
    let mut tally = Tally::default();
    if let Err(error) = lint::check(workspace, &mut tally) {
        eprintln!("{error}");
        tally.add(Tally::failed("set-up for lints"));
    }
    test(workspace, &TestOptions::default(), &mut tally);
    if let Err(error) = fuzz::check(workspace, &mut tally) {
        eprintln!("{error}");
        tally.add(Tally::failed("fuzz targets"));
    }
    match std::env::var("FANLIGHT_REQUIRE") {
        Ok(names) => tally.require(&names.split(',').collect::<Vec<_>>()),
        Err(_) => tally.require(REQUIRED_IN_CI),
    }
    Ok(tally.finish())
}

fn test(workspace: &Workspace, options: &TestOptions, tally: &mut Tally) {
    let needs = [
        Need::Native,
        Need::Page,
        Need::Browser,
        Need::JanusJs,
        Need::Janus,
    ];
    let tools = match Tools::ensure(workspace, &needs) {
        Ok(tools) => tools,
        Err(error) => {
            eprintln!("{error}");
            tally.add(Tally::failed("set-up"));
            tally.add(native(workspace, options));
            return;
        }
    };
    // The page comes first: the server's build embeds it.
    let page = page::build(workspace, &tools);
    if !options.is_for_conformance() {
        tally.add(native(workspace, options));
        tally.add(in_browser(workspace, &tools, options));
    }
    match page.and_then(|()| server::build(workspace, server::Profile::Dev)) {
        Ok(server) => {
            tally.add(conformance(workspace, &server, options));
            if !options.is_for_conformance() {
                tally.add(end_to_end(workspace, &tools, &server, options));
            }
        }
        Err(error) => {
            eprintln!("{error}");
            tally.add(Tally::failed("build of the page and the server"));
        }
    }
}

fn native(workspace: &Workspace, options: &TestOptions) -> Tally {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "test",
        "--package",
        "fanlight-protocol",
        "--package",
        "fanlight",
        "--package",
        "xtask",
    ]);
    finish(&mut cargo, workspace, options, &[]);
    stage::run("native", "tests of shared, server and xtask", cargo)
}

fn in_browser(workspace: &Workspace, tools: &Tools, options: &TestOptions) -> Tally {
    let mut cargo = tools.command("cargo");
    cargo.args([
        "test",
        "--package",
        "fanlight-client",
        "--target",
        WASM_TARGET,
        "--lib",
    ]);
    if workspace.root.join("client/tests").is_dir() {
        cargo.args(["--test", "*"]);
    }
    finish(&mut cargo, workspace, options, &[]);
    cargo.env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER",
        "wasm-bindgen-test-runner",
    );
    cargo
        .env("WASM_BINDGEN_TEST_TIMEOUT", "180")
        .envs(tools.browser_environment());
    stage::run("browser", "tests of the client in headless Chromium", cargo)
}

fn conformance(workspace: &Workspace, server: &server::Server, options: &TestOptions) -> Tally {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "test",
        "--package",
        "fanlight-tests",
        "--test",
        "conformance",
    ]);
    let all = TestOptions::default();
    let options = if options.is_for_conformance() {
        &all
    } else {
        options
    };
    // Side by side: most of their time is spent waiting for long polls.
    finish(&mut cargo, workspace, options, &["--test-threads=4"]);
    cargo.env("FANLIGHT_BIN", server.binary());
    stage::run("conformance", "recorded conversations with Janus", cargo)
}

fn end_to_end(
    workspace: &Workspace,
    tools: &Tools,
    server: &server::Server,
    options: &TestOptions,
) -> Tally {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "test",
        "--package",
        "fanlight-tests",
        "--lib",
        "--bins",
        "--test",
        "e2e",
    ]);
    // One at a time: each has a server and a browser of its own, and two cores are all that a small machine has.
    finish(&mut cargo, workspace, options, &["--test-threads=1"]);
    cargo.env("FANLIGHT_BIN", server.binary());
    cargo.envs(tools.browser_environment());
    cargo.envs(tools.janus_js().map(|folder| ("FANLIGHT_JANUS_JS", folder)));
    stage::run("end to end", "the real server and a real browser", cargo)
}

/// What every `cargo test` here has in common.
fn finish(
    cargo: &mut Command,
    workspace: &Workspace,
    options: &TestOptions,
    for_programs: &[&str],
) {
    cargo
        .current_dir(&workspace.root)
        .args(["--locked", "--no-fail-fast", "--target-dir"])
        .arg(&workspace.target);
    cargo.arg("--").args(for_programs).args(&options.filter);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_test_program_has_a_stage() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tests");
        let mut programs: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        programs.sort();
        assert_eq!(programs, ["conformance", "e2e"]);
    }

    #[test]
    fn what_may_not_be_skipped_is_there() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/tests");
        let mut text = String::new();
        for program in std::fs::read_dir(folder).unwrap() {
            for file in std::fs::read_dir(program.unwrap().path()).unwrap() {
                text += &std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
            }
        }
        for name in super::REQUIRED_IN_CI {
            assert!(text.contains(&format!("async fn {name}()")), "{name}");
        }
    }
}
