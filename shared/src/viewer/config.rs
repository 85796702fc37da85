//! What a viewer is told before it starts.

use std::time::Duration;

use crate::request::Credentials;
use crate::streaming::{self, MountpointId};
use crate::ustreamer::{self, WatchParams};

/// What to watch and how patient to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What to watch.
    pub watch: Watch,
    /// Whether to ask what else there is: [`Output::Mountpoints`](super::Output::Mountpoints) tells.
    /// The picture does not wait for it.
    pub list: bool,
    /// Sent with every request, for servers that ask for a secret.
    pub credentials: Credentials,
    /// A name for the server's log.
    pub opaque_id: Option<String>,
    /// All times by which the viewer waits and loses patience.
    pub timing: Timing,
}

/// What to watch.
#[derive(Clone, PartialEq, Eq)]
pub enum Watch {
    /// The one stream of `janus.plugin.ustreamer`.
    Ustreamer {
        /// What is wished for of the stream. `None` leaves the choice to the server.
        params: Option<WatchParams>,
        /// The word that lets one watch it, where Fanlight shows a mountpoint with a PIN there.
        pin: Option<String>,
    },
    /// A mountpoint of `janus.plugin.streaming`.
    Mountpoint {
        /// The mountpoint.
        id: MountpointId,
        /// The word that lets one watch it, where it asks for one.
        pin: Option<String>,
    },
    /// Nothing yet: the viewer is ready to watch a mountpoint without delay, once it is told which
    /// ([`Viewer::watch`](super::Viewer::watch)).
    Nothing,
}

impl Watch {
    /// The plugin that has it.
    pub fn plugin(&self) -> &'static str {
        match self {
            Self::Ustreamer { .. } => ustreamer::PLUGIN,
            Self::Mountpoint { .. } | Self::Nothing => streaming::PLUGIN,
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::Ustreamer {
            params: None,
            pin: None,
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A log must never hold a secret.
        let hidden = |pin: &Option<String>| pin.as_ref().map(|_| "…");
        match self {
            Self::Ustreamer { params, pin } => f
                .debug_struct("Ustreamer")
                .field("params", params)
                .field("pin", &hidden(pin))
                .finish(),
            Self::Mountpoint { id, pin } => f
                .debug_struct("Mountpoint")
                .field("id", id)
                .field("pin", &hidden(pin))
                .finish(),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// Times by which the viewer waits and loses patience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// A session on which nothing was sent for this long is kept alive. Janus ends a session after
    /// 60 s.
    pub keepalive: Duration,
    /// The longest that the socket may take to open and the server to answer a request.
    pub answer: Duration,
    /// The longest that the answer to an offer may take in the browser, and the peer connection to
    /// stand after it.
    pub connect: Duration,
    /// How long an offer that overtook the answer to `features` is kept back for that answer, which
    /// names the STUN server. Janus works on a client's messages in parallel.
    pub features: Duration,
    /// Packets without a picture for this long: a key frame is asked for, and again after as long.
    /// `janus.plugin.streaming` cannot be asked; browsers do it by themselves (RFC 4585, PLI).
    pub no_frames: Duration,
    /// Packets without a picture for this long: the attempt has failed.
    pub given_up: Duration,
    /// No packets, or a peer connection reported disconnected, for this long: the attempt has
    /// failed. A mountpoint to which nobody sends is waited for instead.
    pub no_packets: Duration,
    /// Waits between two `watch` while the source is not ready.
    pub source: Backoff,
    /// From one look at what there is to watch to the next while nothing is watched.
    pub look_again: Duration,
    /// Waits between two attempts.
    pub reconnect: Backoff,
    /// The wait after a problem that a further attempt is unlikely to mend.
    pub slow: Duration,
    /// An attempt that was good for this long (playing, or waiting for the source) makes the next
    /// wait a short one again.
    pub stable: Duration,
}

/// Waits that double from the first to the longest. A random part of up to half of each is taken
/// off, so that the viewers of a server that restarts do not all come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            keepalive: Duration::from_secs(25),
            answer: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            features: Duration::from_millis(50),
            no_frames: Duration::from_millis(1500),
            given_up: Duration::from_secs(10),
            no_packets: Duration::from_secs(4),
            source: Backoff {
                first: Duration::from_millis(100),
                longest: Duration::from_secs(1),
            },
            look_again: Duration::from_secs(5),
            reconnect: Backoff {
                first: Duration::from_millis(250),
                longest: Duration::from_secs(5),
            },
            slow: Duration::from_secs(30),
            stable: Duration::from_secs(5),
        }
    }
}
