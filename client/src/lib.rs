//! Fanlight in the browser.
//!
//! * [`janus`]: a Janus client for any Rust program in a browser; takes the place of `janus.js`
//! * [`page`]: Fanlight's page, which plays in the whole window
#![forbid(unsafe_code)]

pub mod janus;
#[cfg(feature = "page")]
pub mod page;
