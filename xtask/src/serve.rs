//! The page with hot reload, for work on the page.

use crate::error::{Error, Result};
use crate::process;
use crate::tools::{Need, Tools};
use crate::workspace::Workspace;

/// Becomes `trunk serve`. The server that the page talks to is started apart from it, in another terminal. Returns
/// only the error that kept trunk from starting.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<Error> {
    use std::os::unix::process::CommandExt;
    let tools = Tools::ensure(workspace, &[Need::Page])?;
    let mut trunk = tools.command("trunk");
    trunk
        .current_dir(&workspace.root)
        .arg("serve")
        .args(arguments);
    let line = process::line(&trunk);
    Ok(Error::new(format!("{line}: {}", trunk.exec())))
}
