//! Embeds the page that `cargo xtask build` left in `page/dist`, and sees to it that the encoder is a fast one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Stands in where no page was built.
const NO_PAGE: &str = "<!doctype html>\n<meta charset=utf-8>\n<title>Fanlight</title>\n\
    <p>This server was built without its page. Build both with <code>cargo xtask build</code>.\n";

fn main() -> io::Result<()> {
    require_nasm();
    // The folder above is there before the page is: a path that is missing would have cargo run this every time.
    println!("cargo::rerun-if-changed=page");
    println!("cargo::rerun-if-changed=build.rs");
    let page = Path::new(&variable("CARGO_MANIFEST_DIR")).join("page/dist");
    let out = PathBuf::from(variable("OUT_DIR"));
    let mut files = Vec::new();
    if page.join("index.html").exists() {
        collect(&page, &page, &mut files)?;
    } else {
        let place = out.join("no-page.html");
        std::fs::write(&place, NO_PAGE)?;
        files.push(("/".to_owned(), place));
    }
    files.sort();
    std::fs::write(out.join("assets.rs"), table(&files, &out)?)
}

/// Without nasm OpenH264 is compiled from its plain C++ on x86. It works, two to three times slower, and nothing
/// would tell why.
fn require_nasm() {
    println!("cargo::rerun-if-env-changed=FANLIGHT_ALLOW_SLOW_ENCODER");
    println!("cargo::rerun-if-env-changed=OPENH264_NO_ASM");
    let needed = matches!(variable("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "x86");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .any(|folder| folder.join("nasm").is_file() || folder.join("nasm.exe").is_file());
    let usable = found && std::env::var_os("OPENH264_NO_ASM").is_none();
    if !needed || usable {
        return;
    }
    let fact = "without nasm OpenH264 encodes two to three times slower on x86";
    if std::env::var_os("FANLIGHT_ALLOW_SLOW_ENCODER").is_some() {
        println!("cargo::warning={fact}");
    } else {
        println!(
            "cargo::error={fact}. Install nasm, then `cargo clean --package openh264-sys2` and build again; or set \
             FANLIGHT_ALLOW_SLOW_ENCODER=1 to build all the same"
        );
    }
}

/// Each file with the path that it is served at. A compressed form belongs to its file and is none of its own; names
/// that begin with a dot are trunk's.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if !entry.file_name().as_encoded_bytes().starts_with(b".")
            && path.extension().is_none_or(|extension| extension != "br")
        {
            let name = path
                .strip_prefix(root)
                .map_err(io::Error::other)?
                .to_string_lossy();
            files.push((
                if name == "index.html" {
                    "/".into()
                } else {
                    format!("/{name}")
                },
                path,
            ));
        }
    }
    Ok(())
}

/// Rust source of the table that `src/web/assets.rs` includes.
fn table(files: &[(String, PathBuf)], out: &Path) -> io::Result<String> {
    let mut assets = String::new();
    let mut scripts = String::new();
    for (path, file) in files {
        let bytes = std::fs::read(file)?;
        let hash = Sha256::digest(&bytes);
        let tag: String = hash
            .iter()
            .take(12)
            .fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
        let compressed = PathBuf::from(format!("{}.br", file.display()));
        let brotli = match compressed.exists() {
            true => format!("Some(include_bytes!({compressed:?}))"),
            false => "None".to_owned(),
        };
        // What brotli makes smaller gzip does, too.
        let gzip = match compressed.exists() {
            true => format!(
                "Some(include_bytes!({:?}))",
                gzip(&bytes, out.join(format!("{tag}.gz")))?
            ),
            false => "None".to_owned(),
        };
        let content_type = content_type(file);
        let immutable = has_hash(file);
        let _ = writeln!(
            assets,
            "    Asset {{ path: {path:?}, content_type: {content_type:?}, bytes: include_bytes!({file:?}), \
             brotli: {brotli}, gzip: {gzip}, etag: \"\\\"{tag}\\\"\", immutable: {immutable} }},"
        );
        if content_type.starts_with("text/html") {
            for script in inline_scripts(&String::from_utf8_lossy(&bytes)) {
                let _ = write!(
                    scripts,
                    "\"'sha256-{}'\", ",
                    STANDARD.encode(Sha256::digest(script))
                );
            }
        }
    }
    Ok(format!(
        "static ASSETS: &[Asset] = &[\n{assets}];\n\
         /// The page's inline scripts, as `Content-Security-Policy` names them.\n\
         pub static SCRIPT_HASHES: &[&str] = &[{scripts}];\n"
    ))
}

/// Compresses into a file, whose place it returns.
fn gzip(bytes: &[u8], place: PathBuf) -> io::Result<PathBuf> {
    let mut encoder = GzEncoder::new(std::fs::File::create(&place)?, Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()?;
    Ok(place)
}

/// What stands between `<script …>` and `</script>`, byte for byte: browsers hash just that. Scripts from files have
/// nothing there.
fn inline_scripts(html: &str) -> Vec<&str> {
    let after_tags = html
        .split("<script")
        .skip(1)
        .filter_map(|rest| rest.split_once('>'));
    let bodies = after_tags.filter_map(|(_, rest)| rest.split_once("</script>"));
    bodies
        .map(|(body, _)| body)
        .filter(|body| !body.is_empty())
        .collect()
}

/// trunk puts sixteen hexadecimal digits after a dash into the names of what it builds: `style-0123456789abcdef.css`,
/// `client-0123456789abcdef_bg.wasm`.
fn has_hash(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.split(['-', '_', '.'])
        .any(|part| part.len() >= 15 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        // Browsers compile it while it arrives only under this name.
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// A variable that cargo sets for every build script.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
