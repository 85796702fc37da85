//! What gives a mountpoint its media.

use std::sync::Arc;
use std::time::Duration;

use crate::source::rtp::{RtpConfig, RtpError, RtpSource};
use crate::stream::{Stream, Track};

/// What gives a mountpoint its media. Dropping it frees what it has taken of the machine.
pub(crate) trait Source: Send {
    /// The media, in the order of the configuration.
    fn tracks(&self) -> Vec<SourceTrack>;

    /// How long ago something of a medium came; `None` before the first.
    fn age(&self, index: usize) -> Option<Duration>;

    /// Whether a viewer can be given a picture; the reason, in words for people, when not.
    fn readiness(&self) -> Result<(), String>;
}

/// One medium of a source.
#[derive(Clone)]
pub(crate) struct SourceTrack {
    pub(crate) track: Arc<dyn Track>,
    /// The UDP port at which it is received.
    pub(crate) port: Option<u16>,
    /// The UDP port for RTCP.
    pub(crate) rtcp_port: Option<u16>,
}

/// Makes sources of RTP: [`open_rtp`], or something else in tests. The name is for logs and errors.
pub(crate) type Open = Box<dyn Fn(&str, &RtpConfig) -> Result<Box<dyn Source>, RtpError> + Send>;

/// Opens the ports of a source of RTP.
pub(crate) fn open_rtp(name: &str, config: &RtpConfig) -> Result<Box<dyn Source>, RtpError> {
    Ok(Box::new(RtpSource::start(name, config)?))
}

impl Source for RtpSource {
    fn tracks(&self) -> Vec<SourceTrack> {
        let tracks = RtpSource::tracks(self).iter();
        tracks
            .map(|track| SourceTrack {
                track: track.track.clone(),
                port: Some(track.port),
                rtcp_port: track.rtcp_port,
            })
            .collect()
    }

    fn age(&self, index: usize) -> Option<Duration> {
        RtpSource::tracks(self).get(index)?.age()
    }

    fn readiness(&self) -> Result<(), String> {
        let came = RtpSource::tracks(self).iter().any(|t| t.age().is_some());
        came.then_some(())
            .ok_or_else(|| "waiting for the source: nothing has come yet".to_owned())
    }
}

/// The camera.
impl Source for Stream {
    fn tracks(&self) -> Vec<SourceTrack> {
        vec![SourceTrack {
            track: Arc::new(self.clone()),
            port: None,
            rtcp_port: None,
        }]
    }

    fn age(&self, _: usize) -> Option<Duration> {
        // Nothing is encoded while nobody watches, and the next picture is there at once.
        self.is_ready().then_some(Duration::ZERO)
    }

    fn readiness(&self) -> Result<(), String> {
        let ready = self.is_ready().then_some(());
        ready.ok_or_else(|| self.state().to_string())
    }
}
