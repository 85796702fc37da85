//! The syntax of Janus' older `.cfg` files.
//!
//! ```text
//! [name]
//! key = value ; comment
//! ```

use std::collections::HashMap;

use super::syntax::{Group, Problem, Setting, SyntaxError, Value};

/// Reads a whole file. Every value is a text.
pub(super) fn parse(text: &str) -> Result<Group, SyntaxError> {
    let mut sections: Vec<Setting> = Vec::new();
    let mut lines = HashMap::new();
    for (line, content) in (1..).zip(text.lines()) {
        let error = |problem| SyntaxError { line, problem };
        let content = without_comment(content);
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let name = rest
                .strip_suffix(']')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            let name = name
                .ok_or_else(|| error(unexpected("`[name]`", content)))?
                .to_owned();
            if let Some(first) = lines.insert((name.clone(), None), line) {
                return Err(error(Problem::Duplicate { name, first }));
            }
            sections.push(Setting {
                name,
                line,
                value: Value::Group(Group::default()),
            });
            continue;
        }
        let pair = content.split_once('=').map(|(name, value)| {
            // `=>` is as good.
            (name.trim(), value.strip_prefix('>').unwrap_or(value).trim())
        });
        let Some((name, value)) = pair.filter(|(name, _)| !name.is_empty()) else {
            // Not what was found: it may be a secret.
            return Err(error(Problem::Unexpected {
                expected: "`key = value` or `[name]`",
                found: "something else".to_owned(),
            }));
        };
        let Some(Setting {
            name: section,
            value: Value::Group(Group(settings)),
            ..
        }) = sections.last_mut()
        else {
            return Err(error(unexpected("`[name]` before the first setting", name)));
        };
        let key = (section.clone(), Some(name.to_owned()));
        if let Some(first) = lines.insert(key, line) {
            let name = name.to_owned();
            return Err(error(Problem::Duplicate { name, first }));
        }
        settings.push(Setting {
            name: name.to_owned(),
            line,
            value: Value::Text(value.to_owned()),
        });
    }
    Ok(Group(sections))
}

fn unexpected(expected: &'static str, found: &str) -> Problem {
    Problem::Unexpected {
        expected,
        found: format!("`{found}`"),
    }
}

/// `;` begins a comment, unless there is a backslash before it; `#` does at the beginning of a
/// line.
fn without_comment(line: &str) -> String {
    let mut content = String::new();
    if line.trim_start().starts_with('#') {
        return content;
    }
    for c in line.chars() {
        if c == ';' && !content.ends_with('\\') {
            break;
        }
        if c == ';' {
            content.pop();
        }
        content.push(c);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = parse(text).unwrap_err();
        format!("{}: {}", error.line, error.problem)
    }

    #[test]
    fn sections_hold_their_settings() {
        let Group(sections) = parse(
            "; Janus\n[general]\nadmin_key = a=b\\;c ; the key\n\n[door]\ntype => rtp\nid=7\n#x = 1\n",
        )
        .unwrap();
        assert_eq!(sections.len(), 2);
        let pairs: Vec<(&str, String)> = sections
            .iter()
            .flat_map(|section| match &section.value {
                Value::Group(Group(settings)) => settings.iter(),
                other => panic!("{other}"),
            })
            .map(|setting| (setting.name.as_str(), setting.value.to_string()))
            .collect();
        let expected = [
            ("admin_key", "\"a=b;c\""),
            ("type", "\"rtp\""),
            ("id", "\"7\""),
        ];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn an_error_names_the_line_and_what_was_expected() {
        for (text, expected) in [
            (
                "a = 1",
                "1: expected `[name]` before the first setting, found `a`",
            ),
            (
                "[x]\nhunter2",
                "2: expected `key = value` or `[name]`, found something else",
            ),
            ("[x", "1: expected `[name]`, found `[x`"),
            ("[ ]", "1: expected `[name]`, found `[ ]`"),
            ("[x]\na=1\na=2", "3: `a` is set a second time, after line 2"),
            ("[x]\n[x]", "2: `x` is set a second time, after line 1"),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
    }
}
