//! The syntax of `.jcfg` files: that of libconfig (its manual, chapter 3).
//!
//! ```text
//! name = value;  name: { … }  [ scalars ]  ( values )  "text" "that goes on"  # // /* comments */
//! ```

#[cfg(test)]
mod tests;
mod token;

use std::collections::HashMap;

use super::syntax::{Group, Problem, Setting, SyntaxError, Value};
use token::{Located, Token, Tokens};

/// How deeply brackets may be nested. Janus' own files need four.
const MAX_DEPTH: usize = 32;

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Result<Group, SyntaxError> {
    let mut parser = Parser {
        tokens: Tokens::new(text),
        next: None,
    };
    parser.settings(0, &Token::End)
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    /// What has been looked at and not been taken.
    next: Option<Located>,
}

impl Parser<'_> {
    fn take(&mut self) -> Result<Located, SyntaxError> {
        match self.next.take() {
            Some(token) => Ok(token),
            None => self.tokens.next(),
        }
    }

    /// Takes the next token if it is one of these.
    fn take_if(&mut self, wanted: &[Token]) -> Result<bool, SyntaxError> {
        let next = self.take()?;
        let is_wanted = wanted.contains(&next.token);
        if !is_wanted {
            self.next = Some(next);
        }
        Ok(is_wanted)
    }

    /// The settings up to a closing bracket, or to the end of the file.
    fn settings(&mut self, depth: usize, end: &Token) -> Result<Group, SyntaxError> {
        let mut settings = Vec::new();
        let mut lines = HashMap::new();
        loop {
            let next = self.take()?;
            if next.token == *end {
                return Ok(Group(settings));
            }
            let Token::Name(name) = next.token else {
                let expected = match end {
                    Token::End => "the name of a setting",
                    _ => "the name of a setting or `}`",
                };
                return Err(next.unexpected(expected));
            };
            if let Some(first) = lines.insert(name.clone(), next.line) {
                return Err(SyntaxError {
                    line: next.line,
                    problem: Problem::Duplicate { name, first },
                });
            }
            let between = self.take()?;
            if between.token != Token::Assign {
                return Err(between.unexpected("`=` or `:` after a name"));
            }
            let first = self.take()?;
            let value = self.value(depth, first, "a value")?;
            self.take_if(&[Token::Semicolon, Token::Comma])?;
            settings.push(Setting {
                name,
                line: next.line,
                value,
            });
        }
    }

    fn value(
        &mut self,
        depth: usize,
        first: Located,
        expected: &'static str,
    ) -> Result<Value, SyntaxError> {
        if depth >= MAX_DEPTH {
            return Err(SyntaxError {
                line: first.line,
                problem: Problem::Depth,
            });
        }
        Ok(match first.token {
            Token::Boolean(value) => Value::Boolean(value),
            Token::Integer(value) => Value::Integer(value),
            Token::Float(value) => Value::Float(value),
            Token::Text(mut text) => {
                loop {
                    let next = self.take()?;
                    let Token::Text(more) = next.token else {
                        self.next = Some(next);
                        break;
                    };
                    text.extend(more);
                }
                Value::Text(String::from_utf8_lossy(&text).into_owned())
            }
            Token::OpenGroup => Value::Group(self.settings(depth + 1, &Token::CloseGroup)?),
            Token::OpenList => self.list(depth + 1, &Token::CloseList, "a value or `)`")?,
            Token::OpenArray => self.list(depth + 1, &Token::CloseArray, "a value or `]`")?,
            _ => return Err(first.unexpected(expected)),
        })
    }

    fn list(
        &mut self,
        depth: usize,
        end: &Token,
        expected: &'static str,
    ) -> Result<Value, SyntaxError> {
        let mut values = Vec::new();
        loop {
            // A comma may follow the last value, too.
            let next = self.take()?;
            if next.token == *end {
                return Ok(Value::List(values));
            }
            values.push((next.line, self.value(depth, next, expected)?));
            let next = self.take()?;
            if next.token == *end {
                return Ok(Value::List(values));
            }
            if next.token != Token::Comma {
                return Err(next.unexpected("a comma between values, or the closing bracket"));
            }
        }
    }
}
