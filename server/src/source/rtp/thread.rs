//! The thread that serves the sockets of a source.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::{Events, Interest, Poll, Token, Waker};

use super::medium::Medium;
use super::socket::{Bound, MediumSockets, Room};
use super::track::MediumTrack;
use crate::picture::Captured;
use crate::stream::Track;

/// The token of the waker. The sockets of medium n have those from 2n on.
const WAKER: Token = Token(usize::MAX);

/// So often in a row datagrams are fetched from one socket before others get their turn.
const TURNS: usize = 4;

/// How long to rest when the system does not tell whether something came.
const RETRY: Duration = Duration::from_secs(1);

/// What the thread is told.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) stopping: AtomicBool,
    pub(super) waker: Arc<Waker>,
}

/// The thread before it runs.
pub(super) struct RtpThread {
    poll: Poll,
    control: Arc<Control>,
    media: Vec<Served>,
    room: Room,
}

/// A medium with its sockets.
pub(super) struct Served {
    pub(super) medium: Medium,
    pub(super) sockets: MediumSockets,
    pub(super) track: Arc<MediumTrack>,
    /// There may be datagrams to be fetched.
    readable: Readable,
}

#[derive(Clone, Copy, Debug, Default)]
struct Readable {
    rtp: bool,
    rtcp: bool,
}

impl RtpThread {
    /// A thread without media, and what tells it to stop.
    pub(super) fn new() -> io::Result<(RtpThread, Arc<Control>)> {
        let poll = Poll::new()?;
        let control = Arc::new(Control {
            stopping: AtomicBool::new(false),
            waker: Arc::new(Waker::new(poll.registry(), WAKER)?),
        });
        let thread = RtpThread {
            poll,
            control: Arc::clone(&control),
            media: Vec::new(),
            room: Room::new(),
        };
        Ok((thread, control))
    }

    /// Adds a medium to be served.
    pub(super) fn add(
        &mut self,
        medium: Medium,
        mut sockets: MediumSockets,
        track: Arc<MediumTrack>,
    ) -> io::Result<()> {
        let first = 2 * self.media.len();
        let registry = self.poll.registry();
        registry.register(&mut sockets.rtp.socket, Token(first), Interest::READABLE)?;
        if let Some(rtcp) = &mut sockets.rtcp {
            registry.register(&mut rtcp.socket, Token(first + 1), Interest::READABLE)?;
        }
        self.media.push(Served {
            medium,
            sockets,
            track,
            readable: Readable::default(),
        });
        Ok(())
    }

    /// Serves until it is told to stop.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(16);
        let mut fails = false;
        while !self.control.stopping.load(Ordering::Acquire) {
            match self.wait(&mut events) {
                Ok(()) => fails = false,
                // Nobody would start it again, and what ails the machine may pass.
                Err(error) => {
                    if !fails {
                        tracing::error!("cannot wait for RTP, and tries each second: {error}");
                    }
                    fails = true;
                    std::thread::sleep(RETRY);
                }
            }
            for served in &mut self.media {
                let serve = AssertUnwindSafe(|| served.serve(&mut self.room));
                if catch_unwind(serve).is_err() {
                    // What it knows may be half a change; the next sender begins anew.
                    tracing::error!(medium = served.track.name(), "receiving RTP panicked");
                    served.medium.forget_sender();
                }
            }
        }
    }

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let now = Instant::now();
        let busy = self.media.iter().any(Served::is_readable);
        let due = if busy {
            Some(now)
        } else {
            let media = self.media.iter();
            media
                .filter_map(|served| served.medium.poll_timeout(now))
                .min()
        };
        let timeout = due.map(|due| due.saturating_duration_since(now));
        match self.poll.poll(events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            if let Some(served) = self.media.get_mut(event.token().0 / 2) {
                match event.token().0 % 2 {
                    0 => served.readable.rtp = true,
                    _ => served.readable.rtcp = true,
                }
            }
        }
        Ok(())
    }
}

impl Served {
    fn is_readable(&self) -> bool {
        self.readable.rtp || self.readable.rtcp
    }

    /// Takes what has come, does what is due, and hands on what comes of it.
    fn serve(&mut self, room: &mut Room) {
        let now = Captured::now();
        let Served {
            medium,
            sockets,
            track,
            readable,
        } = self;
        if readable.rtp {
            readable.rtp = receive(&sockets.rtp, room, |from, datagram| {
                medium.receive_rtp(now, from, datagram);
            });
        }
        if let Some(rtcp) = sockets.rtcp.as_ref().filter(|_| readable.rtcp) {
            readable.rtcp = receive(rtcp, room, |from, datagram| {
                medium.receive_rtcp(now, from, &datagram);
            });
        }
        if track.take_request() {
            medium.request_key_frame();
        }
        medium.handle_timeout(now);
        // Before what it counts can be seen.
        track.set_figures(medium.figures());
        while let Some(frame) = medium.poll_frame() {
            track.publish(now.at, &Arc::new(frame));
        }
        while let Some((to, datagram)) = medium.poll_transmit() {
            if let Some(rtcp) = &sockets.rtcp {
                rtcp.send(to, &datagram);
            }
        }
    }
}

/// Takes some of what has come; true if there may be more.
fn receive(socket: &Bound, room: &mut Room, mut take: impl FnMut(SocketAddr, Bytes)) -> bool {
    for _ in 0..TURNS {
        match socket.receive(room, &mut take) {
            Ok(true) => {}
            Ok(false) => return false,
            // What is reported to a UDP socket is about a datagram sent before: nobody takes RTCP
            // where it went.
            Err(error) => {
                tracing::debug!("receiving RTP: {error}");
                return true;
            }
        }
    }
    true
}
