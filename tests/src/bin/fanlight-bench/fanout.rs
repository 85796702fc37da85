//! What a viewer costs.

use std::time::{Duration, Instant};

use anyhow::Result;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;

use crate::SOURCE;
use crate::table::Table;

/// The thread that does nothing but serve viewers.
const FAN_OUT: &str = "viewers";

#[derive(Clone, Copy)]
struct Measured {
    viewers: usize,
    /// Processor milliseconds a second: of the whole server, and of the thread for viewers.
    all: f64,
    fan_out: f64,
    rss_kb: u64,
    frames: f64,
    packets: f64,
}

pub(crate) async fn run(window: Duration, crowds: &[usize]) -> Result<()> {
    let table = Table::begin(
        "Fan-out: CPU ms a second, and memory",
        &[
            "viewers",
            "all",
            "capture and encoder",
            "all, per viewer",
            "fan-out, per viewer",
            "all, per further viewer",
            "RSS kB",
            "RSS kB per further viewer",
            "frames/s a viewer",
            "packets/s a viewer",
        ],
    )?;
    let mut first = None;
    for &viewers in crowds {
        let measured = measure(viewers, window).await?;
        let first = first.get_or_insert(measured);
        table.row(&measured.row(first));
    }
    Ok(())
}

impl Measured {
    /// As cells. What further viewers cost is told by the difference from the first crowd.
    fn row(&self, first: &Measured) -> Vec<String> {
        let each = self.viewers as f64;
        let further = |now: f64, then: f64, digits: usize| match self.viewers - first.viewers {
            0 => String::new(),
            more => format!("{:.digits$}", (now - then) / more as f64),
        };
        vec![
            self.viewers.to_string(),
            format!("{:.1}", self.all),
            format!("{:.1}", self.all - self.fan_out),
            format!("{:.2}", self.all / each),
            format!("{:.2}", self.fan_out / each),
            further(self.all, first.all, 2),
            self.rss_kb.to_string(),
            further(self.rss_kb as f64, first.rss_kb as f64, 0),
            format!("{:.1}", self.frames),
            format!("{:.0}", self.packets),
        ]
    }
}

async fn measure(viewers: usize, window: Duration) -> Result<Measured> {
    let server = Server::start(SOURCE).await?;
    let watchers = Watcher::crowd(&server.janus(), viewers).await?;
    Watcher::all_frames_grow_by(&watchers, 30).await?;
    let count = || {
        let frames: u64 = watchers.iter().map(Watcher::frames).sum();
        let packets: u64 = watchers.iter().map(Watcher::packets).sum();
        (frames, packets)
    };
    let (begin, before, (frames, packets)) = (Instant::now(), server.cpu_by_thread()?, count());
    tokio::time::sleep(window).await;
    let (after, (frames_after, packets_after)) = (server.cpu_by_thread()?, count());
    let seconds = begin.elapsed().as_secs_f64();
    let spent = |name: &str| {
        let [before, after] = [&before, &after].map(|cpu| cpu.get(name).copied());
        let spent = after
            .unwrap_or_default()
            .saturating_sub(before.unwrap_or_default());
        spent.as_secs_f64() * 1_000.0 / seconds
    };
    let each = viewers as f64 * seconds;
    Ok(Measured {
        viewers,
        all: after.keys().map(|name| spent(name)).sum(),
        fan_out: spent(FAN_OUT),
        rss_kb: server.usage()?.rss_kb,
        frames: (frames_after - frames) as f64 / each,
        packets: (packets_after - packets) as f64 / each,
    })
}
