//! Chromium and its driver, for the tests.

use super::debian;
use crate::error::{Error, Result};
use crate::process::which;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

const NAMES: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A browser, and the driver that belongs to it.
pub(super) struct Browser {
    program: PathBuf,
    driver: PathBuf,
}

impl Browser {
    /// What tests look for.
    pub(super) fn environment(&self) -> [(&'static str, &Path); 2] {
        [
            ("FANLIGHT_BROWSER", self.program.as_path()),
            ("CHROMEDRIVER", self.driver.as_path()),
        ]
    }

    /// `FANLIGHT_BROWSER` and `CHROMEDRIVER` choose; else `PATH` does.
    fn find() -> Option<Self> {
        let chosen = |variable| std::env::var_os(variable).map(PathBuf::from);
        let program =
            chosen("FANLIGHT_BROWSER").or_else(|| NAMES.iter().find_map(|name| which(name)))?;
        let driver = chosen("CHROMEDRIVER").or_else(|| which("chromedriver"))?;
        Some(Self { program, driver })
    }
}

pub(super) fn ensure(workspace: &Workspace) -> Result<Browser> {
    if let Some(browser) = Browser::find() {
        return Ok(browser);
    }
    let packages = ["chromium", "chromium-driver"];
    debian::install(
        workspace,
        &packages,
        "Chromium and its driver, for tests in a browser",
    )?;
    Browser::find().ok_or_else(|| {
        Error::new(
            "tests need Chromium and a chromedriver of the same version: please install both",
        )
    })
}
