//! The corpus of the fuzz targets, tried by an ordinary test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::*;

type Door = fn(&[u8]) -> bool;

/// All doors by their names.
const DOORS: &[(&str, Door)] = &[
    ("json", json),
    ("answer", answer),
    ("candidate", candidate),
    ("rtp_in", rtp_in),
    ("jcfg", jcfg),
];

/// Spoilt copies of each file.
const COPIES: usize = 500;

/// The longest input, in bytes.
const LONGEST: usize = 64 << 10;

#[test]
fn every_door_is_fuzzed_and_has_a_corpus_that_it_understands() {
    let targets: Vec<String> = files(&folder("fuzz_targets"))
        .into_iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    let mut names: Vec<&str> = DOORS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(targets, names);
    for (name, door) in DOORS {
        let corpus = corpus(name);
        let understood = corpus.values().filter(|bytes| door(bytes)).count();
        assert!(
            understood * 3 >= corpus.len(),
            "{name} understands {understood} of {} files",
            corpus.len()
        );
    }
}

#[test]
fn nothing_like_the_corpus_breaks_a_door() {
    let mut random = StdRng::seed_from_u64(11);
    for (name, door) in DOORS {
        let corpus: Vec<_> = corpus(name).into_iter().collect();
        for (file, bytes) in &corpus {
            for copy in 0..COPIES {
                let mut spoilt = bytes.clone();
                for _ in 0..random.random_range(1..=4) {
                    let other = corpus.choose(&mut random).map_or(bytes, |(_, other)| other);
                    spoil(&mut spoilt, other, &mut random);
                }
                let broken = std::panic::catch_unwind(|| door(&spoilt)).is_err();
                assert!(
                    !broken,
                    "{name}, {file}, copy {copy}: \"{}\"",
                    spoilt.escape_ascii()
                );
            }
        }
    }
}

/// Does one thing to the bytes that libFuzzer would do.
fn spoil(bytes: &mut Vec<u8>, other: &[u8], random: &mut StdRng) {
    const ODD: [u8; 10] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\\', b'-', b'9', b'\n'];
    let at = random.random_range(0..=bytes.len());
    let end = random.random_range(at..=bytes.len());
    match random.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let piece = bytes[at..end].repeat(random.random_range(1..40));
            bytes.splice(at..at, piece);
        }
        3 => {
            let from = random.random_range(0..=other.len());
            bytes.splice(at..end, other[from..].iter().copied());
        }
        4 => bytes.insert(at, *ODD.choose(random).unwrap_or(&0)),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
    }
    bytes.truncate(LONGEST);
}

/// The files of a door's corpus, by their names.
fn corpus(door: &str) -> BTreeMap<String, Vec<u8>> {
    let read = |file: PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        (name.into_owned(), fs::read(&file).unwrap())
    };
    files(&folder("corpus").join(door))
        .into_iter()
        .map(read)
        .collect()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz")
        .join(name)
}

/// What is in a folder, in the order of the names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
