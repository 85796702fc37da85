//! Configuration files of Janus, as they are, to what Fanlight makes of them.
//!
//! `fanlight import-janus FILE…` prints it, `--janus-config DIR` uses it at once. Nothing is left
//! out in silence: what has no counterpart is named with the reason.

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod ini;
mod janus;
mod libconfig;
mod options;
mod print;
mod remarks;
mod section;
mod streaming;
mod syntax;
#[cfg(test)]
mod tests;
mod transports;
mod ustreamer;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::mountpoint::MountpointConfig;
pub(crate) use options::ImportedOptions;
pub(crate) use remarks::Remarks;
use section::Section;
use syntax::{Group, Problem};

/// No configuration is longer, in bytes.
const MAX_LENGTH: u64 = 4 << 20;

/// The files that are understood, without their extension, and who reads them. In this order they
/// are read from a directory.
const FILES: [(&str, Reader); 5] = [
    ("janus", janus::import),
    ("janus.transport.http", transports::http),
    ("janus.transport.websockets", transports::websockets),
    ("janus.plugin.streaming", streaming::import),
    ("janus.plugin.ustreamer", ustreamer::import),
];

type Reader = fn(&mut Import, &str, Section<'_>) -> Result<(), ImportError>;

/// The extensions of the files: of today, and of before 2019.
const EXTENSIONS: [&str; 2] = ["jcfg", "cfg"];

/// What Fanlight makes of files of Janus.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Import {
    pub(crate) options: ImportedOptions,
    pub(crate) mountpoints: Vec<MountpointConfig>,
    pub(crate) remarks: Remarks,
    /// µStreamer's plugin was in use, and with it a camera.
    has_camera: bool,
    /// The admin API's secret, and whether any transport has the API switched on.
    admin_secret: Option<String>,
    has_admin: bool,
}

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("cannot read {}: {error}", file.display())]
    Read { file: PathBuf, error: io::Error },
    #[error("{} is too long for a configuration", file.display())]
    Length { file: PathBuf },
    #[error("{}:{line}: this is not UTF-8", file.display())]
    Encoding { file: PathBuf, line: usize },
    #[error(
        "{} does not have the name of a file of Janus that can be imported: \
         janus.jcfg, janus.transport.{{http,websockets}}.jcfg, \
         janus.plugin.{{streaming,ustreamer}}.jcfg",
        .0.display()
    )]
    Name(PathBuf),
    #[error("there is no file of Janus in {}", .0.display())]
    Empty(PathBuf),
    #[error("{}:{line}: {problem}", file.display())]
    Syntax {
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        problem: Problem,
    },
    #[error("{}:{line}: `{name}` is {expected}", file.display())]
    Value {
        file: PathBuf,
        line: usize,
        name: String,
        expected: &'static str,
    },
}

impl Import {
    /// Reads files, and of directories those that are understood.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Import, ImportError> {
        let mut import = Import::default();
        for path in paths {
            if path.is_dir() {
                import.directory(path)?;
            } else {
                import.file(path)?;
            }
        }
        import.complete();
        Ok(import)
    }

    /// Adds what follows from several files together.
    fn complete(&mut self) {
        if !self.mountpoints.is_empty() && !self.has_camera {
            // Otherwise the first camera, or the test pattern, would be one more mountpoint.
            self.options.set("source", "none");
        }
        // The secret alone would switch the API on here, and packages come with a well-known one.
        match self.admin_secret.take() {
            Some(secret) if self.has_admin => self.options.set("admin-secret", secret),
            Some(_) => self.remarks.add(
                "janus.jcfg: general",
                "admin_secret",
                "no transport has the admin API switched on, so it stays off",
            ),
            None => {}
        }
    }

    fn directory(&mut self, directory: &Path) -> Result<(), ImportError> {
        let mut found = false;
        for (name, _) in FILES {
            let candidates =
                EXTENSIONS.map(|extension| directory.join(format!("{name}.{extension}")));
            // Janus, too, reads the older form where there is no newer one.
            if let Some(file) = candidates.iter().find(|file| file.exists()) {
                self.file(file)?;
                found = true;
            }
        }
        found
            .then_some(())
            .ok_or_else(|| ImportError::Empty(directory.to_owned()))
    }

    fn file(&mut self, file: &Path) -> Result<(), ImportError> {
        let is = |part: Option<&OsStr>, name: &str| part.is_some_and(|part| part == name);
        let reader = FILES.iter().find(|(name, _)| is(file.file_stem(), name));
        let extension = EXTENSIONS.iter().find(|name| is(file.extension(), name));
        let (Some((_, reader)), Some(extension)) = (reader, extension) else {
            return Err(ImportError::Name(file.to_owned()));
        };
        let group = parse(file, &read(file)?, extension)?;
        let place = file.file_name().unwrap_or_default().to_string_lossy();
        reader(self, &place, Section::new(file, &group))
    }
}

fn parse(file: &Path, text: &str, extension: &str) -> Result<Group, ImportError> {
    let parsed = match extension {
        "cfg" => ini::parse(text),
        _ => libconfig::parse(text),
    };
    parsed.map_err(|error| ImportError::Syntax {
        file: file.to_owned(),
        line: error.line,
        problem: error.problem,
    })
}

fn read(file: &Path) -> Result<String, ImportError> {
    let failed = |error| ImportError::Read {
        file: file.to_owned(),
        error,
    };
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened
        .take(MAX_LENGTH + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_LENGTH {
        return Err(ImportError::Length {
            file: file.to_owned(),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let lines = error
            .as_bytes()
            .iter()
            .take(good)
            .filter(|byte| **byte == b'\n');
        ImportError::Encoding {
            file: file.to_owned(),
            line: 1 + lines.count(),
        }
    })
}
