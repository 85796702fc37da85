//! Chromium and its driver, for the tests.

use super::debian;
use crate::error::{Error, Result};
use crate::process::which;
use crate::workspace::Workspace;
use std::path::PathBuf;

const CHROMIUM: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Path of chromedriver.
pub(super) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let by_choice = std::env::var_os("CHROMEDRIVER")
        .map(PathBuf::from)
        .filter(|file| file.is_file());
    if let Some(driver) = by_choice.or_else(found) {
        return Ok(driver);
    }
    debian::install(
        workspace,
        &["chromium", "chromium-driver"],
        "Chromium and its driver, for tests in a browser",
    )?;
    found().ok_or_else(|| {
        Error::new("no chromedriver with a Chromium of the same version: please install both")
    })
}

fn found() -> Option<PathBuf> {
    let driver = which("chromedriver")?;
    CHROMIUM
        .iter()
        .any(|name| which(name).is_some())
        .then_some(driver)
}
