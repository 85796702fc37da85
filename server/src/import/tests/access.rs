//! Who is let in: nobody whom Janus would have kept out.

use super::*;

fn http(text: &str) -> Import {
    directory(&[("janus.transport.http.jcfg", text.as_bytes())])
}

fn both(http: &str, websockets: &str) -> Import {
    directory(&[
        ("janus.transport.http.jcfg", http.as_bytes()),
        ("janus.transport.websockets.jcfg", websockets.as_bytes()),
    ])
}

/// What is said of an option, if anything is.
fn option(import: &Import, name: &str) -> Option<String> {
    let text = import.options_toml();
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(" = ")?;
        (key == name).then(|| value.to_owned())
    })
}

#[test]
fn clients_connect_where_they_connected_to_janus() {
    let transports = [
        "files/janus.transport.http.jcfg",
        "files/janus.transport.websockets.jcfg",
    ];
    let import = Import::read(&transports.map(path)).unwrap();
    let expected = r#"listen = ["192.0.2.1:8088", "0.0.0.0:8188"]
acl = ["127.", "192.168.0."]
allow-origin = ["https://doors.example.org"]
"#;
    assert!(
        import.options_toml().starts_with(expected),
        "{}",
        import.options_toml()
    );
    for remark in [
        "janus.transport.http.jcfg: general: https, secure_port: put a proxy in front for TLS",
        "janus.transport.websockets.jcfg: general: acl, allow_origin: one list holds for all",
        "janus.transport.websockets.jcfg: general: ws_ip: for clients of IPv6, too, write `[::]:8188`",
    ] {
        assert_remark(&import, remark);
    }
}

#[test]
fn a_transport_listens_only_where_it_is_switched_on() {
    for off in [
        "",
        "general: { }",
        "general: { port = 8088; https = true; secure_port = 8089; }",
        "general: { http = false; ip = \"0.0.0.0\" }",
        "general: { http = \"on\" }",
    ] {
        let import = http(off);
        assert_eq!(option(&import, "listen"), None, "{off}");
        assert_eq!(option(&import, "allow-origin"), None, "{off}");
        assert_remark(
            &import,
            "janus.transport.*: listen: no transport of Janus listens",
        );
    }
    for on in ["true", "\"yes\"", "\"TRUE\"", "1"] {
        let import = http(&format!("General: {{ Http = {on} }}"));
        let listen = option(&import, "listen");
        assert_eq!(listen.as_deref(), Some("[\"0.0.0.0:8088\"]"), "{on}");
    }
}

#[test]
fn an_address_that_is_not_known_opens_no_other() {
    for (unknown, remark) in [
        ("ip = \"localhost\"", "ip: `localhost` is no address"),
        ("interface = \"eth0\"", "interface: nothing listens there"),
    ] {
        let import = http(&format!("general: {{ http = true; {unknown} }}"));
        assert_eq!(option(&import, "listen"), None, "{unknown}");
        assert_remark(
            &import,
            &format!("janus.transport.http.jcfg: general: {remark}"),
        );
    }
}

#[test]
fn an_acl_holds_for_both_transports_and_two_let_in_what_is_in_both() {
    let acl = |http: &str, websockets: &str| {
        let import = both(
            &format!("general: {{ http = true; {http} }}"),
            &format!("general: {{ ws = true; {websockets} }}"),
        );
        option(&import, "acl")
    };
    assert_eq!(acl("", ""), None);
    assert_eq!(acl("acl = \"\"", ""), None);
    let one = Some("[\"10.0.0.\"]".to_owned());
    assert_eq!(acl("acl = \"10.0.0.\"", ""), one);
    assert_eq!(acl("", "ws_acl = \"10.0.0.\""), one);
    assert_eq!(
        acl("acl = \"127.,10.0.\"", "ws_acl = \"10.0.0.,192.\""),
        one
    );
    let nobody = Some("[\"0.0.0.0\"]".to_owned());
    assert_eq!(acl("acl = \"127.\"", "ws_acl = \"10.\""), nobody);
    assert_eq!(acl("acl = \"10.0.0.1\"", "ws_acl = \"10.0.0.12\""), nobody);
}

#[test]
fn the_acl_of_a_transport_that_is_off_shuts_nobody_out() {
    let import = both(
        "general: { http = false; acl = \"127.\" }",
        "general: { ws = true }",
    );
    assert_eq!(option(&import, "acl"), None);
}

#[test]
fn beginnings_of_addresses_end_with_a_whole_part_and_what_is_none_lets_nobody_in() {
    let acl = |list: &str| {
        let import = http(&format!("general: {{ http = true; acl = \"{list}\" }}"));
        option(&import, "acl").unwrap()
    };
    assert_eq!(acl("192.168"), "[\"192.168.\"]");
    assert_eq!(acl("10.1,2001:db8"), "[\"10.1.\", \"2001:db8:\"]");
    assert_eq!(acl("10.,localhost"), "[\"10.\"]");
    assert_eq!(acl("localhost"), "[\"0.0.0.0\"]");
    assert_eq!(acl("192.168.0.0/16, 10."), "[\"0.0.0.0\"]");
}

#[test]
fn behind_a_proxy_whose_clients_are_not_known_nobody_is_let_in() {
    let import = http("general: { http = true; acl = \"10.,127.\"; acl_forwarded = true }");
    assert_eq!(option(&import, "acl").as_deref(), Some("[\"0.0.0.0\"]"));
    let remark = "acl_forwarded: Fanlight does not look at what a proxy forwards";
    assert_remark(
        &import,
        &format!("janus.transport.http.jcfg: general: {remark}"),
    );
}

#[test]
fn pages_are_let_in_that_both_transports_let_in() {
    let origins = |http: &str, websockets: &str| {
        let import = both(
            &format!("general: {{ http = true }} cors: {{ {http} }}"),
            &format!("general: {{ ws = true }} cors: {{ {websockets} }}"),
        );
        option(&import, "allow-origin")
    };
    let (a, b) = (
        "allow_origin = \"https://a\"",
        "allow_origin = \"https://b\"",
    );
    let only_a = Some("[\"https://a\"]".to_owned());
    assert_eq!(origins("", "").as_deref(), Some("[\"*\"]"));
    assert_eq!(origins(a, ""), only_a);
    assert_eq!(origins("", a), only_a);
    assert_eq!(origins(a, a), only_a);
    assert_eq!(origins(a, "allow_origin = \"*\""), only_a);
    assert_eq!(origins(a, b), None);
    let files = "allow_origin = \"null\"";
    assert_eq!(origins(files, "").as_deref(), Some("[\"null\"]"));
    for nobody in ["a", "https://a/", "https://a,https://b"] {
        let nobody = format!("allow_origin = \"{nobody}\"");
        assert_eq!(origins(&nobody, ""), None, "{nobody}");
    }
}

#[test]
fn the_admin_api_is_on_only_where_it_was_and_at_no_other_address() {
    let admin = |general: &str, admin: &str| {
        let import = directory(&[
            ("janus.jcfg", format!("general: {{ {general} }}").as_bytes()),
            (
                "janus.transport.http.jcfg",
                format!("general: {{ http = true }} admin: {{ {admin} }}").as_bytes(),
            ),
        ]);
        let (secret, listen) = (
            option(&import, "admin-secret"),
            option(&import, "admin-listen"),
        );
        assert_eq!(secret.is_some(), listen.is_some(), "else it is at `listen`");
        listen
    };
    let secret = "admin_secret = \"overlord\"";
    let on = "admin_http = true; admin_ip = \"127.0.0.1\"";
    let listen = Some("[\"127.0.0.1:7088\"]".to_owned());
    assert_eq!(admin(secret, on), listen);
    assert_eq!(admin("", on), None);
    assert_eq!(admin(secret, "admin_http = false"), None);
    assert_eq!(admin(secret, "admin_port = 7088"), None);
    assert_eq!(admin(secret, "admin_http = true; admin_ip = \"lo\""), None);
    assert_eq!(
        admin(secret, "admin_http = true; admin_interface = \"lo\""),
        None
    );
}

#[test]
fn a_transport_that_is_disabled_listens_nowhere_whatever_its_file_says() {
    let import = directory(&[
        (
            "janus.jcfg",
            b"transports: { disable = \"libjanus_rabbitmq.so, libjanus_http.so\" }",
        ),
        ("janus.transport.http.jcfg", b"general: { http = true }"),
    ]);
    assert_eq!(option(&import, "listen"), None);
    assert_remark(
        &import,
        "janus.transport.http.jcfg: libjanus_http.so: janus.jcfg has it",
    );
}

#[test]
fn where_the_streaming_plugin_is_disabled_nobody_makes_mountpoints() {
    let files: [(&str, &[u8]); 2] = [
        (
            "janus.jcfg",
            b"plugins: { disable = \"libjanus_streaming.so\" }",
        ),
        (
            "janus.plugin.streaming.jcfg",
            b"general: { admin_key = \"known\" }\n\
              d: { type = \"rtp\"; id = 1; video = true; videoport = 0; videopt = 96; \
              videocodec = \"vp8\" }",
        ),
    ];
    let import = directory(&files);
    assert!(import.mountpoints.is_empty());
    let key = option(&import, "admin-key").unwrap();
    assert!(key.len() > 32 && !key.contains("known"), "{key}");
    assert_ne!(option(&directory(&files), "admin-key").unwrap(), key);
}
