//! Media for tests, without sockets or cameras.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fanlight_protocol::streaming::MountpointId;
use fanlight_protocol::{Error, ErrorCode};

use super::media::{Media, Offer, OfferFailed, SwitchFailed, Wishes};
use crate::mountpoint::{Mountpoints, MountpointsConfig, testing};
use crate::peer::{DtlsInfo, DtlsStateInfo, IceInfo, PeerInfo, TrackCounters, TrackInfo};
use crate::stream::Kind;

/// The shortest session description.
pub(super) const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
/// A candidate of either side.
pub(super) const CANDIDATE: &str = "candidate:1 1 udp 2015363327 192.0.2.1 8189 typ host";

/// What is known of every peer.
fn peer_info() -> PeerInfo {
    PeerInfo {
        age: Duration::from_secs(1),
        local_sdp: format!("{SDP}a=extmap:4/sendonly urn:example:mid\r\n"),
        remote_sdp: None,
        ice: IceInfo {
            local_candidates: vec!["1 1 udp 2015363327 192.0.2.1 8189 typ host".to_owned()],
            controlling: true,
            ..IceInfo::default()
        },
        dtls: DtlsInfo {
            fingerprint: "3C:A7".to_owned(),
            remote_fingerprint: None,
            is_client: None,
            state: DtlsStateInfo::Created,
            srtp_profile: None,
        },
        tracks: vec![TrackInfo {
            mid: "v".to_owned(),
            kind: Kind::Video,
            codec: "H264",
            clock_rate: 90_000,
            payload_type: 96,
            rtx_payload_type: Some(97),
            ssrc: 3_333_929_285,
            rtx_ssrc: Some(1_874_963_822),
            taken: None,
            sending: true,
            counters: TrackCounters::default(),
        }],
    }
}

/// Media that take notes. There is one mountpoint, number 1, with the medium `v`.
pub(crate) struct Fake {
    pub(super) mountpoints: Mountpoints,
    /// Why there is no picture.
    pub(super) not_ready: Option<String>,
    /// What the next answer is refused with.
    pub(super) refuse: Option<Error>,
    /// What offers are refused with.
    pub(super) no_offers: Option<String>,
    pub(super) last_peer: u64,
    pub(super) open: BTreeSet<u64>,
    pub(super) answered: Vec<u64>,
    pub(super) candidates: Vec<(u64, String)>,
    pub(super) key_frames: Vec<u64>,
    pub(super) restarted: Vec<u64>,
    /// What was last said of sending a medium of a peer.
    pub(super) sending: BTreeMap<(u64, String), bool>,
    pub(super) switched: Vec<(u64, Wishes)>,
    /// What switches are refused with.
    pub(super) no_switches: Option<String>,
}

const MOUNTPOINTS: &str = "[[mountpoint]]\nid = 1\n\
    media = [{ type = 'video', mid = 'v', codec = 'h264', pt = 96, port = 5004 }]";

impl Default for Fake {
    fn default() -> Self {
        Self::with(testing::parse(MOUNTPOINTS))
    }
}

impl Fake {
    pub(super) fn with(config: MountpointsConfig) -> Self {
        Self {
            mountpoints: testing::mountpoints(config),
            not_ready: None,
            refuse: None,
            no_offers: None,
            last_peer: 0,
            open: BTreeSet::new(),
            answered: Vec::new(),
            candidates: Vec::new(),
            key_frames: Vec::new(),
            restarted: Vec::new(),
            sending: BTreeMap::new(),
            switched: Vec::new(),
            no_switches: None,
        }
    }

    fn offer(peer: u64) -> Offer<u64> {
        Offer {
            peer,
            sdp: SDP.to_owned(),
            candidates: vec![CANDIDATE.to_owned()],
        }
    }
}

impl Media for Fake {
    type Peer = u64;

    fn mountpoints(&self) -> &Mountpoints {
        &self.mountpoints
    }

    fn readiness(&self, _: MountpointId) -> Result<(), String> {
        self.not_ready.clone().map_or(Ok(()), Err)
    }

    fn offer(&mut self, _: &Wishes) -> Result<Offer<u64>, OfferFailed> {
        if let Some(reason) = self.no_offers.clone() {
            return Err(OfferFailed(reason));
        }
        self.last_peer += 1;
        self.open.insert(self.last_peer);
        Ok(Self::offer(self.last_peer))
    }

    fn restart(&mut self, peer: u64) -> Result<Offer<u64>, OfferFailed> {
        self.restarted.push(peer);
        Ok(Self::offer(peer))
    }

    fn check_sdp(&self, sdp: &str) -> Result<(), Error> {
        let invalid = |reason: String| Err(Error::new(ErrorCode::JsepInvalidSdp, reason));
        if !sdp.starts_with("v=") {
            return invalid("Invalid SDP (doesn't start with v=)".to_owned());
        }
        match sdp.lines().find(|line| line.len() < 3) {
            Some(line) => invalid(format!("Invalid line ({} bytes): {line}", line.len())),
            None => Ok(()),
        }
    }

    fn answer(&mut self, peer: u64, _: &str) -> Result<(), Error> {
        self.answered.push(peer);
        self.refuse.take().map_or(Ok(()), Err)
    }

    fn add_candidate(&mut self, peer: u64, candidate: &str) -> Result<(), Error> {
        if !candidate.starts_with("candidate:") {
            return Err(Error::new(ErrorCode::TrickleInvalidStream, "no candidate"));
        }
        self.candidates.push((peer, candidate.to_owned()));
        Ok(())
    }

    fn request_key_frame(&mut self, peer: u64) {
        self.key_frames.push(peer);
    }

    fn set_sending(&mut self, peer: u64, mid: &str, on: bool) {
        self.sending.insert((peer, mid.to_owned()), on);
    }

    fn switch(&mut self, peer: u64, wishes: &Wishes) -> Result<(), SwitchFailed> {
        if let Some(reason) = self.no_switches.clone() {
            return Err(SwitchFailed(reason));
        }
        self.switched.push((peer, wishes.clone()));
        Ok(())
    }

    fn info(&self, peer: u64) -> Option<PeerInfo> {
        self.open.contains(&peer).then(peer_info)
    }

    fn close(&mut self, peer: u64) {
        assert!(self.open.remove(&peer), "peer {peer} was closed before");
    }
}
