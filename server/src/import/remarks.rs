//! What is not taken over, and why.

use super::section::Section;
use super::syntax::{Setting, Value};

/// One sentence about some settings of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Remark {
    /// File and group.
    place: String,
    settings: Vec<String>,
    reason: String,
}

/// What there is to say of an import, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remarks(Vec<Remark>);

/// Why settings of a group have no counterpart: their names, those with a star at the end for all
/// that begin so, and the reason.
pub(super) type Reasons = [(&'static [&'static str], &'static str)];

impl Remarks {
    pub(super) fn add(&mut self, place: &str, setting: &str, reason: impl Into<String>) {
        let reason = reason.into();
        let same = |remark: &&mut Remark| remark.place == place && remark.reason == reason;
        match self.0.iter_mut().find(same) {
            Some(remark) => remark.settings.push(setting.to_owned()),
            None => self.0.push(Remark {
                place: place.to_owned(),
                settings: vec![setting.to_owned()],
                reason,
            }),
        }
    }

    /// Says of what is left of a group why it is.
    pub(super) fn add_left(&mut self, place: &str, section: Section<'_>, reasons: &Reasons) {
        for name in &section.odd_flags {
            self.add(place, name, "only `true`, `yes` and `1` switch it on");
        }
        for setting in section.left() {
            if !is_off(setting) {
                let reason = reason(reasons, &setting.name);
                self.add(
                    place,
                    &setting.name,
                    reason.unwrap_or("Fanlight does not know it"),
                );
            }
        }
    }

    /// One line each: where, what and why.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|remark| {
            let settings = remark.settings.join(", ");
            format!("{}: {settings}: {}", remark.place, remark.reason)
        })
    }
}

/// What is switched off, nobody misses.
fn is_off(setting: &Setting) -> bool {
    match &setting.value {
        Value::Boolean(value) => !value,
        Value::Text(text) => matches!(text.to_ascii_lowercase().as_str(), "" | "false" | "no"),
        _ => false,
    }
}

fn reason(reasons: &Reasons, name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let fits = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => *pattern == name,
    };
    let found = reasons.iter().find(|(names, _)| names.iter().any(fits));
    found.map(|(_, reason)| *reason)
}
