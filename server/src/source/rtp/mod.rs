//! RTP sources: what encoders and cameras send over the network (RFC 3550) becomes frames, without
//! being decoded.
//!
//! One thread serves the sockets of a source. What it does with a datagram is decided by values
//! that know no sockets and no clock: see `docs/design/rtp.md`.

mod assemble;
mod clock;
mod codec;
mod config;
mod feedback;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod medium;
mod packet;
mod payload_type;
mod reception;
mod reorder;
mod rtcp;
mod senders;
mod socket;
mod srtp;
mod stats;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod thread;
mod timeline;
mod track;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::stream::Track;
#[cfg(test)]
pub(crate) use config::Traffic;
pub(crate) use config::{KeyFrameBuffer, RtpConfig, RtpError, RtpMediaConfig};
use medium::Medium;
use socket::{Bound, MediumSockets};
pub(crate) use srtp::{SrtpKey, SrtpSuite};
use thread::{Control, RtpThread};
use track::MediumTrack;

/// Media that are received at UDP ports. Dropping it closes the ports; its tracks live on without
/// frames.
pub(crate) struct RtpSource {
    name: String,
    tracks: Vec<RtpTrack>,
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
}

/// One medium of an [`RtpSource`].
#[derive(Clone)]
pub(crate) struct RtpTrack {
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
        let no_thread = |error| RtpError::Thread {
            source_name: name.to_owned(),
            error,
        };
        let (mut thread, control) = RtpThread::new().map_err(no_thread)?;
        let mut tracks = Vec::new();
        for media in &config.media {
            let full_name = format!("{name}/{}", media.mid);
            let sockets = MediumSockets::open(&full_name, media)?;
            let core = Medium::new(&full_name, config, media, rand::random()).map_err(|error| {
                let medium = full_name.clone();
                RtpError::Srtp { medium, error }
            })?;
            let waker = sockets.rtcp.as_ref().map(|_| Arc::clone(&control.waker));
            let medium = Arc::new(MediumTrack::new(full_name, media, waker));
            tracks.push(RtpTrack {
                track: medium.clone(),
                port: sockets.rtp.port(),
                rtcp_port: sockets.rtcp.as_ref().map(Bound::port),
                medium: medium.clone(),
            });
            thread.add(core, sockets, medium).map_err(no_thread)?;
        }
        let thread = std::thread::Builder::new()
            .name(format!("rtp {name}"))
            .spawn(|| thread.run())
            .map_err(no_thread)?;
        Ok(RtpSource {
            name: name.to_owned(),
            tracks,
            control,
            thread: Some(thread),
        })
    }

    /// The media, in the order of the configuration.
    pub(crate) fn tracks(&self) -> &[RtpTrack] {
        &self.tracks
    }
}

impl Drop for RtpSource {
    /// Waits for the thread, so that the ports are free for the next source.
    fn drop(&mut self) {
        self.control.stopping.store(true, Ordering::Release);
        if let Err(error) = self.control.waker.wake() {
            tracing::error!(source = self.name, "cannot wake the thread: {error}");
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(source = self.name, "the thread panicked");
        }
        for RtpTrack { medium, .. } in &self.tracks {
            tracing::debug!(track = medium.name(), "ended: {}", medium.stats());
        }
    }
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
    #[cfg(test)]
    pub(crate) fn stats(&self) -> stats::RtpStats {
        self.medium.stats()
    }
}
