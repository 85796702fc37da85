//! One command of the suite, run to its end while its output is shown and read.

use super::results::{Reader, Tally};
use crate::family;
use crate::progress::{Step, duration};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long a command may go on without an end before it is taken for hung.
const LIMIT: Duration = Duration::from_secs(25 * 60);

/// How long to wait for output after the command's end: something that a test left behind may hold the pipe open.
const GRACE: Duration = Duration::from_secs(2);

/// Runs `command`, whose output is test programs' output.
pub(super) fn run(name: &'static str, what: &str, command: Command) -> Tally {
    let step = Step::begin(name, what);
    let tally = match spawn(command) {
        Ok((child, lines)) => follow(name, child, &lines),
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

fn follow(name: &str, mut child: Child, lines: &mpsc::Receiver<String>) -> Tally {
    let mut reader = Reader::default();
    let began = Instant::now();
    let mut ended = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                println!("{line}");
                reader.line(&line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if ended.is_none() && matches!(child.try_wait(), Ok(Some(_))) {
                    ended = Some(Instant::now());
                }
                if ended.is_some_and(|at| at.elapsed() > GRACE) {
                    break;
                }
                if ended.is_none() && began.elapsed() > LIMIT {
                    println!("{name}: no end after {}, ending it", duration(LIMIT));
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
    fn a_command_that_is_not_there_is_one_failure() {
        let tally = run(
            "stage",
            "testing",
            Command::new("fanlight-has-no-such-program"),
        );
        assert_eq!(tally.line(), "0 passed, 1 failed");
    }
}
