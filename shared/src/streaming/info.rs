//! What is told of mountpoints.

use serde::Serialize;

use super::request::text;
use super::{MediaKind, MountpointId};
use crate::error::Error;
use crate::fields::Object;
use crate::hidden::Hidden;

/// A mountpoint in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: MountpointId,
    /// `live` for everything that goes on without its viewers, RTP too.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub description: String,
    /// For programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// Whether viewers are let in.
    pub enabled: bool,
    /// Its media, in the order of offers.
    pub media: Vec<ListedMedia>,
}

/// A medium of a mountpoint in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedMedia {
    /// Its name in offers.
    pub mid: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// For people.
    pub label: String,
    /// The media stream it belongs to in offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msid: Option<String>,
    /// Milliseconds since something of it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
}

/// All that is known of a mountpoint. Some of it is told only to those who may manage it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Info {
    /// Its id.
    pub id: MountpointId,
    /// Its name, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    pub description: String,
    /// For programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// Its secret, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Hidden>,
    /// Its PIN, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Hidden>,
    /// Whether it is left out of lists, for managers; left out when it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_private: bool,
    /// Whether viewers are let in.
    pub enabled: bool,
    /// How many watch, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewers: Option<u64>,
    /// `live` for everything that goes on without its viewers, RTP too.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its media, in the order of offers.
    pub media: Vec<MediaInfo>,
    /// The address that media are expected at, for managers and where it is not just any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whether packets are expected to be encrypted, for managers; left out when they are not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub srtp: bool,
    /// Milliseconds for which packets of a second SSRC are dropped, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision: Option<u64>,
}

/// All that is known of a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaInfo {
    /// Its place among the media, from 0.
    pub mindex: u64,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// Its name in offers.
    pub mid: String,
    /// For people.
    pub label: String,
    /// The media stream it belongs to in offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msid: Option<String>,
    /// The payload type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pt: Option<u64>,
    /// The codec, in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// The value of `a=rtpmap`, without the payload type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtpmap: Option<String>,
    /// The parameters of `a=fmtp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmtp: Option<String>,
    /// Whether new viewers begin with the last key frame; left out when they do not.
    #[serde(rename = "videobufferkf", skip_serializing_if = "std::ops::Not::not")]
    pub buffer_key_frame: bool,
    /// The UDP port, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u64>,
    /// The UDP port of RTCP, for managers.
    #[serde(rename = "rtcpport", skip_serializing_if = "Option::is_none")]
    pub rtcp_port: Option<u64>,
    /// Milliseconds since something of it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The file that it is recorded to, for managers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
}

/// A mountpoint that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Created {
    /// Its id.
    pub id: MountpointId,
    /// Always `live`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub description: String,
    /// Whether it is left out of lists.
    pub is_private: bool,
    /// The address that media are expected at, where it is not just any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Where each medium is expected, when all were given in a list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Ports>,
    /// Where sound is expected, when the media were given one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_port: Option<u64>,
    /// Where RTCP of the sound is expected, when the media were given one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_rtcp_port: Option<u64>,
    /// Where pictures are expected, when the media were given one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_port: Option<u64>,
    /// Where RTCP of the pictures is expected, when the media were given one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_rtcp_port: Option<u64>,
}

/// Where a medium is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ports {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// Its name in offers.
    pub mid: String,
    /// The media stream it belongs to in offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msid: Option<String>,
    /// The UDP port.
    pub port: u64,
    /// The UDP port of RTCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtcp_port: Option<u64>,
}

impl Listed {
    pub(super) fn read(listed: &Object) -> Result<Self, Error> {
        // File mountpoints have none.
        let media = listed.opt_objects("media")?.unwrap_or_default();
        let media = media
            .iter()
            .filter_map(|medium| ListedMedia::read(medium).transpose());
        Ok(Self {
            id: listed.unsigned("id").map(MountpointId)?,
            kind: text(listed, "type")?.unwrap_or_default(),
            description: text(listed, "description")?.unwrap_or_default(),
            metadata: text(listed, "metadata")?,
            enabled: listed.lenient_bool("enabled").unwrap_or(true),
            media: media.collect::<Result<_, Error>>()?,
        })
    }
}

impl ListedMedia {
    /// `None` for a kind that this version does not know.
    fn read(medium: &Object) -> Result<Option<Self>, Error> {
        let Some(kind) = MediaKind::by_name(medium.string("type")?) else {
            return Ok(None);
        };
        Ok(Some(Self {
            mid: medium.string("mid")?.to_owned(),
            kind,
            label: text(medium, "label")?.unwrap_or_default(),
            msid: text(medium, "msid")?,
            age_ms: medium.lenient_unsigned("age_ms"),
        }))
    }
}
