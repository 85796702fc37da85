//! Words, numbers, texts and marks.

use std::iter::Peekable;
use std::str::Chars;

use super::super::syntax::{Problem, SyntaxError};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// `=` or `:`
    Assign,
    Semicolon,
    Comma,
    OpenGroup,
    CloseGroup,
    OpenList,
    CloseList,
    OpenArray,
    CloseArray,
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) line: usize,
    pub(super) token: Token,
}

impl Located {
    /// The error that says what should have been here.
    pub(super) fn unexpected(&self, expected: &'static str) -> SyntaxError {
        let found = match &self.token {
            Token::Name(name) => format!("`{name}`"),
            Token::Boolean(value) => format!("`{value}`"),
            Token::Integer(value) => format!("`{value}`"),
            Token::Float(value) => format!("`{value}`"),
            // It may be a secret.
            Token::Text(_) => "a text".to_owned(),
            Token::Assign => "`=`".to_owned(),
            Token::Semicolon => "`;`".to_owned(),
            Token::Comma => "`,`".to_owned(),
            Token::OpenGroup => "`{`".to_owned(),
            Token::CloseGroup => "`}`".to_owned(),
            Token::OpenList => "`(`".to_owned(),
            Token::CloseList => "`)`".to_owned(),
            Token::OpenArray => "`[`".to_owned(),
            Token::CloseArray => "`]`".to_owned(),
            Token::End => "the end of the file".to_owned(),
        };
        SyntaxError {
            line: self.line,
            problem: Problem::Unexpected { expected, found },
        }
    }
}

pub(super) struct Tokens<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Tokens<'a> {
        Tokens {
            chars: text.chars().peekable(),
            line: 1,
        }
    }

    /// The next token; [`Token::End`] again and again at the end.
    pub(super) fn next(&mut self) -> Result<Located, SyntaxError> {
        self.skip_blanks()?;
        let line = self.line;
        let token = match self.chars.peek() {
            None => Token::End,
            Some(c) if is_name_start(*c) => self.word(),
            Some(c) if c.is_ascii_digit() || "+-.".contains(*c) => self.number()?,
            Some(_) => self.mark_or_text()?,
        };
        Ok(Located { line, token })
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.chars.next();
        if c == Some('\n') {
            self.line += 1;
        }
        c
    }

    fn error(&self, line: usize, problem: Problem) -> SyntaxError {
        SyntaxError { line, problem }
    }

    fn skip_blanks(&mut self) -> Result<(), SyntaxError> {
        while let Some(c) = self.chars.peek() {
            match c {
                '#' => self.skip_line(),
                '/' => self.skip_comment()?,
                c if c.is_whitespace() => {
                    self.bump();
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn skip_line(&mut self) {
        while self.bump().is_some_and(|c| c != '\n') {}
    }

    fn skip_comment(&mut self) -> Result<(), SyntaxError> {
        let line = self.line;
        self.bump();
        match self.bump() {
            Some('/') => {
                self.skip_line();
                Ok(())
            }
            Some('*') => {
                let mut before = ' ';
                while let Some(c) = self.bump() {
                    if (before, c) == ('*', '/') {
                        return Ok(());
                    }
                    before = c;
                }
                Err(self.error(line, Problem::EndlessComment))
            }
            _ => Err(self.error(
                line,
                Problem::Unexpected {
                    expected: "a comment after `/`",
                    found: "neither `//` nor `/*`".to_owned(),
                },
            )),
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.chars.next_if(|c| wanted(*c)) {
            taken.push(c);
        }
        taken
    }

    fn word(&mut self) -> Token {
        let word = self.take_while(|c| is_name_start(c) || c.is_ascii_digit() || "-_".contains(c));
        if word.eq_ignore_ascii_case("true") {
            Token::Boolean(true)
        } else if word.eq_ignore_ascii_case("false") {
            Token::Boolean(false)
        } else {
            Token::Name(word)
        }
    }

    fn number(&mut self) -> Result<Token, SyntaxError> {
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        integer(&word)
            .map(Token::Integer)
            .or_else(|| float(&word).map(Token::Float))
            .ok_or_else(|| self.error(self.line, Problem::Number(word)))
    }

    fn mark_or_text(&mut self) -> Result<Token, SyntaxError> {
        let line = self.line;
        Ok(match self.bump() {
            Some('"') => return self.text(line),
            Some('=' | ':') => Token::Assign,
            Some(';') => Token::Semicolon,
            Some(',') => Token::Comma,
            Some('{') => Token::OpenGroup,
            Some('}') => Token::CloseGroup,
            Some('(') => Token::OpenList,
            Some(')') => Token::CloseList,
            Some('[') => Token::OpenArray,
            Some(']') => Token::CloseArray,
            Some('@') => return Err(self.error(line, Problem::Include)),
            Some(other) => {
                let problem = Problem::Unexpected {
                    expected: "a name, a value or a bracket",
                    found: format!("`{}`", other.escape_default()),
                };
                return Err(self.error(line, problem));
            }
            None => Token::End,
        })
    }

    /// What follows an opening quotation mark, which stands in this line.
    fn text(&mut self, line: usize) -> Result<Token, SyntaxError> {
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.error(line, Problem::EndlessText)),
                Some('"') => return Ok(Token::Text(text)),
                Some('\\') => text.push(self.escaped()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, SyntaxError> {
        let line = self.line;
        Ok(match self.bump() {
            Some(c @ ('"' | '\\')) => c,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('a') => '\u{7}',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('v') => '\u{b}',
            Some('x') => {
                let mut digit = || self.chars.next_if(char::is_ascii_hexdigit)?.to_digit(16);
                let code = digit().zip(digit()).map(|(high, low)| high * 16 + low);
                code.and_then(char::from_u32)
                    .ok_or_else(|| self.error(line, Problem::Escape('x')))?
            }
            Some(other) => return Err(self.error(line, Problem::Escape(other))),
            None => return Err(self.error(line, Problem::EndlessText)),
        })
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '*'
}

/// A whole number: decimal, `0x…`, `0b…` or `0o…`, with `L` or `LL` for 64 bits or without.
fn integer(word: &str) -> Option<i64> {
    let digits = word.trim_end_matches('L');
    if word.len() - digits.len() > 2 {
        return None;
    }
    let radix = |prefix: &str| {
        let rest = digits.strip_prefix('0')?;
        rest.strip_prefix(prefix)
            .or_else(|| rest.strip_prefix(&prefix.to_ascii_uppercase()))
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()))
    };
    if let Some(hex) = radix("x") {
        i64::from_str_radix(hex, 16).ok()
    } else if let Some(binary) = radix("b") {
        i64::from_str_radix(binary, 2).ok()
    } else if let Some(octal) = radix("o") {
        i64::from_str_radix(octal, 8).ok()
    } else {
        digits.parse().ok()
    }
}

/// A number with a point or an exponent.
fn float(word: &str) -> Option<f64> {
    let looks_like_one =
        word.contains(['.', 'e', 'E']) && word.contains(|c: char| c.is_ascii_digit());
    word.parse().ok().filter(|_| looks_like_one)
}
