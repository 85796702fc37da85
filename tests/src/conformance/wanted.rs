//! The differences that we want, each with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::compare::Difference;

/// A part of an entry that something has used: the entry, and which part of it.
pub(super) type Place = (usize, Part);

/// The parts of an entry, as indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Field(usize),
    More(usize),
    Here(usize),
    /// The name of a recording, and the line if there are any.
    Seen(usize, Option<usize>),
}

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
    /// The lines of the recordings, in each of them; any if there are none.
    #[serde(default)]
    lines: Vec<usize>,
    /// The fields, as JSON pointers in which `*` stands for any one name. What is inside of them is
    /// covered as well, and the whole message by an empty one.
    #[serde(default)]
    fields: Vec<String>,
    /// Kinds of messages that come beside those of the recording.
    #[serde(default)]
    more: Vec<String>,
    /// What these fields have here in place of what was recorded. With another value they are not
    /// covered.
    #[serde(default)]
    here: BTreeMap<String, Value>,
    /// Whether it is seen in some runs only. All of any other entry has to be seen.
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

    /// The parts of the entry that covers a difference; none when none does.
    pub(super) fn covers(&self, trace: &str, difference: &Difference) -> Option<Vec<Place>> {
        let mut entries = self.wanted.iter().enumerate();
        entries.find_map(|(index, entry)| {
            let parts = entry.covers(trace, difference)?;
            Some(parts.into_iter().map(|part| (index, part)).collect())
        })
    }

    /// The parts that nothing has used, with their reasons. An entry for recordings that were not
    /// all replayed does not count.
    pub(super) fn unused(&self, used: &BTreeSet<Place>, replayed: &[&str]) -> Vec<String> {
        let mut unused = Vec::new();
        for (index, entry) in self.wanted.iter().enumerate() {
            let is_replayed = |name: &String| replayed.iter().any(|trace| is_named_by(trace, name));
            if entry.sometimes || !entry.traces.iter().all(is_replayed) {
                continue;
            }
            for part in entry.parts() {
                if !used.contains(&(index, part)) {
                    unused.push(format!("{}: {}", entry.name(part), entry.reason));
                }
            }
        }
        unused
    }
}

impl Entry {
    /// What covers a difference; none when it is not covered.
    fn covers(&self, trace: &str, difference: &Difference) -> Option<Vec<Part>> {
        let name = self
            .traces
            .iter()
            .position(|name| is_named_by(trace, name))?;
        let line = match self.lines.as_slice() {
            [] => None,
            lines => Some(lines.iter().position(|line| *line == difference.line)?),
        };
        let mut parts = vec![Part::Seen(name, line)];
        if let Some(message) = difference.as_more() {
            let kind = message["janus"].as_str()?;
            parts.push(Part::More(self.more.iter().position(|more| more == kind)?));
            return Some(parts);
        }
        let field = self.fields.iter();
        let field = field
            .clone()
            .position(|field| is_inside(&difference.path, field))?;
        parts.push(Part::Field(field));
        for (index, (place, value)) in self.here.iter().enumerate() {
            if let Some(inside) = place.strip_prefix(&difference.path)
                && (inside.is_empty() || inside.starts_with('/'))
            {
                let found = difference.found.as_ref()?.pointer(inside)?;
                parts.push(Part::Here((found == value).then_some(index)?));
            }
        }
        Some(parts)
    }

    fn parts(&self) -> Vec<Part> {
        let lines: Vec<_> = match self.lines.len() {
            0 => vec![None],
            count => (0..count).map(Some).collect(),
        };
        let seen = (0..self.traces.len())
            .flat_map(|name| lines.iter().map(move |line| Part::Seen(name, *line)));
        (0..self.fields.len())
            .map(Part::Field)
            .chain((0..self.more.len()).map(Part::More))
            .chain((0..self.here.len()).map(Part::Here))
            .chain(seen)
            .collect()
    }

    fn name(&self, part: Part) -> String {
        let traces = self.traces.join(", ");
        let or_nothing = |text: Option<&String>| text.cloned().unwrap_or_default();
        match part {
            Part::Field(index) => format!("{traces} {:?}", or_nothing(self.fields.get(index))),
            Part::More(index) => format!("{traces} more {}", or_nothing(self.more.get(index))),
            Part::Here(index) => {
                format!("{traces} here {}", or_nothing(self.here.keys().nth(index)))
            }
            Part::Seen(name, line) => {
                let line = line.and_then(|index| self.lines.get(index));
                let line = line.map(|line| format!(":{line}")).unwrap_or_default();
                format!("{}{line}", or_nothing(self.traces.get(name)))
            }
        }
    }
}

/// Whether an entry for recordings of this name is for this one.
fn is_named_by(trace: &str, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => trace.starts_with(beginning),
        None => trace == name,
    }
}

/// Whether a field is the one that an entry names, or inside of it.
fn is_inside(path: &str, field: &str) -> bool {
    let mut found = path.split('/');
    field.split('/').all(|name| {
        found
            .next()
            .is_some_and(|found| name == "*" || name == found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(field: &str) -> Wanted {
        wanted(&format!("lines = [3]\nfields = ['{field}']"))
    }

    fn wanted(rest: &str) -> Wanted {
        toml::from_str(&format!("[[wanted]]\ntraces = ['a']\nreason = 'x'\n{rest}")).unwrap()
    }

    fn difference(line: usize, path: &str) -> Difference {
        Difference {
            line,
            path: path.to_owned(),
            recorded: Some(json!(1)),
            found: None,
        }
    }

    fn covers(wanted: &Wanted, trace: &str, difference: &Difference) -> bool {
        wanted.covers(trace, difference).is_some()
    }

    #[test]
    fn an_entry_covers_its_field_and_what_is_inside() {
        let wanted = entry("/list/*/age");
        assert!(covers(&wanted, "a", &difference(3, "/list/0/age")));
        assert!(covers(&wanted, "a", &difference(3, "/list/1/age/x")));
        assert!(!covers(&wanted, "a", &difference(3, "/list/1/ages")));
        assert!(!covers(&wanted, "a", &difference(3, "/list")));
        assert!(!covers(&wanted, "a", &difference(4, "/list/0/age")));
        assert!(!covers(&wanted, "b", &difference(3, "/list/0/age")));
    }

    #[test]
    fn an_entry_is_for_one_recording_or_for_all_of_a_beginning() {
        assert!(is_named_by("http-core", "http-*"));
        assert!(!is_named_by("core-http-", "http-*"));
        assert!(!is_named_by("http-core", "http"));
    }

    #[test]
    fn an_empty_field_is_the_whole_message_but_no_other_message() {
        let wanted = entry("");
        assert!(covers(&wanted, "a", &difference(3, "")));
        assert!(covers(&wanted, "a", &difference(3, "/janus")));
        let more = Difference::more(3, json!({"janus": "hangup"}));
        assert!(!covers(&wanted, "a", &more));
    }

    #[test]
    fn messages_too_many_are_named_by_their_kind() {
        let wanted = wanted("more = ['trickle']");
        let more = |kind: &str| Difference::more(3, json!({"janus": kind}));
        assert!(covers(&wanted, "a", &more("trickle")));
        assert!(!covers(&wanted, "a", &more("hangup")));
        let missing = Difference::missing(3, &json!({"janus": "trickle"}));
        assert!(!covers(&wanted, "a", &missing));
    }

    #[test]
    fn what_stands_in_the_place_of_the_recorded_can_be_said() {
        let wanted = wanted("fields = ['/error']\nhere = { '/error/code' = 457 }");
        let found = |error| Difference {
            found: error,
            ..difference(1, "/error")
        };
        assert!(covers(&wanted, "a", &found(Some(json!({"code": 457})))));
        assert!(!covers(&wanted, "a", &found(Some(json!({"code": 490})))));
        assert!(!covers(&wanted, "a", &found(Some(json!({})))));
        assert!(!covers(&wanted, "a", &found(None)));
    }

    #[test]
    fn each_part_of_an_entry_has_to_be_used() {
        let text = "[[wanted]]\ntraces = ['a', 'b*']\nlines = [3, 4]\nfields = ['/x', '/y']\n\
            reason = 'z'";
        let wanted: Wanted = toml::from_str(text).unwrap();
        let mut used = BTreeSet::new();
        let replayed = ["a", "bc"];
        assert_eq!(wanted.unused(&used, &replayed).len(), 6);
        assert!(wanted.unused(&used, &["a"]).is_empty());
        let seen = [("a", 3, "/x"), ("a", 4, "/x"), ("bc", 4, "/x")];
        for (trace, line, path) in seen {
            let places = wanted.covers(trace, &difference(line, path));
            used.extend(places.unwrap());
        }
        let unused = wanted.unused(&used, &replayed);
        assert_eq!(unused, ["a, b* \"/y\": z", "b*:3: z"]);
    }
}
