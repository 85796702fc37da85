//! The fuzz targets: libFuzzer tries the doors of the server, each for a while.
//!
//! Without a sanitizer, as all that is fuzzed is safe Rust: what is looked for is a panic, an endless
//! loop, and memory out of proportion. So the ordinary compiler does; the sanitizers would want a
//! nightly one.

use crate::arguments::FuzzOptions;
use crate::error::{Context, Error, Result};
use crate::process;
use crate::progress::{Step, note};
use crate::suite::results::Tally;
use crate::tools::{Need, Tools};
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What an input may cost: the longest input in bytes, memory in MiB for all and for one allocation,
/// and seconds. The process of a target has some 100 MiB by itself.
const BOUNDS: &[&str] = &[
    "-max_len=65536",
    "-rss_limit_mb=1024",
    "-malloc_limit_mb=64",
    "-timeout=10",
];

/// For how long continuous integration tries each target, when it is asked to.
const SECONDS_IN_CI: u64 = 60;

/// Asks it to: a build of its own takes the better part of ten minutes, and the native tests try the same doors with
/// the corpus and with random bytes in any case.
const WANTED_IN_CI: &str = "FANLIGHT_FUZZ";

/// `cargo xtask fuzz`.
pub(crate) fn run(workspace: &Workspace, options: &FuzzOptions) -> Result<ExitCode> {
    let mut targets = targets(workspace)?;
    if let Some(wanted) = &options.target {
        let names = targets.join(", ");
        targets.retain(|target| target == wanted);
        if targets.is_empty() {
            let error = format!("there is no fuzz target `{wanted}`, but there are {names}");
            return Err(Error::new(error));
        }
    }
    let mut tally = Tally::default();
    fuzz(workspace, &targets, options.seconds, &mut tally)?;
    Ok(tally.finish())
}

/// All targets for continuous integration, where `FANLIGHT_FUZZ` is set. Where cargo-fuzz cannot be had, they are
/// compiled and no more.
pub(crate) fn check(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    if std::env::var_os(WANTED_IN_CI).is_none() {
        tally.add(Tally::skipped(
            "fuzz: set FANLIGHT_FUZZ to have it in this run",
        ));
        return Ok(());
    }
    match Tools::ensure(workspace, &[Need::Native, Need::Fuzz]) {
        Ok(_) => fuzz(workspace, &targets(workspace)?, SECONDS_IN_CI, tally),
        Err(error) => {
            note("fuzz", &format!("no cargo-fuzz: {error}"));
            tally.add(Tally::skipped(
                "fuzz: no cargo-fuzz, so the targets were only compiled",
            ));
            let mut cargo = Command::new("cargo");
            cargo
                .current_dir(&workspace.root)
                .args([
                    "check",
                    "--locked",
                    "--package",
                    "fanlight-fuzz",
                    "--target",
                    &host()?,
                ])
                .arg("--target-dir")
                .arg(workspace.target.join("fuzz"))
                .env("RUSTFLAGS", "--cfg fuzzing");
            tally.add(match process::run(&mut cargo) {
                Ok(()) => Tally::passed("fuzz targets compile"),
                Err(error) => {
                    eprintln!("{error}");
                    Tally::failed("fuzz targets compile")
                }
            });
            Ok(())
        }
    }
}

/// What the compiler builds for. The release of cargo-fuzz is linked with musl, and would build for that.
fn host() -> Result<String> {
    let facts = process::output(Command::new("rustc").arg("-vV")).unwrap_or_default();
    let host = facts.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Error::new("rustc does not say what it builds for"))
}

fn fuzz(workspace: &Workspace, targets: &[String], seconds: u64, tally: &mut Tally) -> Result<()> {
    let tools = Tools::ensure(workspace, &[Need::Native, Need::Fuzz])?;
    let folder = workspace.target.join("fuzz");
    let host = host()?;
    let cargo_fuzz = |verb: &str| {
        let mut cargo = tools.command("cargo");
        cargo
            .current_dir(&workspace.root)
            .args([
                "fuzz",
                verb,
                "--dev",
                "--sanitizer",
                "none",
                "--target",
                &host,
            ])
            .args(["--fuzz-dir", "fuzz", "--target-dir"])
            .arg(&folder);
        cargo
    };
    let log = |name: &str| workspace.tools.join(format!("logs/fuzz-{name}.log"));
    let step = Step::begin(
        "fuzz",
        "building the server so that libFuzzer sees where it goes: minutes the first time",
    );
    process::run_quietly(&mut cargo_fuzz("build"), &log("build"))?;
    step.done();
    for target in targets {
        let step = Step::begin("fuzz", &format!("{target}, for {seconds} s"));
        // What libFuzzer finds on the way is kept out of the tree.
        let found = folder.join("corpus").join(target);
        std::fs::create_dir_all(&found).context(|| found.display().to_string())?;
        let mut run = cargo_fuzz("run");
        run.arg(target)
            .arg(&found)
            .arg(workspace.root.join("fuzz/corpus").join(target))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .args(BOUNDS);
        tally.add(match process::run_quietly(&mut run, &log(target)) {
            Ok(()) => {
                step.done();
                Tally::passed(target)
            }
            Err(error) => {
                eprintln!("{error}");
                Tally::failed(&format!("fuzz target {target}"))
            }
        });
    }
    Ok(())
}

/// The names of all targets.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("fuzz/fuzz_targets");
    let name = |file: PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
    let entries = std::fs::read_dir(&folder).context(|| folder.display().to_string())?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| name(entry.path()))
        .collect();
    names.sort();
    Ok(names)
}
