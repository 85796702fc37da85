//! What administrators are told of a handle.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::streaming::{MediaKind, MountpointId};
use crate::{HandleId, SessionId};

/// What is known of a handle. Times are microseconds of a clock that only goes forward.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HandleInfo {
    /// Its session.
    pub session_id: SessionId,
    /// When something was last asked of the session.
    pub session_last_activity: u64,
    /// Seconds after which the session ends unused.
    pub session_timeout: u64,
    /// How the session's client is spoken to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_transport: Option<&'static str>,
    /// The handle.
    pub handle_id: HandleId,
    /// The client's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque_id: Option<String>,
    /// Always true: a handle that is there is served.
    #[serde(rename = "loop-running")]
    pub loop_running: bool,
    /// When it was made.
    pub created: u64,
    /// Now.
    pub current_time: u64,
    /// The plugin that it is attached to.
    pub plugin: &'static str,
    /// What the plugin knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_specific: Option<Watching>,
    /// All else, unless only the plugin was asked for.
    #[serde(flatten)]
    pub connection: Option<Connection>,
}

/// What the streaming plugin knows of a handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Watching {
    /// `watching` or `idle`.
    pub state: &'static str,
    /// What is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mountpoint_id: Option<MountpointId>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mountpoint_name: Option<String>,
    /// How many watch it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mountpoint_viewers: Option<usize>,
    /// The media that were offered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<WatchedMedium>,
    /// 1 when media flow.
    pub started: u8,
    /// 1 while the viewer has them paused.
    pub paused: u8,
}

/// A medium that was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchedMedium {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// Its place in the offer.
    pub mindex: usize,
    /// Its name in the offer.
    pub mid: String,
}

/// The peer connection of a handle.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Connection {
    /// How far it is.
    pub flags: Flags,
    /// When it was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_created: Option<u64>,
    /// `full` or `lite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_mode: Option<&'static str>,
    /// `controlling` or `controlled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_role: Option<&'static str>,
    /// The session descriptions.
    pub sdps: Sdps,
    /// Packets that wait to be sent: there is no such queue.
    pub queued_packets: u64,
    /// The connection itself, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webrtc: Option<Webrtc>,
}

/// How far a peer connection is, in Janus' words. Those not listed here have no counterpart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flags {
    /// An offer was made.
    pub got_offer: bool,
    /// It was answered.
    pub got_answer: bool,
    /// Both sides agree.
    pub negotiated: bool,
    /// The offer waits for its answer.
    pub processing_offer: bool,
    /// A path is looked for.
    pub starting: bool,
    /// Another path is looked for.
    pub ice_restart: bool,
    /// Media flow.
    pub ready: bool,
    /// It was answered, and more candidates of the client are welcome.
    pub trickle: bool,
    /// There is audio in what both agree on.
    pub has_audio: bool,
    /// There is video in what both agree on.
    pub has_video: bool,
    /// Lost packets are sent again (RFC 4588).
    #[serde(rename = "rfc4588-rtx")]
    pub rfc4588_rtx: bool,
}

/// Session descriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sdps {
    /// The server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// A peer connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Webrtc {
    /// The path.
    pub ice: Ice,
    /// The handshake.
    pub dtls: Dtls,
    /// Header extensions in the offer and their numbers.
    pub extensions: BTreeMap<String, u8>,
    /// What is sent, by mid.
    pub media: BTreeMap<String, Media>,
}

/// The path of a peer connection (RFC 8445).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ice {
    /// Always 1: all is bundled.
    #[serde(rename = "stream_id")]
    pub stream_id: u32,
    /// Always 1.
    #[serde(rename = "component_id")]
    pub component_id: u32,
    /// `gathering`, `connecting`, `ready`, `disconnected` or `failed`.
    pub state: &'static str,
    /// The server's candidates.
    pub local_candidates: Vec<String>,
    /// The client's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remote_candidates: Vec<String>,
    /// The path in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected_pair: Option<String>,
    /// 1 when there is a path, -1 otherwise.
    pub ready: i8,
}

/// The handshake of a peer connection (RFC 9147).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Dtls {
    /// Of the server's certificate.
    pub fingerprint: String,
    /// Of the client's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_fingerprint: Option<String>,
    /// `actpass`, `active` or `passive`.
    pub dtls_role: &'static str,
    /// `created`, `trying` or `connected`.
    pub dtls_state: &'static str,
    /// Whether the client has the certificate that its description names.
    pub valid: bool,
    /// What media are encrypted with.
    pub srtp_profile: &'static str,
    /// Whether media can flow.
    pub ready: bool,
    /// Whether there is a channel for data: never.
    pub sctp_association: bool,
    /// Media packets over the connection.
    pub stats: Stats,
}

/// One track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Media {
    /// `audio` or `video`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its place in the offer.
    pub mindex: usize,
    /// Its name in the offer.
    pub mid: String,
    /// Whether lost packets are sent again.
    pub do_nacks: bool,
    /// What its packets are marked with.
    pub ssrc: Ssrcs,
    /// Which way it goes.
    pub direction: Direction,
    /// How it is encoded.
    pub codecs: Codecs,
    /// What the client reports.
    pub rtcp: Rtcp,
    /// What was sent.
    pub stats: Stats,
}

/// What a track's packets are marked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ssrcs {
    /// The packets.
    pub ssrc: u32,
    /// Packets that are sent again.
    #[serde(rename = "ssrc-rtx", skip_serializing_if = "Option::is_none")]
    pub rtx: Option<u32>,
}

/// Which way a track goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Direction {
    /// To the client.
    pub send: bool,
    /// From the client.
    pub recv: bool,
}

/// How a track is encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Codecs {
    /// The payload type.
    pub pt: u8,
    /// Of packets that are sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtx_pt: Option<u8>,
    /// The codec, in lower case.
    pub codec: String,
}

/// What a client reports of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rtcp {
    /// The report.
    pub main: Report,
}

/// A report (RFC 3550, 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Ticks of RTP time a second.
    pub base: u32,
    /// There and back, in milliseconds.
    pub rtt: u64,
    /// Packets from the client that were lost: always 0, as it sends no media.
    pub lost: u32,
    /// Packets that the client reports as lost.
    pub lost_by_remote: u32,
    /// Of packets from the client, in milliseconds: always 0.
    pub jitter_local: u64,
    /// At the client, in milliseconds.
    pub jitter_remote: u64,
    /// The share of packets from the client that arrive, in percent: always 0.
    pub in_link_quality: u8,
    /// The same with those that were sent again: always 0.
    pub in_media_link_quality: u8,
    /// The share of packets that arrive, in percent.
    pub out_link_quality: u8,
}

/// Packets both ways. Nothing but reports comes from a viewer, and those are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// From the client.
    #[serde(rename = "in")]
    pub incoming: Counters,
    /// To the client.
    #[serde(rename = "out")]
    pub outgoing: Counters,
}

/// Packets one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// How many.
    pub packets: u64,
    /// How much.
    pub bytes: u64,
    /// How much in the last second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_lastsec: Option<u64>,
    /// How often a packet was asked for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nacks: Option<u64>,
    /// How many of those were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retransmissions: Option<u64>,
}
