//! `janus.transport.http.jcfg` and `janus.transport.websockets.jcfg`: where clients connect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Import;
use super::doors::Door;
use super::remarks::Reasons;
use super::section::Section;
use crate::cli::origin;

const NO_TLS: &str = "put a proxy in front for TLS";

const REASONS: &Reasons = &[
    (
        &["json", "events", "mhd_*", "ws_logging", "threads"],
        "there is nothing to tune",
    ),
    (
        &["ws_unix", "admin_ws_unix"],
        "sockets of Unix are not offered",
    ),
    (
        &["pingpong_*"],
        "connections that are gone are noticed without it",
    ),
    (
        &["enforce_cors"],
        "other pages than those of `allow-origin` are always refused",
    ),
    (&["admin_base_path"], "the admin API is at /admin"),
    (
        &[
            "https",
            "secure_*",
            "wss*",
            "admin_https",
            "admin_secure_*",
            "admin_wss*",
            "cert_*",
            "ciphers",
        ],
        NO_TLS,
    ),
];

/// Of a transport that is off.
const OFF: &Reasons = &[(&["*"], "the transport is off")];

/// What the two transports call the same.
struct Words {
    on: &'static str,
    interface: &'static str,
    port: &'static str,
    ip: &'static str,
    acl: &'static str,
    forwarded: &'static str,
    /// What it is in Janus where the file does not say.
    default_port: u16,
}

const HTTP: Words = Words {
    on: "http",
    interface: "interface",
    port: "port",
    ip: "ip",
    acl: "acl",
    forwarded: "acl_forwarded",
    default_port: 8088,
};
const HTTP_ADMIN: Words = Words {
    on: "admin_http",
    interface: "admin_interface",
    port: "admin_port",
    ip: "admin_ip",
    acl: "admin_acl",
    forwarded: "admin_acl_forwarded",
    default_port: 7088,
};
const WEBSOCKETS: Words = Words {
    on: "ws",
    interface: "ws_interface",
    port: "ws_port",
    ip: "ws_ip",
    acl: "ws_acl",
    forwarded: "ws_acl_forwarded",
    default_port: 8188,
};
const WEBSOCKETS_ADMIN: Words = Words {
    on: "admin_ws",
    interface: "admin_ws_interface",
    port: "admin_ws_port",
    ip: "admin_ws_ip",
    acl: "admin_ws_acl",
    forwarded: "admin_ws_acl_forwarded",
    default_port: 7188,
};

pub(super) fn http(import: &mut Import, place: &str, file: Section<'_>) {
    transport(import, place, file, [&HTTP, &HTTP_ADMIN]);
}

pub(super) fn websockets(import: &mut Import, place: &str, file: Section<'_>) {
    transport(import, place, file, [&WEBSOCKETS, &WEBSOCKETS_ADMIN]);
}

fn transport(import: &mut Import, place: &str, mut file: Section<'_>, words: [&Words; 2]) {
    import.has_transport = true;
    let mut origins = None;
    if let Some(mut cors) = file.section("cors") {
        let place = format!("{place}: cors");
        origins = pages(import, &place, &mut cors);
        import.remarks.add_left(&place, cors, REASONS);
    }
    let [words, admin_words] = words;
    if let Some(mut general) = file.section("general") {
        let place = format!("{place}: general");
        let path = general.text("base_path");
        if path.is_some_and(|path| path != "/janus") {
            let reason = "the Janus API is at /janus";
            import.remarks.add(&place, "base_path", reason);
        }
        let mut reasons = REASONS.to_vec();
        // Janus does not listen unless told to.
        if general.flag(words.on) == Some(true) {
            let door = door(import, &place, &mut general, words);
            import
                .doors
                .extend(door.map(|door| Door { origins, ..door }));
        } else {
            reasons.extend(OFF);
        }
        import.remarks.add_left(&place, general, &reasons);
    }
    if let Some(mut admin) = file.section("admin") {
        let place = format!("{place}: admin");
        if admin.flag(admin_words.on) == Some(true) {
            let door = door(import, &place, &mut admin, admin_words);
            import.admin_doors.extend(door);
            import.remarks.add_left(&place, admin, REASONS);
        }
    }
    if let Some(certificates) = file.section("certificates") {
        let place = format!("{place}: certificates");
        import.remarks.add_left(&place, certificates, REASONS);
    }
    import.remarks.add_left(place, file, &[]);
}

/// Whose pages are let in; `None` for all.
fn pages(import: &mut Import, place: &str, cors: &mut Section<'_>) -> Option<Vec<String>> {
    let page = cors.text("allow_origin").filter(|page| page != "*")?;
    if let Err(expected) = origin(&page) {
        let reason = format!("no page is of `{page}`, and none is let in: {expected}");
        import.remarks.add(place, "allow_origin", reason);
        return Some(Vec::new());
    }
    Some(vec![page])
}

/// Where a transport that is on listens. `None` if that cannot be said: better nowhere than
/// everywhere.
fn door(
    import: &mut Import,
    place: &str,
    section: &mut Section<'_>,
    words: &Words,
) -> Option<Door> {
    let port = section.port(words.port).unwrap_or_else(|error| {
        let reason = format!("{error}: the port is {}, as in Janus", words.default_port);
        import.remarks.add(place, words.port, reason);
        None
    });
    let port = port.unwrap_or(words.default_port);
    let acl = acl(import, place, section, words);
    let interface = section.text(words.interface);
    let ip = match section.text(words.ip) {
        Some(text) => text.parse().ok().or_else(|| {
            let reason = format!("`{text}` is no address: nothing listens there");
            import.remarks.add(place, words.ip, reason);
            None
        }),
        None if interface.is_some() => {
            let reason = "nothing listens there: write its address in `listen`";
            import.remarks.add(place, words.interface, reason);
            None
        }
        None => {
            let reason = format!("for clients of IPv6, too, write `[::]:{port}` in `listen`");
            import.remarks.add(place, words.ip, reason);
            Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
        }
    };
    Some(Door {
        place: place.to_owned(),
        address: SocketAddr::new(ip?, port),
        acl,
        origins: None,
    })
}

/// How addresses begin that are let in.
fn acl(
    import: &mut Import,
    place: &str,
    section: &mut Section<'_>,
    words: &Words,
) -> Option<Vec<String>> {
    let forwarded = section.flag(words.forwarded) == Some(true);
    let list = section.text(words.acl)?;
    if forwarded {
        // All who come through the proxy would have its address.
        let reason = "Fanlight does not look at what a proxy forwards: let the proxy choose among \
                      its clients, and write its own address in `acl`";
        import.remarks.add(place, words.forwarded, reason);
        return Some(Vec::new());
    }
    // Blanks are part of what Janus compares.
    let beginnings = list.split(',').filter(|beginning| !beginning.is_empty());
    Some(beginnings.map(str::to_owned).collect()).filter(|list: &Vec<_>| !list.is_empty())
}
