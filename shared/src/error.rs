//! Janus' errors: a code that programs branch on and a text that people read.

use serde::Serialize;

/// Codes of the Janus API, as its `apierror.h` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A secret or token is missing or wrong.
    Unauthorized,
    /// The token is good, but not for this plugin.
    UnauthorizedPlugin,
    /// Something went wrong on the server that the client has no part in.
    Unknown,
    /// The transport does not carry this request.
    TransportSpecific,
    /// There is no such request.
    UnknownRequest,
    /// The message is not a JSON object.
    InvalidJson,
    /// A nested object is not an object.
    InvalidJsonObject,
    /// A field has to be there and is not.
    MissingMandatoryElement,
    /// The request is known but not here: without a session, for example.
    InvalidRequestPath,
    /// There is no such session.
    SessionNotFound,
    /// There is no such handle in the session.
    HandleNotFound,
    /// There is no such plugin.
    PluginNotFound,
    /// The plugin refused the handle.
    PluginAttach,
    /// The plugin refused the message.
    PluginMessage,
    /// The plugin refused to let go of the handle.
    PluginDetach,
    /// The JSEP is neither an offer nor an answer.
    JsepUnknownType,
    /// The SDP cannot be used.
    JsepInvalidSdp,
    /// A trickled candidate belongs to no stream of the handle.
    TrickleInvalidStream,
    /// A field has the wrong type.
    InvalidElementType,
    /// The chosen session id belongs to another session.
    SessionConflict,
    /// An answer without an offer before it.
    UnexpectedAnswer,
    /// The token is not one the server knows.
    TokenNotFound,
    /// The handle's peer connection is not in a state for this.
    WrongWebrtcState,
    /// The server takes no new sessions.
    NotAcceptingSessions,
    /// Any code that this version has no name for.
    Other(u32),
}

const NAMED: [(ErrorCode, u32); 24] = [
    (ErrorCode::Unauthorized, 403),
    (ErrorCode::UnauthorizedPlugin, 405),
    (ErrorCode::Unknown, 490),
    (ErrorCode::TransportSpecific, 450),
    (ErrorCode::UnknownRequest, 453),
    (ErrorCode::InvalidJson, 454),
    (ErrorCode::InvalidJsonObject, 455),
    (ErrorCode::MissingMandatoryElement, 456),
    (ErrorCode::InvalidRequestPath, 457),
    (ErrorCode::SessionNotFound, 458),
    (ErrorCode::HandleNotFound, 459),
    (ErrorCode::PluginNotFound, 460),
    (ErrorCode::PluginAttach, 461),
    (ErrorCode::PluginMessage, 462),
    (ErrorCode::PluginDetach, 463),
    (ErrorCode::JsepUnknownType, 464),
    (ErrorCode::JsepInvalidSdp, 465),
    (ErrorCode::TrickleInvalidStream, 466),
    (ErrorCode::InvalidElementType, 467),
    (ErrorCode::SessionConflict, 468),
    (ErrorCode::UnexpectedAnswer, 469),
    (ErrorCode::TokenNotFound, 470),
    (ErrorCode::WrongWebrtcState, 471),
    (ErrorCode::NotAcceptingSessions, 472),
];

impl From<u32> for ErrorCode {
    fn from(code: u32) -> Self {
        let named = NAMED.iter().find(|(_, number)| *number == code);
        named.map_or(Self::Other(code), |(name, _)| *name)
    }
}

impl From<ErrorCode> for u32 {
    fn from(code: ErrorCode) -> Self {
        if let ErrorCode::Other(number) = code {
            return number;
        }
        let named = NAMED.iter().find(|(name, _)| *name == code);
        named.map_or(490, |(_, number)| *number)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        u32::from(*self).serialize(serializer)
    }
}

/// An error as Janus reports it, and as it is shown to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{reason} (Janus error {})", u32::from(*.code))]
pub struct Error {
    /// What programs branch on.
    pub code: ErrorCode,
    /// What people read.
    pub reason: String,
}

impl Error {
    /// An error with this code and text.
    pub fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(
            ErrorCode::MissingMandatoryElement,
            format!("Missing mandatory element ({field})"),
        )
    }

    /// The answer to a field of the wrong type.
    pub fn wrong_type(field: &str, expected: &str) -> Self {
        Self::new(
            ErrorCode::InvalidElementType,
            format!("Invalid element type ({field} should be {expected})"),
        )
    }
}

/// An error of a plugin: unlike Janus' own it comes in what the plugin says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (error {code})")]
pub struct PluginError {
    /// What programs branch on. Each plugin has its own numbers.
    pub code: u32,
    /// What people read.
    pub reason: String,
}

impl PluginError {
    /// An error with this code and text.
    pub fn new(code: u32, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_the_way_to_its_number_and_back() {
        for number in 0..1000 {
            assert_eq!(u32::from(ErrorCode::from(number)), number);
        }
    }
}
