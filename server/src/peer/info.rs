//! What administrators are shown of a peer.
use super::{answer::Agreed, codec, dtls::Fingerprint, offer::Section};
use crate::stream::Kind;
use std::{net::SocketAddr, time::Duration};

/// A peer at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PeerInfo {
    /// The time since it was first offered something.
    pub(crate) age: Duration,
    /// Our last offer, without candidates.
    pub(crate) local_sdp: String,
    /// The viewer's last answer.
    pub(crate) remote_sdp: Option<String>,
    /// Its path.
    pub(crate) ice: IceInfo,
    /// Its handshake.
    pub(crate) dtls: DtlsInfo,
    /// All that was offered, in the order of the offer.
    pub(crate) tracks: Vec<TrackInfo>,
}

/// The search for a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IceInfo {
    /// Whether we make no checks of our own (RFC 8445 section 2.5).
    pub(crate) lite: bool,
    /// Whether it is for us to choose the path.
    pub(crate) controlling: bool,
    /// How it stands.
    pub(crate) state: IceStateInfo,
    /// Our addresses, as in `candidate:` lines but without that word.
    pub(crate) local_candidates: Vec<String>,
    /// The viewer's, named by itself or seen.
    pub(crate) remote_candidates: Vec<String>,
    /// The path in use.
    pub(crate) selected: Option<SelectedPair>,
    /// Whether another path is being looked for.
    pub(crate) restarting: bool,
}

/// How the search for a path stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum IceStateInfo {
    /// The offer waits for its answer.
    #[default]
    New,
    /// Paths are tried.
    Checking,
    /// There is one.
    Connected,
    /// Nothing was heard over it for some seconds.
    Disconnected,
    /// There is none, or no more.
    Failed,
}

/// A path, with the types of its ends: `host`, `srflx`, `prflx` or `relay`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SelectedPair {
    pub(crate) local: SocketAddr,
    pub(crate) local_type: String,
    pub(crate) remote: SocketAddr,
    pub(crate) remote_type: String,
}

/// The handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DtlsInfo {
    /// Of our certificate (SHA-256), as SDP writes it.
    pub(crate) fingerprint: String,
    /// Of the viewer's.
    pub(crate) remote_fingerprint: Option<String>,
    /// Whether we send the first message; known from the answer on.
    pub(crate) is_client: Option<bool>,
    /// How it stands.
    pub(crate) state: DtlsStateInfo,
    /// What media are encrypted with, in the words of the IANA registry.
    pub(crate) srtp_profile: Option<&'static str>,
}

/// How the handshake stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DtlsStateInfo {
    /// It has not begun.
    #[default]
    Created,
    /// It is going on.
    Trying,
    /// It is complete.
    Connected,
}

/// One track of a peer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrackInfo {
    pub(crate) mid: String,
    pub(crate) kind: Kind,
    /// Its name in SDP.
    pub(crate) codec: &'static str,
    /// Ticks of RTP time a second.
    pub(crate) clock_rate: u32,
    /// As the viewer wants it; as it was offered while there is no answer.
    pub(crate) payload_type: u8,
    /// Of retransmissions.
    pub(crate) rtx_payload_type: Option<u8>,
    pub(crate) ssrc: u32,
    /// Of retransmissions.
    pub(crate) rtx_ssrc: Option<u32>,
    /// Whether the viewer takes it; `None` while there is no answer.
    pub(crate) taken: Option<bool>,
    /// Whether it is sent: neither refused nor paused.
    pub(crate) sending: bool,
    pub(crate) counters: TrackCounters,
}

/// What has been sent of a track, and what the viewer said about it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TrackCounters {
    /// Packets sent, without retransmissions.
    pub(crate) packets: u64,
    /// Bytes of their payloads.
    pub(crate) bytes: u64,
    /// Of these, those of the last full second.
    pub(crate) bytes_last_second: u64,
    /// Packets that the viewer asked for again …
    pub(crate) nacks: u64,
    /// … and those that it was sent.
    pub(crate) resent: u64,
    /// How often the viewer asked for a key frame (PLI, FIR).
    pub(crate) key_frames_asked: u64,
    /// Packets that the viewer reports as lost, in all.
    pub(crate) lost: u32,
    /// Of the packets since the report before, the share that was lost, from 0 to 1.
    pub(crate) fraction_lost: f32,
    /// The variation of the packets' travel time at the viewer.
    pub(crate) jitter: Duration,
    /// The time there and back, by reports.
    pub(crate) round_trip: Option<Duration>,
}

/// What the I/O thread knows of a peer.
pub(super) struct LiveInfo {
    pub(super) ice: IceInfo,
    pub(super) dtls: DtlsInfo,
    pub(super) media: Vec<LiveMedium>,
}

/// A track that the viewer takes.
pub(super) struct LiveMedium {
    pub(super) mid: String,
    pub(super) agreed: Agreed,
    pub(super) sending: bool,
    pub(super) counters: TrackCounters,
}

impl IceInfo {
    /// While there is no answer.
    pub(super) fn offered(lite: bool) -> Self {
        Self {
            lite,
            controlling: !lite,
            ..Self::default()
        }
    }
}

impl DtlsInfo {
    /// While there is no answer.
    pub(super) fn offered(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint: fingerprint.to_string(),
            remote_fingerprint: None,
            is_client: None,
            state: DtlsStateInfo::Created,
            srtp_profile: None,
        }
    }
}

impl TrackInfo {
    /// A track as it was offered.
    pub(super) fn offered(section: &Section, sending: bool) -> Self {
        Self {
            mid: section.mid.clone(),
            kind: section.format.codec.kind(),
            codec: codec::name(section.format.codec),
            clock_rate: section.format.codec.clock_rate(),
            payload_type: section.payload_type,
            rtx_payload_type: section.rtx,
            ssrc: section.sources.media,
            rtx_ssrc: section.sources.rtx,
            taken: None,
            sending,
            counters: TrackCounters::default(),
        }
    }

    /// The same once it is answered, by what is known of those that were taken.
    pub(super) fn answered(section: &Section, media: &[LiveMedium]) -> Self {
        let offered = Self::offered(section, false);
        match media.iter().find(|medium| medium.mid == section.mid) {
            Some(medium) => Self {
                payload_type: medium.agreed.payload_type,
                rtx_payload_type: medium.agreed.rtx,
                taken: Some(true),
                sending: medium.sending,
                counters: medium.counters,
                ..offered
            },
            None => Self {
                taken: Some(false),
                ..offered
            },
        }
    }
}
