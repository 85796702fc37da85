//! Archives of programs, as projects release them on GitHub. None is unpacked whose checksum is not the one that was
//! pinned with its version.

use crate::error::{Context, Error, Result};
use crate::process::{self, which};
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One archive, a `.tar.gz`.
pub(super) struct Release {
    pub(super) url: String,
    /// In hexadecimal digits, as sha256sum prints it.
    pub(super) sha256: &'static str,
}

/// Downloads an archive and puts `programs` out of it into the tools' folder.
///
/// # Errors
/// No curl or tar, no network, another checksum, or an archive without one of the programs.
pub(super) fn install(
    Release { url, sha256 }: &Release,
    programs: &[&str],
    workspace: &Workspace,
    log: &Path,
) -> Result<()> {
    if which("curl").is_none() {
        return Err(Error::new("no curl to download with"));
    }
    let folder = workspace.tools.join("download");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).context(|| folder.display().to_string())?;
    let archive = folder.join("archive.tar.gz");
    let mut curl = Command::new("curl");
    curl.args([
        "--fail",
        "--silent",
        "--show-error",
        "--location",
        "--connect-timeout",
        "8",
        "--max-time",
        "300",
    ]);
    process::run_quietly(curl.arg("--output").arg(&archive).arg(url), log)?;
    check(&archive, sha256)?;
    process::run_quietly(
        Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&folder),
        log,
    )?;
    for program in programs {
        let file = find(&folder, program)
            .ok_or_else(|| Error::new(format!("{program} is not in the archive from {url}")))?;
        let place = workspace.tools_bin().join(program);
        std::fs::rename(&file, &place).context(|| place.display().to_string())?;
    }
    std::fs::remove_dir_all(&folder).context(|| folder.display().to_string())
}

fn check(archive: &Path, sha256: &str) -> Result<()> {
    let line = process::output(Command::new("sha256sum").arg("--").arg(archive))
        .ok_or_else(|| Error::new("no sha256sum to check the archive with"))?;
    match line.split_whitespace().next() {
        Some(sum) if sum == sha256 => Ok(()),
        sum => Err(Error::new(format!(
            "the archive's SHA-256 is {}, and it should be {sha256}",
            sum.unwrap_or("unknown")
        ))),
    }
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let direct = entries
        .iter()
        .find(|path| path.is_file() && path.ends_with(name))
        .cloned();
    direct.or_else(|| {
        entries
            .iter()
            .filter(|path| path.is_dir())
            .find_map(|path| find(path, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    fn archive(folder: &Folder) -> Release {
        folder.write("in/tool-1.0-linux/bin/tool", "a program");
        folder.write("in/tool-1.0-linux/README", "words");
        let file = folder.path().join("tool.tar.gz");
        let mut tar = Command::new("tar");
        process::run(
            tar.arg("-czf")
                .arg(&file)
                .arg("-C")
                .arg(folder.path().join("in"))
                .arg("."),
        )
        .unwrap();
        let sum = process::output(Command::new("sha256sum").arg(&file)).unwrap();
        let (sha256, _) = sum.split_once(' ').unwrap();
        Release {
            url: format!("file://{}", file.display()),
            sha256: sha256.to_owned().leak(),
        }
    }

    fn workspace(folder: &Folder) -> Workspace {
        let tools = folder.path().join("tools");
        std::fs::create_dir_all(tools.join("bin")).unwrap();
        Workspace {
            root: folder.path().into(),
            target: folder.path().join("target"),
            tools,
        }
    }

    #[test]
    fn a_program_is_found_in_an_archive_at_any_depth() {
        let (folder, log) = (Folder::new(), Folder::new());
        let workspace = workspace(&folder);
        install(
            &archive(&folder),
            &["tool"],
            &workspace,
            &log.path().join("log"),
        )
        .unwrap();
        assert_eq!(
            std::fs::read_to_string(workspace.tools.join("bin/tool")).unwrap(),
            "a program"
        );
        assert!(!workspace.tools.join("download").exists());
    }

    #[test]
    fn an_archive_without_the_program_is_named() {
        let (folder, log) = (Folder::new(), Folder::new());
        let error = install(
            &archive(&folder),
            &["other"],
            &workspace(&folder),
            &log.path().join("log"),
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("other is not in the archive")
        );
    }

    #[test]
    fn an_archive_that_has_another_checksum_is_not_unpacked() {
        let (folder, log) = (Folder::new(), Folder::new());
        let workspace = workspace(&folder);
        let release = Release {
            sha256: "195ddc94f9bc89f45abdabb0b9eea86023d727ba90eac8b35b80f2544fc30572",
            ..archive(&folder)
        };
        let error = install(&release, &["tool"], &workspace, &log.path().join("log"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("SHA-256"), "{error}");
        assert!(!workspace.tools.join("bin/tool").exists());
    }
}
