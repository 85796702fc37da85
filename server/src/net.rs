//! What all sockets of the server have in common.

use std::net::SocketAddr;

/// Whether a socket of this address, which is bound with all of `bound`, is to serve IPv4 as well
/// as IPv6: the unspecified IPv6 address does, unless its port has an IPv4 address of its own.
pub(crate) fn serves_ipv4_too(address: SocketAddr, bound: &[SocketAddr]) -> bool {
    let own = |other: &SocketAddr| other.is_ipv4() && other.port() == address.port();
    address.is_ipv6() && address.ip().is_unspecified() && !bound.iter().any(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unspecified_address_serves_ipv4_unless_its_port_is_taken() {
        let serves = |all: &[&str]| {
            let all: Vec<SocketAddr> = all.iter().map(|address| address.parse().unwrap()).collect();
            serves_ipv4_too(all[0], &all)
        };
        assert!(serves(&["[::]:8189"]));
        assert!(serves(&["[::]:8189", "127.0.0.1:9000"]));
        assert!(!serves(&["[::]:8189", "127.0.0.1:8189"]));
        assert!(!serves(&["[::1]:8189"]));
        assert!(!serves(&["0.0.0.0:8189"]));
    }
}
