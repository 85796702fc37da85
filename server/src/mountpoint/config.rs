//! What a user says of a mountpoint: a table `[[mountpoint]]` of a TOML file. The keys are Janus'.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use fanlight_protocol::streaming::{MAX_MEDIA, MediaKind, MountpointId};
use serde::{Deserialize, Deserializer, Serialize};

use crate::secret::Secret;
use crate::source::rtp::{KeyFrameBuffer, RtpConfig, RtpMediaConfig, SrtpKey, SrtpSuite};
use crate::stream::{Codec, Kind};

/// A mountpoint that is fed with RTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MountpointConfig {
    /// Never 0.
    pub(crate) id: MountpointId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// For people. Its name, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// For programs; handed out as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<String>,
    /// Whether it is left out of lists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_private: bool,
    /// Asked of those who manage it.
    #[serde(
        default,
        serialize_with = "Secret::write",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) secret: Option<Secret>,
    /// Asked of viewers.
    #[serde(
        default,
        serialize_with = "Secret::write",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) pin: Option<Secret>,
    /// Whether viewers are let in.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub(crate) enabled: bool,
    /// Milliseconds for which a sender has to be silent before another SSRC takes its place; 0, as
    /// none: the newest is followed at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) collision: Option<u64>,
    /// How packets are encrypted: `32`, `80` or a name of RFC 4568 or RFC 7714.
    #[serde(
        default,
        deserialize_with = "number_or_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) srtpsuite: Option<String>,
    /// Key and salt in base64.
    #[serde(
        default,
        serialize_with = "Secret::write",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) srtpcrypto: Option<Secret>,
    /// Whether viewers are told to show pictures at once (the extension `playout-delay`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) playoutdelay_ext: bool,
    /// The id of the header extension in which the sender says when a picture was taken
    /// (`abs-capture-time`). Viewers get it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) abscapturetime_src_ext_id: Option<u8>,
    /// What [`MediaConfig::bufferkf_ms`] is for videos that do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bufferkf_ms: Option<u64>,
    /// What [`MediaConfig::bufferkf_bytes`] is for videos that do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bufferkf_bytes: Option<u64>,
    /// The media, in the order of offers.
    pub(crate) media: Vec<MediaConfig>,
}

/// One medium of a mountpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaConfig {
    #[serde(rename = "type")]
    pub(crate) kind: MediaKind,
    /// Its name in offers, one of a kind in the mountpoint.
    pub(crate) mid: String,
    /// For people. Its kind, if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The codec by its name in SDP, in any case.
    pub(crate) codec: String,
    /// The payload type. May be left out where RFC 3551 gives the codec one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pt: Option<u8>,
    /// The parameters of `a=fmtp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fmtp: Option<String>,
    /// The UDP port; 0 for any that is free.
    pub(crate) port: u16,
    /// The UDP port of RTCP, 0 for any that is free. With it, key frames are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rtcpport: Option<u16>,
    /// The multicast group to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mcast: Option<IpAddr>,
    /// The name of a network interface, or an address of one, on which packets are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iface: Option<String>,
    /// The address that is listened at, where it is not the interface's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bind: Option<IpAddr>,
    /// Whether new viewers begin with the last key frame and what followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bufferkf: bool,
    /// Milliseconds after which a key frame is too old for that; any age without it. Other than 0
    /// it says `bufferkf`, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bufferkf_ms: Option<u64>,
    /// The most bytes that are kept for that, up to 16 MiB; 4 MiB without it. Other than 0 it says
    /// `bufferkf`, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bufferkf_bytes: Option<u64>,
}

/// No more is kept of a medium for new viewers, in bytes: clients may ask for it.
const MAX_BUFFER: u64 = 16 << 20;

/// What cannot be understood of a mountpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MountpointConfigError {
    #[error("0 is no id")]
    NoId,
    #[error("it has {0} media, and {MAX_MEDIA} are the most")]
    TooManyMedia(usize),
    #[error("`{mid}` is no mid: write letters, digits, `-`, `_` or `.`, 16 at most")]
    Mid { mid: String },
    #[error("medium `{mid}`: fmtp is one line of printable characters")]
    Fmtp { mid: String },
    #[error(
        "medium `{mid}`: Fanlight does not pass on {codec}: write {}",
        codecs()
    )]
    Codec { mid: String, codec: String },
    #[error("medium `{mid}`: {codec} is not {kind}")]
    Kind {
        mid: String,
        codec: String,
        kind: &'static str,
    },
    #[error("medium `{mid}`: {group} is no address")]
    Group { mid: String, group: String },
    #[error("medium `{mid}`: simulcast is not offered")]
    Simulcast { mid: String },
    #[error("medium `{mid}`: data are not offered")]
    Data { mid: String },
    #[error("medium `{mid}`: `pt` is missing")]
    NoPayloadType { mid: String },
    #[error("srtpsuite and srtpcrypto go together")]
    HalfOfSrtp,
    #[error("{0}")]
    Srtp(String),
}

impl MountpointConfig {
    /// The name, given or made of the id as Janus does.
    pub(crate) fn name(&self) -> String {
        let made = || format!("mp-{}", self.id);
        self.name.clone().unwrap_or_else(made)
    }

    /// What people read.
    pub(crate) fn description(&self) -> String {
        self.description.clone().unwrap_or_else(|| self.name())
    }

    /// What the RTP source is to do.
    pub(crate) fn rtp(&self) -> Result<RtpConfig, MountpointConfigError> {
        if self.id.0 == 0 {
            return Err(MountpointConfigError::NoId);
        }
        if self.media.len() > MAX_MEDIA {
            return Err(MountpointConfigError::TooManyMedia(self.media.len()));
        }
        let media = self.media.iter().map(|medium| {
            let abs_capture_time = self.abscapturetime_src_ext_id;
            Ok(RtpMediaConfig {
                abs_capture_time,
                key_frame_buffer: self.key_frame_buffer(medium),
                ..medium.rtp()?
            })
        });
        Ok(RtpConfig {
            media: media.collect::<Result<_, _>>()?,
            collision: self
                .collision
                .filter(|ms| *ms > 0)
                .map(Duration::from_millis),
            srtp: self.srtp()?,
        })
    }

    /// What is kept of one of the media for new viewers.
    pub(super) fn key_frame_buffer(&self, medium: &MediaConfig) -> Option<KeyFrameBuffer> {
        let own_or = |own: Option<u64>, all| own.or(all).filter(|bound| *bound > 0);
        let age = own_or(medium.bufferkf_ms, self.bufferkf_ms);
        let bytes = own_or(medium.bufferkf_bytes, self.bufferkf_bytes);
        let is_wanted = medium.bufferkf || age.is_some() || bytes.is_some();
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes.min(MAX_BUFFER)).ok());
        let default = KeyFrameBuffer::default();
        (medium.kind == MediaKind::Video && is_wanted).then(|| KeyFrameBuffer {
            max_age: age.map(Duration::from_millis),
            max_bytes: bytes.unwrap_or(default.max_bytes),
        })
    }

    fn srtp(&self) -> Result<Option<SrtpKey>, MountpointConfigError> {
        let invalid =
            |error: &dyn std::fmt::Display| MountpointConfigError::Srtp(error.to_string());
        match (&self.srtpsuite, &self.srtpcrypto) {
            (None, None) => Ok(None),
            (Some(suite), Some(key)) => {
                let suite = SrtpSuite::from_str(suite).map_err(|error| invalid(&error))?;
                let key = SrtpKey::from_base64(suite, key.expose()).map_err(|e| invalid(&e))?;
                Ok(Some(key))
            }
            _ => Err(MountpointConfigError::HalfOfSrtp),
        }
    }
}

impl MediaConfig {
    /// What people read.
    pub(crate) fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(self.kind.name())
    }

    pub(crate) fn codec(&self) -> Result<Codec, MountpointConfigError> {
        let mid = || self.mid.clone();
        if self.kind == MediaKind::Data {
            return Err(MountpointConfigError::Data { mid: mid() });
        }
        let Some(codec) = Codec::from_name(&self.codec) else {
            return Err(MountpointConfigError::Codec {
                mid: mid(),
                codec: self.codec.clone(),
            });
        };
        let fits = match codec.kind() {
            Kind::Audio => self.kind == MediaKind::Audio,
            Kind::Video => self.kind == MediaKind::Video,
        };
        fits.then_some(codec)
            .ok_or_else(|| MountpointConfigError::Kind {
                mid: mid(),
                codec: self.codec.clone(),
                kind: self.kind.name(),
            })
    }

    /// The payload type, given or the codec's own.
    pub(crate) fn payload_type(&self) -> Result<u8, MountpointConfigError> {
        let own = match self.codec()? {
            Codec::Pcmu => Some(0),
            Codec::Pcma => Some(8),
            Codec::G722 => Some(9),
            _ => None,
        };
        self.pt
            .or(own)
            .ok_or_else(|| MountpointConfigError::NoPayloadType {
                mid: self.mid.clone(),
            })
    }

    /// Mid and fmtp become part of what viewers' browsers read: nothing else may slip in with them.
    fn check_texts(&self) -> Result<(), MountpointConfigError> {
        let mid = || self.mid.clone();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !(1..=16).contains(&self.mid.len()) || !self.mid.chars().all(is_token) {
            return Err(MountpointConfigError::Mid { mid: mid() });
        }
        let fmtp = self.fmtp.as_deref().unwrap_or_default();
        if !fmtp.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            return Err(MountpointConfigError::Fmtp { mid: mid() });
        }
        Ok(())
    }

    fn rtp(&self) -> Result<RtpMediaConfig, MountpointConfigError> {
        self.check_texts()?;
        Ok(RtpMediaConfig {
            fmtp: self.fmtp.clone().unwrap_or_default(),
            bind: self.bind,
            port: self.port,
            rtcp_port: self.rtcpport,
            multicast: self.mcast,
            interface: self.iface.clone(),
            ..RtpMediaConfig::new(&self.mid, self.codec()?, self.payload_type()?)
        })
    }
}

fn codecs() -> String {
    Codec::ALL.map(Codec::name).join(", ")
}

fn yes() -> bool {
    true
}

/// Janus writes `srtpsuite = 80`, and RFC 7714's suites have names.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    Ok(
        Option::<Either>::deserialize(deserializer)?.map(|either| match either {
            Either::Number(number) => number.to_string(),
            Either::Text(text) => text,
        }),
    )
}
