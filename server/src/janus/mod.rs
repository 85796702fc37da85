//! The Janus gateway: what viewers' Janus clients talk to.
//!
//! * [`gateway`]: sessions, handles and what is asked of them, without input, output or clock
//! * [`media`]: what the gateway wants of streams and peers; [`live`]: the real ones
//! * [`task`]: the tokio task that owns the gateway, and the connections to it
//! * [`websocket`]: the transport by which clients come who stay: one [`Connection`] for each, which
//!   carries texts both ways
//! * [`http`]: the transport for those who ask, and poll for what comes of it
mod gateway;
pub(crate) mod http;
mod live;
mod media;
mod task;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod websocket;

pub(crate) use gateway::{Access, Admin, GatewayConfig, Limits, Plugin, StoredToken, Tokens};
pub(crate) use live::{Live, peer_news};
pub(crate) use task::{Api, GatewayHandle, channel};
