//! A Janus client for Rust in the browser: plays the stream of a Fanlight server, or of a Janus
//! gateway with `janus.plugin.ustreamer`, in a `<video>`.
//!
//! It needs nothing of the page but that element:
//!
//! ```no_run
//! use fanlight_client::janus::{Config, Event, Player};
//!
//! fn watch(video: web_sys::HtmlVideoElement) -> Player {
//!     Player::start("wss://camera.example/janus/ws", Config::default(), video, |event| {
//!         if let Event::Status(status) = event {
//!             web_sys::console::log_1(&format!("{status:?}").into());
//!         }
//!     })
//! }
//! ```
//!
//! What to do when is decided by the state machine in [`fanlight_protocol::viewer`]; what is here
//! gives it a WebSocket, an `RTCPeerConnection`, a clock and timers, and tells it what they do.

mod browser;
mod frames;
mod page_events;
mod peer;
mod player;
mod socket;
mod stats;
mod support;
mod timer;

pub use fanlight_protocol::viewer::{Config, Problem, Status};
pub use player::{Event, Player};
pub use stats::{Sample, Stats};
pub use support::{Support, support};
