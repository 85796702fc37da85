use super::*;
use crate::import::fuzzing::jcfg;

/// The value of the one setting `x` in a text.
fn value(text: &str) -> Value {
    let Group(mut settings) = parse(&format!("x = {text}")).unwrap();
    assert_eq!(settings.len(), 1, "{text}");
    settings.remove(0).value
}

fn error(text: &str) -> String {
    let error = parse(text).unwrap_err();
    format!("{}: {}", error.line, error.problem)
}

#[test]
fn groups_lists_and_arrays_hold_settings_and_values() {
    let Group(settings) = parse(
        "door-1: { type = \"rtp\", id = 7; media = ( { port = 5004 }, { port = 5006; }, ) };\n\
         ports = [ 1, 2 ]",
    )
    .unwrap();
    assert_eq!(settings[0].name, "door-1");
    assert_eq!((settings[0].line, settings[1].line), (1, 2));
    let Value::Group(Group(door)) = &settings[0].value else {
        panic!("{settings:?}")
    };
    let Value::List(media) = &door[2].value else {
        panic!("{door:?}")
    };
    assert_eq!(media.len(), 2);
    let numbers = vec![(2, Value::Integer(1)), (2, Value::Integer(2))];
    assert_eq!(settings[1].value, Value::List(numbers));
}

#[test]
fn numbers_are_read_in_all_their_forms() {
    for (text, number) in [
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("42L", 42),
        ("9007199254740993LL", 9_007_199_254_740_993),
        ("0x1F", 31),
        ("0XffL", 255),
        ("0b101", 5),
        ("0o17", 15),
        ("0Q17", 15),
        ("007", 7),
    ] {
        assert_eq!(value(text), Value::Integer(number), "{text}");
    }
    for (text, number) in [("1.5", 1.5), ("-.5", -0.5), ("2.", 2.0), ("1e-3", 0.001)] {
        assert_eq!(value(text), Value::Float(number), "{text}");
    }
}

#[test]
fn what_only_looks_like_a_number_is_named() {
    for text in [
        "12ab",
        "0x",
        "--1",
        "1.2.3",
        "5LLL",
        "99999999999999999999",
        ".",
        "0b2",
        "0x+1",
    ] {
        assert_eq!(
            error(&format!("\nx = {text}")),
            "2: what begins like a number is none: texts stand in quotation marks",
            "{text}"
        );
    }
}

#[test]
fn truth_is_written_in_any_case() {
    assert_eq!(value("TRUE"), Value::Boolean(true));
    assert_eq!(value("False"), Value::Boolean(false));
}

#[test]
fn texts_go_on_after_blanks_and_know_escapes() {
    assert_eq!(
        value("\"a\" # more\n  \"\\\"b\\\\\" /* and */ \"\\n\\x41\\t\""),
        Value::Text("a\"b\\\nA\t".to_owned())
    );
    assert_eq!(
        value("\"# no // comment /* here\""),
        Value::Text("# no // comment /* here".to_owned())
    );
    assert_eq!(value("\"ü ✓\""), Value::Text("ü ✓".to_owned()));
}

#[test]
fn a_backslash_that_makes_no_escape_is_itself() {
    for (text, meant) in [
        (r#""C:\dir\d""#, r"C:\dir\d"),
        (r#""\x4""#, r"\x4"),
        (r#""\x4z\\""#, r"\x4z\"),
        (r#""\X41\x42""#, "AB"),
        (r#""\xc3\xa9""#, "é"),
        (r#""\xc3" "\xa9""#, "é"),
    ] {
        assert_eq!(value(text), Value::Text(meant.to_owned()), "{text}");
    }
}

#[test]
fn only_blanks_of_ascii_are_passed_over() {
    assert!(parse("\x07\x08\x0b\x0c\r\t x = 1").is_ok());
    assert!(parse("x =\u{a0}1").is_err());
}

#[test]
fn comments_are_left_out_in_all_three_forms() {
    let text = "# one\n// two\n/* three\n * lines **/ x = 1 // end";
    assert_eq!(parse(text).unwrap().0[0].line, 4);
    assert_eq!(parse("").unwrap(), Group::default());
    assert_eq!(parse("# nothing else").unwrap(), Group::default());
}

#[test]
fn an_error_names_the_line_and_what_was_expected() {
    for (text, expected) in [
        (
            "a = 1\nb 2",
            "2: expected `=` or `:` after a name, found a number",
        ),
        ("a = ;", "1: expected a value, found `;`"),
        (
            "a = yes",
            "1: expected a value, found a word: texts stand in quotation marks",
        ),
        (
            "a: {\n b = 1\n",
            "3: expected the name of a setting or `}`, found the end of the file",
        ),
        ("}", "1: expected the name of a setting, found `}`"),
        (
            "\"a\" = 1",
            "1: expected the name of a setting, found a text",
        ),
        (
            "a = (1 2)",
            "1: expected a comma between values, or the closing bracket, found a number",
        ),
        (
            "a = [1}",
            "1: expected a comma between values, or the closing bracket, found `}`",
        ),
        ("a = (,)", "1: expected a value or `)`, found `,`"),
        (
            "a = $",
            "1: expected a name, a value or a bracket, found `$`",
        ),
        (
            "a / b",
            "1: expected a comment after `/`, found neither `//` nor `/*`",
        ),
        ("\na = \"x\n\ny", "2: a text has no end: `\"` is missing"),
        ("/* x", "1: a comment has no end: `*/` is missing"),
        (
            "a = 1\n\na = 2",
            "3: `a` is set a second time, after line 1",
        ),
        (
            "@include \"b.cfg\"",
            "1: `@include` is not followed: import that file by its own name",
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    for open in ["{ a = ", "(", "["] {
        let text = format!("a = {}", open.repeat(100_000));
        assert_eq!(error(&text), "1: brackets are nested too deeply");
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    for text in [
        "secret \"hunter2\"",
        "a: { \"hunter2\" }",
        "secret = hunter2",
        "secret hunter2",
        "pin = 12hunter2",
        "pin 12345",
        "pin = [ 12345 12345 ]",
    ] {
        let error = error(text);
        assert!(
            !error.contains("hunter2") && !error.contains("12345"),
            "{error}"
        );
    }
}

#[test]
fn whatever_the_bytes_there_is_an_answer_and_it_can_be_printed() {
    let pieces = [
        "general", "door", "media", "type", "\"rtp\"", "http", "acl", "true", "=", ":", "{", "}",
        "(", ")", "[", "]", "\"", "\\", "1", "-", ",", ";", "/*", "*/", "\n", "@", " ",
    ];
    let mut random: u32 = 7;
    let mut understood = 0;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..random % 24 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text += pieces[(random >> 16) as usize % pieces.len()];
        }
        random = random.wrapping_add(1);
        understood += u32::from(jcfg(&text));
    }
    assert!(understood > 100, "{understood} were files");
}
