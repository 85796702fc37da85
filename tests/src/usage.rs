//! What a process costs, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A snapshot of one process.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Time on a processor, all threads that live now together, to the nanosecond. (The
    /// clock ticks of `/proc/PID/stat` are too coarse for a thread that works in short bursts.)
    pub cpu: Duration,
    /// Resident memory in kB.
    pub rss_kb: u64,
    /// Open file descriptors.
    pub fds: usize,
    /// Threads.
    pub threads: usize,
    /// How often one of its threads, of those that live now, has gone to sleep until something
    /// happened.
    pub wake_ups: u64,
}

/// Time on a processor of each of a process' threads that live now, by the threads' names; those
/// of the same name together.
///
/// # Errors
/// When the process is gone or belongs to somebody else.
pub fn cpu_by_thread(pid: u32) -> Result<BTreeMap<String, Duration>> {
    let mut cpu = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        // A thread that ends while we look is not counted.
        let (Ok(name), Ok(line)) = (
            fs::read_to_string(task.join("comm")),
            fs::read_to_string(task.join("schedstat")),
        ) else {
            continue;
        };
        let nanos = line.split(' ').next().context("an empty schedstat")?;
        *cpu.entry(name.trim().to_owned()).or_default() += Duration::from_nanos(nanos.parse()?);
    }
    Ok(cpu)
}

impl Usage {
    /// Reads the usage of a process.
    ///
    /// # Errors
    /// When the process is gone or belongs to somebody else.
    pub fn of(pid: u32) -> Result<Usage> {
        let cpu = cpu_by_thread(pid)?.into_values().sum();
        let threads = fs::read_dir(format!("/proc/{pid}/task"))?.count();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let rss_kb = field(&status, "VmRSS:").context("no VmRSS in the status")?;
        let wake_ups = fs::read_dir(format!("/proc/{pid}/task"))?
            .flatten()
            // A thread that ends while we look is not counted.
            .filter_map(|task| fs::read_to_string(task.path().join("status")).ok())
            .filter_map(|status| field(&status, "voluntary_ctxt_switches:"))
            .sum();
        let fds = fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        Ok(Usage {
            cpu,
            rss_kb,
            fds,
            threads,
            wake_ups,
        })
    }
}

/// A number in a file of `/proc` that has one field a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}
