//! Accepting connections, as many as the server can bear.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The wait after a connection could not be taken, most likely for want of file descriptors.
const RECOVERY: Duration = Duration::from_millis(100);

/// So that no client can take what others need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at the same time.
    pub(super) connections: usize,
    /// Connections of one address. This machine has as many as it likes: a proxy on it stands for
    /// many clients.
    pub(super) of_an_address: usize,
    /// How long a client may take for the head of a request, and be idle between two.
    pub(super) head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            // A whole house may come by one address.
            of_an_address: 2048,
            head: Duration::from_secs(10),
        }
    }
}

/// The connections that there are.
#[derive(Debug)]
pub(super) struct Places {
    limits: Limits,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place among all, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    /// Whose it is.
    pub(super) address: IpAddr,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from this address, if there is one left.
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.limits.connections {
            return None;
        }
        let of_this = taken.entry(network).or_default();
        if *of_this >= self.limits.of_an_address && !network.is_loopback() {
            return None;
        }
        *of_this += 1;
        Some(Place {
            places: self.clone(),
            address,
        })
    }
}

impl Place {
    /// What the client has for sure, and others have not.
    pub(super) fn network(&self) -> IpAddr {
        network(self.address)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let places = &self.places;
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let network = network(self.address);
        if let Some(of_this) = taken.get_mut(&network) {
            *of_this -= 1;
            if *of_this == 0 {
                taken.remove(&network);
            }
        }
    }
}

/// What one client has for sure: an IPv4 address, or a network of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    const HOST: u128 = (1 << 64) - 1;
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            Ipv6Addr::from_bits(address.to_bits() & !HOST).into()
        }
        address => address,
    }
}

/// Serves those who come until `stopped` says true, and then those who are there until their
/// request is answered. A connection is answered by the router that is made for it, which keeps its
/// place as long as anything comes of it.
pub(super) async fn serve(
    listener: TcpListener,
    places: Arc<Places>,
    router: impl Fn(Place) -> Router,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            // An error is the sender's end, which is a reason to stop as well.
            _ = stopped.changed() => break,
        };
        match accepted {
            Ok((socket, address)) => match places.take(address.ip()) {
                Some(place) => {
                    let head = places.limits.head;
                    connections.spawn(answer(socket, router(place), head, stopped.clone()));
                }
                None => tracing::debug!(%address, "a connection too many"),
            },
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                tokio::time::sleep(RECOVERY).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn answer(
    socket: TcpStream,
    router: Router,
    head: Duration,
    mut stopped: watch::Receiver<bool>,
) {
    // Signalling is many small messages, none of which shall wait for the next.
    let _ = socket.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "HTTP");
    }
}

/// Allows the process as many open files, and so connections, as the system lets it have. Many
/// systems begin with 1024.
pub(super) fn raise_file_limit() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, of_an_address: usize) -> Arc<Places> {
        Places::new(Limits {
            connections,
            of_an_address,
            ..Limits::default()
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_cannot_take_all_places() {
        let places = places(100, 2);
        let _first = places.take(ip("192.0.2.1")).unwrap();
        let second = places.take(ip("::ffff:192.0.2.1")).unwrap();
        assert!(places.take(ip("192.0.2.1")).is_none());
        assert!(places.take(ip("192.0.2.2")).is_some());
        drop(second);
        assert!(places.take(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_together() {
        let places = places(100, 1);
        let _first = places.take(ip("2001:db8::1")).unwrap();
        assert!(places.take(ip("2001:db8::ffff:2")).is_none());
        assert!(places.take(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn this_machine_is_bounded_by_the_whole_alone() {
        let places = places(3, 1);
        let local = ["127.0.0.1", "127.0.0.1", "::1"].map(|address| places.take(ip(address)));
        assert!(local.iter().all(Option::is_some));
        assert!(places.take(ip("127.0.0.1")).is_none());
        drop(local);
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
