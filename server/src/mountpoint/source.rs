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

/// A source that sends nothing for so long cannot be shown now. Some encoders send little of a
/// picture that does not change.
const SILENCE: Duration = Duration::from_secs(5);

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
        let ages = RtpSource::tracks(self).iter().map(|track| track.age());
        heard_of_late(ages).map_err(|reason| format!("waiting for the source: {reason}"))
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

/// Whether anything came a short while ago, by how long ago the last of each medium came.
fn heard_of_late(ages: impl Iterator<Item = Option<Duration>>) -> Result<(), &'static str> {
    match ages.flatten().min() {
        None => Err("nothing has come yet"),
        Some(age) if age > SILENCE => Err("nothing comes any more"),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_ready_while_one_of_its_media_comes() {
        let heard = |ages: &[Option<u64>]| {
            heard_of_late(ages.iter().map(|age| age.map(Duration::from_secs)))
        };
        assert_eq!(heard(&[None, None]), Err("nothing has come yet"));
        assert_eq!(heard(&[Some(9), None]), Err("nothing comes any more"));
        assert_eq!(heard(&[Some(9), Some(1)]), Ok(()));
    }
}
