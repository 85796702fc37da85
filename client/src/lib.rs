//! Fanlight in the browser.
//!
//! * [`janus`]: a Janus client for any Rust program in a browser; takes the place of `janus.js`
#![forbid(unsafe_code)]

pub mod janus;
