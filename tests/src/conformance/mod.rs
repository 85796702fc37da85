//! Recorded conversations with the real Janus, held again with a server: Fanlight, or Janus itself.
//!
//! [`trace`] reads a recording (`tests/traces/README.md` says where they come from). [`replay`] says
//! what the client said, with this server's ids in place of the recorded ones and a native viewer
//! in place of the browser, and holds each answer against the recorded one: [`mask`] takes out
//! what differs from run to run, [`sdp`] what is inside session descriptions, and [`compare`] looks
//! at the rest field by field. What we want to be different is listed, with the reason, in a file
//! that [`wanted`] reads. [`outcome`] counts.

mod compare;
mod endpoint;
mod ids;
mod mask;
mod outcome;
mod replay;
mod sdp;
mod trace;
mod wanted;

pub use endpoint::Endpoints;
pub use outcome::{Outcome, Summary};
pub use replay::replay;
pub use trace::Trace;
pub use wanted::Wanted;
