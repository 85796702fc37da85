//! The real Janus, ffmpeg, which feeds it, and curl: what Fanlight is held against where they are to be had.

use super::debian;
use crate::process::which;
use crate::progress::note;
use crate::workspace::Workspace;
use std::path::Path;

/// Installs what is missing if it can. Tests beside the real Janus skip themselves without it, so that it cannot be
/// had is no error.
pub(super) fn ensure(workspace: &Workspace) {
    let missing: Vec<_> = ["janus", "ffmpeg", "curl"]
        .into_iter()
        .filter(|program| which(program).is_none())
        .collect();
    if missing.is_empty() {
        return;
    }
    if missing.contains(&"janus") && Path::new("/run/systemd/system").exists() {
        note(
            "janus",
            "not installed, since Debian's package starts it as a service: tests beside it are skipped. \
             To run them: apt-get install janus ffmpeg && systemctl disable --now janus",
        );
        return;
    }
    let why = "the real Janus, its source of RTP and curl, for tests beside them";
    if let Err(error) = debian::install(workspace, &missing, why) {
        note("janus", &format!("tests beside it are skipped: {error}"));
    }
}
