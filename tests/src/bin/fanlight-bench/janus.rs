//! The same RTP to the same viewers, by the real Janus and by Fanlight; and by Fanlight's camera.
//!
//! All of it runs in a network of its own, as Janus does not serve the loopback interface. Both
//! servers get the same request for the same mountpoints, and the same source feeds both all the time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fanlight_tests::crowd::Watcher;
use fanlight_tests::feed::{Feed, Video};
use fanlight_tests::janus::Janus;
use fanlight_tests::own_network::ADDRESS;
use fanlight_tests::real_janus::RealJanus;
use fanlight_tests::server::{Ports, Server};
use fanlight_tests::usage::Usage;
use fanlight_tests::viewer::Viewer;
use serde_json::{Value, json};

use crate::SOURCE;
use crate::table::{Sorted, Table};

/// As the camera: 720p30 and 2 Mbit/s, with a key frame every two seconds.
const VIDEO: Video = Video {
    size: "1280x720",
    fps: 30,
    bitrate: 2_000,
    key_frames_every: 60,
    packet_size: 1_200,
};

/// Mountpoints by their ids.
const PLAIN: u64 = 1;
const BUFFERED: u64 = 2;

/// The ports that the mountpoints are fed at.
const OF_JANUS: [u16; 2] = [5_004, 5_008];
const OF_FANLIGHT: [u16; 2] = [5_104, 5_108];

pub(crate) async fn run(window: Duration, tries: u64, crowds: &[usize]) -> Result<()> {
    let janus = RealJanus::start("").await?;
    let fanlight = Server::start_on(ports()?, &["--source", "none"]).await?;
    make_mountpoints(&janus.websocket(), OF_JANUS).await?;
    make_mountpoints(&fanlight.janus(), OF_FANLIGHT).await?;
    let mut feed = Feed::h264(VIDEO, &[OF_JANUS, OF_FANLIGHT].concat()).await?;
    compare_crowds(&janus, &fanlight, window, crowds).await?;
    compare_first_pictures(&janus, &fanlight, tries).await?;
    feed.is_alive()
}

async fn compare_crowds(
    janus: &RealJanus,
    fanlight: &Server,
    window: Duration,
    crowds: &[usize],
) -> Result<()> {
    let table = Table::begin(
        "One stream at 2 Mbit/s: CPU ms a second of the server's process, and memory",
        &[
            "server",
            "viewers",
            "all",
            "all, per viewer",
            "RSS kB",
            "frames/s a viewer",
            "packets/s a viewer",
        ],
    )?;
    for &viewers in crowds {
        let crowd = Watcher::crowd_at(&janus.websocket(), PLAIN, viewers).await?;
        table.row(&measure("Janus, RTP", &crowd, || janus.usage(), window).await?);
        drop(crowd);
        let crowd = Watcher::crowd_at(&fanlight.janus(), PLAIN, viewers).await?;
        table.row(&measure("Fanlight, RTP", &crowd, || fanlight.usage(), window).await?);
        drop(crowd);
        // Its encoder shall be in nobody's way but its own.
        let camera = Server::start_on(ports()?, SOURCE).await?;
        let crowd = Watcher::crowd(&camera.janus(), viewers).await?;
        table.row(&measure("Fanlight, camera", &crowd, || camera.usage(), window).await?);
    }
    Ok(())
}

async fn compare_first_pictures(janus: &RealJanus, fanlight: &Server, tries: u64) -> Result<()> {
    let table = Table::begin(
        "From `watch` to all of the first key frame, ms",
        &[
            "server",
            "mountpoint",
            "tries",
            "min",
            "median",
            "p95",
            "max",
        ],
    )?;
    for (what, id) in [("no buffer", PLAIN), ("key-frame buffer", BUFFERED)] {
        for (server, url) in [("Janus", janus.websocket()), ("Fanlight", fanlight.janus())] {
            table.row(&first_pictures(server, what, &url, id, tries).await?);
        }
    }
    Ok(())
}

/// A port for each purpose; media on the interface that Janus has as well.
fn ports() -> Result<Ports> {
    let ports = Ports::free()?;
    let rtc = SocketAddr::new(ADDRESS.parse()?, ports.rtc.port());
    Ok(Ports { rtc, ..ports })
}

async fn make_mountpoints(url: &str, ports: [u16; 2]) -> Result<()> {
    let mut janus = Janus::attach_to(url, "janus.plugin.streaming").await?;
    for (id, port) in [PLAIN, BUFFERED].into_iter().zip(ports) {
        let create = json!({
            "request": "create",
            "type": "rtp",
            "id": id,
            "video": true,
            "videoport": port,
            "videopt": 96,
            "videocodec": "h264",
            "videofmtp": "profile-level-id=42e01f;packetization-mode=1",
            "videobufferkf": id == BUFFERED,
        });
        let created = janus.message(create, None).await?;
        let data: &Value = &created["plugindata"]["data"];
        ensure!(data["streaming"] == "created", "no mountpoint: {created}");
    }
    Ok(())
}

async fn measure(
    server: &str,
    crowd: &[Watcher],
    usage: impl Fn() -> Result<Usage>,
    window: Duration,
) -> Result<Vec<String>> {
    Watcher::all_frames_grow_by(crowd, 30).await?;
    let count = || {
        let frames: u64 = crowd.iter().map(Watcher::frames).sum();
        let packets: u64 = crowd.iter().map(Watcher::packets).sum();
        (frames, packets)
    };
    let (begin, before, (frames, packets)) = (Instant::now(), usage()?, count());
    tokio::time::sleep(window).await;
    let (after, (frames_after, packets_after)) = (usage()?, count());
    let seconds = begin.elapsed().as_secs_f64();
    let busy = after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1_000.0 / seconds;
    let viewers = crowd.len() as f64;
    Ok(vec![
        server.to_owned(),
        crowd.len().to_string(),
        format!("{busy:.1}"),
        format!("{:.2}", busy / viewers),
        after.rss_kb.to_string(),
        format!("{:.1}", (frames_after - frames) as f64 / viewers / seconds),
        format!(
            "{:.0}",
            (packets_after - packets) as f64 / viewers / seconds
        ),
    ])
}

async fn first_pictures(
    server: &str,
    what: &str,
    url: &str,
    id: u64,
    tries: u64,
) -> Result<Vec<String>> {
    let mut waits = Vec::new();
    for number in 0..tries {
        // One that has just seen a key frame would come at the same place between two each time.
        tokio::time::sleep(Duration::from_millis(number * 370 % 2_000)).await;
        let wait = Viewer::time_to_first_picture(url, id).await?;
        waits.push(wait.as_secs_f64() * 1_000.0);
    }
    let waits = Sorted::new(waits).context("nothing was measured")?;
    let mut row = vec![server.to_owned(), what.to_owned(), waits.len().to_string()];
    row.extend(waits.cells());
    Ok(row)
}
