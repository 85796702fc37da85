//! What a user says of an RTP source, and why it could not be started.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::stream::{Codec, Format};

use super::srtp::{SrtpError, SrtpKey};

/// A source: the media that belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct RtpConfig {
    pub(crate) media: Vec<RtpMediaConfig>,
    /// How long a sender has to be silent before another SSRC takes its place. Until then the
    /// other's packets are ignored. `None`: the newest sender is followed at once.
    pub(crate) collision: Option<Duration>,
    /// How all media are encrypted, if they are.
    pub(crate) srtp: Option<SrtpKey>,
}

/// One medium of a source.
#[derive(Clone, Debug)]
pub(crate) struct RtpMediaConfig {
    /// Its name in SDP, one of a kind in the source.
    pub(crate) mid: String,
    pub(crate) codec: Codec,
    /// The RTP payload type, from 0 to 127. A sender that uses another is followed with a warning.
    pub(crate) payload_type: u8,
    /// The parameters of `a=fmtp`, without the payload type; empty when there are none.
    pub(crate) fmtp: String,
    /// The address that is listened at. `None` for the multicast group's, else the interface's, else
    /// every one. With a group no other one makes sense.
    pub(crate) bind: Option<IpAddr>,
    /// The UDP port; 0 for any that is free.
    pub(crate) port: u16,
    /// The UDP port for RTCP, 0 for any; `None` for no RTCP. With it, key frames can be asked for.
    pub(crate) rtcp_port: Option<u16>,
    /// The multicast group to join.
    pub(crate) multicast: Option<IpAddr>,
    /// Where to join it, or to listen: the name of a network interface or an address of one. `None`
    /// lets the system choose.
    pub(crate) interface: Option<String>,
    /// What is kept for new viewers besides the last moment.
    pub(crate) key_frame_buffer: Option<KeyFrameBuffer>,
    /// The id of the header extension in which the sender says when it captured a frame
    /// (abs-capture-time), from 1 to 14.
    pub(crate) abs_capture_time: Option<u8>,
}

/// For how long the frames since the last key frame are kept for new viewers. Past either bound
/// only the key frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyFrameBuffer {
    /// How old the key frame may be; `None` for any age.
    pub(crate) max_age: Option<Duration>,
    /// How much memory all frames may take together, in bytes.
    pub(crate) max_bytes: usize,
}

impl Default for KeyFrameBuffer {
    /// Any age and 4 MB: ten seconds of 3 Mbit/s.
    fn default() -> KeyFrameBuffer {
        KeyFrameBuffer {
            max_age: None,
            max_bytes: 4 << 20,
        }
    }
}

impl RtpConfig {
    /// Finds what cannot work, whatever the machine. `name` is the source's, for errors.
    pub(crate) fn check(&self, name: &str) -> Result<(), RtpError> {
        if self.media.is_empty() {
            return Err(RtpError::NoMedia {
                source_name: name.to_owned(),
            });
        }
        for (index, media) in self.media.iter().enumerate() {
            let earlier = self.media.iter().take(index);
            if earlier.into_iter().any(|other| other.mid == media.mid) {
                return Err(RtpError::DuplicateMid {
                    source_name: name.to_owned(),
                    mid: media.mid.clone(),
                });
            }
            media.check(name)?;
        }
        Ok(())
    }
}

impl RtpMediaConfig {
    fn check(&self, source_name: &str) -> Result<(), RtpError> {
        let medium = format!("{source_name}/{}", self.mid);
        let payload_type = self.payload_type;
        if payload_type > 127 {
            return Err(RtpError::PayloadType {
                medium,
                payload_type,
            });
        }
        if let Some(id) = self.abs_capture_time.filter(|id| !(1..=14).contains(id)) {
            return Err(RtpError::ExtensionId { medium, id });
        }
        if let Some(group) = self.multicast.filter(|group| !group.is_multicast()) {
            return Err(RtpError::NotMulticast { medium, group });
        }
        let Some(group) = self.multicast else {
            return Ok(());
        };
        let other = |bind: &IpAddr| !bind.is_unspecified() && *bind != group;
        if let Some(bind) = self.bind.filter(other) {
            return Err(RtpError::BoundElsewhere {
                medium,
                group,
                bind,
            });
        }
        if is_of_one_link(group) && self.interface.is_none() {
            return Err(RtpError::NoLink { medium, group });
        }
        Ok(())
    }

    /// A medium that is received at any free port of every IPv4 address.
    pub(crate) fn new(mid: impl Into<String>, codec: Codec, payload_type: u8) -> RtpMediaConfig {
        RtpMediaConfig {
            mid: mid.into(),
            codec,
            payload_type,
            fmtp: String::new(),
            bind: None,
            port: 0,
            rtcp_port: None,
            multicast: None,
            interface: None,
            key_frame_buffer: None,
            abs_capture_time: None,
        }
    }

    /// What viewers are offered. H.264 leaves us fragmented, whatever came in, so its
    /// packetization mode is 1 for them.
    pub(crate) fn format(&self) -> Format {
        match self.codec {
            Codec::H264 if self.fmtp.is_empty() => Format::h264(),
            Codec::H264 => Format {
                codec: self.codec,
                fmtp: in_mode_1(&self.fmtp),
            },
            codec => Format {
                codec,
                fmtp: self.fmtp.clone(),
            },
        }
    }
}

/// Whether an IPv6 address means something else at each interface (RFC 4291).
pub(super) fn is_of_one_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(address) => {
            let [first, second, ..] = address.octets();
            // Of groups, the last four bits are their scope.
            let is_group = first == 0xff && matches!(second & 0x0f, 1 | 2);
            is_group || address.is_unicast_link_local()
        }
    }
}

/// The parameters with `packetization-mode=1` for whatever they say of it.
fn in_mode_1(fmtp: &str) -> String {
    const MODE: &str = "packetization-mode";
    let others = fmtp.split(';').map(str::trim).filter(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default().trim();
        !parameter.is_empty() && !name.eq_ignore_ascii_case(MODE)
    });
    let mode = format!("{MODE}=1");
    let all: Vec<&str> = others.chain([mode.as_str()]).collect();
    all.join(";")
}

/// Why an RTP source could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RtpError {
    #[error("{source_name}: there is no medium")]
    NoMedia { source_name: String },
    #[error("{source_name}: two media are called `{mid}`")]
    DuplicateMid { source_name: String, mid: String },
    #[error("{medium}: {payload_type} is no payload type: write 0 to 127")]
    PayloadType { medium: String, payload_type: u8 },
    #[error("{medium}: {id} is no id of a header extension: write 1 to 14")]
    ExtensionId { medium: String, id: u8 },
    #[error("{medium}: {group} is not a multicast address")]
    NotMulticast { medium: String, group: IpAddr },
    #[error(
        "{medium}: what is sent to {group} does not come to {bind}: leave `bind` out, and name the \
         interface with `iface`"
    )]
    BoundElsewhere {
        medium: String,
        group: IpAddr,
        bind: IpAddr,
    },
    #[error("{medium}: each network has a {group} of its own: name the interface with `iface`")]
    NoLink { medium: String, group: IpAddr },
    #[error("{medium}: there is no network interface `{interface}` with a suitable address")]
    NoInterface { medium: String, interface: String },
    #[error("{medium}: cannot receive {what} at {address}: {error}")]
    Bind {
        medium: String,
        what: Traffic,
        address: SocketAddr,
        error: io::Error,
    },
    #[error("{medium}: cannot join {group}: {error}")]
    Join {
        medium: String,
        group: IpAddr,
        error: io::Error,
    },
    #[error("{medium}: {error}")]
    Srtp { medium: String, error: SrtpError },
    #[error("{source_name}: no thread: {error}")]
    Thread {
        source_name: String,
        error: io::Error,
    },
}

impl RtpError {
    /// Whether the same configuration may do another time: the machine does not have now what it
    /// asks for.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            RtpError::NoInterface { .. }
                | RtpError::Bind { .. }
                | RtpError::Join { .. }
                | RtpError::Thread { .. }
        )
    }
}

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    Rtp,
    Rtcp,
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Traffic::Rtp => "RTP",
            Traffic::Rtcp => "RTCP",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fmtp(given: &str) -> String {
        let mut config = RtpMediaConfig::new("v", Codec::H264, 96);
        config.fmtp = given.to_owned();
        config.format().fmtp
    }

    #[test]
    fn h264_is_offered_in_packetization_mode_1_whatever_comes_in() {
        assert_eq!(fmtp(""), Format::h264().fmtp);
        assert_eq!(
            fmtp("profile-level-id=64001f; packetization-mode=0;x=y"),
            "profile-level-id=64001f;x=y;packetization-mode=1"
        );
        assert_eq!(
            fmtp("profile-level-id=64001f"),
            "profile-level-id=64001f;packetization-mode=1"
        );
    }

    #[test]
    fn other_codecs_are_offered_as_they_are_configured() {
        let mut config = RtpMediaConfig::new("a", Codec::Opus, 111);
        config.fmtp = "useinbandfec=1".into();
        assert_eq!(config.format().fmtp, "useinbandfec=1");
    }
}
