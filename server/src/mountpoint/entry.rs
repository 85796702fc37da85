//! One mountpoint: what is told of it, and to whom.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use fanlight_protocol::streaming::{
    Created, Info, Listed, ListedMedia, MediaInfo, MediaKind, MountpointId, Ports, Recorded,
    Target, Watch,
};

use super::config::{MountpointConfig, MountpointConfigError};
use super::recordings::{Recordable, Recordings};
use super::source::{Source, SourceTrack};
use super::{MountpointError, Offering};
use crate::secret::Secret;
use crate::stream::Stream;

/// Janus' word for what goes on without its viewers.
const LIVE: &str = "live";

/// A mountpoint.
pub(super) struct Mountpoint {
    pub(super) id: MountpointId,
    name: String,
    pub(super) about: About,
    enabled: bool,
    pub(super) media: Vec<Medium>,
    /// What it was made of; `None` for the camera's.
    config: Option<MountpointConfig>,
    source: Box<dyn Source>,
    recordings: Recordings,
    since: Instant,
}

/// What is said of a mountpoint, and can be changed.
#[derive(Clone)]
pub(super) struct About {
    pub(super) description: String,
    pub(super) metadata: Option<String>,
    pub(super) is_private: bool,
    pub(super) secret: Option<Secret>,
    pub(super) pin: Option<Secret>,
}

impl About {
    /// How much a list says of this, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.description.len() + self.metadata.as_ref().map_or(0, String::len)
    }
}

/// A medium of a mountpoint.
pub(super) struct Medium {
    pub(super) mid: String,
    pub(super) kind: MediaKind,
    label: String,
    payload_type: Option<u8>,
    codec: &'static str,
    rtpmap: &'static str,
    /// As it was given: what viewers are offered may say more.
    fmtp: String,
    buffer_key_frame: bool,
    pub(super) from: SourceTrack,
}

impl Mountpoint {
    /// The camera's.
    pub(super) fn camera(id: MountpointId, stream: Stream, now: Instant) -> Mountpoint {
        let name = stream.name().to_owned();
        let media = Source::tracks(&stream).into_iter().map(|from| Medium {
            mid: "v".to_owned(),
            kind: MediaKind::Video,
            label: "video".to_owned(),
            payload_type: None,
            codec: "h264",
            rtpmap: from.track.format().codec.rtpmap(),
            fmtp: from.track.format().fmtp.clone(),
            buffer_key_frame: false,
            from,
        });
        Mountpoint {
            id,
            name,
            about: About {
                description: "Camera".to_owned(),
                metadata: None,
                is_private: false,
                secret: None,
                pin: None,
            },
            enabled: true,
            media: media.collect(),
            config: None,
            source: Box::new(stream),
            recordings: Recordings::default(),
            since: now,
        }
    }

    /// One that is fed by `source`, which was made with the same configuration. The ports that
    /// were chosen become part of it.
    pub(super) fn rtp(
        mut config: MountpointConfig,
        source: Box<dyn Source>,
        now: Instant,
    ) -> Result<Mountpoint, MountpointConfigError> {
        let buffers: Vec<bool> = (config.media.iter())
            .map(|medium| config.key_frame_buffer(medium).is_some())
            .collect();
        let mut media = Vec::new();
        let sources = source.tracks().into_iter().zip(buffers);
        for (medium, (from, buffer_key_frame)) in config.media.iter_mut().zip(sources) {
            let codec = medium.codec()?;
            media.push(Medium {
                mid: medium.mid.clone(),
                kind: medium.kind,
                label: medium.label().to_owned(),
                payload_type: Some(medium.payload_type()?),
                codec: medium.codec()?.name(),
                rtpmap: codec.rtpmap(),
                fmtp: medium.fmtp.clone().unwrap_or_default(),
                buffer_key_frame,
                from: from.clone(),
            });
            medium.port = from.port.unwrap_or(medium.port);
            medium.rtcpport = from.rtcp_port.or(medium.rtcpport);
        }
        Ok(Mountpoint {
            id: config.id,
            name: config.name(),
            about: About {
                description: config.description(),
                metadata: config.metadata.clone(),
                is_private: config.is_private,
                secret: config.secret.clone(),
                pin: config.pin.clone(),
            },
            enabled: config.enabled,
            media,
            config: Some(config),
            source,
            recordings: Recordings::default(),
            since: now,
        })
    }

    pub(super) fn is_camera(&self) -> bool {
        self.config.is_none()
    }

    /// What the file says of it when this is said of it; nothing of the camera.
    pub(super) fn kept(&self, about: &About) -> Option<MountpointConfig> {
        let About {
            description,
            metadata,
            is_private,
            secret,
            pin,
        } = about.clone();
        Some(MountpointConfig {
            description: Some(description),
            metadata,
            is_private,
            secret,
            pin,
            ..self.config.clone()?
        })
    }

    pub(super) fn enabled(&self) -> bool {
        self.enabled
    }

    /// Lets viewers in, or not. The source goes on for what is recorded of it: where viewers are
    /// sent it, it is stopped.
    pub(super) fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    pub(super) fn readiness(&self) -> Result<(), String> {
        if !self.enabled {
            return Err(MountpointError::Disabled(self.id).to_string());
        }
        self.source.readiness()
    }

    /// Whether somebody may manage it, who says `target`. One without a secret is everybody's, as
    /// in Janus, unless there is a key; the camera is nobody's without a key.
    pub(super) fn authorise(
        &self,
        target: &Target,
        admin_key: Option<&Secret>,
    ) -> Result<(), MountpointError> {
        if let Some(secret) = &self.about.secret {
            return match &target.secret {
                Some(given) if secret.is(given) => Ok(()),
                Some(_) => Err(MountpointError::WrongSecret),
                None => Err(MountpointError::Missing("secret")),
            };
        }
        match admin_key {
            Some(key) => check_admin_key(key, target.admin_key.as_deref()),
            None if self.is_camera() => Err(MountpointError::Camera),
            None => Ok(()),
        }
    }

    /// Whether somebody is told everything, who says `target`: whoever may manage it. A camera that
    /// nobody may manage has nothing to hide.
    pub(super) fn trusts(&self, target: &Target, admin_key: Option<&Secret>) -> bool {
        matches!(
            self.authorise(target, admin_key),
            Ok(()) | Err(MountpointError::Camera)
        )
    }

    /// Whether somebody may watch it, who says `pin`.
    pub(super) fn admit(&self, pin: Option<&str>) -> Result<(), MountpointError> {
        match (&self.about.pin, pin) {
            (None, _) => {}
            (Some(pin), Some(given)) if pin.is(given) => {}
            (Some(_), Some(_)) => return Err(MountpointError::WrongPin),
            (Some(_), None) => return Err(MountpointError::Missing("pin")),
        }
        match self.enabled {
            true => Ok(()),
            false => Err(MountpointError::Disabled(self.id)),
        }
    }

    /// The mids of the media that somebody wishes for.
    pub(super) fn wanted(&self, watch: &Watch) -> Vec<String> {
        let wanted = |medium: &&Medium| {
            let of_kind = match medium.kind {
                MediaKind::Audio => watch.offer_audio,
                MediaKind::Video => watch.offer_video,
                MediaKind::Data => None,
            };
            // A list of mids says more than the older flags.
            match watch.media.as_slice() {
                [] => of_kind.unwrap_or(true),
                mids => mids.contains(&medium.mid),
            }
        };
        let media = self.media.iter().filter(wanted);
        media.map(|medium| medium.mid.clone()).collect()
    }

    /// What viewers of these media are to be offered.
    pub(super) fn offering(&self, mids: &[String]) -> Offering {
        let media = self.media.iter().filter(|m| mids.contains(&m.mid));
        let config = self.config.as_ref();
        Offering {
            session_name: format!("Mountpoint {}", self.id),
            tracks: media
                .map(|medium| (medium.mid.clone(), medium.from.track.clone()))
                .collect(),
            // The camera is made for control: what is seen is to be now, and how late it is known.
            is_prompt: config.is_none_or(|config| config.playoutdelay_ext),
            tells_capture_time: config.is_none_or(|c| c.abscapturetime_src_ext_id.is_some()),
        }
    }

    pub(super) fn record(
        &mut self,
        directory: Option<&Path>,
        media: &[Recorded],
    ) -> Result<(), MountpointError> {
        let recordable = recordable(&self.media);
        self.recordings
            .start(directory, self.id, &recordable, media)
    }

    pub(super) fn stop_recording(&mut self, media: &[Recorded]) {
        self.recordings.stop(&recordable(&self.media), media);
    }

    pub(super) fn stop_all_recordings(&mut self) {
        self.recordings.stop_all();
    }

    pub(super) fn finish_recordings(&mut self) {
        self.recordings.finish();
    }

    /// How much a list says of it, in bytes.
    pub(super) fn said(&self) -> usize {
        let labels = self.media.iter().map(|medium| medium.label.len());
        self.about.bytes() + labels.sum::<usize>()
    }

    pub(super) fn listed(&self, now: Instant) -> Listed {
        let media = self.media.iter().enumerate();
        Listed {
            id: self.id,
            kind: LIVE.to_owned(),
            description: self.about.description.clone(),
            metadata: self.about.metadata.clone(),
            enabled: self.enabled,
            media: media
                .map(|(index, medium)| ListedMedia {
                    mid: medium.mid.clone(),
                    kind: medium.kind,
                    label: medium.label.clone(),
                    msid: None,
                    age_ms: self.age_ms(index, now),
                })
                .collect(),
        }
    }

    /// What is told to somebody who is trusted, or not.
    pub(super) fn info(&self, now: Instant, trusted: bool, viewers: usize) -> Info {
        let exposed = |secret: &Option<Secret>| {
            let secret = secret.as_ref().filter(|_| trusted);
            secret.map(|secret| secret.expose().into())
        };
        let media = self.media.iter().enumerate();
        let config = self.config.as_ref().filter(|_| trusted);
        Info {
            id: self.id,
            name: trusted.then(|| self.name.clone()),
            description: self.about.description.clone(),
            metadata: self.about.metadata.clone(),
            secret: exposed(&self.about.secret),
            pin: exposed(&self.about.pin),
            is_private: trusted && self.about.is_private,
            enabled: self.enabled,
            viewers: trusted.then_some(viewers as u64),
            kind: LIVE.to_owned(),
            media: media
                .map(|(index, medium)| MediaInfo {
                    mindex: index as u64,
                    kind: medium.kind,
                    mid: medium.mid.clone(),
                    label: medium.label.clone(),
                    msid: None,
                    pt: medium.payload_type.map(u64::from),
                    codec: Some(medium.codec.to_owned()),
                    rtpmap: Some(medium.rtpmap.to_owned()),
                    fmtp: Some(medium.fmtp.clone()).filter(|fmtp| !fmtp.is_empty()),
                    buffer_key_frame: medium.buffer_key_frame,
                    port: medium.from.port.filter(|_| trusted).map(u64::from),
                    rtcp_port: medium.from.rtcp_port.filter(|_| trusted).map(u64::from),
                    age_ms: self.age_ms(index, now),
                    recording: self.recordings.of(&medium.mid).filter(|_| trusted),
                })
                .collect(),
            host: config.and_then(host),
            srtp: config.is_some_and(|config| config.srtpsuite.is_some()),
            collision: config.and_then(|config| config.collision),
        }
    }

    /// The answer to whoever made it, who gave the media one by one or in a list.
    pub(super) fn created(&self, is_old_style: bool) -> Created {
        let port = |kind, port: fn(&SourceTrack) -> Option<u16>| {
            let medium = self.media.iter().find(|medium| medium.kind == kind)?;
            port(&medium.from).filter(|_| is_old_style).map(u64::from)
        };
        let (rtp, rtcp) = (
            |from: &SourceTrack| from.port,
            |from: &SourceTrack| from.rtcp_port,
        );
        let media = self.media.iter().filter(|_| !is_old_style);
        Created {
            id: self.id,
            kind: LIVE.to_owned(),
            description: self.about.description.clone(),
            is_private: self.about.is_private,
            host: self.config.as_ref().and_then(host),
            ports: media
                .map(|medium| Ports {
                    kind: medium.kind,
                    mid: medium.mid.clone(),
                    msid: None,
                    port: medium.from.port.unwrap_or_default().into(),
                    rtcp_port: medium.from.rtcp_port.map(u64::from),
                })
                .collect(),
            audio_port: port(MediaKind::Audio, rtp),
            audio_rtcp_port: port(MediaKind::Audio, rtcp),
            video_port: port(MediaKind::Video, rtp),
            video_rtcp_port: port(MediaKind::Video, rtcp),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Janus counts from the beginning where nothing has come yet.
    fn age_ms(&self, index: usize, now: Instant) -> Option<u64> {
        let since = || now.saturating_duration_since(self.since);
        let age = self.source.age(index);
        let age = match self.is_camera() {
            true => age?,
            false => age.unwrap_or_else(since),
        };
        Some(milliseconds(age))
    }
}

fn recordable(media: &[Medium]) -> Vec<Recordable<'_>> {
    let recordable = media.iter().map(|medium| Recordable {
        mid: &medium.mid,
        kind: medium.kind,
        track: &medium.from.track,
    });
    recordable.collect()
}

/// Whether a key is the right one.
pub(super) fn check_admin_key(key: &Secret, given: Option<&str>) -> Result<(), MountpointError> {
    match given {
        Some(given) if key.is(given) => Ok(()),
        Some(_) => Err(MountpointError::WrongAdminKey),
        None => Err(MountpointError::Missing("admin_key")),
    }
}

/// The one address at which media are taken, where it is known.
fn host(config: &MountpointConfig) -> Option<String> {
    let address = |text: &String| text.parse::<IpAddr>().ok();
    let of = |medium: &super::MediaConfig| medium.bind.or(medium.iface.as_ref().and_then(address));
    config.media.iter().find_map(of).map(|ip| ip.to_string())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
