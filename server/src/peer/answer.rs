//! A viewer's answer: what of the offer it takes, and how to reach it.
use super::{
    candidate::{self, Remote},
    dtls::{Fingerprint, Role},
    offer::{ABS_CAPTURE_TIME, PLAYOUT_DELAY, VIDEO_ORIENTATION},
    sdp::{Media, Sdp, SdpError},
};
use thiserror::Error;

/// Why an answer was not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum AnswerError {
    /// There is no such peer, or no more.
    #[error("no offer is waiting for this answer")]
    UnknownPeer,
    /// The offer was answered before.
    #[error("the offer was answered before")]
    AnsweredBefore,
    /// So many viewers are served, or connecting, that no more are taken.
    #[error("there are too many viewers")]
    TooMany,
    /// The text is no session description.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// The viewer cannot decode the video.
    #[error("the answer takes no H.264 video (packetization-mode 1)")]
    NoH264,
    /// A session description, but none that answers the offer.
    #[error("the answer does not fit the offer: {0}")]
    Mismatch(&'static str),
}

/// What an answer says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) ufrag: String,
    pub(super) password: String,
    pub(super) fingerprint: Fingerprint,
    /// What we are in the DTLS handshake.
    pub(super) role: Role,
    pub(super) agreed: Agreed,
    pub(super) candidates: Vec<Remote>,
}

/// The payload types and header extensions that a viewer takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) payload_type: u8,
    /// The payload type of retransmissions (RFC 4588), where the viewer takes them apart.
    pub(super) rtx: Option<u8>,
    pub(super) playout_delay: Option<u8>,
    pub(super) abs_capture_time: Option<u8>,
    pub(super) orientation: Option<u8>,
}

impl Answer {
    /// Reads an answer to one of our offers.
    pub(super) fn parse(text: &str) -> Result<Self, AnswerError> {
        let sdp = Sdp::parse(text)?;
        let video = sdp
            .media("video")
            .ok_or(AnswerError::Mismatch("it has no video section"))?;
        if video.port == 0 || video.attribute("inactive").is_some() {
            return Err(AnswerError::NoH264);
        }
        let agreed = Agreed::of(video)?;

        let credential = |name, missing, length: std::ops::RangeInclusive<usize>| {
            sdp.attribute(video, name)
                .filter(|value| length.contains(&value.len()))
                .map(str::to_owned)
                .ok_or(AnswerError::Mismatch(missing))
        };
        // The lengths are those of RFC 8839 section 5.4, but for the longest fragment: it would be
        // sent with each check to addresses that nobody has proven.
        let ufrag = credential("ice-ufrag", "ice-ufrag is missing or odd", 4..=32)?;
        let password = credential("ice-pwd", "ice-pwd is missing or odd", 22..=256)?;
        let fingerprint = sdp
            .attribute(video, "fingerprint")
            .and_then(Fingerprint::parse)
            .ok_or(AnswerError::Mismatch("it has no sha-256 fingerprint"))?;
        let role = match sdp.attribute(video, "setup") {
            // The default of an answer is `active`: RFC 4145 section 4.
            Some("active") | None => Role::Server,
            Some("passive") => Role::Client,
            Some(_) => return Err(AnswerError::Mismatch("setup is neither active nor passive")),
        };

        Ok(Self {
            ufrag,
            password,
            fingerprint,
            role,
            agreed,
            candidates: video
                .attributes("candidate")
                .filter_map(|line| candidate::parse(line).ok().flatten())
                .take(candidate::MAX_REMOTE)
                .collect(),
        })
    }
}

impl Agreed {
    fn of(video: &Media<'_>) -> Result<Self, AnswerError> {
        let format = video
            .formats
            .iter()
            .find(|format| is_h264(video, format))
            .ok_or(AnswerError::NoH264)?;
        let rtx = video.formats.iter().find(|other| {
            named(video, other, "rtx")
                && parameter(video, other, "apt").is_some_and(|apt| apt == *format)
        });
        Ok(Self {
            payload_type: payload_type(format).ok_or(AnswerError::NoH264)?,
            rtx: rtx.and_then(|format| payload_type(format)),
            playout_delay: extension(video, PLAYOUT_DELAY),
            abs_capture_time: extension(video, ABS_CAPTURE_TIME),
            orientation: extension(video, VIDEO_ORIENTATION),
        })
    }
}

fn is_h264(video: &Media<'_>, format: &str) -> bool {
    named(video, format, "H264") && parameter(video, format, "packetization-mode") == Some("1")
}

fn named(video: &Media<'_>, format: &str, name: &str) -> bool {
    video.of_format("rtpmap", format).is_some_and(|map| {
        map.split_once('/')
            .is_some_and(|(codec, clock)| codec.eq_ignore_ascii_case(name) && clock == "90000")
    })
}

fn parameter<'a>(video: &Media<'a>, format: &str, name: &str) -> Option<&'a str> {
    let parameters = video.of_format("fmtp", format)?;
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

fn payload_type(format: &str) -> Option<u8> {
    format.parse().ok().filter(|number| *number < 128)
}

/// The identifier of an extension, where it fits a one-byte header (RFC 8285 section 4.2). Ours all
/// do, and an answer has to keep them.
fn extension(video: &Media<'_>, uri: &str) -> Option<u8> {
    video.attributes("extmap").find_map(|value| {
        let mut words = value.split_whitespace();
        let id = words.next()?.split('/').next()?.parse().ok()?;
        (words.next()? == uri && (1..=14).contains(&id)).then_some(id)
    })
}

#[cfg(test)]
mod tests;
