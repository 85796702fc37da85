//! The file is read again while people watch.

use anyhow::{Result, ensure};
use fanlight_tests::server::Server;
use fanlight_tests::viewer::Viewer;
use fanlight_tests::wait::until;

#[tokio::test]
async fn the_bit_rate_changes_without_a_break_and_a_broken_file_changes_nothing() -> Result<()> {
    let file = std::env::temp_dir().join(format!("fanlight-reload-{}.toml", std::process::id()));
    std::fs::write(&file, settings(3000))?;
    let server = Server::start(&["--config", &file.to_string_lossy()]).await?;
    let viewer = Viewer::watch(&server.janus()).await?;
    // The encoder needs a while to find the quantiser for the rate.
    viewer.frames_grow_by(60).await?;
    let before = packets_of_60_frames(&viewer).await?;
    let key_frames = viewer.counts().key_frames;

    std::fs::write(&file, settings(300))?;
    server.reload()?;
    is_logged(&server, "the bit rate is 300 kbit/s now").await?;
    viewer.frames_grow_by(60).await?;
    let after = packets_of_60_frames(&viewer).await?;
    ensure!(after * 3 < before * 2, "{before} packets, then {after}");
    ensure!(viewer.counts().key_frames == key_frames, "a key frame came");

    std::fs::write(&file, "bitrat = 3000")?;
    server.reload()?;
    is_logged(&server, "nothing is changed").await?;
    viewer.frames_grow_by(30).await?;
    std::fs::remove_file(&file)?;
    viewer.close().await
}

fn settings(bitrate: u32) -> String {
    format!("source = 'test'\nsize = '640x360'\nfps = 30\nbitrate = {bitrate}\n")
}

async fn packets_of_60_frames(viewer: &Viewer) -> Result<u64> {
    let before = viewer.counts().packets;
    viewer.frames_grow_by(60).await?;
    Ok(viewer.counts().packets - before)
}

async fn is_logged(server: &Server, text: &str) -> Result<()> {
    until(text, async || {
        let logged = server.log().iter().any(|line| line.contains(text));
        Ok(logged.then_some(()))
    })
    .await
}
