//! What Janus starts with, Fanlight starts with: what it cannot have is left out, and named.

use super::*;

const GOOD: &str = "good: { type = \"rtp\"; id = 9; video = true; videoport = 5004; \
                    videopt = 96; videocodec = \"vp8\" }\n";

/// Imports a mountpoint beside a good one, which is there whatever becomes of the other.
fn beside_a_good_one(text: &str) -> Import {
    let text = format!("{text}\n{GOOD}");
    let import = directory(&[("janus.plugin.streaming.jcfg", text.as_bytes())]);
    assert!(import.mountpoints.iter().any(|m| m.id.0 == 9), "{text}");
    let config = crate::mountpoint::MountpointsConfig {
        mountpoints: import.mountpoints.clone(),
        ..Default::default()
    };
    crate::mountpoint::testing::mountpoints(config);
    import
}

#[test]
fn a_mountpoint_that_cannot_be_is_left_out_alone() {
    let video = "video = true; videoport = 5006; videopt = 96; videocodec = \"vp8\"";
    let medium = "type = \"video\"; mid = \"v\"; port = 0; pt = 96; codec = \"vp8\"";
    for (text, remark) in [
        (format!("id = \"x\"; {video}"), "id: `x` is no id"),
        (format!("id = -1; {video}"), "id: `-1` is no id"),
        (format!("id = 0; {video}"), "id: `0` is no id"),
        (format!("id = \"007\"; {video}"), "id: `007` is no id"),
        (
            format!("id = \"18446744073709551615\"; {video}"),
            "id: `18446744073709551615` is no id",
        ),
        (
            "video = true; videoport = 70000; videopt = 96".to_owned(),
            "videoport: line 1: this is not a port from 0 to 65535",
        ),
        (
            "video = true; videoport = 0; videopt = 200; videocodec = \"vp8\"".to_owned(),
            "media: good/v: 200 is no payload type",
        ),
        (
            "video = \"on\"; videoport = 5006; videopt = 96".to_owned(),
            "video: only `true`, `yes` and `1` switch it on",
        ),
        (
            format!("abscapturetime_src_ext_id = 15; {video}"),
            "media: other/v: 15 is no id of a header extension",
        ),
        (
            format!("collision = -5; {video}"),
            "collision: line 1: this is not a number of milliseconds",
        ),
        (
            format!("media = ( {{ {medium} }}, {{ {medium} }} )"),
            "media: other: two media are called `v`",
        ),
        (
            "media = ( 1 )".to_owned(),
            "media 1: media: this is no group",
        ),
        ("media = \"x\"".to_owned(), "media: there are none"),
    ] {
        let import = beside_a_good_one(&format!("other: {{ type = \"rtp\"; {text} }}"));
        let ids: Vec<u64> = import.mountpoints.iter().map(|m| m.id.0).collect();
        assert_eq!(ids, [9], "{text}");
        let place = "janus.plugin.streaming.jcfg: other: ";
        let remark = remark.replace("good/v", "other/v");
        assert_remark(&import, &format!("{place}{remark}"));
    }
    let import = beside_a_good_one("other: { type = { } }");
    assert_remark(
        &import,
        "janus.plugin.streaming.jcfg: other: type: ``: only `rtp`",
    );
}

#[test]
fn an_address_that_is_no_groups_is_not_joined() {
    for address in ["192.168.1.5", "nowhere"] {
        let import = beside_a_good_one(&format!(
            "other: {{ type = \"rtp\"; id = 1; video = true; videoport = 5006; videopt = 96; \
             videocodec = \"vp8\"; videomcast = \"{address}\" }}"
        ));
        let other = import.mountpoints.iter().find(|m| m.id.0 == 1).unwrap();
        assert_eq!(other.media[0].mcast, None);
        let place = "janus.plugin.streaming.jcfg: other: videomcast";
        assert_remark(
            &import,
            &format!("{place}: `{address}` is no address of a group"),
        );
    }
}

#[test]
fn mountpoints_whose_ids_are_texts_get_numbers() {
    let import = beside_a_good_one(
        "general: { string_ids = true }\n\
         other: { type = \"rtp\"; id = \"door\"; audio = true; audioport = 0; audiopt = 0 }",
    );
    let mut ids: Vec<u64> = import.mountpoints.iter().map(|m| m.id.0).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 9]);
    let place = "janus.plugin.streaming.jcfg: other: id";
    assert_remark(
        &import,
        &format!("{place}: `door` is no number; here it is 1"),
    );
}

#[test]
fn names_and_kinds_are_understood_in_any_case() {
    let import = beside_a_good_one(
        "GENERAL: { Admin_Key = \"key\" }\n\
         other: { Type = \"RTP\"; ID = 1; Video = 1; videoPort = 5006; videoPT = 96; \
         videoCodec = \"VP8\"; PIN = 12.5 }\n\
         third: { type = \"rtp\"; id = 2; Media = ( { Type = \"Video\"; MID = \"v\"; \
         Port = 5008; pt = 96; codec = \"vp8\" } ) }",
    );
    assert!(import.options_toml().contains("admin-key = \"key\""));
    let other = import.mountpoints.iter().find(|m| m.id.0 == 1).unwrap();
    assert_eq!(other.media[0].port, 5006);
    assert!(
        other.pin.as_ref().unwrap().is("12.500000"),
        "as Janus has it"
    );
    assert!(import.mountpoints.iter().any(|m| m.id.0 == 2));
}

#[test]
fn an_option_that_cannot_be_understood_has_its_default() {
    let import = directory(&[
        (
            "janus.jcfg",
            b"general: { session_timeout = \"long\"; debug_level = 2000; token_auth = \"on\" }\n\
              nat: { stun_server = \"2001:db8::1\"; stun_port = 99999 }",
        ),
        (
            "janus.transport.http.jcfg",
            b"general: { http = true; port = -1 }",
        ),
    ]);
    let text = import.options_toml();
    assert!(
        text.contains("stun = \"stun:[2001:db8::1]:3478\""),
        "{text}"
    );
    assert!(text.contains("listen = [\"0.0.0.0:8088\"]"), "{text}");
    assert!(!text.contains("session-timeout ="), "{text}");
    for remark in [
        "janus.jcfg: general: session_timeout: line 1: this is not a number of seconds",
        "janus.jcfg: general: debug_level: line 1: this is not a level",
        "janus.jcfg: general: token_auth: only `true`",
        "janus.jcfg: nat: stun_port: line 2: this is not a port",
        "janus.transport.http.jcfg: general: port: line 1: this is not a port",
    ] {
        assert_remark(&import, remark);
    }
}

#[test]
fn a_stun_server_that_is_none_is_left_out() {
    let import = directory(&[("janus.jcfg", b"nat: { stun_server = \"/x\" }")]);
    assert!(!import.options_toml().contains("stun ="));
    assert_remark(&import, "janus.jcfg: nat: stun_server: write stun:HOST");
}

#[test]
fn a_comment_that_is_not_utf_8_keeps_nothing_from_being_read() {
    let import = directory(&[(
        "janus.jcfg",
        b"# Gr\xfc\xdfe\ngeneral: { session_timeout = 7 }",
    )]);
    assert!(import.options_toml().contains("session-timeout = 7"));
    assert_remark(&import, "janus.jcfg: line 1: this is not UTF-8");
}

#[test]
fn what_one_file_says_of_another_counts_whichever_is_named_first() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let http = file("janus.transport.http.jcfg", "general: { http = true }");
    let janus = file(
        "janus.jcfg",
        "transports: { disable = \"libjanus_http.so\" }",
    );
    let import = Import::read(&[http, janus]).unwrap();
    assert!(!import.options_toml().contains("listen ="));
}
