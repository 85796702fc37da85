//! Viewers' connections: WebRTC from the offer to the last packet, for all viewers on one UDP port.
//!
//! [`Peers`] is the door to a thread of its own that owns the sockets. Offers are made and answers
//! are read on the caller's thread; everything after that happens on the I/O thread, in values that
//! do no I/O and read no clock:
//!
//! ```text
//! encoder ─frame→ Inbox ─┐                                  ┌─ Ice   finds a path
//! sockets ─datagram──────┼→ Set ─→ Connection (one a viewer)┼─ Dtls  authenticates, yields keys
//! callers ─Command───────┘    │                             └─ RtpSender, Srtp  headers, cipher
//!                             └→ Outgoing ─trains→ sockets
//! ```
//!
//! A viewer may get several tracks over one connection, each by a [`medium`](medium::Medium) of its
//! own. A frame was packetised by its track's source, once. What is made for each viewer is the header of each
//! packet and its encryption, in the buffer that the kernel gets. Packets that a viewer
//! missed are taken from the frames that the track's viewers share.
mod addresses;
mod answer;
mod candidate;
mod codec;
mod connection;
mod demux;
mod dtls;
mod early;
mod feed;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod gate;
mod guard;
mod hello;
mod history;
mod ice;
mod inbox;
mod info;
mod losses;
mod medium;
mod offer;
mod outgoing;
mod paths;
mod peers;
mod records;
mod registry;
mod rtcp;
mod rtp;
mod sdp;
mod set;
mod socket;
mod srtp;
mod stats;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod thread;

use crate::stream::{Kind, Track};
use connection::SlowLink;
use sdp::{Sdp, SdpError};
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use thiserror::Error;

pub(crate) use answer::AnswerError;
pub(crate) use candidate::CandidateError;
#[cfg(test)]
pub(crate) use info::{DtlsInfo, TrackCounters};
pub(crate) use info::{DtlsStateInfo, IceInfo, IceStateInfo, PeerInfo, SelectedPair, TrackInfo};
pub(crate) use peers::Peers;
pub(crate) use rtp::Orientation;

/// How viewers reach this server.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeersConfig {
    /// The addresses of the media port.
    pub(crate) listen: Vec<SocketAddr>,
    /// Addresses that a NAT in front of this machine maps to it, port by port.
    pub(crate) public_ips: Vec<IpAddr>,
    /// Let viewers do all the work of finding a path (RFC 8445 section 2.5).
    pub(crate) ice_lite: bool,
}

/// Identifies a viewer's connection. It is never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PeerId(u64);

/// What a viewer is offered.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The connection that an answer brings to life.
    pub(crate) peer: PeerId,
    /// The session description, without candidates.
    pub(crate) sdp: String,
    /// Candidate lines, as `candidate:1 1 udp … typ host`.
    pub(crate) candidates: Vec<String>,
}

/// A track, and its section in the session description.
#[derive(Clone)]
pub(crate) struct OfferedTrack {
    /// The identification of the section (RFC 5888): a token.
    pub(crate) mid: String,
    /// What is sent.
    pub(crate) track: Arc<dyn Track>,
}

/// What an offer says and asks of the viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfferOptions {
    /// How the picture is to be turned.
    pub(crate) orientation: Orientation,
    /// The name of the session in its description: one line.
    pub(crate) session_name: String,
    /// How soon the viewer is to show what it gets; `None` leaves that to the viewer.
    pub(crate) playout_delay: Option<PlayoutDelay>,
    /// Whether frames say when they were captured.
    pub(crate) abs_capture_time: bool,
}

/// The bounds of the time from capture to display, in units of 10 ms up to 4095 of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlayoutDelay {
    /// The least.
    pub(crate) min: u16,
    /// The most.
    pub(crate) max: u16,
}

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeerEvent {
    /// Frames are being sent.
    Connected,
    /// Too many packets of a track were lost in the last second.
    SlowLink {
        /// Which track.
        mid: String,
        /// Of what kind it is.
        kind: Kind,
        /// How many packets were lost.
        lost: u32,
    },
    /// It is over, and nothing of it is left.
    Closed(CloseReason),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// [`Peers::close`] was called.
    Requested,
    /// The viewer said goodbye (DTLS `close_notify`).
    ByViewer,
    /// Nothing was heard of the viewer for 15 seconds.
    Silent,
    /// The viewer answered, and did not connect within 15 seconds.
    NeverConnected,
    /// The connection broke, for this reason.
    Failed(String),
    /// The server ends.
    Shutdown,
}

/// Why the viewers' thread could not be started.
#[derive(Debug, Error)]
pub(crate) enum PeersError {
    /// The media port cannot be had.
    #[error("cannot listen for media on UDP {address}: {source}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rtc::shared::error::Error),
    /// The thread cannot be started.
    #[error("cannot start the thread of the viewers: {0}")]
    Thread(#[from] io::Error),
}

/// Why no offer was made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum OfferError {
    /// These tracks make no offer.
    #[error("these tracks cannot be offered: {0}")]
    Tracks(&'static str),
    /// So many offers wait for an answer, or so many viewers are served, that no more are made.
    #[error("there are too many viewers")]
    TooMany,
    /// The viewers' thread has ended.
    #[error("the media port is closed")]
    Down,
}

/// Why no other path is looked for.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum RestartError {
    /// There is no such peer, it has not answered yet, or it is no more.
    #[error("no such peer")]
    UnknownPeer,
    /// The last restart was less than 5 seconds ago.
    #[error("the connection was restarted a moment ago")]
    TooSoon,
}

/// Why a viewer's tracks were not switched.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SwitchError {
    /// There is no such peer, or no more.
    #[error("no such peer")]
    UnknownPeer,
    /// The viewer was offered no such track.
    #[error("no track {0:?} was offered")]
    UnknownMid(String),
    /// The viewer's decoder cannot go on with what the other track is made of.
    #[error("track {0:?} has another codec")]
    OtherCodec(String),
}

impl From<SlowLink> for PeerEvent {
    fn from(SlowLink { mid, kind, lost }: SlowLink) -> Self {
        Self::SlowLink { mid, kind, lost }
    }
}

impl Default for OfferOptions {
    /// Upright, to be shown at once, with the time of capture.
    fn default() -> Self {
        Self {
            orientation: Orientation::Upright,
            session_name: "Fanlight".into(),
            playout_delay: Some(PlayoutDelay::default()),
            abs_capture_time: true,
        }
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("closed"),
            Self::ByViewer => f.write_str("the viewer left"),
            Self::Silent => f.write_str("the viewer fell silent"),
            Self::NeverConnected => f.write_str("the viewer never connected"),
            Self::Failed(reason) => f.write_str(reason),
            Self::Shutdown => f.write_str("the server ends"),
        }
    }
}

/// Whether a text is a session description at all, which it can be without answering any offer.
pub(crate) fn check_sdp(text: &str) -> Result<(), SdpError> {
    Sdp::parse(text).map(drop)
}
