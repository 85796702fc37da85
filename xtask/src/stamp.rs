//! Has anything changed since this was built?
//!
//! Contents decide, not times: a fresh checkout or a change of branch touches every file's time.

use crate::error::{Context, Result};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// What a result was made from. Equal stamps mean equal inputs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stamp(String);

impl Stamp {
    /// Reads `inputs` (files, or folders with all that is in them) below `root`. `facts` is anything else that
    /// the result depends on, such as tools' versions. A missing input counts as empty.
    pub(crate) fn of(root: &Path, inputs: &[&str], facts: &[&str]) -> Result<Self> {
        let mut files = Vec::new();
        for input in inputs {
            collect(&root.join(input), &mut files)?;
        }
        files.sort();
        let mut hasher = DefaultHasher::new();
        facts.hash(&mut hasher);
        for file in &files {
            file.strip_prefix(root).unwrap_or(file).hash(&mut hasher);
            std::fs::read(file)
                .context(|| file.display().to_string())?
                .hash(&mut hasher);
        }
        Ok(Self(format!("{:016x}\n", hasher.finish())))
    }

    /// Whether `file` was written by [`Stamp::write`] for the same inputs.
    pub(crate) fn is_in(&self, file: &Path) -> bool {
        std::fs::read_to_string(file).is_ok_and(|text| text == self.0)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        std::fs::write(file, &self.0).context(|| file.display().to_string())
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).context(|| path.display().to_string())? {
            collect(&entry.context(|| path.display().to_string())?.path(), files)?;
        }
    } else if path.is_file() {
        files.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    fn stamp(folder: &Folder, facts: &[&str]) -> Stamp {
        Stamp::of(folder.path(), &["src", "Cargo.lock", "missing"], facts).unwrap()
    }

    #[test]
    fn a_stamp_changes_with_a_files_contents_and_not_with_its_time() {
        let folder = Folder::new();
        folder.write("src/deep/a.rs", "one");
        folder.write("Cargo.lock", "lock");
        let before = stamp(&folder, &[]);
        folder.write("src/deep/a.rs", "one");
        assert_eq!(stamp(&folder, &[]), before);
        folder.write("src/deep/a.rs", "two");
        assert_ne!(stamp(&folder, &[]), before);
    }

    #[test]
    fn a_stamp_changes_with_names_and_facts() {
        let folder = Folder::new();
        folder.write("src/a.rs", "same");
        let before = stamp(&folder, &["trunk 1"]);
        assert_ne!(stamp(&folder, &["trunk 2"]), before);
        std::fs::rename(
            folder.path().join("src/a.rs"),
            folder.path().join("src/b.rs"),
        )
        .unwrap();
        assert_ne!(stamp(&folder, &["trunk 1"]), before);
    }

    #[test]
    fn a_stamp_is_found_again_only_where_it_was_written() {
        let folder = Folder::new();
        folder.write("src/a.rs", "same");
        let file = folder.path().join("stamp");
        let now = stamp(&folder, &[]);
        assert!(!now.is_in(&file));
        now.write(&file).unwrap();
        assert!(now.is_in(&file));
        folder.write("src/a.rs", "other");
        assert!(!stamp(&folder, &[]).is_in(&file));
    }
}
