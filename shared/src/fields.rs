//! Reading the fields of a JSON object: each is there with the right type, or named in an error.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorCode};

/// A JSON object whose fields have not been read yet: the body of a plugin's message.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Object(Map<String, Value>);

impl Object {
    /// The object that `value` is written as.
    ///
    /// # Errors
    ///
    /// When `value` is not written as an object.
    pub fn from_serialize(value: &impl Serialize) -> Result<Self, Error> {
        match serde_json::to_value(value) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(NotAnObject::new(1, "the value is not an object").into()),
            Err(e) => Err(NotAnObject::new(e.line(), e).into()),
        }
    }

    /// Parses a whole message, which has to be UTF-8.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, NotAnObject> {
        match serde_json::from_slice(text) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            // An array is JSON enough for Janus, which then misses the first field in it.
            Ok(Value::Array(_)) => Ok(Self::default()),
            Ok(_) => Err(NotAnObject::new(1, "'[' or '{' expected")),
            Err(e) => Err(NotAnObject::new(e.line(), e)),
        }
    }

    /// Whether the field is there, even as `null`.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// A text that has to be there.
    ///
    /// # Errors
    ///
    /// Names the field when it is missing or not a text.
    pub fn string(&self, field: &str) -> Result<&str, Error> {
        self.opt_string(field)?.ok_or_else(|| Error::missing(field))
    }

    /// A text that may be left out.
    ///
    /// # Errors
    ///
    /// Names the field when it is not a text.
    pub fn opt_string(&self, field: &str) -> Result<Option<&str>, Error> {
        match self.0.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::wrong_type(field, "a string")),
        }
    }

    /// A number from 0 that has to be there.
    ///
    /// # Errors
    ///
    /// Names the field when it is missing or no such number.
    pub fn unsigned(&self, field: &str) -> Result<u64, Error> {
        self.opt_unsigned(field)?
            .ok_or_else(|| Error::missing(field))
    }

    /// A number from 0 that may be left out.
    ///
    /// # Errors
    ///
    /// Names the field when it is no such number.
    pub fn opt_unsigned(&self, field: &str) -> Result<Option<u64>, Error> {
        match self.0.get(field) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(Error::wrong_type(field, "a positive integer")),
            },
        }
    }

    /// The number in the field, or `None` when there is none: for fields whose type does not
    /// matter to Janus.
    pub fn lenient_unsigned(&self, field: &str) -> Option<u64> {
        self.0.get(field)?.as_u64()
    }

    /// A truth value that has to be there.
    ///
    /// # Errors
    ///
    /// Names the field when it is missing or no truth value.
    pub fn bool(&self, field: &str) -> Result<bool, Error> {
        self.opt_bool(field)?.ok_or_else(|| Error::missing(field))
    }

    /// A whole number that has to be there.
    pub(crate) fn integer(&self, field: &str) -> Result<i64, Error> {
        let value = self.0.get(field).ok_or_else(|| Error::missing(field))?;
        let number = value.as_i64();
        number.ok_or_else(|| Error::wrong_type(field, "an integer"))
    }

    /// The truth value in the field, or `None` when there is none.
    pub fn lenient_bool(&self, field: &str) -> Option<bool> {
        self.0.get(field)?.as_bool()
    }

    /// The object in the field, or `None` when there is none.
    pub fn lenient_object(&self, field: &str) -> Option<Object> {
        Some(Self(self.0.get(field)?.as_object()?.clone()))
    }

    /// An object that has to be there.
    ///
    /// # Errors
    ///
    /// Names the field when it is missing or not an object.
    pub fn object(&self, field: &str) -> Result<Object, Error> {
        match self.0.get(field) {
            None => Err(Error::missing(field)),
            Some(Value::Object(map)) => Ok(Self(map.clone())),
            Some(_) => Err(Error::wrong_type(field, "an object")),
        }
    }

    /// A truth value that may be left out.
    ///
    /// # Errors
    ///
    /// Names the field when it is neither true nor false.
    pub fn opt_bool(&self, field: &str) -> Result<Option<bool>, Error> {
        match self.0.get(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Error::wrong_type(field, "a boolean")),
        }
    }

    /// The elements of an array that may be left out. What is no object counts as an empty one.
    pub(crate) fn opt_objects(&self, field: &str) -> Result<Option<Vec<Object>>, Error> {
        let object = |value: &Value| match value {
            Value::Object(map) => Self(map.clone()),
            _ => Self::default(),
        };
        let elements = self.opt_array(field)?;
        Ok(elements.map(|elements| elements.iter().map(object).collect()))
    }

    /// The elements of an array that may be left out, `None` for those that are no texts.
    pub(crate) fn opt_strings(&self, field: &str) -> Result<Option<Vec<Option<String>>>, Error> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let elements = self.opt_array(field)?;
        Ok(elements.map(|elements| elements.iter().map(text).collect()))
    }

    fn opt_array(&self, field: &str) -> Result<Option<&Vec<Value>>, Error> {
        match self.0.get(field) {
            None => Ok(None),
            Some(Value::Array(elements)) => Ok(Some(elements)),
            Some(_) => Err(Error::wrong_type(field, "an array")),
        }
    }

    /// The elements of an array that has to be there, each an object or `null`.
    pub(crate) fn objects(&self, field: &str) -> Result<Vec<Option<Object>>, Error> {
        let Some(Value::Array(elements)) = self.0.get(field) else {
            return Err(Error::wrong_type(field, "an array"));
        };
        elements
            .iter()
            .map(|element| match element {
                Value::Object(map) => Ok(Some(Self(map.clone()))),
                Value::Null => Ok(None),
                _ => Err(Error::wrong_type(field, "an array of objects")),
            })
            .collect()
    }

    /// An object, `None` for `null`; the field has to be there.
    pub(crate) fn object_or_null(&self, field: &str) -> Result<Option<Object>, Error> {
        match self.0.get(field) {
            Some(Value::Null) => Ok(None),
            _ => self.object(field).map(Some),
        }
    }
}

/// The names of the fields alone: there are secrets among the values.
impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A message that is no JSON object.
#[derive(Debug)]
pub(crate) struct NotAnObject {
    /// Counted from 1.
    line: usize,
    what: String,
}

impl NotAnObject {
    fn new(line: usize, what: impl ToString) -> Self {
        let what = what.to_string();
        Self { line, what }
    }

    /// Parses a whole message with errors as Janus words them over HTTP.
    pub(crate) fn parse_posted(text: &[u8]) -> Result<Object, Error> {
        if text.is_empty() {
            let reason = "Request payload missing";
            return Err(Error::new(ErrorCode::InvalidJson, reason));
        }
        Object::parse(text).map_err(Self::over_http)
    }

    fn over_http(self) -> Error {
        let Self { line, what } = self;
        let reason = format!("JSON error: on line {line}: {what}");
        Error::new(ErrorCode::InvalidJson, reason)
    }
}

impl From<NotAnObject> for Error {
    fn from(NotAnObject { what, .. }: NotAnObject) -> Self {
        let reason = format!("Invalid Janus API request - {what}");
        Self::new(ErrorCode::InvalidJson, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object {
        Object::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_field_of_the_wrong_type_is_named_with_what_it_should_be() {
        let fields = object(r#"{"a": 1, "b": "x", "c": -1}"#);
        let reason = |e: Error| e.reason;
        assert_eq!(
            fields.string("a").map_err(reason),
            Err("Invalid element type (a should be a string)".into())
        );
        assert_eq!(
            fields.unsigned("c").map_err(reason),
            Err("Invalid element type (c should be a positive integer)".into())
        );
        assert_eq!(
            fields.object("b").map_err(reason),
            Err("Invalid element type (b should be an object)".into())
        );
        assert_eq!(
            fields.string("d").map_err(reason),
            Err("Missing mandatory element (d)".into())
        );
    }

    #[test]
    fn what_is_no_object_is_invalid_json() {
        for text in ["", "{not json", "\"x\"", "7", "null"] {
            let error = || Object::parse(text.as_bytes()).unwrap_err();
            assert_eq!(Error::from(error()).code, ErrorCode::InvalidJson);
            assert_eq!(error().over_http().code, ErrorCode::InvalidJson);
        }
    }
}
