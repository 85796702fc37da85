//! Configuration files of Janus, as they are, to what Fanlight makes of them.
//!
//! `fanlight import-janus FILE…` prints it, `--janus-config DIR` uses it at once. Nothing is left
//! out in silence: what has no counterpart is named with the reason.

mod doors;
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

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::mountpoint::MountpointConfig;
use doors::Door;
pub(crate) use options::ImportedOptions;
pub(crate) use remarks::Remarks;
use section::{Section, ValueError};
use syntax::{Group, Problem};

/// No configuration is longer, in bytes.
const MAX_LENGTH: u64 = 4 << 20;

/// The files that are understood, without their extension, in the order in which they are read.
static FILES: [Known; 5] = [
    Known::new("janus", "", janus::import),
    Known::new("janus.transport.http", "libjanus_http.so", transports::http),
    Known::new(
        "janus.transport.websockets",
        "libjanus_websockets.so",
        transports::websockets,
    ),
    Known::new("janus.plugin.streaming", STREAMING, streaming::import),
    Known::new(
        "janus.plugin.ustreamer",
        "libjanus_ustreamer.so",
        ustreamer::import,
    ),
];

/// The library of `janus.plugin.streaming`.
const STREAMING: &str = "libjanus_streaming.so";

/// A file that is understood.
struct Known {
    name: &'static str,
    /// What it is for, as `janus.jcfg` calls it to switch it off.
    library: &'static str,
    reader: Reader,
}

type Reader = fn(&mut Import, &str, Section<'_>);

impl Known {
    const fn new(name: &'static str, library: &'static str, reader: Reader) -> Known {
        Known {
            name,
            library,
            reader,
        }
    }
}

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
    /// Libraries of Janus that it was not to load.
    disabled: BTreeSet<&'static str>,
    /// A transport's file was read, whether it listens or not.
    has_transport: bool,
    doors: Vec<Door>,
    admin_doors: Vec<Door>,
    admin_secret: Option<String>,
}

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("cannot read {}: {error}", file.display())]
    Read { file: PathBuf, error: io::Error },
    #[error("{} is too long for a configuration", file.display())]
    Length { file: PathBuf },
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
}

impl Import {
    /// Reads files, and of directories those that are understood.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Import, ImportError> {
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                files.extend(in_directory(path)?);
            } else {
                files.push((known(path)?, path.clone()));
            }
        }
        // What one says of others is read before them.
        files.sort_by_key(|(known, _)| FILES.iter().position(|file| file.name == known.name));
        let mut import = Import::default();
        for (known, file) in files {
            import.file(known, &file)?;
        }
        import.complete();
        Ok(import)
    }

    /// Adds what follows from several files together.
    fn complete(&mut self) {
        if self.has_transport && self.doors.is_empty() {
            let reason = "no transport of Janus listens without TLS, so Fanlight does at its \
                          default address, which only this machine reaches";
            self.remarks.add("janus.transport.*", "listen", reason);
        }
        self.open_doors();
        if !self.mountpoints.is_empty() && !self.has_camera {
            // Otherwise the first camera, or the test pattern, would be one more mountpoint.
            self.options.set("source", "none");
        }
        if self.disabled.contains(STREAMING) {
            let reason = "janus.plugin.streaming is built in: with an `admin-key` that nobody \
                          knows, nobody makes mountpoints";
            self.remarks.add("janus.jcfg: plugins", "disable", reason);
            let key = format!("{:032x}", rand::random::<u128>());
            self.options.set("admin-key", key);
        }
    }

    /// Whether a library that Janus is not to load is one that Fanlight takes something over of.
    fn disable(&mut self, library: &str) -> bool {
        let known = FILES.iter().find(|known| known.library == library);
        self.disabled.extend(known.map(|known| known.library));
        known.is_some()
    }

    /// A setting of Janus that has a default where it cannot be understood.
    fn or_default<T>(&mut self, place: &str, value: Result<Option<T>, ValueError>) -> Option<T> {
        value.unwrap_or_else(|error| {
            let reason = format!("{error}: the default is used");
            self.remarks.add(place, &error.name, reason);
            None
        })
    }

    fn file(&mut self, known: &Known, file: &Path) -> Result<(), ImportError> {
        let place = file.file_name().unwrap_or_default().to_string_lossy();
        let bytes = read(file)?;
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = str::from_utf8(&bytes) {
            let lines = bytes.iter().take(error.valid_up_to());
            let line = 1 + lines.filter(|byte| **byte == b'\n').count();
            let reason = "this is not UTF-8, and matters if it is in no comment";
            self.remarks.add(&place, &format!("line {line}"), reason);
        }
        let extension = file.extension().unwrap_or_default();
        let group = parse(file, &text, &extension.to_string_lossy())?;
        if self.disabled.contains(known.library) {
            let reason = "janus.jcfg has it disabled: nothing is taken over";
            self.remarks.add(&place, known.library, reason);
        } else {
            (known.reader)(self, &place, Section::new(&group));
        }
        Ok(())
    }
}

/// The files in a directory that are understood.
fn in_directory(directory: &Path) -> Result<Vec<(&'static Known, PathBuf)>, ImportError> {
    let mut files = Vec::new();
    for known in &FILES {
        let mut candidates = EXTENSIONS
            .iter()
            .map(|extension| directory.join(format!("{}.{extension}", known.name)));
        // Janus, too, reads the older form where there is no newer one.
        if let Some(file) = candidates.find(|file| file.exists()) {
            files.push((known, file));
        }
    }
    match files.is_empty() {
        true => Err(ImportError::Empty(directory.to_owned())),
        false => Ok(files),
    }
}

/// What a file is, by its name.
fn known(file: &Path) -> Result<&'static Known, ImportError> {
    let is = |part: Option<&OsStr>, name: &str| part.is_some_and(|part| part == name);
    let known = FILES.iter().find(|known| is(file.file_stem(), known.name));
    known
        .filter(|_| EXTENSIONS.iter().any(|name| is(file.extension(), name)))
        .ok_or_else(|| ImportError::Name(file.to_owned()))
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

fn read(file: &Path) -> Result<Vec<u8>, ImportError> {
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
    Ok(bytes)
}
