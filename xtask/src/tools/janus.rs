//! The real Janus, and what tests of the conversation with it need: ffmpeg, which feeds mountpoints, curl, and ip
//! (iproute2) and unshare (util-linux), with which a test makes a network of its own.

use super::debian;
use crate::process::which;
use crate::progress::note;
use crate::workspace::Workspace;
use std::path::Path;

/// Programs and the packages that have them.
const BESIDE: &[(&str, &str)] = &[
    ("ffmpeg", "ffmpeg"),
    ("curl", "curl"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
];

/// Installs what is missing if it can. Tests skip themselves without, so that something cannot be had is no error.
pub(super) fn ensure(workspace: &Workspace) {
    let missing: Vec<_> = BESIDE
        .iter()
        .filter(|(program, _)| which(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        let why = "a source of RTP, curl, and networks of their own, for tests of the Janus API";
        if let Err(error) = debian::install(workspace, &missing, why) {
            note("tests", &format!("some are skipped: {error}"));
        }
    }
    if which("janus").is_some() {
        return;
    }
    if Path::new("/run/systemd/system").exists() {
        note(
            "janus",
            "not installed, since Debian's package starts it as a service: tests beside it are skipped. \
             To run them: apt-get install janus && systemctl disable --now janus",
        );
        return;
    }
    let why = "the real Janus, for tests beside it";
    if let Err(error) = debian::install(workspace, &["janus"], why) {
        note("janus", &format!("tests beside it are skipped: {error}"));
    }
}
