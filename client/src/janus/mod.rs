//! A Janus client for Rust in the browser: plays a stream of a Fanlight server, or of a Janus
//! gateway with `janus.plugin.streaming` or `janus.plugin.ustreamer`, in a `<video>`.
//!
//! It needs nothing of the page but that element, and nobody needs another crate to set it up:
//!
//! ```no_run
#![doc = include_str!("../../examples/watch.rs")]
//! ```
//!
//! What to do when is decided by the state machine in [`fanlight_protocol::viewer`]; what is here
//! gives it a WebSocket, an `RTCPeerConnection`, a clock and timers, and tells it what they do.

pub(crate) mod browser;
mod frames;
mod page_events;
mod peer;
mod player;
mod socket;
mod stats;
mod support;
mod timer;

pub use fanlight_protocol::request::Credentials;
pub use fanlight_protocol::streaming::{Listed, ListedMedia, MediaKind, MountpointId};
pub use fanlight_protocol::ustreamer::WatchParams;
pub use fanlight_protocol::viewer::{
    Backoff, Config, Problem, Remedy, Status, Time, Timing, Watch,
};
pub use fanlight_protocol::{Error, ErrorCode, PluginError};
pub use player::{Event, Player, Tracks};
pub use stats::{Sample, Stats};
pub use support::has_webrtc;
