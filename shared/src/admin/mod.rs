//! The admin API: what administrators ask, and what they are answered.

mod answer;
pub mod info;
mod request;

pub use answer::{AdminSuccess, Found, Status, TokenData, TokenInfo};
pub use info::HandleInfo;
pub use request::{AdminKind, AdminRequest, TokenChange};

/// The WebSocket subprotocol that an administrator asks for.
pub const SUBPROTOCOL: &str = "janus-admin-protocol";
