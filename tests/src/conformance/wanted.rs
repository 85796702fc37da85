//! The differences that we want, each with its reason.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::compare::Difference;

/// An entry, and a field of it.
pub(super) type Place = (usize, usize);

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
    /// The recordings in which it is seen; `streaming-*` is all of that beginning.
    traces: Vec<String>,
    /// The lines of the recording; all if there are none.
    #[serde(default)]
    lines: Vec<usize>,
    /// The fields, as JSON pointers in which `*` stands for any one name. What is inside of them is
    /// covered as well, and the whole message by an empty one. Each has to be seen.
    fields: Vec<String>,
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
            ensure!(!entry.reason.is_empty(), "no reason: {:?}", entry.fields);
        }
        Ok(wanted)
    }

    /// The entry and the field of it that cover a difference, as indexes.
    pub(super) fn covers(&self, trace: &str, difference: &Difference) -> Option<Place> {
        let mut entries = self.wanted.iter().enumerate();
        entries.find_map(|(index, entry)| Some((index, entry.covers(trace, difference)?)))
    }

    /// The fields that nothing has used, with their reasons. Those of recordings that were not
    /// replayed do not count.
    pub(super) fn unused(&self, used: &BTreeSet<Place>, replayed: &[&str]) -> Vec<String> {
        let counts = |entry: &Entry| {
            !entry.sometimes && replayed.iter().any(|trace| entry.is_seen_in(trace))
        };
        let mut unused = Vec::new();
        for (index, entry) in self.wanted.iter().enumerate() {
            for (field, name) in entry.fields.iter().enumerate() {
                if counts(entry) && !used.contains(&(index, field)) {
                    let place = entry.traces.join(", ");
                    unused.push(format!("{place} {name:?}: {}", entry.reason));
                }
            }
        }
        unused
    }
}

impl Entry {
    fn is_seen_in(&self, trace: &str) -> bool {
        self.traces.iter().any(|name| match name.strip_suffix('*') {
            Some(beginning) => trace.starts_with(beginning),
            None => trace == name,
        })
    }

    /// The field that covers a difference, as an index.
    fn covers(&self, trace: &str, difference: &Difference) -> Option<usize> {
        let is_its_place = self.is_seen_in(trace)
            && (self.lines.is_empty() || self.lines.contains(&difference.line));
        let covers = |field: &String| {
            let mut found = difference.path.split('/');
            field.split('/').all(|name| {
                found
                    .next()
                    .is_some_and(|found| name == "*" || name == found)
            })
        };
        self.fields.iter().position(covers).filter(|_| is_its_place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(field: &str) -> Wanted {
        let text =
            format!("[[wanted]]\ntraces = ['a']\nlines = [3]\nfields = ['{field}']\nreason = 'x'");
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
        assert_eq!(
            wanted.covers("a", &difference(3, "/list/0/age")),
            Some((0, 0))
        );
        assert_eq!(
            wanted.covers("a", &difference(3, "/list/1/age/x")),
            Some((0, 0))
        );
        assert_eq!(wanted.covers("a", &difference(3, "/list/1/ages")), None);
        assert_eq!(wanted.covers("a", &difference(3, "/list")), None);
        assert_eq!(wanted.covers("a", &difference(4, "/list/0/age")), None);
        assert_eq!(wanted.covers("b", &difference(3, "/list/0/age")), None);
    }

    #[test]
    fn an_entry_is_for_one_recording_or_for_all_of_a_beginning() {
        let seen_in = |name: &str, trace| {
            let text = format!("[[wanted]]\ntraces = ['{name}']\nfields = ['']\nreason = 'x'");
            let wanted: Wanted = toml::from_str(&text).unwrap();
            wanted.covers(trace, &difference(1, "")).is_some()
        };
        assert!(seen_in("http-*", "http-core"));
        assert!(!seen_in("http-*", "core-http-"));
        assert!(!seen_in("http", "http-core"));
    }

    #[test]
    fn an_empty_field_is_the_whole_message() {
        assert_eq!(entry("").covers("a", &difference(3, "")), Some((0, 0)));
        assert_eq!(
            entry("").covers("a", &difference(3, "/janus")),
            Some((0, 0))
        );
    }

    #[test]
    fn an_entry_that_nothing_used_is_named() {
        let wanted = entry("/list");
        assert_eq!(wanted.unused(&BTreeSet::new(), &["a"]).len(), 1);
        assert!(wanted.unused(&BTreeSet::new(), &["b"]).is_empty());
        assert!(wanted.unused(&BTreeSet::from([(0, 0)]), &["a"]).is_empty());
    }
}
