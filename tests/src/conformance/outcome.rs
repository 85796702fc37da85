//! What a replay came to.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::compare::Difference;
use super::wanted::Wanted;

/// What the replay of one recording came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub(super) trace: String,
    /// Answers of the recording.
    pub(super) compared: usize,
    /// The lines of those that differ, or of what was said before an answer too many.
    pub(super) differences: Vec<Difference>,
    /// The server ended the conversation in the middle, or could not be spoken to.
    pub(super) broken: Option<String>,
}

/// What the replays of all recordings came to.
#[derive(Debug)]
pub struct Summary<'a> {
    wanted: &'a Wanted,
    outcomes: &'a [Outcome],
}

/// Answers, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    compared: usize,
    /// Answers with no differences but wanted ones.
    wanted: usize,
    /// Answers with others, answers too many included.
    unwanted: usize,
}

impl<'a> Summary<'a> {
    /// Holds the outcomes against the differences that are wanted.
    pub fn new(wanted: &'a Wanted, outcomes: &'a [Outcome]) -> Summary<'a> {
        Summary { wanted, outcomes }
    }

    /// Whether there was no difference but wanted ones, and each wanted one was there.
    pub fn is_good(&self) -> bool {
        let is_good =
            |outcome: &Outcome| outcome.broken.is_none() && self.count(outcome).unwanted == 0;
        self.outcomes.iter().all(is_good) && self.unused().is_empty()
    }

    /// One line for each recording, and one for all.
    pub fn lines(&self) -> Vec<String> {
        let mut all = Count::default();
        let mut lines = Vec::new();
        for outcome in self.outcomes {
            let count = self.count(outcome);
            all.compared += count.compared;
            all.wanted += count.wanted;
            all.unwanted += count.unwanted;
            lines.push(format!("{}: {}", outcome.trace, count.text()));
        }
        let traces = self.outcomes.len();
        lines.push(format!("all {traces} conversations: {}", all.text()));
        lines
    }

    /// Every difference that is not wanted, and every wanted one that was not there.
    pub fn complaints(&self) -> String {
        let mut text = String::new();
        for outcome in self.outcomes {
            let name = &outcome.trace;
            if let Some(broken) = &outcome.broken {
                writeln!(text, "{name}: {broken}").ok();
            }
            for difference in &outcome.differences {
                if self.wanted.covers(name, difference).is_none() {
                    writeln!(text, "{name}:{}", described(difference)).ok();
                }
            }
        }
        for entry in self.unused() {
            writeln!(text, "wanted, but not there any more: {entry}").ok();
        }
        text
    }

    fn count(&self, outcome: &Outcome) -> Count {
        let mut wanted = BTreeSet::new();
        let mut unwanted = BTreeSet::new();
        for difference in &outcome.differences {
            match self.wanted.covers(&outcome.trace, difference) {
                Some(_) => wanted.insert(difference.line),
                None => unwanted.insert(difference.line),
            };
        }
        Count {
            compared: outcome.compared,
            wanted: wanted.difference(&unwanted).count(),
            unwanted: unwanted.len(),
        }
    }

    fn unused(&self) -> Vec<String> {
        let mut used = BTreeSet::new();
        let mut replayed = Vec::new();
        for outcome in self.outcomes {
            replayed.push(outcome.trace.as_str());
            for difference in &outcome.differences {
                used.extend(self.wanted.covers(&outcome.trace, difference));
            }
        }
        self.wanted.unused(&used, &replayed)
    }
}

impl Count {
    fn text(self) -> String {
        let Count {
            compared,
            wanted,
            unwanted,
        } = self;
        let equal = compared.saturating_sub(wanted + unwanted);
        let mut text =
            format!("{compared} answers compared, {equal} equal, {wanted} differ as wanted");
        if unwanted > 0 {
            write!(text, ", {unwanted} DIFFER").ok();
        }
        text
    }
}

fn described(difference: &Difference) -> String {
    let shown = |value: &Option<Value>| match value {
        Some(value) => value.to_string(),
        None => "nothing".to_owned(),
    };
    let Difference {
        line,
        path,
        recorded,
        found,
    } = difference;
    let path = if path.is_empty() { "the message" } else { path };
    format!(
        "{line} {path}: recorded {}, here {}",
        shown(recorded),
        shown(found)
    )
}
