//! RTP that others send, watched through both plugins.

use anyhow::{Context as _, Result, ensure};
use fanlight_tests::feed::{Feed, Video};
use fanlight_tests::janus::Janus;
use fanlight_tests::server::Server;
use fanlight_tests::viewer::Viewer;
use serde_json::{Value, json};

const PLUGIN: &str = "janus.plugin.streaming";

/// A server without a camera, and somebody who makes mountpoints on it.
async fn without_camera(args: &[&str]) -> Result<(Server, Janus)> {
    let args = [&["--source", "none"], args].concat();
    let server = Server::start(&args).await?;
    let janus = Janus::attach_to(&server.janus(), PLUGIN).await?;
    Ok((server, janus))
}

/// What the plugin answers to a request about mountpoints.
async fn ask(janus: &mut Janus, body: Value) -> Result<Value> {
    let answer = janus.message(body, None).await?;
    let data = answer["plugindata"]["data"].clone();
    ensure!(data.get("error").is_none(), "{answer}");
    Ok(data)
}

/// Makes mountpoint `id` for H.264; returns the port that was chosen for it.
async fn create(janus: &mut Janus, id: u64) -> Result<u16> {
    let medium = json!({"type": "video", "mid": "v", "codec": "h264", "pt": 96, "port": 0});
    let create = json!({"request": "create", "type": "rtp", "id": id, "media": [medium]});
    let created = ask(janus, create).await?;
    let port = created["stream"]["ports"][0]["port"].as_u64();
    port.and_then(|port| u16::try_from(port).ok())
        .with_context(|| format!("no port: {created}"))
}

#[tokio::test]
async fn rtp_reaches_viewers_of_both_plugins() -> Result<()> {
    let (server, mut janus) = without_camera(&[]).await?;
    let port = create(&mut janus, 7).await?;
    let mut feed = Feed::h264(Video::default(), &[port]).await?;
    let viewer = Viewer::watch_mountpoint(&server.janus(), 7).await?;
    viewer.frames_grow_by(60).await?;
    viewer.misses_nothing().await?;
    let other = Viewer::watch(&server.janus()).await?;
    other.frames_grow_by(30).await?;
    feed.is_alive()?;
    other.close().await?;
    viewer.close().await
}

#[tokio::test]
async fn a_mountpoint_is_disabled_and_enabled_while_it_is_watched() -> Result<()> {
    let (server, mut janus) = without_camera(&[]).await?;
    let port = create(&mut janus, 7).await?;
    let _feed = Feed::h264(Video::default(), &[port]).await?;
    let viewer = Viewer::watch_mountpoint(&server.janus(), 7).await?;
    viewer.frames_grow_by(15).await?;
    ask(&mut janus, json!({"request": "disable", "id": 7})).await?;
    viewer.stands_still().await?;
    let watch = json!({"request": "watch", "id": 7});
    let refused = Janus::attach_to(&server.janus(), PLUGIN)
        .await?
        .watch_with(watch)
        .await;
    let refused = refused.err().context("a viewer got in")?.to_string();
    ensure!(refused.contains("is disabled"), "{refused}");
    ask(&mut janus, json!({"request": "enable", "id": 7})).await?;
    viewer.frames_grow_by(15).await?;
    viewer.close().await
}

#[tokio::test]
async fn what_is_recorded_is_there_and_what_is_made_for_good_survives() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("mountpoints.toml");
    let path = |path: &std::path::Path| path.display().to_string();
    let (recordings, kept) = (path(directory.path()), path(&file));
    let args = ["--mountpoints", &kept, "--recordings", &recordings];
    let (server, mut janus) = without_camera(&args).await?;
    let medium = json!({"type": "video", "mid": "v", "codec": "h264", "pt": 96, "port": 0});
    let create = json!({"request": "create", "type": "rtp", "id": 7, "description": "kept",
        "permanent": true, "media": [medium]});
    let created = ask(&mut janus, create).await?;
    let port = created["stream"]["ports"][0]["port"].as_u64().unwrap_or(0);
    let _feed = Feed::h264(Video::default(), &[u16::try_from(port)?]).await?;
    let viewer = Viewer::watch_mountpoint(&server.janus(), 7).await?;
    viewer.frames_grow_by(15).await?;
    let media = json!([{"mid": "v", "filename": "film"}]);
    let record = json!({"request": "recording", "action": "start", "id": 7, "media": media});
    ask(&mut janus, record).await?;
    viewer.frames_grow_by(90).await?;
    viewer.close().await?;
    let stopped = server.stop().await?;
    ensure!(stopped.status.success(), "{stopped:?}");
    let film = std::fs::metadata(directory.path().join("film.mp4"))?;
    ensure!(film.len() > 10_000, "{film:?}");

    let (_server, mut janus) = without_camera(&args).await?;
    let list = ask(&mut janus, json!({"request": "list"})).await?;
    ensure!(list["list"][0]["description"] == "kept", "{list}");
    Ok(())
}
