//! The UDP sockets of a medium.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use mio::net::UdpSocket;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use quinn_udp::{RecvMeta, UdpSocketState};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::config::{RtpError, RtpMediaConfig, Traffic};

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
            Some(name) => Some(Interface::find(medium, name, config.multicast)?),
            None => None,
        };
        let address = SocketAddr::new(bind_address(config, interface), port);
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

/// A network interface, as joining a group needs it.
#[derive(Clone, Copy, Debug)]
struct Interface {
    address: IpAddr,
    /// What IPv6 counts interfaces by.
    index: u32,
}

impl Interface {
    /// Finds an interface by its name or one of its addresses, with an address that goes with the
    /// group, if there is one.
    fn find(medium: &str, name: &str, group: Option<IpAddr>) -> Result<Interface, RtpError> {
        let missing = || RtpError::NoInterface {
            medium: medium.to_owned(),
            interface: name.to_owned(),
        };
        let wanted: Option<IpAddr> = name.parse().ok();
        let all = getifaddrs().map_err(|_| missing())?;
        let mut found = all.filter_map(|interface| {
            let address = interface.address?;
            let address = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
                (Some(v4), _) => IpAddr::V4(v4.ip()),
                (_, Some(v6)) => IpAddr::V6(v6.ip()),
                _ => return None,
            };
            let matches = match wanted {
                Some(wanted) => wanted == address,
                None => interface.interface_name == name,
            };
            let suits = group.is_none_or(|group| group.is_ipv4() == address.is_ipv4());
            (matches && suits).then(|| Interface {
                address,
                index: if_nametoindex(interface.interface_name.as_str()).unwrap_or(0),
            })
        });
        found.next().ok_or_else(missing)
    }
}

/// Of a multicast group only the group's datagrams are wanted: Linux delivers by the address that
/// is bound.
fn bind_address(config: &RtpMediaConfig, interface: Option<Interface>) -> IpAddr {
    config
        .bind
        .or(config.multicast)
        .or(interface.map(|interface| interface.address))
        .unwrap_or(Ipv6Addr::UNSPECIFIED.into())
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
    match group {
        IpAddr::V4(group) => {
            let address = match interface.map(|interface| interface.address) {
                Some(IpAddr::V4(address)) => address,
                _ => Ipv4Addr::UNSPECIFIED,
            };
            socket.join_multicast_v4(&group, &address)
        }
        IpAddr::V6(group) => {
            socket.join_multicast_v6(&group, interface.map_or(0, |interface| interface.index))
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
