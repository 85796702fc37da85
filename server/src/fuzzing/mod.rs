//! The doors by which bytes come in from outside, each a function that takes any bytes.
//!
//! A door reads as the server does and throws away what it has read. It tells whether it understood
//! the bytes. What must never happen is a panic, an endless loop, or memory out of proportion.
//!
//! `cargo xtask fuzz` has them tried by libFuzzer; its targets in `fuzz/fuzz_targets` have the doors'
//! names. The test here tries the corpus in `fuzz/corpus`, and much that is like it, in every run.

#[cfg(test)]
mod tests;

use fanlight_protocol::request::RequestKind;
use fanlight_protocol::{Request, ServerMessage, streaming, ustreamer};

use crate::source::rtp;
use crate::{import, peer};

/// A Janus message: what clients send, or what servers answer. Whatever is understood can be written,
/// and what was written can be read again.
pub fn json(data: &[u8]) -> bool {
    let request = Request::parse(data).ok().filter(|r| r.kind.is_ok());
    if let Some(request) = &request {
        let again = Request::parse(request.to_json());
        assert!(again.is_ok_and(|again| again.kind.is_ok()), "{request:?}");
        if let Ok(RequestKind::Message { body, .. }) = &request.kind {
            // A plugin may well refuse it: it is a message all the same.
            let _ = ustreamer::Request::parse(body);
            let _ = streaming::Request::parse(body);
        }
    }
    let message = std::str::from_utf8(data)
        .ok()
        .and_then(|text| ServerMessage::parse(text).ok().flatten());
    if let Some(message) = &message {
        let again = ServerMessage::parse(&message.to_json());
        assert!(matches!(again, Ok(Some(_))), "{message:?}");
    }
    request.is_some() || message.is_some()
}

/// A viewer's answer to an offer.
pub fn answer(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(peer::fuzzing::answer)
}

/// A candidate that a viewer trickles.
pub fn candidate(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(peer::fuzzing::candidate)
}

/// What is sent to an RTP source: see [`rtp::fuzzing::receive`] for how datagrams are written.
pub fn rtp_in(data: &[u8]) -> bool {
    rtp::fuzzing::receive(data)
}

/// A configuration file of Janus.
pub fn jcfg(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(import::fuzzing::jcfg)
}
