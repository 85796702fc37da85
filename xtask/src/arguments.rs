//! What was typed after `cargo xtask`.

use crate::error::{Error, Result};

pub(crate) const HELP: &str = "\
Usage: cargo xtask <command>

  run [-- ARGS]     build the page and the server, then start the server with ARGS
  test [FILTER]     run every test: native, in headless Chromium, end to end
                    FILTER is a part of tests' names, or `conformance` for the recordings of Janus
      --fast        only the native tests of shared, server and xtask
  build             the release build: the page, and the server that carries it
  serve [-- ARGS]   the page with hot reload (trunk serve), beside a running server
  lint              rustfmt and clippy, native and wasm, warnings are errors
  ci                lint and test in one go, as continuous integration does
  fuzz [TARGET]     one fuzz target, or each of them, for a while
      --seconds N   for so long each: 60
  bench [ARGS]      the benchmarks; `cargo xtask bench --help` lists them
  setup             install every tool that the other commands need, and nothing else
      --rig         also build the kernel with the cameras for tests/rig: ten minutes, once
  help              this text

Tools that are missing are installed into target/tools, or into $FANLIGHT_TOOLS. What only the system's
package manager can install is installed with it, as root or through sudo; otherwise the command to type
is printed.
";

/// One command with its own arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Setup {
        /// Build the camera rig's kernel as well.
        rig: bool,
    },
    Build,
    Run(Vec<String>),
    Serve(Vec<String>),
    Test(TestOptions),
    Lint,
    Ci,
    Fuzz(FuzzOptions),
    Bench(Vec<String>),
}

/// Which tests to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TestOptions {
    /// Leave out what needs a browser or a running server.
    pub(crate) fast: bool,
    /// A part of tests' names; none means all tests. One only: the browser's runner takes no more.
    pub(crate) filter: Option<String>,
}

impl TestOptions {
    /// Whether only that stage is wanted, all of it.
    pub(crate) fn is_for_conformance(&self) -> bool {
        self.filter.as_deref() == Some("conformance")
    }
}

/// What to fuzz.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FuzzOptions {
    /// A target's name; none means all of them.
    pub(crate) target: Option<String>,
    /// How long, for each target.
    pub(crate) seconds: u64,
}

impl Default for FuzzOptions {
    fn default() -> Self {
        Self {
            target: None,
            seconds: 60,
        }
    }
}

/// Reads the arguments that follow the program's name.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Command> {
    let mut arguments = arguments.peekable();
    let Some(name) = arguments.next() else {
        return Ok(Command::Help);
    };
    let command = match name.as_str() {
        "help" | "--help" | "-h" => Command::Help,
        "run" => return Ok(Command::Run(passed_on(arguments))),
        "serve" => return Ok(Command::Serve(passed_on(arguments))),
        "bench" => return Ok(Command::Bench(passed_on(arguments))),
        "test" => return test_options(arguments).map(Command::Test),
        "fuzz" => return fuzz_options(arguments).map(Command::Fuzz),
        "setup" => Command::Setup {
            rig: arguments.next_if(|option| option == "--rig").is_some(),
        },
        "build" => Command::Build,
        "lint" => Command::Lint,
        "ci" => Command::Ci,
        other => return Err(Error::new(format!("there is no command `{other}`"))),
    };
    match arguments.next() {
        Some(extra) => Err(Error::new(format!("`{name}` takes no argument `{extra}`"))),
        None => Ok(command),
    }
}

/// Everything for another program; one `--` in front of it is only a separator.
fn passed_on(mut arguments: std::iter::Peekable<impl Iterator<Item = String>>) -> Vec<String> {
    arguments.next_if(|first| first == "--");
    arguments.collect()
}

fn test_options(arguments: impl Iterator<Item = String>) -> Result<TestOptions> {
    let mut options = TestOptions::default();
    for argument in arguments {
        match argument.as_str() {
            "--fast" => options.fast = true,
            "--" => {}
            option if option.starts_with('-') => {
                return Err(Error::new(format!("`test` has no option `{option}`")));
            }
            _ if options.filter.is_some() => {
                return Err(Error::new(format!(
                    "`test` takes one filter, and `{argument}` is a second one"
                )));
            }
            _ => options.filter = Some(argument),
        }
    }
    Ok(options)
}

fn fuzz_options(mut arguments: impl Iterator<Item = String>) -> Result<FuzzOptions> {
    let mut options = FuzzOptions::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let seconds = arguments.next().and_then(|number| number.parse().ok());
                options.seconds = seconds
                    .filter(|seconds| *seconds > 0)
                    .ok_or_else(|| Error::new("`--seconds` takes a number from 1 on"))?;
            }
            option if option.starts_with('-') => {
                return Err(Error::new(format!("`fuzz` has no option `{option}`")));
            }
            _ if options.target.is_some() => {
                return Err(Error::new(format!(
                    "`fuzz` takes one target, and `{argument}` is a second one"
                )));
            }
            _ => options.target = Some(argument),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_follows_run_goes_to_the_server() {
        let expected = Command::Run(vec!["--source".into(), "test".into()]);
        assert_eq!(parsed("run -- --source test").unwrap(), expected);
        assert_eq!(parsed("run --source test").unwrap(), expected);
    }

    #[test]
    fn test_takes_a_filter_and_fast_in_any_order() {
        let expected = TestOptions {
            fast: true,
            filter: Some("key_frame".into()),
        };
        for line in [
            "test key_frame --fast",
            "test --fast key_frame",
            "test --fast -- key_frame",
        ] {
            let Command::Test(options) = parsed(line).unwrap() else {
                panic!("{line} is not a test command");
            };
            assert_eq!(options, expected, "{line}");
        }
        let error = parsed("test key_frame viewer").unwrap_err().to_string();
        assert!(error.contains("`viewer`"), "{error}");
    }

    #[test]
    fn one_stage_has_a_name() {
        let options = |line| match parsed(line).unwrap() {
            Command::Test(options) => options,
            other => panic!("{other:?}"),
        };
        assert!(options("test conformance").is_for_conformance());
        assert!(!options("test janus_answers").is_for_conformance());
        assert!(!options("test").is_for_conformance());
    }

    #[test]
    fn the_rig_is_set_up_only_when_asked_for() {
        assert_eq!(parsed("setup").unwrap(), Command::Setup { rig: false });
        assert_eq!(parsed("setup --rig").unwrap(), Command::Setup { rig: true });
    }

    #[test]
    fn fuzz_takes_a_target_and_a_time() {
        let expected = || FuzzOptions {
            target: Some("json".into()),
            seconds: 5,
        };
        for line in ["fuzz json --seconds 5", "fuzz --seconds 5 json"] {
            assert_eq!(parsed(line).unwrap(), Command::Fuzz(expected()), "{line}");
        }
        assert_eq!(
            parsed("fuzz").unwrap(),
            Command::Fuzz(FuzzOptions::default())
        );
        for line in ["fuzz --seconds", "fuzz --seconds 0", "fuzz json answer"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_misspelt_command_or_option_is_named() {
        assert!(parsed("tset").unwrap_err().to_string().contains("`tset`"));
        assert!(
            parsed("test --slow")
                .unwrap_err()
                .to_string()
                .contains("`--slow`")
        );
        assert!(
            parsed("lint --fix")
                .unwrap_err()
                .to_string()
                .contains("`--fix`")
        );
    }

    #[test]
    fn every_command_is_in_the_help() {
        for command in [
            "run", "test", "build", "serve", "lint", "ci", "fuzz", "bench", "setup", "help",
        ] {
            assert!(HELP.contains(&format!("\n  {command} ")), "{command}");
            assert!(parsed(command).is_ok(), "{command}");
        }
    }
}
