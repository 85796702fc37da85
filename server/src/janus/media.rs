//! What the gateway wants of mountpoints and peers.

use std::fmt::Debug;
use std::hash::Hash;

use fanlight_protocol::Error;
use fanlight_protocol::streaming::MountpointId;

use crate::mountpoint::Mountpoints;
use crate::peer::PeerInfo;
use crate::stream::Kind;

/// What is watched, and the peer connections by which it is.
pub(crate) trait Media {
    /// Names one peer connection; never used twice.
    type Peer: Copy + Debug + Eq + Hash;

    /// What can be watched.
    fn mountpoints(&self) -> &Mountpoints;

    /// Whether viewers of a mountpoint can be given a picture; the reason, in words for people,
    /// when not.
    fn readiness(&self, mountpoint: MountpointId) -> Result<(), String>;

    /// Makes a peer connection and the offer for it.
    fn offer(&mut self, wishes: &Wishes) -> Result<Offer<Self::Peer>, OfferFailed>;

    /// Makes a new offer for a peer connection that was answered (an ICE restart).
    fn restart(&mut self, peer: Self::Peer) -> Result<Offer<Self::Peer>, OfferFailed>;

    /// Checks that a text is a session description at all.
    ///
    /// # Errors
    ///
    /// As Janus answers a text that is none.
    fn check_sdp(&self, sdp: &str) -> Result<(), Error>;

    /// Takes the viewer's answer to an offer, once.
    ///
    /// # Errors
    ///
    /// As Janus answers an answer that does not fit.
    fn answer(&mut self, peer: Self::Peer, sdp: &str) -> Result<(), Error>;

    /// Takes a candidate of a viewer who has answered.
    ///
    /// # Errors
    ///
    /// As Janus answers a candidate that cannot be read.
    fn add_candidate(&mut self, peer: Self::Peer, candidate: &str) -> Result<(), Error>;

    /// Asks for a key frame on behalf of a viewer.
    fn request_key_frame(&mut self, peer: Self::Peer);

    /// Begins or ends to send a medium. It begins with a key frame.
    fn set_sending(&mut self, peer: Self::Peer, mid: &str, on: bool);

    /// Goes on with the media of another mountpoint in place of those with the same mids.
    fn switch(&mut self, peer: Self::Peer, wishes: &Wishes) -> Result<(), SwitchFailed>;

    /// What administrators are shown of a peer connection, while it is there.
    fn info(&self, peer: Self::Peer) -> Option<PeerInfo>;

    /// Ends a peer connection. Nothing more is heard of it.
    fn close(&mut self, peer: Self::Peer);
}

/// What a viewer wishes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) mountpoint: MountpointId,
    /// The media that are wanted.
    pub(crate) mids: Vec<String>,
    /// Degrees by which the viewer shall turn the picture: 0, 90, 180 or 270.
    pub(crate) orientation: u16,
}

/// A peer connection that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Offer<P> {
    pub(crate) peer: P,
    /// The session description, without candidates.
    pub(crate) sdp: String,
    /// The server's addresses, each a line of SDP from `candidate:` on.
    pub(crate) candidates: Vec<String>,
}

/// The server could make no offer, for this reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct OfferFailed(pub(crate) String);

/// A peer connection cannot go on with other media, for this reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SwitchFailed(pub(crate) String);

/// What becomes of a peer connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeerNews {
    /// It stands: media flow.
    Up,
    /// The viewer misses many packets of a medium.
    SlowLink {
        /// Which medium.
        mid: String,
        /// Of what kind it is.
        kind: Kind,
        /// How many packets were lost in the last second.
        lost: u32,
    },
    /// It has ended.
    Down(Ending),
}

/// Why a peer connection has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The viewer said goodbye.
    Viewer,
    /// The viewer could not be reached, or not any more.
    Unreachable,
    /// The server ended it.
    Server,
    /// It broke, for this reason.
    Broken(String),
}

impl Ending {
    /// The reason as Janus words it, where Janus has words for it.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Viewer => "DTLS alert",
            Self::Unreachable => "ICE failed",
            Self::Server => "Close PC",
            Self::Broken(reason) => reason,
        }
    }
}
