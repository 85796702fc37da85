//! Session descriptions by their structure: what differs from run to run is left out.

use serde_json::{Map, Value, json};

/// Lines and attributes whose values are of one run only; that they are there is compared.
const OF_ONE_RUN: [&str; 7] = [
    "o",
    "c",
    "ice-ufrag",
    "ice-pwd",
    "fingerprint",
    "candidate",
    "ssrc-group",
];

/// A session description as JSON: the lines of the session, and those of each medium, by their
/// names. The order of lines of one name does not matter, and neither does that of a format's
/// parameters.
pub(super) fn structure(description: &str) -> Value {
    let mut sections = vec![Map::new()];
    for line in description.lines() {
        let Some((kind, rest)) = line.split_once('=') else {
            continue;
        };
        if kind == "m" {
            sections.push(Map::new());
        }
        let (name, value) = match kind {
            "a" => rest.split_once(':').unwrap_or((rest, "")),
            kind => (kind, rest),
        };
        if let Some(section) = sections.last_mut() {
            let values = section.entry(name).or_insert_with(|| json!([]));
            if let Value::Array(values) = values {
                values.push(normal(name, value).into());
            }
        }
    }
    for values in sections.iter_mut().flat_map(|section| section.values_mut()) {
        if let Value::Array(values) = values {
            values.sort_by_key(Value::to_string);
        }
    }
    let media = sections.split_off(1);
    json!({"session": sections.pop(), "media": media})
}

fn normal(name: &str, value: &str) -> String {
    match name {
        name if OF_ONE_RUN.contains(&name) => String::new(),
        // `123456 cname:janus`
        "ssrc" => value
            .split_once(' ')
            .map_or("", |(_, rest)| rest)
            .to_owned(),
        "fmtp" => {
            let (format, parameters) = value.split_once(' ').unwrap_or((value, ""));
            let mut parameters: Vec<_> = parameters.split(';').map(str::trim).collect();
            parameters.sort_unstable();
            format!("{format} {}", parameters.join(";"))
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
        a=mid:v\r\na=sendonly\r\na=ice-ufrag:abc\r\na=fmtp:96 b=1;a=2\r\na=ssrc:17 cname:janus\r\n";

    #[test]
    fn what_is_of_one_run_does_not_differ() {
        let other = ONE
            .replace("abc", "xyz")
            .replace("ssrc:17", "ssrc:18")
            .replace("10.0.0.1", "127.0.0.1")
            .replace("b=1;a=2", "a=2; b=1");
        assert_eq!(structure(ONE), structure(&other));
    }

    #[test]
    fn directions_mids_and_codecs_do() {
        for (from, to) in [("sendonly", "sendrecv"), ("mid:v", "mid:0"), ("b=1", "b=3")] {
            assert_ne!(structure(ONE), structure(&ONE.replace(from, to)), "{to}");
        }
    }

    #[test]
    fn a_medium_has_its_own_lines() {
        let structure = structure(ONE);
        assert_eq!(structure["media"][0]["mid"], json!(["v"]));
        assert_eq!(structure["session"]["s"], json!(["-"]));
    }
}
