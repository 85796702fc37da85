//! The file that mountpoints are kept in: TOML, with a table `[[mountpoint]]` for each.
//!
//! What people have written in it stays as it is, comments too; only the tables change that have to.
//! It is read again for each change, so what is written while the server runs is not lost either, but
//! in the table of a mountpoint that is changed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fanlight_protocol::streaming::MountpointId;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use super::MountpointConfig;

/// The file.
#[derive(Debug)]
pub(super) struct Store {
    file: PathBuf,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("cannot read {}: {error}", file.display())]
    Read { file: PathBuf, error: io::Error },
    #[error("{}:{line}: {reason}", file.display())]
    Parse {
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        reason: String,
    },
    #[error("cannot write mountpoint {id} to {}: {reason}", file.display())]
    Table {
        file: PathBuf,
        id: MountpointId,
        reason: String,
    },
    #[error("cannot write {}: {error}", file.display())]
    Write { file: PathBuf, error: io::Error },
}

/// The file's contents.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    mountpoint: Vec<MountpointConfig>,
}

const TABLES: &str = "mountpoint";

impl Store {
    /// Reads the mountpoints of a file. One that is not there yet has none.
    pub(super) fn open(file: PathBuf) -> Result<(Store, Vec<MountpointConfig>), StoreError> {
        if matches!(file.try_exists(), Ok(false)) {
            tracing::warn!("there is no file {} yet", file.display());
        }
        let store = Store { file };
        let (_, mountpoints) = store.read()?;
        Ok((store, mountpoints))
    }

    /// Writes a mountpoint, in place of the one with its id if there is one.
    pub(super) fn put(&self, config: &MountpointConfig) -> Result<(), StoreError> {
        let table = |config: &MountpointConfig| {
            table(config).map_err(|reason| StoreError::Table {
                file: self.file.clone(),
                id: config.id,
                reason,
            })
        };
        let mut new = table(config)?;
        self.change(|tables, written| {
            let before = position(tables, config.id).and_then(|index| tables.get_mut(index));
            let known = written.iter().find(|written| written.id == config.id);
            match before.zip(known) {
                Some((before, known)) => update(before, &table(known)?, &new),
                None => {
                    if !tables.is_empty() {
                        new.decor_mut().set_prefix("\n");
                    }
                    tables.push(new);
                }
            }
            Ok(())
        })
    }

    /// Takes a mountpoint out, if it is there.
    pub(super) fn remove(&self, id: MountpointId) -> Result<(), StoreError> {
        self.change(|tables, _| {
            if let Some(index) = position(tables, id) {
                tables.remove(index);
            }
            Ok(())
        })
    }

    fn read(&self) -> Result<(DocumentMut, Vec<MountpointConfig>), StoreError> {
        let file = || self.file.clone();
        let text = match fs::read_to_string(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| StoreError::Read {
                file: file(),
                error,
            })?,
        };
        parse(&text).map_err(|Mistake { offset, reason }| StoreError::Parse {
            file: file(),
            line: 1 + text.bytes().take(offset).filter(|b| *b == b'\n').count(),
            reason,
        })
    }

    /// The change happens whole, or not at all.
    fn change(
        &self,
        change: impl FnOnce(&mut ArrayOfTables, &[MountpointConfig]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (mut document, written) = self.read()?;
        let item = document
            .entry(TABLES)
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(tables) = item.as_array_of_tables_mut() {
            change(tables, &written)?;
        }
        replace(&self.file, &document.to_string()).map_err(|error| StoreError::Write {
            file: self.file.clone(),
            error,
        })
    }
}

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    /// In bytes from the beginning.
    offset: usize,
    /// Without what is written there, which may be a secret.
    reason: String,
}

impl Mistake {
    fn new(span: Option<std::ops::Range<usize>>, reason: &str) -> Mistake {
        Mistake {
            offset: span.map_or(0, |span| span.start),
            reason: reason.replace('\n', ", "),
        }
    }
}

pub(super) fn parse(text: &str) -> Result<(DocumentMut, Vec<MountpointConfig>), Mistake> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| Mistake::new(error.span(), error.message()))?;
    let contents: Contents =
        toml::from_str(text).map_err(|error| Mistake::new(error.span(), error.message()))?;
    // `mountpoint = [{ … }]` says the same; as tables it can be changed.
    let tables = document.remove(TABLES).map(Item::into_array_of_tables);
    match tables {
        Some(Ok(tables)) => {
            document.insert(TABLES, Item::ArrayOfTables(tables));
        }
        Some(Err(_)) => {
            let reason = format!("write a table [[{TABLES}]] for each");
            return Err(Mistake::new(None, &reason));
        }
        None => {}
    }
    Ok((document, contents.mountpoint))
}

/// A mountpoint as a table of its own, its media as tables of that.
fn table(config: &MountpointConfig) -> Result<Table, String> {
    let contents = Contents {
        mountpoint: vec![config.clone()],
    };
    let text = toml::to_string(&contents).map_err(|error| error.to_string())?;
    let document: DocumentMut = text
        .parse()
        .map_err(|e: toml_edit::TomlError| e.to_string())?;
    let tables = document.get(TABLES).and_then(Item::as_array_of_tables);
    let Some(mut table) = tables.and_then(|tables| tables.get(0)).cloned() else {
        return Err("a mountpoint is a table".to_owned());
    };
    // Tables are written by their places in the text that they were read from: these follow those
    // that they are put behind.
    table.set_position(None);
    let media = table
        .get_mut("media")
        .and_then(Item::as_array_of_tables_mut);
    for medium in media.into_iter().flat_map(ArrayOfTables::iter_mut) {
        medium.set_position(None);
    }
    Ok(table)
}

/// Changes what is said differently now, and leaves all else as it is written.
fn update(written: &mut Table, old: &Table, new: &Table) {
    let text = |table: &Table, key: &str| table.get(key).map(Item::to_string);
    for (key, item) in new {
        if text(old, key) != text(new, key) {
            written.insert(key, item.clone());
        }
    }
    for (key, _) in old {
        if !new.contains_key(key) {
            written.remove(key);
        }
    }
}

fn position(tables: &ArrayOfTables, id: MountpointId) -> Option<usize> {
    let id = i64::try_from(id.0).ok()?;
    tables
        .iter()
        .position(|table| table.get("id").and_then(Item::as_integer) == Some(id))
}

/// Puts a file with this text in the place of another, for the server's user alone because of the
/// secrets in it. At no moment is there half a file.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let directory = match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    // Its own user's alone, and gone again where something fails.
    let mut draft = NamedTempFile::new_in(directory)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(file).map_err(|error| error.error)?;
    // The file is there. That its name outlives a loss of power as well is more than some file
    // systems can promise.
    if let Err(error) = File::open(directory).and_then(|directory| directory.sync_all()) {
        tracing::warn!("{} is not known to be on the disk: {error}", file.display());
    }
    Ok(())
}
