//! What test programs print, read and added up.
//!
//! libtest and wasm-bindgen-test agree on the lines that matter: `test result: …` once for each program, and a list
//! of names under `failures:` just before it. A test that cannot run where it is says so on a line of its own,
//! `SKIPPED: which one: why`, past libtest's capture, and returns. What a test wants to be read at the end stands on
//! lines of the form `REPORT: text`.

use crate::progress::note;
use std::process::ExitCode;

/// What one stage came to, or all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: usize,
    ignored: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
    reports: Vec<String>,
}

impl Tally {
    pub(crate) fn passed(name: &str) -> Self {
        note(name, "passed");
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    pub(crate) fn failed(name: &str) -> Self {
        note(name, "FAILED");
        Self {
            failed: vec![name.to_owned()],
            ..Self::default()
        }
    }

    /// For what cannot be done on this machine; `why` names it, too.
    pub(crate) fn skipped(why: &str) -> Self {
        Self {
            skipped: vec![why.to_owned()],
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.ignored += other.ignored;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
        self.reports.extend(other.reports);
    }

    /// These tests fail if they were skipped.
    pub(crate) fn require(&mut self, names: &[&str]) {
        let is_required = |skipped: &mut String| {
            let (name, _) = skipped.split_once(": ").unwrap_or((skipped, ""));
            names.contains(&name)
        };
        let skipped = self.skipped.extract_if(.., is_required);
        self.failed
            .extend(skipped.map(|name| format!("skipped, and may not be: {name}")));
    }

    /// Names what failed and what was left out. The last line is for machines as well.
    pub(crate) fn finish(self) -> ExitCode {
        println!();
        for line in &self.reports {
            println!("{line}");
        }
        for name in &self.failed {
            println!("failed: {name}");
        }
        for name in &self.skipped {
            println!("skipped: {name}");
        }
        if self.ignored > 0 {
            println!("ignored by their own attribute: {}", self.ignored);
        }
        println!("{}", self.line());
        if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    pub(crate) fn line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed.len())
    }
}

/// What a line of output means to whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A test program has been started.
    ProgramBegins,
    Other,
}

/// Reads one stage's output line by line.
#[derive(Debug, Default)]
pub(super) struct Reader {
    tally: Tally,
    program: Option<String>,
    /// The list under `failures:`. A first list has the failed tests' output and is followed by one of their names.
    failures: Option<Vec<String>>,
}

impl Reader {
    /// Takes the next line, without its end.
    pub(super) fn line(&mut self, line: &str) -> Line {
        let line = without_colours(line);
        let text = line.trim();
        if let Some(program) = program_of(text) {
            self.end_program();
            self.program = Some(program);
            return Line::ProgramBegins;
        } else if let Some((_, skipped)) = text.split_once("SKIPPED: ") {
            // It has returned like one that passed, and is counted as such by its program.
            self.tally.skipped.push(skipped.to_owned());
        } else if let Some((_, report)) = text.split_once("REPORT: ") {
            self.tally.reports.push(report.to_owned());
        } else if text == "failures:" {
            self.failures = Some(Vec::new());
        } else if let Some(counts) = text.strip_prefix("test result: ") {
            self.tally.passed += count(counts, "passed");
            self.tally.ignored += count(counts, "ignored");
            self.end_list(count(counts, "failed"));
            self.program = None;
        } else if text == "no tests to run!" {
            self.program = None;
        } else if let (Some(names), true) = (&mut self.failures, line.starts_with("    ")) {
            names.push(text.to_owned());
        }
        Line::Other
    }

    /// The stage has ended, well or not.
    pub(super) fn end(mut self, stage: &str, succeeded: bool) -> Tally {
        self.end_program();
        if !succeeded && self.tally.failed.is_empty() {
            self.tally
                .failed
                .push(format!("{stage}: it did not build, or ended early"));
        }
        self.tally.passed = self.tally.passed.saturating_sub(self.tally.skipped.len());
        self.tally
    }

    /// A program that was started and never summed up has crashed, whatever its tests said before.
    fn end_program(&mut self) {
        if let Some(program) = self.program.take() {
            self.tally
                .failed
                .push(format!("{program}: it ended before its tests did"));
        }
        self.failures = None;
    }

    /// Believes the number more than the list, which a test's own output may have spoilt.
    fn end_list(&mut self, failed: usize) {
        let mut names = self.failures.take().unwrap_or_default();
        names.resize(failed, "(name not printed)".to_owned());
        let program = self.program.as_deref().unwrap_or("a test");
        self.tally
            .failed
            .extend(names.into_iter().map(|name| format!("{program}: {name}")));
    }
}

/// Cargo's line before it starts a test program:
/// `Running tests/a.rs (target/debug/deps/a-0123456789abcdef)` or `Doc-tests name`.
fn program_of(text: &str) -> Option<String> {
    if let Some(name) = text.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (documentation)"));
    }
    let (_, path) = text
        .strip_prefix("Running ")?
        .strip_suffix(')')?
        .split_once(" (")?;
    let file = path.rsplit('/').next()?;
    Some(
        file.rsplit_once('-')
            .map_or(file, |(name, _)| name)
            .to_owned(),
    )
}

/// The number before `what` in `ok. 3 passed; 0 failed; …`.
fn count(counts: &str, what: &str) -> usize {
    let parts = counts.split([';', '.']).map(str::trim);
    parts
        .filter_map(|part| part.strip_suffix(what)?.trim().parse().ok())
        .next()
        .unwrap_or(0)
}

/// Drops terminals' escape sequences of the kind that sets colours.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = escape
            .split_once(|c: char| c.is_ascii_alphabetic())
            .map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(output: &str, succeeded: bool) -> Tally {
        let mut reader = Reader::default();
        for line in output.lines() {
            reader.line(line);
        }
        reader.end("native", succeeded)
    }

    #[test]
    fn results_of_several_programs_are_added_up() {
        let tally = read(
            "     Running unittests src/lib.rs (target/debug/deps/fanlight_protocol-0a1b2c3d4e5f6789)\n\
             running 2 tests\n\
             test a ... ok\n\
             test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s\n\
             \x1b[1m\x1b[32m   Doc-tests\x1b[0m fanlight_protocol\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
            true,
        );
        assert_eq!(
            tally,
            Tally {
                passed: 15,
                ignored: 1,
                ..Tally::default()
            }
        );
        assert_eq!(tally.line(), "15 passed, 0 failed");
    }

    #[test]
    fn failing_tests_are_named_with_their_program_once() {
        let tally = read(
            "     Running tests/reload.rs (target/debug/deps/reload-0a1b2c3d4e5f6789)\n\
             test deep::one ... FAILED\n\
             \n\
             failures:\n\
             \n\
             ---- deep::one stdout ----\n    an indented line of its output\n\
             \n\
             failures:\n    deep::one\n\
             \n\
             test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n\
             error: test failed\n",
            false,
        );
        assert_eq!(tally.failed, ["reload: deep::one"]);
        assert_eq!(tally.passed, 3);
    }

    #[test]
    fn wasm_bindgen_tests_are_read_the_same_way() {
        let tally = read(
            "     Running unittests src/lib.rs (target/wasm32-unknown-unknown/debug/deps/fanlight_client-00ff.wasm)\n\
             Running headless tests in Chrome on `http://127.0.0.1:4444/`\n\
             running 2 tests\n\
             test shell::opens ... FAIL\n\
             test shell::closes ... ok\n\
             \n\
             failures:\n\
             \n\
             ---- shell::opens output ----\n    JS exception that was thrown:\n\
             failures:\n\
             \n    shell::opens\n\
             \n\
             test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 filtered out; finished in 0.31s\n\
             \n     Running tests/none.rs (target/wasm32-unknown-unknown/debug/deps/none-00ff.wasm)\n\
             no tests to run!\n",
            false,
        );
        assert_eq!(tally.failed, ["fanlight_client: shell::opens"]);
        assert_eq!(tally.passed, 1);
    }

    #[test]
    fn a_program_without_a_result_has_failed() {
        let tally = read(
            "     Running tests/crash.rs (target/debug/deps/crash-00ff)\n\
             test one ... ok\n\
             error: test failed (signal: 11, SIGSEGV: invalid memory reference)\n\
             \n     Running tests/next.rs (target/debug/deps/next-00ff)\n\
             test result: ok. 1 passed; 0 failed; 0 ignored\n",
            false,
        );
        assert_eq!(tally.failed, ["crash: it ended before its tests did"]);
        assert_eq!(tally.line(), "1 passed, 1 failed");
    }

    #[test]
    fn a_stage_that_does_not_build_has_failed() {
        let tally = read("error[E0425]: cannot find value `x`\n", false);
        assert_eq!(tally.failed, ["native: it did not build, or ended early"]);
    }

    #[test]
    fn skipped_tests_are_listed_and_not_counted_as_passed() {
        let tally = read(
            "     Running tests/camera.rs (target/debug/deps/camera-00ff)\n\
             test webcam ... SKIPPED: webcam: no V4L2 device here\n\
             ok\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
            true,
        );
        assert_eq!(tally.skipped, ["webcam: no V4L2 device here"]);
        assert_eq!(tally.line(), "1 passed, 0 failed");
    }

    #[test]
    fn a_test_that_may_not_be_skipped_fails_where_it_is() {
        let mut tally = Tally::skipped("camera: no V4L2 device here");
        tally.add(Tally::skipped("janus: no ffmpeg"));
        tally.require(&["janus", "page"]);
        assert_eq!(tally.failed, ["skipped, and may not be: janus: no ffmpeg"]);
        assert_eq!(tally.skipped, ["camera: no V4L2 device here"]);
    }

    #[test]
    fn what_tests_report_is_kept_for_the_end() {
        let tally = read(
            "     Running tests/conformance/main.rs (target/debug/deps/conformance-00ff)\n\
             test replay ... REPORT: 12 answers compared\n\
             REPORT: all equal\n\
             ok\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
            true,
        );
        assert_eq!(tally.reports, ["12 answers compared", "all equal"]);
    }

    #[test]
    fn failures_whose_names_were_not_printed_still_count() {
        let tally = read(
            "test result: FAILED. 0 passed; 2 failed; 0 ignored\n",
            false,
        );
        assert_eq!(tally.failed.len(), 2);
    }

    #[test]
    fn tallies_of_stages_add_up() {
        let mut all = Tally::passed("format");
        all.add(Tally::failed("clippy"));
        all.add(Tally {
            passed: 40,
            ..Tally::default()
        });
        assert_eq!(all.line(), "41 passed, 1 failed");
    }
}
