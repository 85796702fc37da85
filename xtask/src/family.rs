//! A process and all that came of it, as /proc tells.

use std::process::Command;

/// Kills a process, everything that it has started, and everything that those have.
pub(crate) fn end(id: u32) {
    // Parents first: they shall not see their children go, and carry on.
    let mut family = vec![id];
    family.extend(descendants(id));
    let _ = Command::new("kill")
        .arg("-9")
        .args(family.iter().map(u32::to_string))
        .status();
}

fn descendants(id: u32) -> Vec<u32> {
    let processes = processes();
    let mut found = Vec::new();
    let mut next = Some(id);
    let mut read = 0;
    while let Some(parent) = next {
        let children = processes.iter().filter(|process| process.parent == parent);
        found.extend(children.map(|process| process.id));
        next = found.get(read).copied();
        read += 1;
    }
    found
}

struct Process {
    id: u32,
    parent: u32,
}

/// Every process that has not ended.
fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // `id (name) state parent …`, and the name may hold anything, even a bracket.
        let mut after_name = stat.rsplit_once(") ")?.1.split(' ');
        let state = after_name.next()?;
        let parent = after_name.next()?.parse().ok()?;
        (state != "Z").then_some(Process { id, parent })
    };
    entries.filter_map(read).collect()
}

#[cfg(test)]
pub(crate) fn is_alive(id: u32) -> bool {
    processes().iter().any(|process| process.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ended_with_its_grandchildren() {
        let mut child = Command::new("sh")
            .args(["-c", "sh -c 'sleep 300; true'; true"])
            .spawn()
            .unwrap();
        while descendants(child.id()).len() < 2 {
            std::thread::yield_now();
        }
        let family = descendants(child.id());
        end(child.id());
        assert!(!child.wait().unwrap().success());
        while family.iter().any(|id| is_alive(*id)) {
            std::thread::yield_now();
        }
    }
}
