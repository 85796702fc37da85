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
        let mut import = Import::default();
        for known in &FILES {
            (known.reader)(&mut import, known.name, Section::new(&group));
        }
        import.complete();
        assert!(import.to_toml().is_ok(), "{import:?}");
        understood = true;
    }
    understood
}
