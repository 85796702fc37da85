//! Packages of Debian and of what descends from it.

use crate::error::{Error, Result};
use crate::process::{self, which};
use crate::progress::Step;
use crate::workspace::Workspace;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Package lists are fetched once in a run.
static UPDATED: AtomicBool = AtomicBool::new(false);

/// Installs packages with apt-get, as root or through a sudo that asks for no password.
///
/// # Errors
/// No apt-get, no right to use it (the error holds the line to type), or apt-get's own.
pub(crate) fn install(workspace: &Workspace, packages: &[&str], why: &str) -> Result<()> {
    let by_hand = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    if which("apt-get").is_none() {
        return Err(Error::new(format!(
            "missing: {why}. Please install what your system calls these Debian packages: {}",
            packages.join(" ")
        )));
    }
    let Some(prefix) = privilege() else {
        return Err(Error::new(format!(
            "missing: {why}. Please install it with: sudo {by_hand}"
        )));
    };
    let log = workspace.tools.join("logs/apt.log");
    let step = Step::begin(
        "system",
        &format!("installing {} ({why})", packages.join(" ")),
    );
    if !UPDATED.swap(true, Ordering::Relaxed) {
        process::run_with_retries(|| apt_get(prefix, &["update"]), &log)?;
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    process::run_with_retries(|| apt_get(prefix, &arguments), &log).context_by_hand(&by_hand)?;
    step.done();
    Ok(())
}

/// `None` if this user may not install packages.
fn privilege() -> Option<&'static [&'static str]> {
    let user = process::output(Command::new("id").arg("-u"))?;
    if user == "0" {
        return Some(&[]);
    }
    process::output(Command::new("sudo").args(["-n", "true"])).map(|_| &["sudo", "-n"][..])
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Command {
    let fixed = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "Acquire::Retries=3",
    ];
    let mut words = prefix.iter().chain(&fixed).chain(arguments);
    let mut command = Command::new(words.next().copied().unwrap_or("apt-get"));
    command.args(words);
    command
}

trait ByHand {
    fn context_by_hand(self, line: &str) -> Self;
}

impl ByHand for Result<()> {
    fn context_by_hand(self, line: &str) -> Self {
        self.map_err(|error| Error::new(format!("{error}\nPlease look into it with: {line}")))
    }
}
