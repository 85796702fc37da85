//! The UDP sockets that all viewers share.
use super::outgoing::{Outgoing, Path, Train};
use crate::net::serves_ipv4_too;
use mio::{Interest, Registry, Token, net::UdpSocket};
use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, SocketAddr},
};

/// What the kernel is asked to hold for a socket: a key frame for some dozens of viewers.
const SEND_BUFFER: usize = 4 << 20;
const RECEIVE_BUFFER: usize = 1 << 20;

/// So many datagrams are fetched before other work gets its turn: each may be a step of a handshake,
/// which takes a millisecond of signing. There is room for what the kernel has joined.
const BATCH: usize = 4;
const ROOM: usize = 64 << 10;

/// Sockets, one for each address that was to be listened at.
pub(super) struct Sockets {
    sockets: Vec<Bound>,
    room: Vec<u8>,
}

struct Bound {
    socket: UdpSocket,
    state: UdpSocketState,
    address: SocketAddr,
    /// More may be there to be fetched.
    readable: bool,
    /// The kernel takes no more at the moment.
    full: bool,
    /// We are to be told when it does.
    watched: bool,
}

/// What sending came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub(super) datagrams: u64,
    pub(super) bytes: u64,
    pub(super) calls: u64,
}

impl Sockets {
    /// Opens a socket for each address.
    pub(super) fn bind(addresses: &[SocketAddr]) -> Result<Self, (SocketAddr, io::Error)> {
        let mut sockets = Vec::new();
        for &address in addresses {
            let dual = serves_ipv4_too(address, addresses);
            sockets.push(Bound::open(address, dual).map_err(|error| (address, error))?);
        }
        Ok(Self {
            sockets,
            room: vec![0; BATCH * ROOM],
        })
    }

    /// The addresses with the ports that were given.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|bound| bound.address).collect()
    }

    /// Makes `registry` report under `Token(0)`, `Token(1)` and so on when datagrams come.
    pub(super) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        for (index, bound) in self.sockets.iter_mut().enumerate() {
            registry.register(&mut bound.socket, Token(index), Interest::READABLE)?;
        }
        Ok(())
    }

    /// Something was reported.
    pub(super) fn ready(&mut self, token: Token, readable: bool, writable: bool) {
        if let Some(bound) = self.sockets.get_mut(token.0) {
            bound.readable |= readable;
            bound.full &= !writable;
        }
    }

    /// Whether datagrams may be there to be fetched.
    pub(super) fn is_readable(&self) -> bool {
        self.sockets.iter().any(|bound| bound.readable)
    }

    /// Fetches a few datagrams.
    pub(super) fn receive(&mut self, mut take: impl FnMut(Path, &[u8])) {
        for bound in &mut self.sockets {
            if bound.readable {
                bound.receive(&mut self.room, &mut take);
            }
        }
    }

    /// Sends what waits, as far as the kernel takes it.
    pub(super) fn send(&mut self, out: &mut Outgoing, registry: &Registry) -> Sent {
        let mut sent = Sent::default();
        out.send(|train| {
            match self
                .sockets
                .iter_mut()
                .find(|bound| bound.sends(train.path))
            {
                Some(bound) => bound.send(train, &mut sent),
                // Without a socket for its path a train has nowhere to go.
                None => train.bytes.len(),
            }
        });
        for (index, bound) in self.sockets.iter_mut().enumerate() {
            bound.watch(registry, Token(index));
        }
        sent
    }
}

impl Bound {
    fn open(address: SocketAddr, dual: bool) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            socket.set_only_v6(!dual)?;
        }
        // The kernel may give less; that is no error.
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let state = UdpSocketState::new((&socket).into())?;
        allow_fragments(&socket, address)?;
        let socket = UdpSocket::from_std(socket.into());
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            state,
            address,
            readable: true,
            full: false,
            watched: false,
        })
    }

    /// Whether datagrams for this path leave here.
    fn sends(&self, path: Path) -> bool {
        let ip = self.address.ip();
        let covers =
            ip == path.local.ip() || ip.is_unspecified() && (ip.is_ipv6() || path.local.is_ipv4());
        covers && self.address.port() == path.local.port()
    }

    fn receive(&mut self, room: &mut [u8], take: &mut impl FnMut(Path, &[u8])) {
        let mut metas = [RecvMeta::default(); BATCH];
        let mut chunks = room.chunks_mut(ROOM);
        let mut slices: [IoSliceMut<'_>; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let count = match self
            .state
            .recv((&self.socket).into(), &mut slices, &mut metas)
        {
            Ok(count) => count,
            Err(error) => {
                // Other errors belong to datagrams sent before: somebody is not there any more.
                self.readable = error.kind() != ErrorKind::WouldBlock;
                return;
            }
        };
        for (slice, meta) in slices.iter().zip(&metas).take(count) {
            let ip = meta
                .dst_ip
                .map_or(self.address.ip(), |ip| ip.to_canonical());
            let remote = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let path = Path {
                local: SocketAddr::new(ip, self.address.port()),
                remote,
            };
            let joined = slice.get(..meta.len).unwrap_or_default();
            for datagram in joined.chunks(meta.stride.max(1)) {
                take(path, datagram);
            }
        }
    }

    /// Sends a train, and tells how many of its bytes the kernel has taken. An address that cannot
    /// be reached is for ICE to find out: what was for it counts as taken.
    fn send(&mut self, train: Train<'_>, sent: &mut Sent) -> usize {
        let Train {
            path,
            segment,
            bytes,
        } = train;
        let segments = bytes.len().div_ceil(segment.max(1));
        let mut taken = 0;
        if !self.full && segments > 1 && segments <= self.state.max_gso_segments() {
            // Any error but a full socket may mean that kernel or network card split no trains
            // after all; the state takes note of it, and datagrams are sent one by one.
            taken = match self.try_send(path, bytes, Some(segment), sent) {
                Ok(()) => bytes.len(),
                Err(_) => 0,
            };
        }
        for datagram in bytes
            .get(taken..)
            .unwrap_or_default()
            .chunks(segment.max(1))
        {
            if self.full {
                break;
            }
            match self.try_send(path, datagram, None, sent) {
                Err(_) if self.full => break,
                Err(error) => tracing::trace!("sending to {}: {error}", path.remote),
                Ok(()) => {}
            }
            taken += datagram.len();
        }
        taken
    }

    fn try_send(
        &mut self,
        path: Path,
        contents: &[u8],
        segment: Option<usize>,
        sent: &mut Sent,
    ) -> io::Result<()> {
        let mut remote = path.remote;
        if let (IpAddr::V6(_), IpAddr::V4(ip)) = (self.address.ip(), remote.ip()) {
            remote.set_ip(ip.to_ipv6_mapped().into());
        }
        let transmit = Transmit {
            destination: remote,
            ecn: None,
            contents,
            segment_size: segment,
            // A socket for all addresses has to be told from which one to answer.
            src_ip: self
                .address
                .ip()
                .is_unspecified()
                .then_some(path.local.ip()),
        };
        let result = self.state.try_send((&self.socket).into(), &transmit);
        match &result {
            Ok(()) => {
                sent.calls += 1;
                sent.bytes += contents.len() as u64;
                sent.datagrams += contents.len().div_ceil(segment.unwrap_or(usize::MAX)) as u64;
            }
            Err(error) => self.full = error.kind() == ErrorKind::WouldBlock,
        }
        result
    }

    /// Asks to be told when the kernel takes more, or no longer. It would tell after every datagram
    /// that leaves, so it is asked only while there is something to wait for.
    fn watch(&mut self, registry: &Registry, token: Token) {
        if self.watched == self.full {
            return;
        }
        self.watched = self.full;
        let interest = if self.full {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        if let Err(error) = registry.reregister(&mut self.socket, token, interest) {
            tracing::error!("cannot wait for the socket of {}: {error}", self.address);
        }
    }
}

/// What is passed through may be longer than a network carries in one piece, once it is encrypted.
/// quinn-udp has just forbidden to send it in several. What routers say of their limits is still not
/// believed: anybody could say it.
fn allow_fragments(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::OMIT)?;
    if address.is_ipv6() {
        set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::OMIT)?;
    }
    Ok(())
}
