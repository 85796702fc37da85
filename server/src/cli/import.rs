//! `fanlight import-janus`: what Fanlight makes of files of Janus.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::import::{Import, ImportError};

/// What the program can do besides serving.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Print configuration files of Janus as files of Fanlight
    ///
    /// Settings without a counterpart are in the output as comments, with the reason.
    ImportJanus {
        /// Files as janus.jcfg and janus.plugin.streaming.jcfg, or the directory that has them
        #[arg(required = true, value_name = "FILE|DIR")]
        from: Vec<PathBuf>,

        /// Write fanlight.toml and mountpoints.toml to this directory instead; none is overwritten
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportCommandError {
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("cannot write the mountpoints: {0}")]
    Toml(#[from] toml::ser::Error),
    #[error("cannot write {}: {error}", file.display())]
    Write { file: PathBuf, error: io::Error },
    #[error("cannot print: {0}")]
    Print(io::Error),
}

impl ImportCommand {
    pub(crate) fn run(&self) -> Result<(), ImportCommandError> {
        let ImportCommand::ImportJanus { from, into } = self;
        let import = Import::read(from)?;
        let Some(directory) = into else {
            let text = import.to_toml()?;
            return io::stdout()
                .write_all(text.as_bytes())
                .map_err(ImportCommandError::Print);
        };
        let mountpoints = import.mountpoints_toml()?;
        let mut options = String::new();
        if !mountpoints.is_empty() {
            let file = directory.join("mountpoints.toml");
            write(&file, &mountpoints)?;
            let file = std::path::absolute(&file).unwrap_or(file);
            let name = toml::Value::String(file.to_string_lossy().into_owned());
            options = format!("mountpoints = {name}\n");
        }
        write(
            &directory.join("fanlight.toml"),
            &(options + &import.options_toml()),
        )
    }
}

/// Makes a file that only its owner may read: there may be secrets in it.
fn write(file: &Path, text: &str) -> Result<(), ImportCommandError> {
    let mut options = OpenOptions::new();
    let created = options.write(true).create_new(true).mode(0o600).open(file);
    created
        .and_then(|mut created| created.write_all(text.as_bytes()))
        .map_err(|error| ImportCommandError::Write {
            file: file.to_owned(),
            error,
        })
}
