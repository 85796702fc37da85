//! Taking the addresses that the server listens on.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::net::serves_ipv4_too;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", explain(.source))]
pub(crate) struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

/// Takes all of these addresses, or none.
pub(super) fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let bind = |address: &SocketAddr| {
        let bound = try_bind(*address, serves_ipv4_too(*address, addresses));
        bound.map_err(|source| ListenError {
            address: *address,
            source,
        })
    };
    addresses.iter().map(bind).collect()
}

fn try_bind(address: SocketAddr, ipv4_too: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A server that is started again need not wait for the connections of the one before.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!ipv4_too)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// What is wrong, and what to do.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program has this port. Stop it, or choose another port with --listen".into()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address. Choose one of its own with --listen".into()
        }
        io::ErrorKind::PermissionDenied => {
            "not permitted. Ports below 1024 are root's: choose another with --listen".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_what_to_do() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind(&[address]).unwrap_err().to_string();
        assert!(error.contains(&address.to_string()), "{error}");
        assert!(error.contains("--listen"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[tokio::test]
    async fn the_unspecified_addresses_can_share_a_port() {
        let any = "0.0.0.0:0".parse().unwrap();
        let port = bind(&[any]).unwrap()[0].local_addr().unwrap().port();
        let both = [
            SocketAddr::from(([0, 0, 0, 0], port)),
            SocketAddr::from(([0_u16; 8], port)),
        ];
        assert_eq!(bind(&both).unwrap().len(), 2);
    }
}
