//! The page: built by trunk, compressed, weighed, and left where the server's build embeds it.

use crate::error::{Context, Error, Result};
use crate::process;
use crate::progress::{Step, note};
use crate::stamp::Stamp;
use crate::tools::Tools;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

/// What the page is made from.
const INPUTS: &[&str] = &[
    "client",
    "shared",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
];

/// The program and its glue, compressed, in bytes. Whoever opens the page waits for them before the first picture.
const BUDGET: usize = 115_000;

/// Builds the page if anything that it is made from has changed.
///
/// # Errors
/// trunk's own, and a page over its budget.
pub(crate) fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let stamp = Stamp::of(&workspace.root, INPUTS, &tools.page_facts())?;
    let stamp_file = workspace.root.join("server/page/built-from");
    let page = workspace.page();
    if stamp.is_in(&stamp_file) && page.join("index.html").exists() {
        note("page", "unchanged");
        return Ok(());
    }
    let step = Step::begin(
        "page",
        "building it for download: small code takes a whole-program build, a minute or two",
    );
    let mut trunk = tools.command("trunk");
    trunk
        .current_dir(&workspace.root)
        .args(["build", "--release", "--locked", "--dist"])
        .arg(&page)
        // What fails is named in its own words; where in trunk's code that was helps nobody.
        .env("RUST_BACKTRACE", "0");
    process::run(&mut trunk)?;
    let weight = weigh(&compress(&page)?);
    if weight > BUDGET {
        return Err(Error::new(format!(
            "the page's program has {weight} bytes, its budget is {BUDGET}"
        )));
    }
    stamp.write(&stamp_file)?;
    step.done();
    Ok(())
}

/// A file of the page.
struct Weight {
    name: String,
    raw: usize,
    compressed: usize,
}

/// Writes `file.br` beside each file that gets smaller by it.
fn compress(page: &Path) -> Result<Vec<Weight>> {
    let mut weights = Vec::new();
    for file in files(page)? {
        let raw = std::fs::read(&file).context(|| file.display().to_string())?;
        let small = brotli(&raw).context(|| format!("compressing {}", file.display()))?;
        if small.len() < raw.len() {
            let place = PathBuf::from(format!("{}.br", file.display()));
            std::fs::write(&place, &small).context(|| place.display().to_string())?;
        }
        let name = file
            .strip_prefix(page)
            .unwrap_or(&file)
            .display()
            .to_string();
        weights.push(Weight {
            name,
            raw: raw.len(),
            compressed: small.len().min(raw.len()),
        });
    }
    Ok(weights)
}

/// Prints what each file weighs. Returns the compressed size of the program with its glue.
fn weigh(weights: &[Weight]) -> usize {
    for Weight {
        name,
        raw,
        compressed,
    } in weights
    {
        println!("  {raw:>9} bytes, {compressed:>7} compressed  {name}");
    }
    let is_program =
        |weight: &&Weight| weight.name.ends_with(".wasm") || weight.name.ends_with(".js");
    let sum = weights
        .iter()
        .filter(is_program)
        .map(|weight| weight.compressed)
        .sum();
    println!(
        "  {:>15}  {sum:>7} compressed  program and glue; the budget is {BUDGET}",
        ""
    );
    sum
}

/// Every file but trunk's own, whose names begin with a dot.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).context(|| folder.display().to_string())? {
        let entry = entry.context(|| folder.display().to_string())?;
        let path = entry.path();
        if path.is_dir() {
            files.append(&mut self::files(&path)?);
        } else if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn brotli(mut bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        ..Default::default()
    };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut small, &parameters)?;
    Ok(small)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn only_what_gets_smaller_is_stored_compressed() {
        let folder = Folder::new();
        folder.write("page.js", &"the same words again. ".repeat(100));
        folder.write("tiny/dot.svg", "x");
        let weights = compress(folder.path()).unwrap();
        assert!(folder.path().join("page.js.br").exists());
        assert!(!folder.path().join("tiny/dot.svg.br").exists());
        let [js, svg] = weights.as_slice() else {
            panic!("{} files", weights.len())
        };
        assert_eq!(
            (js.name.as_str(), js.raw, svg.compressed),
            ("page.js", 2200, 1)
        );
        assert!(js.compressed < 100);
    }

    #[test]
    fn the_budget_is_for_the_program_and_its_glue() {
        let weight = |name: &str, compressed| Weight {
            name: name.into(),
            raw: 1_000_000,
            compressed,
        };
        let weights = [
            weight("a_bg.wasm", 90_000),
            weight("a.js", 5_000),
            weight("index.html", 700),
        ];
        assert_eq!(weigh(&weights), 95_000);
    }

    #[test]
    fn compressed_bytes_decompress_to_the_same() {
        let text = b"Fanlight, a window above the door. ".repeat(20);
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut brotli(&text).unwrap().as_slice(), &mut back).unwrap();
        assert_eq!(back, text);
    }
}
