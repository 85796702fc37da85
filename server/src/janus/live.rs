//! The gateway's view of the real mountpoints and the real peers.

use fanlight_protocol::streaming::MountpointId;
use fanlight_protocol::{Error, ErrorCode};
use tokio::sync::mpsc;

use super::media::{Ending, Media, Offer, OfferFailed, PeerNews, SwitchFailed, Wishes};
use crate::mountpoint::{MountpointError, Mountpoints, Offering};
use crate::peer::{
    self, AnswerError, CandidateError, CloseReason, OfferOptions, OfferedTrack, Orientation,
    PeerEvent, PeerId, PeerInfo, Peers, PlayoutDelay, check_sdp,
};

/// The mountpoints and the peers that watch them.
pub(crate) struct Live {
    mountpoints: Mountpoints,
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
    pub(crate) fn new(mountpoints: Mountpoints, peers: Peers) -> Self {
        Self { mountpoints, peers }
    }

    /// What a viewer with these wishes is sent.
    fn offering(&self, wishes: &Wishes) -> Result<(Vec<OfferedTrack>, Offering), MountpointError> {
        let mountpoints = &self.mountpoints;
        let offering = mountpoints.offering(wishes.mountpoint, &wishes.mids)?;
        let tracks = offering.tracks.iter().map(|(mid, track)| OfferedTrack {
            mid: mid.clone(),
            track: track.clone(),
        });
        Ok((tracks.collect(), offering))
    }
}

impl Media for Live {
    type Peer = PeerId;

    fn mountpoints(&self) -> &Mountpoints {
        &self.mountpoints
    }

    fn readiness(&self, mountpoint: MountpointId) -> Result<(), String> {
        self.mountpoints.readiness(mountpoint)
    }

    fn offer(&mut self, wishes: &Wishes) -> Result<Offer<PeerId>, OfferFailed> {
        let (tracks, offering) = self
            .offering(wishes)
            .map_err(|error| OfferFailed(error.to_string()))?;
        let options = OfferOptions {
            orientation: match wishes.orientation {
                90 => Orientation::Quarter,
                180 => Orientation::Half,
                270 => Orientation::ThreeQuarters,
                _ => Orientation::Upright,
            },
            session_name: offering.session_name,
            playout_delay: offering.is_prompt.then(PlayoutDelay::default),
            abs_capture_time: offering.tells_capture_time,
        };
        let offer = self.peers.offer(&tracks, options);
        offer
            .map(from_peers)
            .map_err(|error| OfferFailed(error.to_string()))
    }

    fn restart(&mut self, peer: PeerId) -> Result<Offer<PeerId>, OfferFailed> {
        let offer = self.peers.restart(peer);
        offer
            .map(from_peers)
            .map_err(|error| OfferFailed(error.to_string()))
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

    fn set_sending(&mut self, peer: PeerId, mid: &str, on: bool) {
        self.peers.set_sending(peer, Some(mid), on);
    }

    fn switch(&mut self, peer: PeerId, wishes: &Wishes) -> Result<(), SwitchFailed> {
        let (tracks, _) = self
            .offering(wishes)
            .map_err(|error| SwitchFailed(error.to_string()))?;
        let switched = self.peers.switch(peer, &tracks);
        switched.map_err(|error| SwitchFailed(error.to_string()))
    }

    fn info(&self, peer: PeerId) -> Option<PeerInfo> {
        self.peers.info(peer)
    }

    fn close(&mut self, peer: PeerId) {
        self.peers.close(peer);
    }
}

fn from_peers(offer: peer::Offer) -> Offer<PeerId> {
    Offer {
        peer: offer.peer,
        sdp: offer.sdp,
        candidates: offer.candidates,
    }
}

fn invalid_sdp(reason: String) -> Error {
    Error::new(ErrorCode::JsepInvalidSdp, reason)
}
