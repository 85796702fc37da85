//! The gateway's view of the real stream and the real peers.

use std::sync::Arc;

use fanlight_protocol::{Error, ErrorCode};
use tokio::sync::mpsc;

use super::media::{Ending, Media, Offer, OfferFailed, PeerNews, Wishes};
use crate::peer::{
    AnswerError, CandidateError, CloseReason, OfferOptions, OfferedTrack, Orientation, PeerEvent,
    PeerId, Peers, check_sdp,
};
use crate::stream::Stream;

/// One stream and the peers that watch it.
pub(crate) struct Live {
    stream: Stream,
    peers: Peers,
}

/// The way by which news of peers come to the gateway: for the callback of [`Peers::start`],
/// which must not block.
#[derive(Clone, Debug)]
pub(crate) struct PeerSink(mpsc::UnboundedSender<(PeerId, PeerNews)>);

/// The gateway's end of a [`PeerSink`].
pub(crate) type PeerSource = mpsc::UnboundedReceiver<(PeerId, PeerNews)>;

/// A way for news of peers.
pub(crate) fn peer_news() -> (PeerSink, PeerSource) {
    let (sink, source) = mpsc::unbounded_channel();
    (PeerSink(sink), source)
}

impl PeerSink {
    /// Passes on what became of a peer.
    pub(crate) fn tell(&self, peer: PeerId, event: &PeerEvent) {
        let news = match event {
            PeerEvent::Connected => PeerNews::Up,
            PeerEvent::SlowLink { mid, kind, lost } => PeerNews::SlowLink {
                mid: mid.clone(),
                kind: *kind,
                lost: *lost,
            },
            PeerEvent::Closed(CloseReason::ByViewer) => PeerNews::Down(Ending::Viewer),
            PeerEvent::Closed(CloseReason::Requested | CloseReason::Shutdown) => {
                PeerNews::Down(Ending::Server)
            }
            PeerEvent::Closed(CloseReason::Silent | CloseReason::NeverConnected) => {
                PeerNews::Down(Ending::Unreachable)
            }
            PeerEvent::Closed(CloseReason::Failed(reason)) => {
                PeerNews::Down(Ending::Broken(reason.clone()))
            }
        };
        // A gateway that has ended has told its viewers.
        let _ = self.0.send((peer, news));
    }
}

impl Live {
    pub(crate) fn new(stream: Stream, peers: Peers) -> Self {
        Self { stream, peers }
    }
}

impl Media for Live {
    type Peer = PeerId;

    fn readiness(&self) -> Result<(), String> {
        if self.stream.is_ready() {
            Ok(())
        } else {
            Err(self.stream.state().to_string())
        }
    }

    fn offer(&mut self, wishes: Wishes) -> Result<Offer<PeerId>, OfferFailed> {
        let orientation = match wishes.orientation {
            90 => Orientation::Quarter,
            180 => Orientation::Half,
            270 => Orientation::ThreeQuarters,
            _ => Orientation::Upright,
        };
        let options = OfferOptions {
            orientation,
            ..OfferOptions::default()
        };
        let video = OfferedTrack {
            mid: "v".to_owned(),
            track: Arc::new(self.stream.clone()),
        };
        match self.peers.offer(&[video], options) {
            Ok(offer) => Ok(Offer {
                peer: offer.peer,
                sdp: offer.sdp,
                candidates: offer.candidates,
            }),
            Err(error) => Err(OfferFailed(error.to_string())),
        }
    }

    fn check_sdp(&self, sdp: &str) -> Result<(), Error> {
        check_sdp(sdp).map_err(|error| invalid_sdp(error.to_string()))
    }

    fn answer(&mut self, peer: PeerId, sdp: &str) -> Result<(), Error> {
        self.peers.answer(peer, sdp).map_err(|error| match error {
            AnswerError::AnsweredBefore => {
                Error::new(ErrorCode::UnexpectedAnswer, error.to_string())
            }
            AnswerError::UnknownPeer | AnswerError::TooMany => {
                Error::new(ErrorCode::Unknown, error.to_string())
            }
            AnswerError::Sdp(_) | AnswerError::TakesNothing(_) | AnswerError::Mismatch(_) => {
                invalid_sdp(error.to_string())
            }
        })
    }

    fn add_candidate(&mut self, peer: PeerId, candidate: &str) -> Result<(), Error> {
        match self.peers.add_candidate(peer, candidate) {
            // It has just ended; the viewer will hear of it.
            Ok(()) | Err(CandidateError::UnknownPeer) => Ok(()),
            Err(error @ CandidateError::Invalid) => Err(Error::new(
                ErrorCode::TrickleInvalidStream,
                error.to_string(),
            )),
        }
    }

    fn request_key_frame(&mut self, peer: PeerId) {
        self.peers.request_key_frame(peer);
    }

    fn close(&mut self, peer: PeerId) {
        self.peers.close(peer);
    }
}

fn invalid_sdp(reason: String) -> Error {
    Error::new(ErrorCode::JsepInvalidSdp, reason)
}
