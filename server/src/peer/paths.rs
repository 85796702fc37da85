//! The path to one viewer, and the search for another: an ICE restart begins it (RFC 8445 section
//! 2.4), or a check from where the viewer has not been before. Media go on by the old one until
//! there is the new.
use super::{
    candidate::Remote,
    demux::{self, Kind},
    ice::{Ice, IceState},
    info::IceInfo,
    outgoing::Path,
};
use bytes::BytesMut;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A new search may take so long.
const PATIENCE: Duration = Duration::from_secs(15);
/// When nothing was heard over a path for so long, the viewer may be elsewhere. Its reports come
/// about once a second.
const SILENCE: Duration = Duration::from_secs(2);

/// Ways to one viewer.
pub(super) struct Paths {
    ice: Ice,
    next: Option<Search>,
    /// When something authentic came last over the path in use.
    heard_at: Instant,
}

struct Search {
    ice: Ice,
    give_up_at: Instant,
}

impl Paths {
    pub(super) fn new(now: Instant, ice: Ice) -> Self {
        Self {
            ice,
            next: None,
            heard_at: now,
        }
    }

    /// Begins another search, in place of one that is still going on.
    pub(super) fn restart(&mut self, now: Instant, ice: Ice) {
        let give_up_at = now + PATIENCE;
        self.next = Some(Search { ice, give_up_at });
    }

    pub(super) fn is_restarting(&self) -> bool {
        self.next.is_some()
    }

    /// The fragments of user names by which checks for us are known.
    pub(super) fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.all().map(Ice::ufrag)
    }

    /// Adds an address of the viewer's: it names them anew for each search.
    pub(super) fn add_remote(&mut self, now: Instant, remote: Remote) {
        let latest = self
            .next
            .as_mut()
            .map_or(&mut self.ice, |next| &mut next.ice);
        latest.add_remote(now, remote);
    }

    /// Whether the viewer may be at this address.
    pub(super) fn expects(&self, remote: SocketAddr) -> bool {
        self.all().any(|ice| ice.expects(remote))
    }

    /// Takes a check, or an answer to one of ours. True means that it is authentic and was taken.
    pub(super) fn receive(&mut self, now: Instant, path: Path, datagram: &[u8]) -> bool {
        let mut taken = false;
        for ice in self.all_mut() {
            // Two searches may have the same credentials.
            taken |= ice.receive(now, path, datagram);
        }
        if taken {
            self.note(now, path);
            if demux::kind(datagram) == Some(Kind::Check) {
                self.follow(now, path, datagram);
            }
        }
        self.settle(now);
        taken
    }

    /// Something came over the path that only the viewer can have sent.
    pub(super) fn heard(&mut self, now: Instant, path: Path) {
        self.ice.heard(now, path);
        self.note(now, path);
    }

    /// Whether the path in use leads to this address, and something authentic came from there of
    /// late.
    pub(super) fn is_alive_at(&self, now: Instant, remote: SocketAddr) -> bool {
        let is_there = matches!(self.ice.state(), IceState::Found(path) if path.remote == remote);
        is_there && now.saturating_duration_since(self.heard_at) < SILENCE
    }

    pub(super) fn state(&self) -> IceState {
        match self.ice.state() {
            IceState::Failed if self.is_restarting() => IceState::Searching,
            state => state,
        }
    }

    /// When to call [`Self::handle_timeout`] next.
    pub(super) fn poll_timeout(&self) -> Instant {
        let due = self.ice.poll_timeout();
        match &self.next {
            Some(next) => due.min(next.ice.poll_timeout()).min(next.give_up_at),
            None => due,
        }
    }

    /// Makes the checks that are due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.all_mut().for_each(|ice| ice.handle_timeout(now));
        self.settle(now);
    }

    /// The next datagram to be sent.
    pub(super) fn poll_transmit(&mut self) -> Option<(Path, BytesMut)> {
        self.all_mut().find_map(Ice::poll_transmit)
    }

    /// What administrators are shown, but for what we told the viewer.
    pub(super) fn info(&self) -> IceInfo {
        IceInfo {
            restarting: self.is_restarting(),
            ..self.ice.info()
        }
    }

    fn note(&mut self, now: Instant, path: Path) {
        if self.ice.state() == IceState::Found(path) {
            self.heard_at = now;
        }
    }

    /// The viewer has checked a path. When it was silent on the one in use, a NAT may have given it
    /// another address: an agent chooses once, so another looks whether the viewer answers there. A
    /// check alone moves nothing, as it can be sent under any address.
    fn follow(&mut self, now: Instant, path: Path, check: &[u8]) {
        let IceState::Found(current) = self.ice.state() else {
            return;
        };
        let is_silent = now.saturating_duration_since(self.heard_at) >= SILENCE;
        if path == current || !is_silent || self.is_restarting() {
            return;
        }
        if let Ok(mut ice) = self.ice.again(now, path.local) {
            ice.receive(now, path, check);
            self.restart(now, ice);
        }
    }

    /// A new path takes the place of the old one. A search that comes to nothing leaves it in place.
    fn settle(&mut self, now: Instant) {
        if let Some(next) = self.next.take() {
            match next.ice.state() {
                IceState::Found(_) => {
                    self.ice = next.ice;
                    self.heard_at = now;
                }
                IceState::Searching if now < next.give_up_at => self.next = Some(next),
                IceState::Searching | IceState::Failed => {}
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &Ice> {
        std::iter::once(&self.ice).chain(self.next.as_ref().map(|next| &next.ice))
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Ice> {
        std::iter::once(&mut self.ice).chain(self.next.as_mut().map(|next| &mut next.ice))
    }
}
