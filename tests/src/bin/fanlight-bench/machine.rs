//! What the figures were measured on.

use std::fs;

use anyhow::Result;
use fanlight_tests::server::binary;

/// Command, processor, kernel and binary, one a line.
pub(crate) fn describe() -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo")?;
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let command: Vec<_> = std::env::args().skip(1).collect();
    Ok(format!(
        "command: cargo xtask bench {}\nmachine: {model}, {cores} cores, Linux {}\nbinary: {}",
        command.join(" "),
        kernel.trim(),
        binary()?.display(),
    ))
}

/// How many processes wanted a processor in the last minute, on the average.
pub(crate) fn load() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}
