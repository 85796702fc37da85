//! Which pages may use the Janus API.
//!
//! Browsers let any page of the web open a WebSocket to any address, this machine's own included,
//! and post to it, and name the page's origin when they do (RFC 6455, 10.2; Fetch, 3.1). Without a
//! look at it every page that somebody has open could watch their camera. Programs that are no
//! browsers name no origin, and could name any: the check protects people from pages, not the server
//! from people.
//!
//! Browsers name no origin when a page gets what is of its own host, which a page can pretend (DNS
//! rebinding). What can be had so is no use without a session, and no session is made without a
//! WebSocket or a post.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, header};

/// The pages of other hosts that may use the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins {
    /// As browsers send them (`https://example.org`); `*` is every page.
    pub(crate) allowed: Vec<String>,
}

/// Who may not use the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Pages of {0} may not watch. Start the server with --allow-origin {0} to let them.")]
    Page(String),
    #[error("{address} may not use this. Start the server with {option} {address} to let it.")]
    Address {
        address: IpAddr,
        /// That lists who may.
        option: &'static str,
    },
}

impl Origins {
    /// Lets in what is no browser, pages of the host that was asked, pages of this machine, and
    /// those that are allowed by name. Returns whose pages may see the answer, in the form of the
    /// header `Access-Control-Allow-Origin`.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
        const ALL: HeaderValue = HeaderValue::from_static("*");
        let Some(value) = headers.get(header::ORIGIN) else {
            return Ok(ALL);
        };
        if self.allowed.iter().any(|allowed| allowed == "*") {
            return Ok(ALL);
        }
        let origin = String::from_utf8_lossy(value.as_bytes());
        let listed = |allowed: &String| allowed.eq_ignore_ascii_case(&origin);
        // `null` is the origin of files, and of frames that hide theirs.
        let host = origin.split_once("://").map(|(_, rest)| host_of(rest));
        let fits = |host: &str| is_this_machine(host) || is_asked(host, headers);
        if host.is_some_and(fits) || self.allowed.iter().any(listed) {
            return Ok(value.clone());
        }
        Err(Refusal::Page(origin.into_owned()))
    }
}

/// Pages of this machine are as trusted as its programs.
fn is_this_machine(host: &str) -> bool {
    let is_loopback = address_of(host).is_some_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost")
}

/// Whether the request was made to this host; its port does not matter, as it does not for
/// cookies.
///
/// Only to an address, or to a name of the local network: whoever owns a name of the internet can
/// point it to this machine after its page was loaded (DNS rebinding), and would be the host that
/// was asked.
fn is_asked(host: &str, headers: &HeaderMap) -> bool {
    let asked = headers
        .get(header::HOST)
        .and_then(|asked| asked.to_str().ok());
    let is_asked = asked.is_some_and(|asked| host_of(asked).eq_ignore_ascii_case(host));
    is_asked && (address_of(host).is_some() || is_local_name(host))
}

/// Whether a name has a meaning in the local network alone: one word, or under a domain that
/// nobody can own.
fn is_local_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let local = [".local", ".lan", ".internal", ".home.arpa"];
    !name.is_empty() && (!name.contains('.') || local.iter().any(|domain| name.ends_with(domain)))
}

fn address_of(host: &str) -> Option<IpAddr> {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    address.unwrap_or(host).parse().ok()
}

/// The host of `host:port` or `[address]:port`.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => authority,
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
            ("http://192.0.2.7:3000", "192.0.2.7:8080"),
            ("http://raspberrypi", "raspberrypi:8080"),
            ("https://camera.home.arpa", "camera.home.arpa"),
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
    }

    #[test]
    fn a_name_of_the_internet_has_to_be_allowed_even_if_it_was_asked() {
        for host in [
            "camera.example",
            "camera.local.example",
            "192.0.2.7.example",
            ".",
            "",
        ] {
            let origin = format!("https://{host}");
            let headers = [("origin", origin.as_str()), ("host", host)];
            assert!(!check(&[], &headers), "{origin}");
            let forwarded = [
                headers[0],
                ("host", "127.0.0.1"),
                ("x-forwarded-host", host),
            ];
            assert!(!check(&[], &forwarded), "{origin}");
            assert!(check(&[&origin], &headers), "{origin}");
        }
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
