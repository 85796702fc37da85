//! `janus.jcfg`: the core.

use std::net::{IpAddr, SocketAddr};

use super::Import;
use super::remarks::Reasons;
use super::section::Section;
use crate::cli::stun_url;

const GENERAL: &Reasons = &[
    (
        &[
            "configs_folder",
            "plugins_folder",
            "transports_folder",
            "events_folder",
            "loggers_folder",
        ],
        "there is nothing to load: it is one program",
    ),
    (
        &["log_*", "debug_*"],
        "the log goes to standard error, with times: systemd or a shell puts it elsewhere",
    ),
    (
        &["daemonize", "pid_file"],
        "systemd or a shell runs it in the background",
    ),
    (
        &["interface"],
        "the addresses are those of `listen` and `rtc`",
    ),
    (
        &[
            "event_loops",
            "allow_loop_indication",
            "task_pool_size",
            "candidates_timeout",
        ],
        "there is nothing to tune",
    ),
    (
        &["hide_dependencies", "exit_on_dl_error"],
        "there are no libraries to load",
    ),
    (&["no_webrtc_encryption"], "media are always encrypted"),
    (
        &["protected_folders"],
        "recordings go to the directory of `recordings`, and nowhere else",
    ),
];

const CERTIFICATES: &Reasons = &[(
    &["cert_*", "dtls_*", "rsa_private_key"],
    "each start makes a certificate of its own for the media",
)];

const MEDIA: &Reasons = &[
    (
        &["rtp_port_range"],
        "all viewers share one UDP port, that of `rtc`",
    ),
    (
        &["ipv6", "ipv6_linklocal"],
        "the addresses are those of `rtc`",
    ),
    (
        &[
            "min_nack_queue",
            "nack_optimizations",
            "twcc_period",
            "dtls_*",
            "no_media_timer",
            "slowlink_threshold",
        ],
        "there is nothing to tune",
    ),
];

const NAT: &Reasons = &[
    (
        &["turn_*", "allow_force_relay"],
        "viewers need no relay where the UDP port of `rtc` is open; behind a NAT, set `public-ip`",
    ),
    (&["ice_tcp"], "media go over UDP"),
    (&["nice_debug"], "`log = \"debug\"` shows more"),
    (
        &["keep_private_host"],
        "the machine's own addresses are always offered, too",
    ),
    (
        &["ice_ignore_list", "ice_enforce_list"],
        "the addresses are those of `rtc`",
    ),
    (&["ignore_mdns"], "hidden addresses (mDNS) cost no time"),
    (
        &[
            "ice_nomination",
            "ice_keepalive_conncheck",
            "ice_consent_freshness",
            "ignore_unreachable_ice_server",
        ],
        "there is nothing to tune",
    ),
];

/// Of all other groups.
const OTHERS: &Reasons = &[(
    &["broadcast", "combine_media_stats", "stats_period"],
    "events are not sent to other programs",
)];

pub(super) fn import(import: &mut Import, place: &str, mut file: Section<'_>) {
    if let Some(mut general) = file.section("general") {
        for (theirs, ours) in [
            ("api_secret", "api-secret"),
            ("token_auth_secret", "token-auth-secret"),
            ("server_name", "server-name"),
        ] {
            import.options.set_some(ours, general.text(theirs));
        }
        import.admin_secret = general.text("admin_secret");
        import
            .options
            .set_some("token-auth", general.flag("token_auth"));
        let place = format!("{place}: general");
        for (theirs, ours) in [
            ("session_timeout", "session-timeout"),
            ("reclaim_session_timeout", "reclaim-session-timeout"),
        ] {
            let seconds = general.number::<u32>(theirs, "a number of seconds");
            let seconds = import.or_default(&place, seconds);
            import.options.set_some(ours, seconds.map(i64::from));
        }
        let level = general.number::<u8>("debug_level", "a level from 0 to 7");
        let level = import.or_default(&place, level);
        import.options.set_some("log", level.map(log_level));
        import.remarks.add_left(&place, general, GENERAL);
    }
    if let Some(mut nat) = file.section("nat") {
        let place = format!("{place}: nat");
        let server = nat.text("stun_server");
        let port = nat.port("stun_port");
        let port = import.or_default(&place, port).unwrap_or(3478);
        if let Some(url) = server.map(|server| stun(&server, port)) {
            match stun_url(&url) {
                Ok(url) => import.options.set("stun", url),
                Err(expected) => import.remarks.add(&place, "stun_server", expected),
            }
        }
        for address in nat.texts("nat_1_1_mapping") {
            match address.parse::<IpAddr>() {
                Ok(address) => import.options.add("public-ip", address.to_string()),
                Err(_) => import.remarks.add(
                    &place,
                    "nat_1_1_mapping",
                    format!("`{address}` is no address"),
                ),
            }
        }
        for (theirs, ours) in [("ice_lite", "ice-lite"), ("full_trickle", "full-trickle")] {
            import.options.set_some(ours, nat.flag(theirs));
        }
        import.remarks.add_left(&place, nat, NAT);
    }
    for (name, reasons) in [("certificates", CERTIFICATES), ("media", MEDIA)] {
        if let Some(section) = file.section(name) {
            import
                .remarks
                .add_left(&format!("{place}: {name}"), section, reasons);
        }
    }
    for name in ["plugins", "transports", "loggers", "events"] {
        if let Some(mut section) = file.section(name) {
            let place = format!("{place}: {name}");
            for library in section.texts("disable") {
                if !import.disable(&library) {
                    let reason = "what is built in stays; what is not asked for costs nothing";
                    import.remarks.add(&place, "disable", reason);
                }
            }
            import.remarks.add_left(&place, section, OTHERS);
        }
    }
    import.remarks.add_left(place, file, &[]);
}

fn stun(server: &str, port: u16) -> String {
    match server.parse() {
        Ok(ip) => format!("stun:{}", SocketAddr::new(ip, port)),
        Err(_) => format!("stun:{server}:{port}"),
    }
}

/// Janus counts from 0, nothing, to 7, everything.
fn log_level(level: u8) -> &'static str {
    match level {
        0 => "off",
        1 | 2 => "error",
        3 => "warn",
        4 => "info",
        5 => "debug",
        _ => "trace",
    }
}
