//! A viewer's candidates: addresses where it may be reached.
use rtc::ice::candidate::{Candidate, unmarshal_candidate};
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// So many addresses of one viewer are tried, its peer-reflexive ones included.
pub(super) const MAX_REMOTE: usize = 16;

/// Why a candidate was not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum CandidateError {
    /// There is no such peer, or no more.
    #[error("no such peer")]
    UnknownPeer,
    /// It cannot be read.
    #[error("not an ICE candidate")]
    Invalid,
}

/// A candidate that can be tried.
#[derive(Clone, Debug)]
pub(super) struct Remote(pub(super) Candidate);

/// Reads a candidate as browsers write it. `None` is one that is well-formed and of no use here: an
/// mDNS name (such a viewer is found by its own checks), TCP, another component, an address that
/// is nobody's, or the end of candidates.
pub(super) fn parse(line: &str) -> Result<Option<Remote>, CandidateError> {
    let line = line.trim();
    let line = line.strip_prefix("a=").unwrap_or(line);
    let line = line.strip_prefix("candidate:").unwrap_or(line);
    if line.is_empty() {
        return Ok(None);
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, component, transport, _, address, port, "typ", ..] = words.as_slice() else {
        return Err(CandidateError::Invalid);
    };
    if address.ends_with(".local") || !transport.eq_ignore_ascii_case("udp") || *component != "1" {
        return Ok(None);
    }
    let address: IpAddr = address.parse().map_err(|_| CandidateError::Invalid)?;
    let port: u16 = port.parse().map_err(|_| CandidateError::Invalid)?;
    if !is_somebodys(SocketAddr::new(address, port)) {
        return Ok(None);
    }
    let candidate = unmarshal_candidate(line).map_err(|_| CandidateError::Invalid)?;
    Ok(Some(Remote(candidate)))
}

/// Checks must not become a way to make this machine talk to groups or well-known services.
fn is_somebodys(address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    address.port() >= 1024 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_candidate_is_read() {
        let line = "candidate:3383801067 1 udp 2113937151 10.77.0.1 33095 typ host generation 0 \
                    ufrag 8jBG network-cost 999";
        let remote = parse(line).unwrap().unwrap();
        assert_eq!(remote.0.addr().to_string(), "10.77.0.1:33095");
        assert!(parse(&format!("a={line}")).unwrap().is_some());
    }

    #[test]
    fn what_is_of_no_use_is_left_out() {
        for line in [
            "",
            "candidate:1 1 udp 1 6f1c-42.local 5000 typ host",
            "candidate:1 1 tcp 1 10.0.0.1 9000 typ host tcptype active",
            "candidate:1 2 udp 1 10.0.0.1 5001 typ host",
            "candidate:1 1 udp 1 224.0.0.251 5353 typ host",
            "candidate:1 1 udp 1 10.0.0.1 53 typ host",
            "candidate:1 1 udp 1 :: 5000 typ host",
        ] {
            assert!(parse(line).unwrap().is_none(), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for line in [
            "candidate:1 1 udp 1 10.0.0.1",
            "candidate:1 1 udp x 10.0.0.1 5000 typ host",
            "candidate:1 1 udp 1 10.0.0.1 99999 typ host",
            "candidate:1 1 udp 1 nowhere 5000 typ host",
            "candidate:1 1 udp 1 10.0.0.1 5000 typ moon",
            "candidate:1 1 udp 1 10.0.0.1 5000 typ srflx raddr",
        ] {
            assert_eq!(parse(line).err(), Some(CandidateError::Invalid), "{line}");
        }
    }
}
