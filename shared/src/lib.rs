//! What a Fanlight server and its viewers say to each other.
//!
//! The language is that of the Janus gateway, version 1.1: its requests, answers and events, and
//! the bodies of two plugins, `janus.plugin.streaming` and `janus.plugin.ustreamer`. Nothing here does
//! input or output or asks for the time, so the same code runs in the server, in the browser and in
//! tests.
//!
//! # Layout
//!
//! * [`admin`]: what administrators ask, and what they are answered
//! * [`request`]: what clients send, and the rules by which a server accepts it
//! * [`message`]: what servers send: answers and events
//! * [`error`]: Janus' error codes and texts
//! * [`jsep`]: offers, answers and trickled candidates
//! * [`streaming`]: bodies of `janus.plugin.streaming`
//! * [`strip`]: the time stamp inside the test pattern's pictures
//! * [`ustreamer`]: bodies of `janus.plugin.ustreamer`
//! * [`viewer`]: the viewer's side of the conversation, as a state machine
//!
//! Bytes become a typed value, or an error that names the field, once: in [`Request::parse`] on
//! the server and in [`ServerMessage::parse`] on the client. Unknown fields are ignored.
#![forbid(unsafe_code)]

pub mod admin;
pub mod error;
mod fields;
mod hidden;
pub mod jsep;
pub mod message;
pub mod request;
pub mod streaming;
pub mod strip;
pub mod ustreamer;
pub mod viewer;

pub use error::{Error, ErrorCode, PluginError};
pub use fields::Object;
pub use hidden::Hidden;
pub use jsep::{Candidate, Jsep, JsepKind};
pub use message::ServerMessage;
pub use request::Request;

use serde::{Deserialize, Serialize};

/// The WebSocket subprotocol that a client of the Janus API asks for.
pub const SUBPROTOCOL: &str = "janus-protocol";

/// A session: what a client makes first, and what all else belongs to. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u64);

/// A handle: one session's attachment to one plugin, with at most one peer connection. Never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandleId(pub u64);

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for HandleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
