//! What is in a configuration file of Janus, whichever way it is written.

use std::fmt;

/// Named settings, in the order of the file. Of those with the same name Janus takes the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Group(pub(super) Vec<Setting>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) name: String,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// An array or a list, each value with its line.
    List(Vec<(usize, Value)>),
    Group(Group),
}

/// Where a file cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) problem: Problem,
}

/// Why a file cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("expected {expected}, found {found}")]
    Unexpected {
        expected: &'static str,
        found: String,
    },
    #[error("what begins like a number is none: texts stand in quotation marks")]
    Number,
    #[error("a text has no end: `\"` is missing")]
    EndlessText,
    #[error("a comment has no end: `*/` is missing")]
    EndlessComment,
    #[error("`{name}` is set a second time, after line {first}")]
    Duplicate { name: String, first: usize },
    #[error("brackets are nested too deeply")]
    Depth,
    #[error("`@include` is not followed: import that file by its own name")]
    Include,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Integer(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
            Value::Text(value) => write!(f, "\"{value}\""),
            Value::List(_) => f.write_str("a list"),
            Value::Group(_) => f.write_str("a group"),
        }
    }
}
