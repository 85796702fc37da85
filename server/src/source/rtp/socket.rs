//! The UDP sockets of a medium.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use bytes::Bytes;
use mio::net::UdpSocket;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::if_nametoindex;
use quinn_udp::{RecvMeta, UdpSocketState};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, Socket, Type};

use super::config::{RtpError, RtpMediaConfig, Traffic, is_of_one_link};

/// What the kernel is asked to hold: a third of a second of 100 Mbit/s. It may give less.
const RECEIVE_BUFFER: usize = 4 << 20;

/// So many datagrams are fetched in one call. There is room for what the kernel has joined.
const BATCH: usize = 8;
const ROOM: usize = 64 << 10;

/// What a medium is received at.
pub(super) struct MediumSockets {
    pub(super) rtp: Bound,
    pub(super) rtcp: Option<Bound>,
}

/// A socket that is bound.
pub(super) struct Bound {
    pub(super) socket: UdpSocket,
    state: UdpSocketState,
    port: u16,
}

/// Where datagrams are received into, for all sockets of a source.
pub(super) struct Room(Vec<u8>);

impl MediumSockets {
    /// Opens the sockets that `config` says. `medium` is its name in errors.
    pub(super) fn open(medium: &str, config: &RtpMediaConfig) -> Result<MediumSockets, RtpError> {
        let rtp = Bound::open(medium, config, Traffic::Rtp, config.port)?;
        let rtcp = config
            .rtcp_port
            .map(|port| Bound::open(medium, config, Traffic::Rtcp, port))
            .transpose()?;
        Ok(MediumSockets { rtp, rtcp })
    }
}

impl Bound {
    fn open(
        medium: &str,
        config: &RtpMediaConfig,
        what: Traffic,
        port: u16,
    ) -> Result<Bound, RtpError> {
        let interface = match &config.interface {
            Some(name) => Some(Interface::find(medium, name, config)?),
            None => None,
        };
        let address = bind_address(config, interface, port);
        let failed = |error| RtpError::Bind {
            medium: medium.to_owned(),
            what,
            address,
            error,
        };
        let shared = config.multicast.is_some();
        let bound = match bind(address, shared) {
            // A machine without IPv6.
            Err(error) if config.is_anywhere() && is_no_ipv6(&error) => {
                bind(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port), shared)
            }
            bound => bound,
        };
        let socket = bound.map_err(failed)?;
        if let Some(group) = config.multicast {
            join(&socket, group, interface).map_err(|error| RtpError::Join {
                medium: medium.to_owned(),
                group,
                error,
            })?;
        }
        let state = UdpSocketState::new((&socket).into()).map_err(failed)?;
        let socket = UdpSocket::from_std(socket.into());
        let port = socket.local_addr().map_err(failed)?.port();
        Ok(Bound {
            socket,
            state,
            port,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Takes some of the datagrams that have come. Tells whether there may be more.
    pub(super) fn receive(
        &self,
        room: &mut Room,
        mut take: impl FnMut(SocketAddr, Bytes),
    ) -> io::Result<bool> {
        let mut metas = [RecvMeta::default(); BATCH];
        let slots = room.0.chunks_mut(ROOM);
        let mut slices: Vec<_> = slots.map(io::IoSliceMut::new).collect();
        let count = match self
            .state
            .recv((&self.socket).into(), &mut slices, &mut metas)
        {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        for (slice, meta) in slices.iter().zip(&metas).take(count) {
            let joined = slice.get(..meta.len).unwrap_or_default();
            for datagram in joined.chunks(meta.stride.max(1)) {
                // Memory of its own: what is kept of it keeps nothing else.
                take(meta.addr, Bytes::copy_from_slice(datagram));
            }
        }
        Ok(true)
    }

    /// Sends a datagram, unless the kernel is full at the moment: it is not important enough to be
    /// kept.
    pub(super) fn send(&self, to: SocketAddr, datagram: &[u8]) {
        if let Err(error) = self.socket.send_to(datagram, to) {
            tracing::debug!("cannot send RTCP to {to}: {error}");
        }
    }
}

impl Room {
    pub(super) fn new() -> Room {
        Room(vec![0; BATCH * ROOM])
    }
}

impl RtpMediaConfig {
    /// Whether it is received at every address of the machine.
    fn is_anywhere(&self) -> bool {
        self.bind.is_none() && self.multicast.is_none() && self.interface.is_none()
    }
}

/// A network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interface {
    index: u32,
    /// Its own address; joining a group needs none.
    address: Option<IpAddr>,
}

impl Interface {
    /// Finds an interface by its name or one of its addresses. Without a group it has to have an
    /// address.
    fn find(medium: &str, name: &str, config: &RtpMediaConfig) -> Result<Interface, RtpError> {
        let missing = || RtpError::NoInterface {
            medium: medium.to_owned(),
            interface: name.to_owned(),
        };
        let wanted: Option<IpAddr> = name.parse().ok();
        let all = getifaddrs().map_err(|_| missing())?;
        let found = all.filter_map(|entry| {
            let address = ip_address(&entry);
            let is_meant = match wanted {
                Some(_) => address == wanted,
                None => entry.interface_name == name,
            };
            is_meant.then_some(())?;
            Some(Interface {
                index: if_nametoindex(entry.interface_name.as_str()).ok()?,
                address,
            })
        });
        let is_enough = |found: &Interface| config.multicast.is_some() || found.address.is_some();
        found
            .filter(is_enough)
            .min_by_key(|found| found.address.is_none_or(is_of_one_link))
            .ok_or_else(missing)
    }
}

fn ip_address(entry: &InterfaceAddress) -> Option<IpAddr> {
    let address = entry.address.as_ref()?;
    let v4 = || Some(IpAddr::V4(address.as_sockaddr_in()?.ip()));
    let v6 = || Some(IpAddr::V6(address.as_sockaddr_in6()?.ip()));
    v4().or_else(v6)
}

/// Of a multicast group only the group's datagrams are wanted: Linux delivers by the address that
/// is bound.
fn bind_address(config: &RtpMediaConfig, interface: Option<Interface>, port: u16) -> SocketAddr {
    let address = config
        .bind
        .or(config.multicast)
        .or(interface.and_then(|interface| interface.address))
        .unwrap_or(Ipv6Addr::UNSPECIFIED.into());
    match address {
        IpAddr::V4(address) => SocketAddr::from((address, port)),
        // Addresses of one link say nothing without it; others are not changed by it.
        IpAddr::V6(address) => {
            let link = interface.map_or(0, |interface| interface.index);
            SocketAddrV6::new(address, port, 0, link).into()
        }
    }
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    if shared {
        socket.set_reuse_address(true)?;
    }
    // The kernel may give less; that is no error.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

fn join(socket: &Socket, group: IpAddr, interface: Option<Interface>) -> io::Result<()> {
    let index = interface.map_or(0, |interface| interface.index);
    // Otherwise Linux delivers what comes for a group at other interfaces, too, as soon as any
    // program on the machine has joined it there.
    match group {
        IpAddr::V4(group) => {
            socket.set_multicast_all_v4(false)?;
            socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index))
        }
        IpAddr::V6(group) => {
            // Before Linux 4.20 there is no such option for IPv6.
            let _ = socket.set_multicast_all_v6(false);
            socket.join_multicast_v6(&group, index)
        }
    }
}

fn is_no_ipv6(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let unsupported = [Errno::EAFNOSUPPORT, Errno::EADDRNOTAVAIL].map(|errno| errno as i32);
    error
        .raw_os_error()
        .is_some_and(|code| unsupported.contains(&code))
}

#[cfg(test)]
mod tests {
    use socket2::SockRef;

    use super::*;
    use crate::stream::Codec;

    fn group(group: &str, interface: &str) -> RtpMediaConfig {
        RtpMediaConfig {
            multicast: Some(group.parse().unwrap()),
            interface: Some(interface.to_owned()),
            ..RtpMediaConfig::new("v", Codec::H264, 96)
        }
    }

    #[test]
    fn what_comes_for_a_group_at_another_interface_stays_away() {
        let sockets = MediumSockets::open("v", &group("239.255.77.2", "lo")).unwrap();
        let socket = SockRef::from(&sockets.rtp.socket);
        assert!(!socket.multicast_all_v4().unwrap());
    }

    #[test]
    fn addresses_of_one_link_are_bound_at_their_interface() {
        let interface = Interface {
            index: 7,
            address: Some("fe80::1".parse().unwrap()),
        };
        let bound = |config| bind_address(&config, Some(interface), 5_004).to_string();
        assert_eq!(bound(group("ff02::7", "eth0")), "[ff02::7%7]:5004");
        assert_eq!(bound(group("239.1.2.3", "eth0")), "239.1.2.3:5004");
        let anywhere = RtpMediaConfig::new("v", Codec::H264, 96);
        assert_eq!(bound(anywhere), "[fe80::1%7]:5004");
    }

    #[test]
    fn a_group_of_one_link_can_be_joined() {
        if std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            eprintln!("SKIPPED: there is no IPv6 here");
            return;
        }
        assert!(MediumSockets::open("v", &group("ff02::4711", "lo")).is_ok());
    }
}
