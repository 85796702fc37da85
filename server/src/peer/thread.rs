//! The thread that owns the sockets and everything about the viewers.
use super::{
    CloseReason, OfferedTrack, PeerEvent, PeerId,
    candidate::Remote,
    info::LiveInfo,
    set::{NewPeer, Restart, Set},
    socket::Sockets,
    stats::{Counters, Stats},
};
use mio::{Events, Poll, Token, Waker};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    time::{Duration, Instant},
};

/// What the rest of the program asks for.
pub(super) enum Command {
    Add(PeerId, Box<NewPeer>),
    Restart(PeerId, Box<Restart>),
    AddCandidate(PeerId, Box<Remote>),
    /// One medium, or all.
    SetSending(PeerId, Option<String>, bool),
    Switch(PeerId, Vec<OfferedTrack>),
    /// The answer is `None` for one that is not served.
    Info(PeerId, SyncSender<Option<LiveInfo>>),
    Close(PeerId),
    Shutdown,
}

/// So many commands are obeyed before frames get their turn: beginning to serve a viewer takes a
/// fraction of a millisecond.
const COMMANDS: usize = 8;

/// The token of the waker; the sockets have those from 0 on.
const WAKER: Token = Token(usize::MAX);

/// The I/O thread before it runs.
pub(super) struct IoThread {
    poll: Poll,
    waker: Arc<Waker>,
    sockets: Sockets,
    commands: Receiver<Command>,
    /// More commands may wait.
    busy: bool,
}

/// Why the loop came to its end.
enum End {
    /// It was asked to.
    Shutdown,
    /// Waiting for the sockets fails.
    Io(io::Error),
}

impl IoThread {
    /// Gets ready to serve the sockets and the commands.
    pub(super) fn new(mut sockets: Sockets, commands: Receiver<Command>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        sockets.register(poll.registry())?;
        Ok(Self {
            poll,
            waker,
            sockets,
            commands,
            busy: false,
        })
    }

    /// What to call when there is a command.
    pub(super) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Serves until it is told to end. A panic ends the viewers' connections and not the thread:
    /// `on_panic` is called, and an empty set begins anew on the same sockets.
    pub(super) fn run(
        mut self,
        new_set: impl Fn(Arc<Waker>) -> Set,
        on_event: impl Fn(PeerId, PeerEvent),
        on_panic: impl Fn(),
    ) {
        loop {
            let mut set = new_set(self.waker());
            let served = catch_unwind(AssertUnwindSafe(|| self.serve(&mut set, &on_event)));
            match served {
                Ok(End::Shutdown) => return,
                Ok(End::Io(error)) => {
                    tracing::error!("the I/O thread of the viewers ends: {error}");
                    on_panic();
                    return;
                }
                Err(_) => {
                    tracing::error!("the I/O thread of the viewers panicked: all are disconnected");
                    on_panic();
                }
            }
        }
    }

    fn serve(&mut self, set: &mut Set, on_event: &impl Fn(PeerId, PeerEvent)) -> End {
        let mut events = Events::with_capacity(16);
        let mut stats = Stats::new(Instant::now());
        loop {
            if let Err(error) = self.wait(set, &mut events) {
                return End::Io(error);
            }
            let now = Instant::now();
            // Frames first: they are what somebody waits for.
            self.send_frames(set, &mut stats, now);
            self.sockets
                .receive(|path, datagram| set.receive(now, path, datagram));
            let shutdown = self.obey(set, now);
            set.handle_timeout(now);
            stats.sent(self.sockets.send(&mut set.out, self.poll.registry()));
            while let Some((peer, event)) = set.poll_event() {
                on_event(peer, event);
            }
            if shutdown {
                return End::Shutdown;
            }
            if stats.are_due(now) {
                stats.log(now, set.receptions(), &set.counters);
                set.counters = Counters::default();
            }
        }
    }

    fn wait(&mut self, set: &Set, events: &mut Events) -> io::Result<()> {
        let now = Instant::now();
        let timeout = match set.poll_timeout() {
            _ if self.busy || self.sockets.is_readable() => Some(Duration::ZERO),
            due => due.map(|due| due.saturating_duration_since(now)),
        };
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            self.sockets
                .ready(event.token(), event.is_readable(), event.is_writable());
        }
        Ok(())
    }

    fn send_frames(&mut self, set: &mut Set, stats: &mut Stats, now: Instant) {
        set.collect();
        if !set.is_fanning_out() {
            return;
        }
        while set.fan_out(now) {
            stats.sent(self.sockets.send(&mut set.out, self.poll.registry()));
        }
        stats.fanned_out(now.elapsed());
    }

    /// Does some of what was asked for; true when that was to end.
    fn obey(&mut self, set: &mut Set, now: Instant) -> bool {
        for _ in 0..COMMANDS {
            match self.commands.try_recv() {
                Ok(Command::Add(peer, new)) => set.add(now, peer, *new),
                Ok(Command::Restart(peer, restart)) => set.restart(now, peer, *restart),
                Ok(Command::AddCandidate(peer, remote)) => set.add_candidate(now, peer, *remote),
                Ok(Command::SetSending(peer, mid, on)) => {
                    set.set_sending(now, peer, mid.as_deref(), on);
                }
                Ok(Command::Switch(peer, tracks)) => set.switch(now, peer, tracks),
                Ok(Command::Info(peer, tell)) => {
                    // Whoever asked may have lost patience.
                    let _ = tell.try_send(set.info(peer));
                }
                Ok(Command::Close(peer)) => set.close(now, peer, CloseReason::Requested),
                Ok(Command::Shutdown) | Err(TryRecvError::Disconnected) => {
                    set.close_all(now, &CloseReason::Shutdown);
                    return true;
                }
                Err(TryRecvError::Empty) => {
                    self.busy = false;
                    return false;
                }
            }
        }
        self.busy = true;
        false
    }
}

#[cfg(test)]
mod tests;
