//! Fanlight's own commands: one for a picture, one for the tests, and what those two are made of.
//!
//! `cargo xtask help` lists them. The crate stays small and nearly free of dependencies, because it is compiled
//! first on a fresh machine, before it can say what it is doing.

mod arguments;
mod bench;
mod error;
mod family;
mod fuzz;
mod lint;
mod page;
mod process;
mod progress;
mod serve;
mod server;
mod stamp;
mod suite;
#[cfg(test)]
mod temporary;
mod tools;
mod workspace;

use arguments::Command;
use error::Result;
use std::process::ExitCode;
use tools::{Need, Tools};
use workspace::Workspace;

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)) {
        Ok(command) => match execute(command) {
            Ok(code) => code,
            Err(error) => {
                eprintln!("\nxtask: {error}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("xtask: {error}\n\n{}", arguments::HELP);
            ExitCode::from(2)
        }
    }
}

fn execute(command: Command) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match command {
        Command::Help => print!("{}", arguments::HELP),
        Command::Setup { rig } => {
            Tools::ensure(&workspace, Need::ALL)?;
            if rig {
                tools::build_camera_rig(&workspace)?;
            }
            println!("Every tool is there.");
        }
        Command::Build => {
            build(&workspace)?;
        }
        Command::Run(arguments) => {
            let server = build(&workspace)?;
            return Err(server.become_it(&arguments));
        }
        Command::Serve(arguments) => return Err(serve::run(&workspace, &arguments)?),
        Command::Test(options) => return suite::run(&workspace, &options),
        Command::Lint => return lint::run(&workspace),
        Command::Ci => return suite::run_all(&workspace),
        Command::Fuzz(options) => return fuzz::run(&workspace, &options),
        Command::Bench(arguments) => return bench::run(&workspace, &arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// The page, and the server with the page in it, as they are shipped.
fn build(workspace: &Workspace) -> Result<server::Server> {
    let tools = Tools::ensure(workspace, &[Need::Native, Need::Page])?;
    page::build(workspace, &tools)?;
    server::build(workspace, server::Profile::Release)
}
