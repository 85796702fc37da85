//! The syntax of Janus' older `.cfg` files.
//!
//! ```text
//! [name]
//! key = value ; comment
//! ```

use super::syntax::{Group, Problem, Setting, SyntaxError, Value};

/// Reads a whole file. Every value is a text. What stands before the first `[name]` is in none.
pub(super) fn parse(text: &str) -> Result<Group, SyntaxError> {
    let (mut before, mut sections) = (Vec::new(), Vec::<Setting>::new());
    for (line, content) in (1..).zip(text.lines()) {
        let error = |problem| SyntaxError { line, problem };
        let content = without_comment(content);
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        if let Some(rest) = content.strip_prefix('[') {
            let name = rest.split_once(']').map(|(name, _)| name.trim());
            let name = name
                .filter(|name| !name.is_empty())
                .ok_or_else(|| error(unexpected("`[name]`", content)))?;
            sections.push(Setting {
                name: name.to_owned(),
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
        let setting = Setting {
            name: name.to_owned(),
            line,
            value: Value::Text(value.to_owned()),
        };
        match sections.last_mut().map(|section| &mut section.value) {
            Some(Value::Group(Group(settings))) => settings.push(setting),
            _ => before.push(setting),
        }
    }
    before.append(&mut sections);
    Ok(Group(before))
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
                "[x]\nhunter2",
                "2: expected `key = value` or `[name]`, found something else",
            ),
            ("[x", "1: expected `[name]`, found `[x`"),
            ("[ ]", "1: expected `[name]`, found `[ ]`"),
        ] {
            assert_eq!(error(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_said_twice_or_before_any_section_is_kept() {
        let Group(settings) = parse("z = 0\n[x] and more\na=1\na=2\n[x]\nb=3").unwrap();
        let names: Vec<&str> = settings.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["z", "x", "x"]);
        let Value::Group(Group(first)) = &settings[1].value else {
            panic!("{settings:?}")
        };
        assert_eq!(first.len(), 2);
    }
}
