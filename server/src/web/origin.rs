//! Which pages may open a WebSocket.
//!
//! Browsers let any page of the web open a WebSocket to any address, this machine's own included,
//! and name the page's origin when they do (RFC 6455, 10.2). Without a look at it every page that
//! somebody has open could watch their camera. Programs that are no browsers name no origin, and
//! could name any: the check protects people from pages, not the server from people.

use std::fmt;

use axum::http::{HeaderMap, header};

/// The pages of other hosts that may open a WebSocket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins {
    /// As browsers send them (`https://example.org`); `*` is every page.
    pub(crate) allowed: Vec<String>,
}

/// A page that may not open a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    origin: String,
}

impl Origins {
    /// Lets in what is no browser, pages of the host that was asked, pages of this machine, and
    /// those that are allowed by name.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let origin = String::from_utf8_lossy(origin.as_bytes());
        let listed = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(&origin);
        // `null` is the origin of files, and of frames that hide theirs.
        let host = origin.split_once("://").map(|(_, rest)| host_of(rest));
        let fits = |host: &str| is_this_machine(host) || is_asked(host, headers);
        if host.is_some_and(fits) || self.allowed.iter().any(listed) {
            return Ok(());
        }
        Err(Refusal {
            origin: origin.into_owned(),
        })
    }
}

/// Pages of this machine are as trusted as its programs.
fn is_this_machine(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether the request was made to this host; its port does not matter, as it does not for
/// cookies. A proxy in front of the server tells the host in a header that pages cannot set.
fn is_asked(host: &str, headers: &HeaderMap) -> bool {
    let asked = ["host", "x-forwarded-host"];
    let asked = asked
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok());
    asked
        .map(host_of)
        .any(|asked| asked.eq_ignore_ascii_case(host))
}

/// The host of `host:port` or `[address]:port`.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin } = self;
        write!(
            f,
            "Pages of {origin} may not watch. Start the server with --allow-origin {origin} to let them."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &[&str], headers: &[(&'static str, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let allowed = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        Origins { allowed }.check(&headers.collect()).is_ok()
    }

    #[test]
    fn programs_and_the_servers_own_pages_may_watch() {
        for (origin, host) in [
            ("http://camera.local", "camera.local"),
            ("http://camera.local:8080", "camera.local:8080"),
            ("https://Camera.local", "camera.local:8080"),
            ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080"),
            ("http://localhost:3000", "camera.local:8080"),
            ("http://127.0.0.1:3000", "localhost:8080"),
            ("http://[::1]:3000", "[::1]:8080"),
        ] {
            assert!(
                check(&[], &[("origin", origin), ("host", host)]),
                "{origin}"
            );
        }
        assert!(check(&[], &[("host", "camera.local")]));
        let proxied = [
            ("origin", "https://camera.example"),
            ("host", "127.0.0.1:8080"),
            ("x-forwarded-host", "camera.example"),
        ];
        assert!(check(&[], &proxied));
    }

    #[test]
    fn pages_of_other_hosts_may_not_unless_they_are_allowed() {
        for origin in [
            "http://example.org",
            "null",
            "",
            "file://",
            "http://camera.local.example.org",
            "http://localhost.example.org",
            "http://example.org/camera.local",
        ] {
            let headers = [("origin", origin), ("host", "camera.local")];
            assert!(!check(&[], &headers), "{origin}");
            assert!(!check(&["http://other.example"], &headers), "{origin}");
            assert!(check(&["*"], &headers), "{origin}");
            assert!(check(&[origin], &headers), "{origin}");
        }
    }
}
