//! V4L2 devices for tests; `tests/rig/README.md` says which and where they come from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::server::binary;
use crate::skip;

/// vivid's webcam.
pub const WEBCAM: &str = "/dev/video20";
/// vivid's HDMI input.
pub const HDMI: &str = "/dev/video21";
/// A loopback device: gives out what a program writes into it.
pub const LOOPBACK: &str = "/dev/video50";

/// Runs a test beside the devices: here, if they are here, or else in the guest, by starting
/// this program again in there for this one test. Without either the test is skipped.
///
/// # Errors
/// What the test returns, or that it failed in the guest.
pub async fn beside_cameras(test: &str, body: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    if [WEBCAM, HDMI, LOOPBACK]
        .iter()
        .all(|device| Path::new(device).exists())
    {
        return body().await;
    }
    let rig = script();
    let ready = Command::new(&rig)
        .arg("ready")
        .stderr(Stdio::null())
        .status();
    if !ready.is_ok_and(|status| status.success()) {
        skip(
            test,
            "no V4L2 devices here, and no guest that has some (tests/rig/rig.sh build)",
        );
        return Ok(());
    }
    let output = Command::new(&rig)
        .arg("run")
        .arg("-w")
        .arg(std::env::temp_dir())
        .arg("--")
        .arg(std::env::current_exe()?)
        .args([test, "--nocapture", "--test-threads=1"])
        .env("FANLIGHT_BIN", binary()?)
        .output()
        .with_context(|| format!("cannot start {}", rig.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    // A name that is not found would be a success of no tests.
    let passed = output.status.success() && said.contains("test result: ok. 1 passed");
    ensure!(passed, "in the guest ({}):\n{said}", output.status);
    Ok(())
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rig/rig.sh")
}
