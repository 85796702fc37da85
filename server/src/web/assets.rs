//! The page's files, compiled into the server.
//!
//! `cargo xtask build` makes the page and leaves it in `server/page/dist`; `build.rs` turns what it finds there into
//! the table below. Without a page the table has one file that says how to build it.

/// One file of the page.
#[derive(Debug)]
pub struct Asset {
    /// Where it is served: absolute, without a query, `/` for the page itself.
    pub path: &'static str,
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// The file as it is.
    pub bytes: &'static [u8],
    /// The same compressed for `Content-Encoding: br`, where that makes it smaller.
    pub brotli: Option<&'static [u8]>,
    /// The same for `Content-Encoding: gzip`. Browsers take brotli from servers with TLS only.
    pub gzip: Option<&'static [u8]>,
    /// For `ETag`, quotes and all: a hash of [`Asset::bytes`].
    pub etag: &'static str,
    /// Whether the file's name has a hash of its contents, so that whoever has it never needs to ask again.
    pub immutable: bool,
}

/// The file that is served at `path`.
pub fn find(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at)
}

// `static ASSETS: &[Asset]`, sorted by path.
// `pub static SCRIPT_HASHES: &[&str]`, the page's inline scripts as `Content-Security-Policy` names them in
// `script-src`: `'sha256-…'`. The page needs `'self'` and `'wasm-unsafe-eval'` beside them.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_at_the_root() {
        let page = find("/").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(
            page.bytes.starts_with(b"<!doctype html>")
                || page.bytes.starts_with(b"<!DOCTYPE html>")
        );
        assert!(!page.immutable);
    }

    #[test]
    fn every_file_is_found_by_its_path_and_no_other_is() {
        for asset in ASSETS {
            assert!(
                std::ptr::eq(find(asset.path).unwrap(), asset),
                "{}",
                asset.path
            );
        }
        for path in ["", "/..", "/index.htm", "/../Cargo.toml"] {
            assert!(find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_program_is_compressed_and_can_be_kept_for_good() {
        // A server may have been built without its page; `cargo xtask test` builds it first.
        let Some(program) = ASSETS.iter().find(|asset| asset.path.ends_with(".wasm")) else {
            return;
        };
        assert_eq!(program.content_type, "application/wasm");
        assert!(program.immutable, "{}", program.path);
        assert!(
            program
                .brotli
                .is_some_and(|small| small.len() < program.bytes.len() / 2)
        );
        assert!(
            SCRIPT_HASHES
                .iter()
                .all(|hash| hash.starts_with("'sha256-"))
        );
        assert!(!SCRIPT_HASHES.is_empty(), "nothing loads the program");
    }

    #[test]
    fn entity_tags_are_quoted_and_differ() {
        for (at, asset) in ASSETS.iter().enumerate() {
            assert!(
                asset.etag.len() > 10 && asset.etag.starts_with('"') && asset.etag.ends_with('"')
            );
            assert!(
                ASSETS
                    .iter()
                    .skip(at + 1)
                    .all(|other| other.etag != asset.etag)
            );
        }
    }
}
