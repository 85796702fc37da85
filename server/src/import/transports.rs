//! `janus.transport.http.jcfg` and `janus.transport.websockets.jcfg`: where clients connect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::remarks::Reasons;
use super::section::Section;
use super::{Import, ImportError};

const EVERY_PAGE: &str =
    "Janus lets every page in, and so does this `allow-origin`: better name those that may watch";
const NO_TLS: &str = "put a proxy in front for TLS";

const REASONS: &Reasons = &[
    (
        &[
            "json",
            "events",
            "mhd_*",
            "ws_logging",
            "acl_forwarded",
            "threads",
        ],
        "there is nothing to tune",
    ),
    (
        &[
            "interface",
            "ws_interface",
            "admin_interface",
            "admin_ws_interface",
        ],
        "write an address in `listen`",
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

/// What the two transports call the same.
struct Words {
    /// The option of Fanlight that has the addresses.
    listen: &'static str,
    on: &'static str,
    port: &'static str,
    ip: &'static str,
    acl: &'static str,
    /// What it is in Janus where the file does not say.
    default_port: u16,
}

const HTTP: Words = Words {
    listen: "listen",
    on: "http",
    port: "port",
    ip: "ip",
    acl: "acl",
    default_port: 8088,
};
const HTTP_ADMIN: Words = Words {
    listen: "admin-listen",
    on: "admin_http",
    port: "admin_port",
    ip: "admin_ip",
    acl: "admin_acl",
    default_port: 7088,
};
const WEBSOCKETS: Words = Words {
    listen: "listen",
    on: "ws",
    port: "ws_port",
    ip: "ws_ip",
    acl: "ws_acl",
    default_port: 8188,
};
const WEBSOCKETS_ADMIN: Words = Words {
    listen: "admin-listen",
    on: "admin_ws",
    port: "admin_ws_port",
    ip: "admin_ws_ip",
    acl: "admin_ws_acl",
    default_port: 7188,
};

pub(super) fn http(import: &mut Import, place: &str, file: Section<'_>) -> Result<(), ImportError> {
    transport(import, place, file, &HTTP, &HTTP_ADMIN)
}

pub(super) fn websockets(
    import: &mut Import,
    place: &str,
    file: Section<'_>,
) -> Result<(), ImportError> {
    transport(import, place, file, &WEBSOCKETS, &WEBSOCKETS_ADMIN)
}

fn transport(
    import: &mut Import,
    place: &str,
    mut file: Section<'_>,
    words: &Words,
    admin_words: &Words,
) -> Result<(), ImportError> {
    if let Some(mut general) = file.section("general") {
        let place = format!("{place}: general");
        let path = general.text("base_path")?;
        if path.is_some_and(|path| path != "/janus") {
            import
                .remarks
                .add(&place, "base_path", "the Janus API is at /janus");
        }
        // Janus listens unless told not to.
        if general.flag(words.on)?.unwrap_or(true) {
            listen(import, &place, &mut general, words)?;
        }
        for prefix in general.texts(words.acl)? {
            import.options.add("acl", prefix);
        }
        import.remarks.add_left(&place, general, REASONS);
    }
    if let Some(mut admin) = file.section("admin") {
        let place = format!("{place}: admin");
        if admin.flag(admin_words.on)?.unwrap_or(false) {
            import.has_admin = true;
            listen(import, &place, &mut admin, admin_words)?;
            for prefix in admin.texts(admin_words.acl)? {
                import.options.add("admin-acl", prefix);
            }
            import.remarks.add_left(&place, admin, REASONS);
        }
    }
    let mut origins = Vec::new();
    if let Some(mut cors) = file.section("cors") {
        origins = cors.texts("allow_origin")?;
        import
            .remarks
            .add_left(&format!("{place}: cors"), cors, REASONS);
    }
    if origins.is_empty() {
        origins.push("*".to_owned());
        import
            .remarks
            .add(&format!("{place}: cors"), "allow_origin", EVERY_PAGE);
    }
    for origin in origins {
        import.options.add("allow-origin", origin);
    }
    if let Some(certificates) = file.section("certificates") {
        import
            .remarks
            .add_left(&format!("{place}: certificates"), certificates, REASONS);
    }
    import.remarks.add_left(place, file, &[]);
    Ok(())
}

fn listen(
    import: &mut Import,
    place: &str,
    section: &mut Section<'_>,
    words: &Words,
) -> Result<(), ImportError> {
    let port = section.port(words.port)?.unwrap_or(words.default_port);
    let ip = match section.text(words.ip)? {
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some(text) => match text.parse() {
            Ok(ip) => ip,
            Err(_) => {
                import
                    .remarks
                    .add(place, words.ip, format!("`{text}` is no address"));
                return Ok(());
            }
        },
    };
    import
        .options
        .add(words.listen, SocketAddr::new(ip, port).to_string());
    Ok(())
}
