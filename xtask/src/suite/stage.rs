//! One command of the suite, run to its end while its output is shown and read.

use super::results::{Line, Reader, Tally};
use crate::family;
use crate::progress::{Step, duration};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long a command may go on without an end before it is taken for hung.
#[derive(Clone, Copy)]
struct Limits {
    /// Until its first test program starts. A small machine compiles for long.
    building: Duration,
    /// From the start of each.
    running: Duration,
}

const LIMITS: Limits = Limits {
    building: Duration::from_secs(3 * 60 * 60),
    running: Duration::from_secs(25 * 60),
};

/// How long to wait for output after the command's end: something that a test left behind may hold the pipe open.
const GRACE: Duration = Duration::from_secs(2);

/// Runs `command`, whose output is test programs' output.
pub(super) fn run(name: &'static str, what: &str, command: Command) -> Tally {
    let step = Step::begin(name, what);
    let tally = match spawn(command) {
        Ok((child, lines)) => follow(name, child, &lines, LIMITS),
        Err(error) => {
            eprintln!("{name}: {error}");
            Reader::default().end(name, false)
        }
    };
    println!("[{name}] {}", tally.line());
    step.done();
    tally
}

fn spawn(mut command: Command) -> std::io::Result<(Child, mpsc::Receiver<String>)> {
    // One pipe for both streams: cargo names a program on one of them, and its results come on the other.
    let (reader, writer) = std::io::pipe()?;
    let child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()?;
    // The command holds our ends of the pipe, and the reader would wait for their end for ever.
    drop(command);
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
        }
    });
    Ok((child, lines))
}

fn follow(name: &str, mut child: Child, lines: &mpsc::Receiver<String>, limits: Limits) -> Tally {
    let mut reader = Reader::default();
    let mut limit = limits.building;
    let mut began = Instant::now();
    let mut ended = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                println!("{line}");
                if reader.line(&line) == Line::ProgramBegins {
                    limit = limits.running;
                    began = Instant::now();
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if ended.is_none() && matches!(child.try_wait(), Ok(Some(_))) {
                    ended = Some(Instant::now());
                }
                if ended.is_some_and(|at| at.elapsed() > GRACE) {
                    break;
                }
                if ended.is_none() && began.elapsed() > limit {
                    println!("{name}: no end after {}, ending it", duration(limit));
                    family::end(child.id());
                }
            }
        }
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    reader.end(name, succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::tests::shell;
    use crate::temporary::Folder;

    #[test]
    fn results_on_either_stream_are_read_in_order() {
        let script = "echo 'Running tests/a.rs (target/debug/deps/a-00ff)' >&2; echo 'test result: ok. 2 passed; 0 failed'";
        assert_eq!(
            run("stage", "testing", shell(script)).line(),
            "2 passed, 0 failed"
        );
    }

    #[test]
    fn a_child_that_is_left_behind_does_not_hold_up_the_suite() {
        let folder = Folder::new();
        let note = folder.path().join("id");
        let script = format!(
            "sleep 300 & echo $! >{}; echo 'test result: ok. 1 passed; 0 failed'",
            note.display()
        );
        let tally = run("stage", "testing", shell(&script));
        assert_eq!(tally.line(), "1 passed, 0 failed");
        let left_behind = std::fs::read_to_string(note)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert!(family::is_alive(left_behind), "it had ended by itself");
        family::end(left_behind);
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_the_time_to_build_it_does_not_count() {
        let limits = Limits {
            building: Duration::from_secs(300),
            running: Duration::ZERO,
        };
        let script = "sleep 1; echo 'Running tests/a.rs (target/debug/deps/a-00ff)'; sleep 300";
        let (child, lines) = spawn(shell(script)).unwrap();
        let tally = follow("stage", child, &lines, limits);
        let mut expected = Reader::default();
        expected.line("Running tests/a.rs (target/debug/deps/a-00ff)");
        assert_eq!(tally, expected.end("stage", false));
    }

    #[test]
    fn a_build_that_hangs_is_ended() {
        let limits = Limits {
            building: Duration::ZERO,
            running: Duration::from_secs(300),
        };
        let (child, lines) = spawn(shell("sleep 300")).unwrap();
        let tally = follow("stage", child, &lines, limits);
        assert_eq!(tally.line(), "0 passed, 1 failed");
    }

    #[test]
    fn a_command_that_is_not_there_is_one_failure() {
        let tally = run(
            "stage",
            "testing",
            Command::new("fanlight-has-no-such-program"),
        );
        assert_eq!(tally.line(), "0 passed, 1 failed");
    }
}
