//! What the end-to-end tests and the benchmarks are made of.
//!
//! - [`server`] starts the real `fanlight` binary on free ports and stops it in every way there is;
//! - [`janus`] speaks Janus' protocol to it as JSON, right or wrong;
//! - [`viewer`] watches a stream on the crate `webrtc`; [`crowd`] watches it a hundred times at
//!   next to no cost on `rtc`, the core of that crate;
//! - [`encoder`] sends RTP that may be lossy or wrong;
//! - [`sessions`] opens sessions by the thousand that nothing is asked of;
//! - [`browser`] drives headless Chromium, or Firefox, and [`page`] knows Fanlight's page in it;
//! - [`real_janus`] is Debian's Janus, in an [`own_network`], with [`feed`] as its camera, and
//!   [`proxy`] has a page and Janus at one address; a [`nat`] stands before a server's media;
//! - [`conformance`] holds a server against recorded conversations with Janus;
//! - [`usage`] reads what a process costs; [`rig`] has V4L2 devices for machines without any;
//!   [`npm`] has the JavaScript that other people's pages use.
//!
//! Nothing here knows how the server works inside. A test that cannot run on this machine says
//! so with [`skip`].
#![forbid(unsafe_code)]

use std::io::Write as _;

use anyhow::{Result, ensure};

pub mod browser;
pub mod conformance;
pub mod crowd;
pub mod encoder;
pub mod feed;
pub mod janus;
mod log;
pub mod nat;
pub mod npm;
pub mod own_network;
pub mod page;
pub mod proxy;
pub mod real_janus;
pub mod rig;
pub mod server;
pub mod sessions;
pub mod usage;
pub mod viewer;
pub mod wait;

/// Tells that a test was skipped, in the form that `cargo xtask test` counts.
///
/// A test calls this and returns: what is missing is the machine's, not the product's, fault.
pub fn skip(test: &str, reason: impl std::fmt::Display) {
    tell("SKIPPED: ", format_args!("{test}: {reason}"));
}

/// Tells what a test has found out, in the form that `cargo xtask test` repeats at its end.
pub fn report(line: impl std::fmt::Display) {
    tell("REPORT: ", line);
}

/// Whether a program is on this machine.
///
/// # Errors
/// When it is not; the error says how Debian installs it.
pub fn is_on_path(program: &str) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    ensure!(
        found,
        "no {program} on this machine (apt-get install {program})"
    );
    Ok(())
}

fn tell(kind: &str, line: impl std::fmt::Display) {
    // `println!` would be captured, and a test that passes shows nothing of that.
    writeln!(std::io::stdout(), "{kind}{line}").ok();
}
