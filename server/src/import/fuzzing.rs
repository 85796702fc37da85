//! The door for fuzz targets.

use std::path::Path;

use super::{EXTENSIONS, FILES, Import, Section, parse};

/// Takes a text for each of the files that are understood, in both syntaxes. Whether it was a good
/// one for any. Whatever is imported can be printed.
pub(crate) fn jcfg(text: &str) -> bool {
    let mut understood = false;
    for extension in EXTENSIONS {
        let Ok(group) = parse(Path::new("fuzz"), text, extension) else {
            continue;
        };
        for (name, reader) in FILES {
            let mut import = Import::default();
            let section = Section::new(Path::new("fuzz"), &group);
            if reader(&mut import, name, section).is_ok() {
                assert!(import.to_toml().is_ok(), "{import:?}");
                understood = true;
            }
        }
    }
    understood
}
