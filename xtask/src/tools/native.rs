//! Compilers and libraries for the C, C++ and assembly under the server.

use super::debian;
use crate::error::Result;
use crate::process::which;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

/// A program, the Debian package that has it, and what it is for.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("g++", "g++", "a C++ compiler, for OpenH264"),
    ("make", "make", "make, for cmake's builds"),
    ("cmake", "cmake", "cmake, for libjpeg-turbo"),
    (
        "nasm",
        "nasm",
        "nasm, without which OpenH264 is two to three times slower",
    ),
];

pub(super) fn ensure(workspace: &Workspace) -> Result<()> {
    let mut packages = Vec::new();
    let mut reasons = Vec::new();
    for &(program, package, reason) in PROGRAMS {
        let is_of_use = program != "nasm" || cfg!(any(target_arch = "x86_64", target_arch = "x86"));
        if is_of_use && which(program).is_none() {
            packages.push(package);
            reasons.push(reason);
        }
    }
    if !has_libclang() {
        packages.push("libclang-dev");
        reasons.push("libclang, for the bindings to V4L2");
    }
    match packages.is_empty() {
        true => Ok(()),
        false => debian::install(workspace, &packages, &reasons.join("; ")),
    }
}

/// Looks where the bindings' generator will look: `LIBCLANG_PATH`, LLVM's own folders, the system's. Clang's own
/// headers come in another package than the library, and are needed as well.
fn has_libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let mut folders: Vec<PathBuf> = ["/usr/lib", "/usr/local", "/opt"]
        .iter()
        .flat_map(|folder| versions_of_llvm(Path::new(folder)))
        .collect();
    let triplet = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    folders
        .extend([triplet.as_str(), "/usr/lib64", "/usr/lib", "/usr/local/lib"].map(PathBuf::from));
    folders.iter().any(|folder| holds_libclang(folder))
        && folders.iter().any(|folder| holds_headers(folder))
}

fn versions_of_llvm(folder: &Path) -> Vec<PathBuf> {
    let is_llvm = |path: &PathBuf| name_of(path).starts_with("llvm");
    entries(folder)
        .filter(is_llvm)
        .map(|path| path.join("lib"))
        .collect()
}

fn holds_libclang(folder: &Path) -> bool {
    entries(folder).any(|path| {
        let name = name_of(&path);
        let is_library = name.starts_with("libclang.so")
            || name.starts_with("libclang-") && name.contains(".so");
        is_library && !name.starts_with("libclang-cpp")
    })
}

fn holds_headers(folder: &Path) -> bool {
    entries(&folder.join("clang")).any(|version| version.join("include/stddef.h").is_file())
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary::Folder;

    #[test]
    fn libclang_is_told_from_its_neighbours() {
        let folder = Folder::new();
        folder.write("libclang.a", "");
        folder.write("libclang-cpp.so.14", "");
        assert!(!holds_libclang(folder.path()));
        folder.write("libclang-14.so.13", "");
        assert!(holds_libclang(folder.path()));
    }

    #[test]
    fn clangs_headers_are_found_whatever_the_version() {
        let folder = Folder::new();
        assert!(!holds_headers(folder.path()));
        folder.write("clang/19/include/stddef.h", "");
        assert!(holds_headers(folder.path()));
    }

    #[test]
    fn every_version_of_llvm_is_looked_into() {
        let folder = Folder::new();
        folder.write("llvm-14/lib/x", "");
        folder.write("llvm19/lib/x", "");
        folder.write("gcc/lib/x", "");
        assert_eq!(versions_of_llvm(folder.path()).len(), 2);
    }
}
