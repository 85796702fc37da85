//! Other programs: started, watched, and named when they fail.

use crate::error::{Context, Error, Result};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a command in the open: it shares our terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().context(|| line(command))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::new(format!("`{}` failed ({status})", line(command)))),
    }
}

/// Runs a command whose output interests nobody unless it fails. It is kept in `log`.
pub(crate) fn run_quietly(command: &mut Command, log: &Path) -> Result<()> {
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).context(|| folder.display().to_string())?;
    }
    let out = File::create(log).context(|| log.display().to_string())?;
    let err = out.try_clone().context(|| log.display().to_string())?;
    let status = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .context(|| line(command))?;
    if status.success() {
        return Ok(());
    }
    let text = std::fs::read_to_string(log).unwrap_or_default();
    Err(Error::new(format!(
        "`{}` failed ({status}):\n{}",
        line(command),
        last_lines(&text, 15)
    )))
}

/// The same, tried again where the network may be at fault.
pub(crate) fn run_with_retries(make: impl Fn() -> Command, log: &Path) -> Result<()> {
    for pause in [2, 10] {
        match run_quietly(&mut make(), log) {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("{error}\nTrying again in {pause} s."),
        }
        std::thread::sleep(Duration::from_secs(pause));
    }
    run_quietly(&mut make(), log)
}

/// What a command prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Finds a program in `PATH`.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// A command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

fn last_lines(text: &str, count: usize) -> &str {
    match text.trim_end().rmatch_indices('\n').nth(count - 1) {
        Some((at, _)) => &text[at + 1..],
        None => text,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::temporary::Folder;

    /// A command that runs a script.
    pub(crate) fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_quiet_command_that_fails_shows_the_end_of_its_output() {
        let folder = Folder::new();
        let log = folder.path().join("logs/it.log");
        let error = run_quietly(&mut shell("seq 100; echo the cause >&2; exit 3"), &log)
            .unwrap_err()
            .to_string();
        assert!(error.contains("the cause"), "{error}");
        assert!(
            error.contains("\n90\n") && !error.contains("\n80\n"),
            "{error}"
        );
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn output_of_a_failing_or_missing_program_is_nothing() {
        assert_eq!(output(&mut shell("echo ' text '")).as_deref(), Some("text"));
        assert_eq!(output(&mut shell("echo text; exit 1")), None);
        assert_eq!(
            output(&mut Command::new("fanlight-has-no-such-program")),
            None
        );
    }

    #[test]
    fn the_last_lines_of_a_short_text_are_all_of_it() {
        assert_eq!(last_lines("a\nb\n", 5), "a\nb\n");
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
    }
}
