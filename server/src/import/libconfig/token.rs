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
    /// Bytes, as escapes may be of single ones.
    Text(Vec<u8>),
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
            // Any of these may be a secret, without its quotation marks, too.
            Token::Name(_) => "a word: texts stand in quotation marks",
            Token::Integer(_) | Token::Float(_) => "a number",
            Token::Text(_) => "a text",
            Token::Boolean(true) => "`true`",
            Token::Boolean(false) => "`false`",
            Token::Assign => "`=`",
            Token::Semicolon => "`;`",
            Token::Comma => "`,`",
            Token::OpenGroup => "`{`",
            Token::CloseGroup => "`}`",
            Token::OpenList => "`(`",
            Token::CloseList => "`)`",
            Token::OpenArray => "`[`",
            Token::CloseArray => "`]`",
            Token::End => "the end of the file",
        };
        let found = found.to_owned();
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
                c if is_blank(*c) => {
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
            .ok_or_else(|| self.error(self.line, Problem::Number))
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
        let mut text = Vec::new();
        loop {
            match self.bump() {
                None => return Err(self.error(line, Problem::EndlessText)),
                Some('"') => return Ok(Token::Text(text)),
                Some('\\') => self.escaped(&mut text),
                Some(c) => push(&mut text, c),
            }
        }
    }

    /// What follows a backslash. Where it makes no escape, it is a backslash.
    fn escaped(&mut self, text: &mut Vec<u8>) {
        let escaped = match self.chars.peek() {
            Some('"') => b'"',
            Some('\\') => b'\\',
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('t') => b'\t',
            Some('a') => 0x07,
            Some('b') => 0x08,
            Some('f') => 0x0c,
            Some('v') => 0x0b,
            Some('x' | 'X') => return self.byte(text),
            _ => return text.push(b'\\'),
        };
        self.bump();
        text.push(escaped);
    }

    /// `x` and two digits, a byte by its number. Anything else stays as it is.
    fn byte(&mut self, text: &mut Vec<u8>) {
        let mut ahead = self.chars.clone();
        ahead.next();
        let mut digit = || ahead.next()?.to_digit(16);
        let number = digit().zip(digit()).map(|(high, low)| high * 16 + low);
        match number.and_then(|number| u8::try_from(number).ok()) {
            Some(byte) => {
                text.push(byte);
                self.chars = ahead;
            }
            None => text.push(b'\\'),
        }
    }
}

fn push(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Those of ASCII, without those of Unicode.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\n' | '\r' | '\u{7}' | '\u{8}' | '\u{b}' | '\u{c}'
    )
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '*'
}

/// A whole number: decimal, `0x…`, `0b…`, `0o…` or `0q…`, with `L` or `LL` for 64 bits or without.
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
    } else if let Some(octal) = radix("o").or_else(|| radix("q")) {
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
