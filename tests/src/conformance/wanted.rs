//! The differences that we want, each with its reason.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::compare::Difference;

/// The differences that a server is allowed to have.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(default)]
    wanted: Vec<Entry>,
}

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The recordings in which it is seen.
    traces: Vec<String>,
    /// The lines of the recording; all if there are none.
    #[serde(default)]
    lines: Vec<usize>,
    /// The field, as a JSON pointer in which `*` stands for any one name. What is inside of it is
    /// covered as well, and the whole message if it is empty.
    field: String,
    /// Whether it is seen in some runs only, and need not be there.
    #[serde(default)]
    sometimes: bool,
    /// Why it is wanted.
    reason: String,
}

impl Wanted {
    /// Reads a file of `tests/conformance`.
    ///
    /// # Errors
    /// When it cannot be read, or an entry has no reason.
    pub fn read(name: &str) -> Result<Wanted> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("conformance")
            .join(name);
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("no {}", file.display()))?;
        let wanted: Wanted = toml::from_str(&text).with_context(|| file.display().to_string())?;
        for entry in &wanted.wanted {
            ensure!(!entry.reason.is_empty(), "{} has no reason", entry.field);
        }
        Ok(wanted)
    }

    /// The entry that covers a difference, as an index.
    pub(super) fn covers(&self, trace: &str, difference: &Difference) -> Option<usize> {
        self.wanted
            .iter()
            .position(|entry| entry.covers(trace, difference))
    }

    /// The entries that nothing has used, as they stand in the file. Those of recordings that were
    /// not replayed do not count.
    pub(super) fn unused(&self, used: &BTreeSet<usize>, replayed: &[&str]) -> Vec<String> {
        let is_unused = |(index, entry): &(usize, &Entry)| {
            let was_replayed = |trace: &String| replayed.contains(&trace.as_str());
            !entry.sometimes && !used.contains(index) && entry.traces.iter().any(was_replayed)
        };
        self.wanted
            .iter()
            .enumerate()
            .filter(is_unused)
            .map(|(_, entry)| {
                let place = entry.traces.join(", ");
                format!(
                    "{place} {:?} {}: {}",
                    entry.lines, entry.field, entry.reason
                )
            })
            .collect()
    }
}

impl Entry {
    fn covers(&self, trace: &str, difference: &Difference) -> bool {
        let mut found = difference.path.split('/');
        self.traces.iter().any(|name| name == trace)
            && (self.lines.is_empty() || self.lines.contains(&difference.line))
            && self.field.split('/').all(|name| {
                found
                    .next()
                    .is_some_and(|found| name == "*" || name == found)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(field: &str) -> Wanted {
        let text =
            format!("[[wanted]]\ntraces = ['a']\nlines = [3]\nfield = '{field}'\nreason = 'x'");
        toml::from_str(&text).unwrap()
    }

    fn difference(line: usize, path: &str) -> Difference {
        Difference {
            line,
            path: path.to_owned(),
            recorded: None,
            found: None,
        }
    }

    #[test]
    fn an_entry_covers_its_field_and_what_is_inside() {
        let wanted = entry("/list/*/age");
        assert_eq!(wanted.covers("a", &difference(3, "/list/0/age")), Some(0));
        assert_eq!(wanted.covers("a", &difference(3, "/list/1/age/x")), Some(0));
        assert_eq!(wanted.covers("a", &difference(3, "/list/1/ages")), None);
        assert_eq!(wanted.covers("a", &difference(3, "/list")), None);
        assert_eq!(wanted.covers("a", &difference(4, "/list/0/age")), None);
        assert_eq!(wanted.covers("b", &difference(3, "/list/0/age")), None);
    }

    #[test]
    fn an_empty_field_is_the_whole_message() {
        assert_eq!(entry("").covers("a", &difference(3, "")), Some(0));
        assert_eq!(entry("").covers("a", &difference(3, "/janus")), Some(0));
    }

    #[test]
    fn an_entry_that_nothing_used_is_named() {
        let wanted = entry("/list");
        assert_eq!(wanted.unused(&BTreeSet::new(), &["a"]).len(), 1);
        assert!(wanted.unused(&BTreeSet::new(), &["b"]).is_empty());
        assert!(wanted.unused(&BTreeSet::from([0]), &["a"]).is_empty());
    }
}
