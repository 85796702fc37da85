//! Mountpoints for tests, without sockets.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use super::source::{Open, Source, SourceTrack};
use super::{Mountpoints, MountpointsConfig, store};
use crate::source::rtp::{RtpConfig, RtpError, Traffic};
use crate::stream::{Format, Frame, FrameSink, Track};

/// A port that tests cannot have.
pub(crate) const TAKEN_PORT: u16 = 7;

/// Mountpoints whose sources give nothing. Ports that are left to the server count from 10000.
pub(crate) fn mountpoints(config: MountpointsConfig) -> Mountpoints {
    Mountpoints::with_sources(config, silent()).unwrap()
}

/// What a file with this text would say.
pub(crate) fn parse(text: &str) -> MountpointsConfig {
    MountpointsConfig {
        mountpoints: store::parse(text).unwrap().1,
        ..MountpointsConfig::default()
    }
}

/// Makes sources that give nothing.
pub(super) fn silent() -> Open {
    let next = AtomicU16::new(10_000);
    Box::new(move |name, config| Ok(Box::new(Silent::open(name, config, &next)?)))
}

struct Silent(Vec<SourceTrack>);

impl Silent {
    fn open(name: &str, config: &RtpConfig, next: &AtomicU16) -> Result<Silent, RtpError> {
        let mut tracks = Vec::new();
        for medium in &config.media {
            if medium.port == TAKEN_PORT {
                return Err(RtpError::Bind {
                    medium: format!("{name}/{}", medium.mid),
                    what: Traffic::Rtp,
                    address: ([0, 0, 0, 0], TAKEN_PORT).into(),
                    error: std::io::ErrorKind::AddrInUse.into(),
                });
            }
            let choose = |port: u16| match port {
                0 => next.fetch_add(1, Ordering::Relaxed),
                port => port,
            };
            tracks.push(SourceTrack {
                track: Arc::new(SilentTrack {
                    name: format!("{name}/{}", medium.mid),
                    format: medium.format(),
                }),
                port: Some(choose(medium.port)),
                rtcp_port: medium.rtcp_port.map(choose),
            });
        }
        Ok(Silent(tracks))
    }
}

impl Source for Silent {
    fn tracks(&self) -> Vec<SourceTrack> {
        self.0.clone()
    }

    fn age(&self, _: usize) -> Option<Duration> {
        None
    }

    fn readiness(&self) -> Result<(), String> {
        Ok(())
    }
}

struct SilentTrack {
    name: String,
    format: Format,
}

impl Track for SilentTrack {
    fn name(&self) -> &str {
        &self.name
    }

    fn format(&self) -> &Format {
        &self.format
    }

    fn subscribe(&self, _: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
        Box::new(())
    }

    fn first_frames(&self) -> Vec<Arc<Frame>> {
        Vec::new()
    }

    fn request_key_frame(&self) {}
}
