//! A viewer's answer: what of the offer it takes, and how to reach it.
use super::{
    candidate::{self, Remote},
    codec,
    dtls::{Fingerprint, Role},
    ice::Credentials,
    offer::{ABS_CAPTURE_TIME, PLAYOUT_DELAY, Section, VIDEO_ORIENTATION},
    sdp::{Media, Sdp, SdpError},
};
use crate::stream::Format;
use thiserror::Error;

/// The longest answer that is read, in bytes. Browsers write some 3 kB for a track.
const MAX_ANSWER: usize = 64 << 10;

/// Payload types have seven bits (RFC 3550 section 5.1).
const MAX_FORMATS: usize = 128;

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
    /// The viewer can play nothing of what it was offered.
    #[error("the answer takes no {0}")]
    TakesNothing(String),
    /// A session description, but none that answers the offer.
    #[error("the answer does not fit the offer: {0}")]
    Mismatch(&'static str),
}

/// What an answer says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) credentials: Credentials,
    pub(super) fingerprint: Fingerprint,
    /// What we are in the DTLS handshake.
    pub(super) role: Role,
    /// What it takes of each section of the offer; `None` is one that it refuses.
    pub(super) agreed: Vec<Option<Agreed>>,
    pub(super) candidates: Vec<Remote>,
}

/// The payload types and header extensions that a viewer takes for one track.
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
    /// Reads an answer to the offer of these sections.
    pub(super) fn parse(text: &str, offered: &[Section]) -> Result<Self, AnswerError> {
        if text.len() > MAX_ANSWER {
            return Err(AnswerError::Mismatch("it is too long"));
        }
        let sdp = Sdp::parse(text)?;
        let mut transport = None;
        let mut agreed = Vec::with_capacity(offered.len());
        for (index, section) in offered.iter().enumerate() {
            let media = sdp
                .section(&section.mid, index)
                .filter(|media| media.kind == section.format.codec.kind().name())
                .ok_or(AnswerError::Mismatch("a section is missing"))?;
            let takes = Agreed::of(media, &section.format);
            if takes.is_some() {
                // All are bundled with the first that is taken: RFC 9143 section 7.3.
                transport.get_or_insert(media);
            }
            agreed.push(takes);
        }
        let Some(transport) = transport else {
            let names = offered.iter().map(|s| codec::name(s.format.codec));
            return Err(AnswerError::TakesNothing(
                names.collect::<Vec<_>>().join(" and no "),
            ));
        };

        let credential = |name, missing, length: std::ops::RangeInclusive<usize>| {
            sdp.attribute(transport, name)
                .filter(|value| length.contains(&value.len()))
                .map(str::to_owned)
                .ok_or(AnswerError::Mismatch(missing))
        };
        // The lengths are those of RFC 8839 section 5.4, but for the longest fragment: it would be
        // sent with each check to addresses that nobody has proven.
        let ufrag = credential("ice-ufrag", "ice-ufrag is missing or odd", 4..=32)?;
        let password = credential("ice-pwd", "ice-pwd is missing or odd", 22..=256)?;
        let fingerprint = sdp
            .attribute(transport, "fingerprint")
            .and_then(Fingerprint::parse)
            .ok_or(AnswerError::Mismatch("it has no sha-256 fingerprint"))?;
        let role = match sdp.attribute(transport, "setup") {
            // The default of an answer is `active`: RFC 4145 section 4.
            Some("active") | None => Role::Server,
            Some("passive") => Role::Client,
            Some(_) => return Err(AnswerError::Mismatch("setup is neither active nor passive")),
        };

        Ok(Self {
            credentials: Credentials { ufrag, password },
            fingerprint,
            role,
            agreed,
            candidates: transport
                .attributes("candidate")
                .filter_map(|line| candidate::parse(line).ok().flatten())
                .take(candidate::MAX_REMOTE)
                .collect(),
        })
    }
}

impl Agreed {
    /// What a section takes of a track; nothing when it refuses it or cannot play it.
    fn of(media: &Media<'_>, wanted: &Format) -> Option<Self> {
        let receives = ["inactive", "sendonly"]
            .iter()
            .all(|direction| media.attribute(direction).is_none());
        if !receives || media.is_refused() || media.formats.len() > MAX_FORMATS {
            return None;
        }
        let format = media.formats.iter().find(|format| {
            let (rtpmap, fmtp) = (
                media.of_format("rtpmap", format),
                media.of_format("fmtp", format),
            );
            codec::fits(wanted, format, rtpmap, fmtp)
        })?;
        let rtx = media.formats.iter().find(|other| {
            let apt = media.of_format("fmtp", other);
            is_rtx(media, other, wanted)
                && apt.and_then(|fmtp| codec::parameter(fmtp, "apt")) == Some(*format)
        });
        Some(Self {
            payload_type: payload_type(format)?,
            rtx: rtx.and_then(|format| payload_type(format)),
            playout_delay: extension(media, PLAYOUT_DELAY),
            abs_capture_time: extension(media, ABS_CAPTURE_TIME),
            orientation: extension(media, VIDEO_ORIENTATION),
        })
    }
}

fn is_rtx(media: &Media<'_>, format: &str, of: &Format) -> bool {
    let rtpmap = media.of_format("rtpmap", format);
    rtpmap
        .and_then(|map| map.split_once('/'))
        .is_some_and(|(name, clock)| {
            name.eq_ignore_ascii_case("rtx") && clock.parse() == Ok(of.codec.clock_rate())
        })
}

fn payload_type(format: &str) -> Option<u8> {
    format.parse().ok().filter(|number| *number < 128)
}

/// The identifier of an extension, where it fits a one-byte header (RFC 8285 section 4.2). Ours all
/// do, and an answer has to keep them.
fn extension(media: &Media<'_>, uri: &str) -> Option<u8> {
    media.attributes("extmap").find_map(|value| {
        let mut words = value.split_whitespace();
        let id = words.next()?.split('/').next()?.parse().ok()?;
        (words.next()? == uri && (1..=14).contains(&id)).then_some(id)
    })
}

#[cfg(test)]
mod tests;
