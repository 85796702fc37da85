//! Which addresses of this machine viewers are told.
use crate::net::serves_ipv4_too;
use nix::ifaddrs::getifaddrs;
use std::net::{IpAddr, SocketAddr};

/// The addresses at which the media port can be reached, best first, from those it was bound to.
///
/// An unspecified address stands for those of the interfaces at this moment: they change while a
/// server runs.
pub(super) fn local(bound: &[SocketAddr]) -> Vec<SocketAddr> {
    if bound.iter().all(|address| !address.ip().is_unspecified()) {
        return bound.to_vec();
    }
    expand(bound, &interfaces())
}

/// What viewers are told: the addresses that a NAT maps to ours first (they are what those outside
/// can reach), then ours.
pub(super) fn offered(public: &[IpAddr], local: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut offered = Vec::new();
    for ip in public {
        let same_family = local.iter().find(|l| l.is_ipv4() == ip.is_ipv4());
        push_new(
            &mut offered,
            same_family.map(|l| SocketAddr::new(*ip, l.port())),
        );
    }
    for address in local {
        push_new(&mut offered, Some(*address));
    }
    offered
}

fn interfaces() -> Vec<IpAddr> {
    let addresses = match getifaddrs() {
        Ok(addresses) => addresses,
        Err(error) => {
            tracing::warn!("cannot list the network interfaces: {error}");
            return Vec::new();
        }
    };
    addresses
        .filter_map(|interface| {
            let address = interface.address?;
            if let Some(v4) = address.as_sockaddr_in() {
                return Some(IpAddr::V4(v4.ip()));
            }
            address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()))
        })
        .collect()
}

fn expand(bound: &[SocketAddr], interfaces: &[IpAddr]) -> Vec<SocketAddr> {
    let serves = |listener: &SocketAddr, ip: &IpAddr| match listener.ip() {
        IpAddr::V4(v4) if v4.is_unspecified() => ip.is_ipv4(),
        // Alone on its port, the unspecified IPv6 address serves IPv4 too.
        IpAddr::V6(v6) if v6.is_unspecified() => ip.is_ipv6() || serves_ipv4_too(*listener, bound),
        _ => false,
    };
    let mut addresses = Vec::new();
    for listener in bound {
        if !listener.ip().is_unspecified() {
            push_new(&mut addresses, Some(*listener));
            continue;
        }
        let mine: Vec<&IpAddr> = interfaces
            .iter()
            .filter(|ip| serves(listener, ip))
            .collect();
        // Two machines on one cable have link-local addresses only, and a machine without a network
        // can still show itself a picture. An IPv6 link-local one is no use without its interface.
        let tiers: [fn(&IpAddr) -> bool; 3] = [
            |ip| !ip.is_loopback() && !is_link_local(ip),
            |ip| ip.is_ipv4() && is_link_local(ip),
            |ip| ip.is_loopback(),
        ];
        let best = tiers.iter().find(|tier| mine.iter().any(|ip| tier(ip)));
        for ip in mine.iter().filter(|ip| best.is_some_and(|tier| tier(ip))) {
            push_new(&mut addresses, Some(SocketAddr::new(**ip, listener.port())));
        }
    }
    addresses
}

fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn push_new(addresses: &mut Vec<SocketAddr>, address: Option<SocketAddr>) {
    if let Some(address) = address.filter(|address| !addresses.contains(address)) {
        addresses.push(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sockets(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    const HOST: [&str; 6] = [
        "127.0.0.1",
        "192.0.2.7",
        "169.254.3.4",
        "::1",
        "fe80::1",
        "2001:db8::7",
    ];

    #[test]
    fn an_unspecified_address_offers_every_address_but_loopback_and_link_local() {
        let both = sockets(&["0.0.0.0:8189", "[::]:8189"]);
        assert_eq!(
            expand(&both, &ips(&HOST)),
            sockets(&["192.0.2.7:8189", "[2001:db8::7]:8189"]),
        );
    }

    #[test]
    fn loopback_is_offered_when_bound_explicitly_or_when_there_is_nothing_else() {
        let explicit = sockets(&["127.0.0.1:8189", "0.0.0.0:8190"]);
        assert_eq!(
            expand(&explicit, &ips(&HOST)),
            sockets(&["127.0.0.1:8189", "192.0.2.7:8190"]),
        );
        let alone = ips(&["127.0.0.1", "::1"]);
        assert_eq!(
            expand(&sockets(&["0.0.0.0:8189"]), &alone),
            sockets(&["127.0.0.1:8189"]),
        );
    }

    #[test]
    fn on_a_direct_cable_the_link_local_address_is_offered() {
        let cable = ips(&["127.0.0.1", "169.254.3.4", "::1", "fe80::1"]);
        assert_eq!(
            expand(&sockets(&["0.0.0.0:8189"]), &cable),
            sockets(&["169.254.3.4:8189"]),
        );
    }

    #[test]
    fn an_unspecified_ipv6_address_alone_serves_ipv4_too() {
        assert_eq!(
            expand(&sockets(&["[::]:8189"]), &ips(&HOST)),
            sockets(&["192.0.2.7:8189", "[2001:db8::7]:8189"]),
        );
    }

    #[test]
    fn addresses_of_a_nat_come_first_and_not_twice() {
        let local = sockets(&["192.0.2.7:8189", "203.0.113.5:8189"]);
        let public = ips(&["203.0.113.5", "2001:db8::1"]);
        assert_eq!(
            offered(&public, &local),
            sockets(&["203.0.113.5:8189", "192.0.2.7:8189"]),
        );
    }
}
