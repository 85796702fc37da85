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

/// Lists of a medium that are told value by value, even where one side has none of them.
const LISTS: [&str; 3] = ["extmap", "fmtp", "rtcp-fb"];

/// A session description as JSON: the lines of the session, and those of each medium under its mid,
/// or under its place if it has none. Lines of one name are a set, in which each value has a number:
/// how often it is there. A format's parameters have names of their own.
pub(super) fn structure(description: &str) -> Value {
    let mut sections = vec![Map::new()];
    for line in description.lines() {
        let Some((kind, rest)) = line.split_once('=') else {
            continue;
        };
        if kind == "m" {
            sections.push(
                LISTS
                    .map(|name| (name.to_owned(), json!({})))
                    .into_iter()
                    .collect(),
            );
        }
        let (name, value) = match kind {
            "a" => rest.split_once(':').unwrap_or((rest, "")),
            kind => (kind, rest),
        };
        if let Some(section) = sections.last_mut() {
            let values = section.entry(name).or_insert_with(|| json!({}));
            add(values, name, value);
        }
    }
    let mut sections = sections.into_iter();
    let session = sections.next();
    let mut media = Map::new();
    for (place, section) in sections.enumerate() {
        let mid = section
            .get("mid")
            .and_then(|mids| mids.as_object()?.keys().next());
        let name = mid.filter(|mid| !media.contains_key(*mid)).cloned();
        media.insert(name.unwrap_or_else(|| place.to_string()), section.into());
    }
    json!({"session": session, "media": media})
}

fn add(values: &mut Value, name: &str, value: &str) {
    let value = match name {
        name if OF_ONE_RUN.contains(&name) => "",
        // `123456 cname:janus`
        "ssrc" => value.split_once(' ').map_or("", |(_, rest)| rest),
        "fmtp" => {
            let (format, parameters) = value.split_once(' ').unwrap_or((value, ""));
            for parameter in parameters.split(';').map(str::trim) {
                let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                values[format][name] = match name {
                    // In hexadecimal digits (RFC 6184, 8.1).
                    "profile-level-id" => value.to_ascii_lowercase().into(),
                    _ => value.into(),
                };
            }
            return;
        }
        _ => value,
    };
    let count = values[value].as_u64().unwrap_or(0);
    values[value] = (count + 1).into();
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
    fn a_line_that_is_missing_or_twice_there_is_told_by_its_value() {
        let line = "a=rtcp-fb:96 nack\r\n";
        let times = |count| structure(&format!("{ONE}{}", line.repeat(count)));
        assert_eq!(times(2)["media"]["v"]["rtcp-fb"], json!({"96 nack": 2}));
        assert_ne!(times(1), times(2));
        assert_ne!(times(1), times(0));
    }

    #[test]
    fn a_medium_has_its_own_lines() {
        let structure = structure(ONE);
        assert_eq!(
            structure["media"]["v"]["fmtp"]["96"],
            json!({"a": "2", "b": "1"})
        );
        assert_eq!(structure["session"]["s"], json!({"-": 1}));
    }
}
