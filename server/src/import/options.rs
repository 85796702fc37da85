//! Options of Fanlight that say what a setting of Janus said.

use toml::Value;

/// Options by their names, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ImportedOptions(Vec<(&'static str, Value)>);

impl ImportedOptions {
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value.into()));
    }

    /// Sets what Janus' file says, if it says it.
    pub(super) fn set_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Adds to an option that may be given more than once.
    pub(super) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        let value = Value::String(value.into());
        let listed = self.0.iter_mut().find(|(other, _)| *other == name);
        match listed {
            Some((_, Value::Array(values))) => {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            _ => self.set(name, vec![value]),
        }
    }

    /// Each option with the flags that say the same.
    pub(crate) fn flags(&self) -> impl Iterator<Item = (&'static str, Vec<String>)> {
        self.0.iter().map(|(name, value)| {
            let flag = |value: &Value| match value {
                Value::String(text) => format!("--{name}={text}"),
                other => format!("--{name}={other}"),
            };
            let flags = match value {
                Value::Boolean(true) => vec![format!("--{name}")],
                Value::Boolean(false) => Vec::new(),
                Value::Array(values) => values.iter().map(flag).collect(),
                value => vec![flag(value)],
            };
            (*name, flags)
        })
    }

    /// As a file for `--config`.
    pub(super) fn to_toml(&self) -> String {
        let lines = self
            .0
            .iter()
            .map(|(name, value)| format!("{name} = {value}\n"));
        lines.collect()
    }
}
