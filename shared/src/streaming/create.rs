//! How a mountpoint is made.

use serde::{Deserialize, Serialize};

use super::request::{flag, hidden, kept_metadata, kept_text};
use super::{MediaKind, MountpointId, PluginError, code};
use crate::error::Error;
use crate::fields::Object;
use crate::hidden::Hidden;

/// No mountpoint has more media than this: each takes up to two ports.
pub const MAX_MEDIA: usize = 16;

/// A mountpoint to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Create {
    /// The id it shall have; the server chooses one otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<MountpointId>,
    /// Its name; the server chooses one otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For programs; handed out as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// Whether it is left out of lists.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_private: bool,
    /// Asked of those who manage the mountpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Hidden>,
    /// Asked of viewers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<Hidden>,
    /// For good, rather than until the server ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub permanent: bool,
    /// What proves that the client may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin_key: Option<Hidden>,
    /// Where its media come from.
    #[serde(flatten)]
    pub source: Source,
}

/// Where a mountpoint's media come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Source {
    /// RTP that is sent to the server.
    Rtp(RtpMountpoint),
    /// A file that all viewers see at the same place.
    Live,
    /// A file that each viewer sees from its beginning.
    OnDemand,
    /// A camera or server that is asked for RTP.
    Rtsp,
}

/// RTP that is sent to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RtpMountpoint {
    /// The media, in the order of the offer.
    pub media: Vec<RtpMedia>,
    /// Milliseconds for which packets of a second SSRC are dropped after one of the first; 0: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision: Option<u64>,
    /// How the packets are encrypted, where they are.
    #[serde(rename = "srtpsuite", skip_serializing_if = "Option::is_none")]
    pub srtp_suite: Option<SrtpSuite>,
    /// Key and salt in base64, as in SDES (RFC 4568).
    #[serde(rename = "srtpcrypto", skip_serializing_if = "Option::is_none")]
    pub srtp_crypto: Option<Hidden>,
    /// Whether viewers are offered the extension `playout-delay`.
    #[serde(rename = "playoutdelay_ext", skip_serializing_if = "Option::is_none")]
    pub playout_delay: Option<bool>,
    /// The id, from 1 to 14, of the extension `abs-capture-time` in what is sent to the server.
    /// Viewers are offered it then.
    #[serde(
        rename = "abscapturetime_src_ext_id",
        skip_serializing_if = "Option::is_none"
    )]
    pub abs_capture_time: Option<u8>,
    /// For how many milliseconds the pictures since a key frame are kept for new viewers.
    #[serde(rename = "bufferkf_ms", skip_serializing_if = "Option::is_none")]
    pub buffer_ms: Option<u64>,
    /// Up to how many bytes the pictures since a key frame are kept for new viewers.
    #[serde(rename = "bufferkf_bytes", skip_serializing_if = "Option::is_none")]
    pub buffer_bytes: Option<u64>,
    /// Whether the media were given one by one in fields such as `videoport`, which is answered in
    /// the same way.
    #[serde(skip)]
    pub is_old_style: bool,
}

/// How long the tags are that protect SRTP packets: AES_CM_128 with HMAC_SHA1 (RFC 4568, 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum SrtpSuite {
    /// 32 bits.
    Tag32,
    /// 80 bits.
    Tag80,
}

/// One medium of an RTP mountpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RtpMedia {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// Its name in offers.
    pub mid: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The media stream it belongs to in offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msid: Option<String>,
    /// The multicast group it is sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcast: Option<String>,
    /// The interface or address on which it arrives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iface: Option<String>,
    /// The UDP port; 0 for any.
    pub port: u16,
    /// The UDP port of RTCP; 0 for any.
    #[serde(rename = "rtcpport", skip_serializing_if = "Option::is_none")]
    pub rtcp_port: Option<u16>,
    /// The payload type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pt: Option<u8>,
    /// The codec by its name in SDP, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// The parameters of `a=fmtp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmtp: Option<String>,
    /// Whether new viewers begin with the last key frame.
    #[serde(rename = "bufferkf", skip_serializing_if = "std::ops::Not::not")]
    pub buffer_key_frame: bool,
    /// For how many milliseconds the pictures since then are kept, where the mountpoint says
    /// something else.
    #[serde(rename = "bufferkf_ms", skip_serializing_if = "Option::is_none")]
    pub buffer_ms: Option<u64>,
    /// Up to how many bytes they are kept, where the mountpoint says something else.
    #[serde(rename = "bufferkf_bytes", skip_serializing_if = "Option::is_none")]
    pub buffer_bytes: Option<u64>,
    /// Whether it comes in several sizes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub simulcast: bool,
}

impl Create {
    pub(super) fn read(body: &Object) -> Result<Self, PluginError> {
        let kind = body.string("type")?;
        Ok(Self {
            id: body
                .opt_unsigned("id")?
                .filter(|id| *id != 0)
                .map(MountpointId),
            name: kept_text(body, "name")?,
            description: kept_text(body, "description")?,
            metadata: kept_metadata(body, "metadata")?,
            is_private: flag(body, "is_private")?,
            secret: kept_text(body, "secret")?.map(Hidden::from),
            pin: kept_text(body, "pin")?.map(Hidden::from),
            permanent: flag(body, "permanent")?,
            admin_key: hidden(body, "admin_key")?,
            source: Source::read(kind, body)?,
        })
    }
}

impl Source {
    fn read(kind: &str, body: &Object) -> Result<Self, PluginError> {
        match kind {
            "rtp" => RtpMountpoint::read(body).map(Self::Rtp),
            "live" => body
                .string("filename")
                .map(|_| Self::Live)
                .map_err(Into::into),
            "ondemand" => body
                .string("filename")
                .map(|_| Self::OnDemand)
                .map_err(Into::into),
            "rtsp" => Ok(Self::Rtsp),
            // The line end is Janus'.
            unknown => Err(PluginError::new(
                code::INVALID_ELEMENT,
                format!("Unknown stream type '{unknown}'...\n"),
            )),
        }
    }
}

impl RtpMountpoint {
    fn read(body: &Object) -> Result<Self, PluginError> {
        let media = body.opt_objects("media")?;
        let is_old_style = media.is_none();
        if media.as_ref().is_some_and(|media| media.len() > MAX_MEDIA) {
            let reason = format!("Can't add 'rtp' stream, it has more than {MAX_MEDIA} media");
            return Err(PluginError::new(code::CANNOT_CREATE, reason));
        }
        let media = match media {
            Some(media) => media.iter().map(RtpMedia::read).collect(),
            None => read_old_style(body),
        }?;
        if media.is_empty() {
            return Err(PluginError::new(
                code::CANNOT_CREATE,
                "Can't add 'rtp' stream, no audio or video have to be streamed...",
            ));
        }
        let suite = body.opt_unsigned("srtpsuite")?.filter(|suite| *suite != 0);
        let srtp_suite = match suite {
            None => None,
            Some(bits) => Some(SrtpSuite::from_bits(bits).ok_or_else(|| {
                let reason = "Can't add 'rtp' stream, invalid SRTP suite...";
                PluginError::new(code::CANNOT_CREATE, reason)
            })?),
        };
        Ok(Self {
            media,
            collision: body.opt_unsigned("collision")?,
            srtp_suite,
            srtp_crypto: kept_text(body, "srtpcrypto")?.map(Hidden::from),
            playout_delay: body.opt_bool("playoutdelay_ext")?,
            abs_capture_time: extension(body, "abscapturetime_src_ext_id")?,
            buffer_ms: body.opt_unsigned("bufferkf_ms")?,
            buffer_bytes: body.opt_unsigned("bufferkf_bytes")?,
            is_old_style,
        })
    }
}

impl RtpMedia {
    fn read(medium: &Object) -> Result<Self, PluginError> {
        let kind = medium.string("type")?;
        let mid = medium.string("mid")?.to_owned();
        let port = udp_port(medium, "port")?.ok_or_else(|| Error::missing("port"))?;
        let kind = MediaKind::by_name(kind).ok_or_else(|| {
            let reason = "Unsupported media type in media stream";
            PluginError::new(code::CANNOT_CREATE, reason)
        })?;
        Ok(Self {
            kind,
            mid,
            label: kept_text(medium, "label")?,
            msid: kept_text(medium, "msid")?,
            mcast: kept_text(medium, "mcast")?,
            iface: kept_text(medium, "iface")?,
            port,
            rtcp_port: udp_port(medium, "rtcpport")?,
            pt: payload_type(medium, "pt")?,
            codec: kept_text(medium, "codec")?,
            fmtp: kept_text(medium, "fmtp")?,
            buffer_key_frame: flag(medium, "bufferkf")?,
            buffer_ms: medium.opt_unsigned("bufferkf_ms")?,
            buffer_bytes: medium.opt_unsigned("bufferkf_bytes")?,
            simulcast: flag(medium, "simulcast")?,
        })
    }
}

/// The media that are given one by one: `audio` with `audioport` and so on, `video`, `data`.
fn read_old_style(body: &Object) -> Result<Vec<RtpMedia>, PluginError> {
    let mut media = Vec::new();
    for (kind, mid) in [
        (MediaKind::Audio, "a"),
        (MediaKind::Video, "v"),
        (MediaKind::Data, "d"),
    ] {
        if !flag(body, kind.name())? {
            continue;
        }
        let field = |name: &str| format!("{}{name}", kind.name());
        let own = |name: &str| kept_text(body, &field(name));
        let port = |name: &str| udp_port(body, &field(name));
        let pt = payload_type(body, &field("pt"))?;
        if pt.is_none() && kind != MediaKind::Data {
            return Err(PluginError::missing(&field("pt")));
        }
        media.push(RtpMedia {
            kind,
            mid: mid.to_owned(),
            label: None,
            msid: None,
            mcast: own("mcast")?,
            iface: own("iface")?,
            port: port("port")?.ok_or_else(|| Error::missing(&field("port")))?,
            rtcp_port: port("rtcpport")?,
            pt,
            codec: own("codec")?,
            fmtp: own("fmtp")?,
            buffer_key_frame: flag(body, &field("bufferkf"))?,
            buffer_ms: None,
            buffer_bytes: None,
            simulcast: flag(body, &field("simulcast"))?,
        });
    }
    Ok(media)
}

fn udp_port(body: &Object, field: &str) -> Result<Option<u16>, Error> {
    number(body, field, "a port from 0 to 65535")
}

fn payload_type(body: &Object, field: &str) -> Result<Option<u8>, Error> {
    let expected = "a payload type from 0 to 127";
    match number(body, field, expected)? {
        Some(128..) => Err(Error::wrong_type(field, expected)),
        pt => Ok(pt),
    }
}

/// The id of a header extension (RFC 8285, 4.2).
fn extension(body: &Object, field: &str) -> Result<Option<u8>, Error> {
    let expected = "the id of a header extension, from 1 to 14";
    match number(body, field, expected)? {
        Some(0 | 15..) => Err(Error::wrong_type(field, expected)),
        id => Ok(id),
    }
}

fn number<N: TryFrom<u64>>(body: &Object, field: &str, expected: &str) -> Result<Option<N>, Error> {
    body.opt_unsigned(field)?
        .map(|number| N::try_from(number).map_err(|_| Error::wrong_type(field, expected)))
        .transpose()
}

impl SrtpSuite {
    /// The suite whose tags have so many bits.
    pub fn from_bits(bits: u64) -> Option<Self> {
        match bits {
            32 => Some(Self::Tag32),
            80 => Some(Self::Tag80),
            _ => None,
        }
    }
}

impl From<SrtpSuite> for u8 {
    fn from(suite: SrtpSuite) -> Self {
        match suite {
            SrtpSuite::Tag32 => 32,
            SrtpSuite::Tag80 => 80,
        }
    }
}

impl TryFrom<u8> for SrtpSuite {
    type Error = String;

    fn try_from(bits: u8) -> Result<Self, String> {
        Self::from_bits(bits.into()).ok_or_else(|| format!("{bits} is no SRTP suite: 32 or 80 is"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Request;
    use super::*;

    fn refusal(body: &Value) -> Option<PluginError> {
        let body = Object::from_serialize(body).unwrap();
        Request::parse(&body).err().map(|malformed| malformed.error)
    }

    fn create(field: &str, length: usize) -> Value {
        let mut body = json!({"request": "create", "type": "rtp", "media": [
            {"type": "video", "mid": "v", "codec": "vp8", "pt": 96, "port": 0},
        ]});
        let text = "x".repeat(length);
        match field {
            "label" | "fmtp" => body["media"][0][field] = text.into(),
            _ => body[field] = text.into(),
        }
        body
    }

    #[test]
    fn the_texts_of_a_mountpoint_have_a_longest() {
        for (field, longest) in [
            ("name", 4096),
            ("description", 4096),
            ("secret", 4096),
            ("pin", 4096),
            ("label", 4096),
            ("fmtp", 4096),
            ("metadata", 16384),
        ] {
            assert_eq!(refusal(&create(field, longest)), None, "{field}");
            let refused = refusal(&create(field, longest + 1)).unwrap();
            assert_eq!(refused.code, code::INVALID_ELEMENT, "{field}");
            let reason = format!(
                "Invalid element type ({field} should be a string of at most {longest} bytes)"
            );
            assert_eq!(refused.reason, reason);
        }
    }

    #[test]
    fn what_is_said_of_a_mountpoint_later_is_no_longer() {
        for (field, longest) in [("new_description", 4096), ("new_metadata", 16384)] {
            let edit = |length| json!({"request": "edit", "id": 1, field: "x".repeat(length)});
            assert_eq!(refusal(&edit(longest)), None, "{field}");
            let refused = refusal(&edit(longest + 1)).unwrap();
            assert_eq!(refused.code, code::INVALID_ELEMENT, "{field}");
        }
    }

    #[test]
    fn the_id_of_a_header_extension_is_one() {
        let create = |id: u64| {
            let mut body = create("name", 1);
            body["abscapturetime_src_ext_id"] = id.into();
            refusal(&body)
        };
        assert_eq!(create(14), None);
        for id in [0, 15, 300] {
            assert_eq!(create(id).unwrap().code, code::INVALID_ELEMENT, "{id}");
        }
    }

    #[test]
    fn requests_show_no_secrets() {
        let media = [json!({"type": "audio", "mid": "a", "codec": "pcmu", "port": 0})];
        for body in [
            json!({"request": "info", "id": 1, "secret": "hunter2"}),
            json!({"request": "create", "type": "rtp", "media": media, "secret": "hunter2",
                "pin": "hunter2", "admin_key": "hunter2", "srtpcrypto": "hunter2"}),
            json!({"request": "edit", "id": 1, "secret": "hunter2", "admin_key": "hunter2",
                "new_secret": "hunter2", "new_pin": "hunter2"}),
            json!({"request": "destroy", "id": 1, "secret": "hunter2", "admin_key": "hunter2"}),
            json!({"request": "watch", "id": 1, "pin": "hunter2"}),
            json!({"request": "switch", "id": 1, "pin": "hunter2"}),
        ] {
            let request = Request::parse(&Object::from_serialize(&body).unwrap()).unwrap();
            let shown = format!("{request:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            let sent = serde_json::to_string(&request).unwrap();
            assert!(sent.contains("hunter2"), "{sent}");
        }
    }
}
