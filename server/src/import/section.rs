//! Settings taken out of a group one by one, so that what is left is what nobody asked for. They
//! are read as Janus does: names without regard to case, and every scalar as a text.

use super::syntax::{Group, Setting, Value};

/// The settings of one group.
#[derive(Debug)]
pub(super) struct Section<'a> {
    left: Vec<&'a Setting>,
    /// The names of those that Janus takes for false, though they say something else.
    pub(super) odd_flags: Vec<&'a str>,
}

/// A setting that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: this is not {expected}")]
pub(super) struct ValueError {
    pub(super) name: String,
    line: usize,
    expected: &'static str,
}

impl<'a> Section<'a> {
    pub(super) fn new(group: &'a Group) -> Section<'a> {
        Section {
            left: group.0.iter().collect(),
            odd_flags: Vec::new(),
        }
    }

    /// A group in this one. What is no group is left.
    pub(super) fn section(&mut self, name: &str) -> Option<Section<'a>> {
        match &self.take_if(name, is_group)?.value {
            Value::Group(group) => Some(Section::new(group)),
            _ => None,
        }
    }

    /// The names of the groups in this one.
    pub(super) fn groups(&self) -> Vec<String> {
        let groups = self.left.iter().filter(|setting| is_group(&setting.value));
        groups.map(|setting| setting.name.clone()).collect()
    }

    /// What is in a list, `None` for what is no group. What is no list is left.
    pub(super) fn sections(&mut self, name: &str) -> Option<Vec<Option<Section<'a>>>> {
        let is_list = |value: &Value| matches!(value, Value::List(_));
        let Value::List(values) = &self.take_if(name, is_list)?.value else {
            return None;
        };
        let sections = values.iter().map(|(_, value)| match value {
            Value::Group(group) => Some(Section::new(group)),
            _ => None,
        });
        Some(sections.collect())
    }

    /// A text. An empty one is as good as none.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        scalar(&self.take(name)?.value).filter(|text| !text.is_empty())
    }

    /// The texts between the commas of one.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let texts = text.split(',').map(str::trim);
        let texts = texts.filter(|text| !text.is_empty());
        texts.map(str::to_owned).collect()
    }

    /// Whether it is `yes`, `true` or `1`, in any case. Everything else is false.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let setting = self.take(name)?;
        let text = scalar(&setting.value)?.to_ascii_lowercase();
        match text.as_str() {
            "yes" | "true" | "1" => return Some(true),
            "no" | "false" | "0" | "" => {}
            _ => self.odd_flags.push(&setting.name),
        }
        Some(false)
    }

    /// A number in the range of its type, which `expected` says in words.
    pub(super) fn number<N: TryFrom<i64>>(
        &mut self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<N>, ValueError> {
        let Some(setting) = self.take(name) else {
            return Ok(None);
        };
        let number = match &setting.value {
            Value::Integer(number) => Some(*number),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.and_then(|number| N::try_from(number).ok());
        number.map(Some).ok_or_else(|| ValueError {
            name: setting.name.clone(),
            line: setting.line,
            expected,
        })
    }

    /// A UDP or TCP port.
    pub(super) fn port(&mut self, name: &str) -> Result<Option<u16>, ValueError> {
        self.number(name, "a port from 0 to 65535")
    }

    /// What nobody has taken, in the order of the file.
    pub(super) fn left(self) -> Vec<&'a Setting> {
        self.left
    }

    /// The first scalar of this name.
    fn take(&mut self, name: &str) -> Option<&'a Setting> {
        self.take_if(name, |value| scalar(value).is_some())
    }

    fn take_if(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Option<&'a Setting> {
        let is_it =
            |setting: &&Setting| setting.name.eq_ignore_ascii_case(name) && wanted(&setting.value);
        let index = self.left.iter().position(is_it)?;
        Some(self.left.remove(index))
    }
}

fn is_group(value: &Value) -> bool {
    matches!(value, Value::Group(_))
}

/// The text that Janus makes of a value.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Boolean(value) => Some(value.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(format!("{number:.6}")),
        Value::Text(text) => Some(text.clone()),
        Value::List(_) | Value::Group(_) => None,
    }
}
