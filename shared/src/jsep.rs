//! Session descriptions and candidates (JSEP, RFC 8829), as Janus wraps them.

use serde::Serialize;

use crate::error::{Error, ErrorCode};
use crate::fields::Object;

/// Whether a description asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JsepKind {
    /// What one side proposes.
    Offer,
    /// What the other side takes of it.
    Answer,
}

/// An SDP with its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jsep {
    /// Offer or answer.
    #[serde(rename = "type")]
    pub kind: JsepKind,
    /// The session description (RFC 8866). Not looked into here.
    pub sdp: String,
}

impl Jsep {
    /// An offer.
    pub fn offer(sdp: impl Into<String>) -> Self {
        Self {
            kind: JsepKind::Offer,
            sdp: sdp.into(),
        }
    }

    /// An answer.
    pub fn answer(sdp: impl Into<String>) -> Self {
        Self {
            kind: JsepKind::Answer,
            sdp: sdp.into(),
        }
    }

    /// The description in the message's field `jsep`, where there is one.
    pub(crate) fn read(message: &Object) -> Result<Option<Self>, Error> {
        if !message.has("jsep") {
            return Ok(None);
        }
        let jsep = message
            .object("jsep")
            .map_err(|_| Error::new(ErrorCode::InvalidJsonObject, "Invalid jsep object"))?;
        let kind = match text(&jsep, "type")? {
            "offer" => JsepKind::Offer,
            "answer" => JsepKind::Answer,
            other => {
                let reason = format!("JSEP error: unknown message type '{other}'");
                return Err(Error::new(ErrorCode::JsepUnknownType, reason));
            }
        };
        let sdp = text(&jsep, "sdp")?.to_owned();
        Ok(Some(Self { kind, sdp }))
    }
}

/// A field of the description; Janus words these errors unlike all others.
fn text<'a>(jsep: &'a Object, field: &str) -> Result<&'a str, Error> {
    if !jsep.has(field) {
        let reason = format!("JSEP error: missing mandatory element ({field})");
        return Err(Error::new(ErrorCode::MissingMandatoryElement, reason));
    }
    jsep.string(field).map_err(|_| {
        let reason = format!("JSEP error: invalid element type ({field} should be a string)");
        Error::new(ErrorCode::InvalidElementType, reason)
    })
}

/// What is trickled (RFC 8838): a candidate, or that there are no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Candidate {
    /// All candidates have been sent.
    Completed {
        /// Always true.
        completed: bool,
    },
    /// One address at which the sender may be reached.
    #[serde(rename_all = "camelCase")]
    Candidate {
        /// The media section it is for, by name.
        #[serde(skip_serializing_if = "Option::is_none")]
        sdp_mid: Option<String>,
        /// The media section it is for, by number.
        #[serde(skip_serializing_if = "Option::is_none", rename = "sdpMLineIndex")]
        sdp_m_line_index: Option<u16>,
        /// The candidate's line of SDP, from `candidate:` on. Not looked into here.
        candidate: String,
    },
}

impl Candidate {
    /// There are no more candidates.
    pub const COMPLETED: Self = Self::Completed { completed: true };

    /// Reads one candidate; `null` is how browsers say that there are no more.
    pub(crate) fn read(candidate: Option<&Object>) -> Result<Self, Error> {
        let Some(candidate) = candidate else {
            return Ok(Self::COMPLETED);
        };
        if candidate.lenient_bool("completed") == Some(true) {
            return Ok(Self::COMPLETED);
        }
        let line = candidate.string("candidate")?;
        if line.is_empty() {
            return Ok(Self::COMPLETED);
        }
        let index = candidate.lenient_unsigned("sdpMLineIndex");
        Ok(Self::Candidate {
            sdp_mid: candidate
                .opt_string("sdpMid")
                .unwrap_or(None)
                .map(str::to_owned),
            sdp_m_line_index: index.and_then(|index| u16::try_from(index).ok()),
            candidate: line.to_owned(),
        })
    }

    /// All candidates of a message: field `candidate` or array `candidates`.
    pub(crate) fn read_all(message: &Object) -> Result<Vec<Self>, Error> {
        match (message.has("candidate"), message.has("candidates")) {
            (false, false) => Err(Error::missing("candidate|candidates")),
            (true, true) => Err(Error::new(
                ErrorCode::InvalidJson,
                "Can't have both candidate and candidates",
            )),
            (true, false) => {
                let candidate = message.object_or_null("candidate")?;
                Ok(vec![Self::read(candidate.as_ref())?])
            }
            (false, true) => message
                .objects("candidates")?
                .iter()
                .map(|candidate| Self::read(candidate.as_ref()))
                .collect(),
        }
    }
}
