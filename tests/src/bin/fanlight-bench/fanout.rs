//! What a viewer costs.

use std::time::{Duration, Instant};

use anyhow::Result;
use fanlight_tests::crowd::Watcher;
use fanlight_tests::server::Server;

use crate::{SOURCE, table};

const CROWDS: [usize; 4] = [1, 10, 50, 100];

struct Measured {
    viewers: usize,
    /// Processor milliseconds a second, of the whole server.
    cpu: f64,
    rss_kb: u64,
    frames: f64,
    packets: f64,
}

pub(crate) async fn run(window: Duration) -> Result<()> {
    let mut all = Vec::new();
    for viewers in CROWDS {
        all.push(measure(viewers, window).await?);
    }
    let Some(one) = all.first() else {
        return Ok(());
    };
    let rows: Vec<_> = all
        .iter()
        .map(|m| {
            let more = (m.viewers > 1).then(|| (m.viewers - 1) as f64);
            let further = |now: f64, then: f64| {
                more.map_or("".to_owned(), |more| format!("{:.2}", (now - then) / more))
            };
            vec![
                m.viewers.to_string(),
                format!("{:.1}", m.cpu),
                format!("{:.2}", m.cpu / m.viewers as f64),
                further(m.cpu, one.cpu),
                m.rss_kb.to_string(),
                more.map_or("".to_owned(), |more| {
                    format!("{:.0}", (m.rss_kb as f64 - one.rss_kb as f64) / more)
                }),
                format!("{:.1}", m.frames),
                format!("{:.0}", m.packets),
            ]
        })
        .collect();
    table::print(
        "Fan-out",
        &[
            "viewers",
            "CPU ms/s, all",
            "CPU ms per viewer-second, encoder and all",
            "per further viewer",
            "RSS kB",
            "kB per further viewer",
            "frames/s a viewer",
            "packets/s a viewer",
        ],
        &rows,
    );
    Ok(())
}

async fn measure(viewers: usize, window: Duration) -> Result<Measured> {
    let server = Server::start(SOURCE).await?;
    let watchers = Watcher::crowd(&server.janus(), viewers).await?;
    for watcher in &watchers {
        watcher.frames_grow_by(30).await?;
    }
    let count = || {
        let frames: u64 = watchers.iter().map(Watcher::frames).sum();
        let packets: u64 = watchers.iter().map(Watcher::packets).sum();
        (frames, packets)
    };
    let (begin, usage, (frames, packets)) = (Instant::now(), server.usage()?, count());
    tokio::time::sleep(window).await;
    let (after, (frames_after, packets_after)) = (server.usage()?, count());
    let seconds = begin.elapsed().as_secs_f64();
    let each = viewers as f64 * seconds;
    Ok(Measured {
        viewers,
        cpu: (after.cpu - usage.cpu).as_secs_f64() * 1_000.0 / seconds,
        rss_kb: after.rss_kb,
        frames: (frames_after - frames) as f64 / each,
        packets: (packets_after - packets) as f64 / each,
    })
}
