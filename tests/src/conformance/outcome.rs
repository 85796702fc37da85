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
    /// What differs in them, is missing, or was said beside them.
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
    /// Answers with others.
    unwanted: usize,
    /// Messages that the recording does not have, as wanted.
    more: usize,
    /// Others that it does not have.
    too_many: usize,
}

impl<'a> Summary<'a> {
    /// Holds the outcomes against the differences that are wanted.
    pub fn new(wanted: &'a Wanted, outcomes: &'a [Outcome]) -> Summary<'a> {
        Summary { wanted, outcomes }
    }

    /// Whether there was no difference but wanted ones, and each wanted one was there.
    pub fn is_good(&self) -> bool {
        let is_good = |outcome: &Outcome| {
            let count = self.count(outcome);
            outcome.broken.is_none() && count.unwanted + count.too_many == 0
        };
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
            all.more += count.more;
            all.too_many += count.too_many;
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
        let mut count = Count {
            compared: outcome.compared,
            ..Count::default()
        };
        let mut wanted = BTreeSet::new();
        let mut unwanted = BTreeSet::new();
        for difference in &outcome.differences {
            let is_wanted = self.wanted.covers(&outcome.trace, difference).is_some();
            match (difference.as_more().is_some(), is_wanted) {
                (true, true) => count.more += 1,
                (true, false) => count.too_many += 1,
                (false, true) => _ = wanted.insert(difference.line),
                (false, false) => _ = unwanted.insert(difference.line),
            }
        }
        count.wanted = wanted.difference(&unwanted).count();
        count.unwanted = unwanted.len();
        count
    }

    fn unused(&self) -> Vec<String> {
        let mut used = BTreeSet::new();
        let mut replayed = Vec::new();
        for outcome in self.outcomes {
            replayed.push(outcome.trace.as_str());
            for difference in &outcome.differences {
                let places = self.wanted.covers(&outcome.trace, difference);
                used.extend(places.unwrap_or_default());
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
            more,
            too_many,
        } = self;
        let equal = compared.saturating_sub(wanted + unwanted);
        let mut text =
            format!("{compared} answers compared, {equal} equal, {wanted} differ as wanted");
        if more > 0 {
            write!(text, ", {more} more as wanted").ok();
        }
        if unwanted > 0 {
            write!(text, ", {unwanted} DIFFER").ok();
        }
        if too_many > 0 {
            write!(text, ", {too_many} TOO MANY").ok();
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
