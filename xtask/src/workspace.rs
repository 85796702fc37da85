//! Where things are.

use crate::error::{Context, Error, Result};
use std::path::{Path, PathBuf};

/// The folders of one checkout.
pub(crate) struct Workspace {
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    /// Where tools are installed: `$FANLIGHT_TOOLS`, else `target/tools`.
    pub(crate) tools: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .ok_or_else(|| Error::new("xtask stands in no workspace"))?
            .to_owned();
        // Cargo put this program into `<target>/<profile>/`, whatever way the target directory was chosen.
        let program = std::env::current_exe().context(|| "this program's own path".into())?;
        let target = program
            .ancestors()
            .nth(2)
            .ok_or_else(|| Error::new(format!("{} is in no target directory", program.display())))?
            .to_owned();
        let tools = match std::env::var_os("FANLIGHT_TOOLS") {
            Some(folder) => root.join(folder),
            None => target.join("tools"),
        };
        Ok(Self {
            root,
            target,
            tools,
        })
    }

    /// Tools' programs: the first place in `PATH` for what is started from here.
    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.tools.join("bin")
    }

    /// The built page, from where `server/build.rs` embeds it.
    pub(crate) fn page(&self) -> PathBuf {
        self.root.join("server/page/dist")
    }
}
