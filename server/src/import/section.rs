//! Settings taken out of a group one by one, so that what is left is what nobody asked for.

use std::path::Path;
use std::str::FromStr;

use super::ImportError;
use super::syntax::{Group, Setting, Value};

/// The settings of one group, of a file that errors name.
#[derive(Debug)]
pub(super) struct Section<'a> {
    file: &'a Path,
    left: Vec<&'a Setting>,
}

impl<'a> Section<'a> {
    pub(super) fn new(file: &'a Path, group: &'a Group) -> Section<'a> {
        Section {
            file,
            left: group.0.iter().collect(),
        }
    }

    /// A group in this one. What is no group is left.
    pub(super) fn section(&mut self, name: &str) -> Option<Section<'a>> {
        let is_group = |value: &Value| matches!(value, Value::Group(_));
        let setting = self.take_if(name, is_group)?;
        match &setting.value {
            Value::Group(group) => Some(Section::new(self.file, group)),
            _ => None,
        }
    }

    /// The names of the groups in this one.
    pub(super) fn groups(&self) -> Vec<String> {
        let is_group = |setting: &&&Setting| matches!(setting.value, Value::Group(_));
        let groups = self.left.iter().filter(is_group);
        groups.map(|setting| setting.name.clone()).collect()
    }

    /// The groups of a list.
    pub(super) fn sections(&mut self, name: &str) -> Result<Option<Vec<Section<'a>>>, ImportError> {
        let Some(setting) = self.take(name) else {
            return Ok(None);
        };
        let Value::List(values) = &setting.value else {
            return Err(self.error(setting.line, name, "a list of groups, `( { … }, { … } )`"));
        };
        let section = |(line, value): &'a (usize, Value)| match value {
            Value::Group(group) => Ok(Section::new(self.file, group)),
            _ => Err(self.error(*line, name, "a list of groups, `( { … }, { … } )`")),
        };
        values
            .iter()
            .map(section)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A text. An empty one is as good as none.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ImportError> {
        let Some(setting) = self.take(name) else {
            return Ok(None);
        };
        match &setting.value {
            Value::Text(text) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Value::Integer(number) => Ok(Some(number.to_string())),
            Value::Boolean(value) => Ok(Some(value.to_string())),
            _ => Err(self.error(setting.line, name, "a text")),
        }
    }

    /// The texts between the commas of one.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, ImportError> {
        let text = self.text(name)?.unwrap_or_default();
        let texts = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        Ok(texts.map(str::to_owned).collect())
    }

    /// As Janus reads it: `true` and `yes`, in any case, as texts, too.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ImportError> {
        let Some(setting) = self.take(name) else {
            return Ok(None);
        };
        let text = match &setting.value {
            Value::Boolean(value) => return Ok(Some(*value)),
            Value::Text(text) => text.to_ascii_lowercase(),
            _ => String::new(),
        };
        match text.as_str() {
            "true" | "yes" => Ok(Some(true)),
            "false" | "no" => Ok(Some(false)),
            _ => Err(self.error(setting.line, name, "true or false")),
        }
    }

    /// A number, or a text with one, in the range of its type, which `expected` says in words.
    pub(super) fn number<N: FromStr + TryFrom<i64>>(
        &mut self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<N>, ImportError> {
        let Some(setting) = self.take(name) else {
            return Ok(None);
        };
        let number = match &setting.value {
            Value::Integer(number) => N::try_from(*number).ok(),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.error(setting.line, name, expected)),
        }
    }

    /// A UDP or TCP port.
    pub(super) fn port(&mut self, name: &str) -> Result<Option<u16>, ImportError> {
        self.number(name, "a port from 0 to 65535")
    }

    /// What nobody has taken, in the order of the file.
    pub(super) fn left(self) -> Vec<&'a Setting> {
        self.left
    }

    fn take(&mut self, name: &str) -> Option<&'a Setting> {
        self.take_if(name, |_| true)
    }

    fn take_if(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Option<&'a Setting> {
        let is_it = |setting: &&Setting| setting.name == name && wanted(&setting.value);
        let index = self.left.iter().position(is_it)?;
        Some(self.left.remove(index))
    }

    fn error(&self, line: usize, name: &str, expected: &'static str) -> ImportError {
        ImportError::Value {
            file: self.file.to_owned(),
            line,
            name: name.to_owned(),
            expected,
        }
    }
}
