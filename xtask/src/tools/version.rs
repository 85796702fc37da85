//! Versions, as programs print them.

/// `trunk 0.22.1`, `wasm-opt version 132 (version_132)`, `rustc 1.95.0 (59807616e 2026-04-14)`: the first word that
/// begins with a digit, up to what is no digit or dot.
pub(crate) fn parse(text: &str) -> Option<&str> {
    let word = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let end = word
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(word.len());
    word.get(..end)
}

/// Whether `version` is `least` or newer, number by number.
pub(crate) fn at_least(version: &str, least: &str) -> bool {
    numbers(version).ge(numbers(least))
}

fn numbers(version: &str) -> impl Iterator<Item = u32> {
    version.split('.').map_while(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_each_tool_prints() {
        assert_eq!(parse("trunk 0.22.1"), Some("0.22.1"));
        assert_eq!(parse("wasm-bindgen 0.2.129 (3c2a)"), Some("0.2.129"));
        assert_eq!(parse("wasm-opt version 132 (version_132)"), Some("132"));
        assert_eq!(
            parse("rustc 1.96.0-nightly (abc 2026-05-25)"),
            Some("1.96.0")
        );
        assert_eq!(parse("command not found"), None);
    }

    #[test]
    fn versions_compare_by_number_and_not_by_letter() {
        assert!(at_least("1.100.0", "1.95"));
        assert!(at_least("1.95.0", "1.95"));
        assert!(!at_least("1.85.0", "1.95"));
        assert!(!at_least("0.9", "1.0"));
    }
}
