//! What goes into the viewer and what comes out.

use super::{Problem, Time};
use crate::jsep::Candidate;
use crate::streaming::Listed;

/// The number of an attempt. One attempt has one socket, one session, one handle and at most one
/// peer connection; the next one starts anew with all of them.
///
/// Numbers are never used twice: what a socket or peer connection reports after its attempt has
/// ended is told apart by it and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub(super) u64);

/// What happens to the socket and the peer connection of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<'a> {
    /// The socket is open.
    SocketOpened,
    /// The socket has closed, or could not be opened.
    SocketClosed,
    /// A text message has arrived.
    Message(&'a str),
    /// The peer connection's answer to the offer. It need not be the local description yet: the
    /// sooner it is on its way, the sooner the picture is there.
    Answer {
        /// The session description (RFC 8866).
        sdp: &'a str,
    },
    /// There can be no answer: the browser makes no peer connection, or the offer could not be
    /// applied or not be answered, or the answer that was reported could not become the local
    /// description.
    AnswerFailed {
        /// What the browser says.
        reason: &'a str,
    },
    /// The peer connection has gathered a candidate, or all of them
    /// ([`Candidate::COMPLETED`]). Those that come before the answer are kept until then.
    LocalCandidate(Candidate),
    /// The peer connection's state has changed.
    PeerState(PeerState),
    /// The first picture is on the screen. Shortens the wait for the next [`Input::Stats`], which
    /// tell it too.
    FrameShown,
    /// What has arrived since the peer connection was made. Wanted about once a second, from
    /// [`Output::ApplyOffer`] on: without it a standstill goes unnoticed.
    Stats(Stats),
}

/// Counters of what arrives (`inbound-rtp` in WebRTC's statistics), from the beginning of its peer
/// connection. What a browser has no report of counts as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// RTP packets of the video: `packetsReceived`.
    pub packets: u64,
    /// Pictures: `framesDecoded`.
    pub frames: u64,
    /// RTP packets of the sound: `packetsReceived`.
    pub sound: u64,
}

/// `RTCPeerConnectionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Nothing has begun.
    New,
    /// A way is being looked for, or DTLS is shaking hands.
    Connecting,
    /// Media can flow.
    Connected,
    /// Nothing is heard from the server for a while; may pass.
    Disconnected,
    /// It is over.
    Failed,
    /// It was closed, by nobody who is known here.
    Closed,
}

/// What the viewer wants done. All but [`Output::Open`], [`Output::Mountpoints`] and
/// [`Output::Status`] concern the attempt that was opened last.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a socket to the server, with the subprotocol [`SUBPROTOCOL`](crate::SUBPROTOCOL), and
    /// label all that comes of it with `attempt`. A good moment to make the peer connection ready,
    /// too. Between two of these there is always an [`Output::Close`].
    Open {
        /// What is opened.
        attempt: Attempt,
    },
    /// Send a text message on the socket. Only after [`Input::SocketOpened`].
    Send(String),
    /// Give the server's offer to the peer connection and report its answer. At most once in an
    /// attempt.
    ApplyOffer {
        /// The session description (RFC 8866).
        sdp: String,
        /// The STUN server that the server recommends (`stun:host:port`).
        ice_url: Option<String>,
    },
    /// Give a candidate of the server, or that there are no more, to the peer connection. Only
    /// after the offer.
    AddCandidate(Candidate),
    /// Close the peer connection and the socket, as far as there are any. What was sent before has
    /// still to go out.
    Close,
    /// What there is to watch in `janus.plugin.streaming`, as the server has just told: asked for by
    /// [`Config::list`](super::Config::list) and [`Viewer::list`](super::Viewer::list). Empty where
    /// the server lacks that plugin.
    Mountpoints(Vec<Listed>),
    /// The status has changed.
    Status(Status),
}

/// How far the viewer is, to be shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The server is asked for the stream.
    Connecting {
        /// Why an earlier attempt has ended, when there was one and no picture since.
        after: Option<Problem>,
    },
    /// The server is there, and ready to be told what to watch ([`Watch::Nothing`](super::Watch)).
    Idle,
    /// The server is there, the source has no picture yet, or none any more. The picture is shown
    /// as soon as it has.
    WaitingForSource {
        /// What the server says about it.
        reason: String,
    },
    /// The server has offered the stream; its first picture is on its way.
    Starting,
    /// There is a moving picture; or there is sound, where the stream has no picture.
    Playing,
    /// There is sound, and nothing arrives of the picture that belongs to it. The picture is shown
    /// as soon as something does.
    Listening,
    /// Packets arrive but the picture stands. A key frame has been asked for.
    Stalled,
    /// Nothing is sent until [`Viewer::resume`](super::Viewer::resume).
    Paused,
    /// The attempt has ended; another follows by itself.
    Waiting {
        /// Why.
        problem: Problem,
        /// When the next attempt begins.
        until: Time,
    },
    /// The viewer has left.
    Left,
}
