//! Fanlight's figures, measured: `cargo xtask bench`.
//!
//! The server is the real binary in a process of its own, and only what that process uses is
//! counted. Viewers and browsers run beside it on the same machine, as a rule on the same cores,
//! so the figures are worth most on a machine that does nothing else.

mod fanout;
mod first_frame;
mod idle;
mod janus;
mod latency;
mod machine;
mod sessions;
mod table;
mod vanish;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use fanlight_tests::own_network;

/// What every benchmark has the server show.
const SOURCE: &[&str] = &[
    "--source",
    "test",
    "--size",
    "1280x720",
    "--fps",
    "30",
    "--bitrate",
    "2000",
];

/// Measures a Fanlight server, the binary that FANLIGHT_BIN names, from outside.
///
/// Only what the server's process uses is counted, but viewers, browser and sources run beside it:
/// figures are worth most on a machine that does nothing else. The load is printed with each table. Tables are
/// Markdown, and each row is printed as soon as it is measured.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench", after_help = EXAMPLES)]
struct Options {
    /// What to measure
    what: What,
    /// Length of a measurement, in seconds [default: 15, and 5 for `janus`]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Tries, where something is tried again and again
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    tries: u64,
    /// How many watch at the same time, in `fanout` and `janus`
    #[arg(
        long,
        value_name = "VIEWERS,…",
        value_delimiter = ',',
        default_values_t = [1, 10, 100],
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    crowds: Vec<u16>,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask bench all                        everything but Janus: some 5 minutes
  cargo xtask bench janus                      beside the real Janus: some 3 minutes
  cargo xtask bench janus --crowds 100 --tries 50
  cargo xtask bench fanout --seconds 60 --crowds 1,50,100,200";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Processor time and memory for crowds of viewers
    Fanout,
    /// From the moment a picture is made to the moment it is on a browser's screen
    Latency,
    /// From the opening of a page's WebSocket to its first picture
    FirstFrame,
    /// Processor time while nobody watches
    Idle,
    /// What 10 rounds of 40 viewers leave behind that vanish without a word
    Vanish,
    /// Memory, processor time and wake-ups of a thousand sessions that do nothing
    Sessions,
    /// RTP to crowds of viewers, and the first picture, beside the real Janus (Debian's `janus`, and
    /// `ffmpeg` as the source for both)
    Janus,
    /// All of these but the last
    All,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse();
    if options.what == What::Janus
        && let Some(status) = own_network::enter()?
    {
        std::process::exit(status.code().unwrap_or(1));
    }
    let wanted = |what| options.what == what || options.what == What::All;
    let seconds = match options.what {
        What::Janus => 5,
        _ => 15,
    };
    let window = Duration::from_secs(options.seconds.unwrap_or(seconds));
    let mut crowds: Vec<usize> = options.crowds.iter().copied().map(usize::from).collect();
    crowds.sort_unstable();
    crowds.dedup();
    println!("{}", machine::describe()?);
    println!("server: fanlight {}\n", SOURCE.join(" "));
    if wanted(What::Idle) {
        idle::run(window).await?;
    }
    if wanted(What::Fanout) {
        fanout::run(window, &crowds).await?;
    }
    if wanted(What::FirstFrame) {
        first_frame::run(options.tries).await?;
    }
    if wanted(What::Latency) {
        latency::run(window).await?;
    }
    if wanted(What::Vanish) {
        vanish::run().await?;
    }
    if wanted(What::Sessions) {
        sessions::run(window).await?;
    }
    if options.what == What::Janus {
        janus::run(window, options.tries, &crowds).await?;
    }
    Ok(())
}
