//! Viewers that are no browsers, built on the crate `webrtc`.

use anyhow::{Result, ensure};
use fanlight_tests::janus::Janus;
use fanlight_tests::server::Server;
use fanlight_tests::viewer::Viewer;
use serde_json::json;

#[tokio::test]
async fn frames_arrive_complete_and_in_order_with_a_key_frame_to_begin_at() -> Result<()> {
    let server = Server::test_pattern().await?;
    let viewer = Viewer::watch(&server.janus()).await?;
    viewer.key_frames_exceed(0).await?;
    viewer.frames_grow_by(90).await?;
    viewer.misses_nothing().await?;
    let counts = viewer.counts();
    ensure!(counts.backwards == 0, "{counts:?}");
    ensure!(
        counts.packets > counts.frames,
        "key frames are larger than a packet: {counts:?}"
    );
    viewer.close().await
}

#[tokio::test]
async fn a_pli_brings_a_key_frame() -> Result<()> {
    let server = Server::test_pattern().await?;
    let viewer = Viewer::watch(&server.janus()).await?;
    // Without one there are no further key frames, and these would prove nothing.
    viewer.frames_grow_by(60).await?;
    let before = viewer.counts().key_frames;
    viewer.frames_grow_by(60).await?;
    ensure!(
        viewer.counts().key_frames == before,
        "key frames that nobody asked for"
    );
    viewer.send_pli().await?;
    viewer.key_frames_exceed(before).await?;
    viewer.close().await
}

#[tokio::test]
async fn a_viewer_that_comes_late_gets_a_key_frame_and_costs_the_first_one_nothing() -> Result<()> {
    let server = Server::test_pattern().await?;
    let first = Viewer::watch(&server.janus()).await?;
    first.frames_grow_by(45).await?;
    let second = Viewer::watch(&server.janus()).await?;
    second.key_frames_exceed(0).await?;
    first.frames_grow_by(30).await?;
    first.misses_nothing().await?;
    second.close().await?;
    first.close().await
}

#[tokio::test]
async fn nothing_can_be_asked_of_a_session_that_was_destroyed() -> Result<()> {
    let server = Server::test_pattern().await?;
    let mut janus = Janus::attach(&server.janus()).await?;
    let destroyed = janus.request(json!({"janus": "destroy"})).await?;
    ensure!(destroyed["janus"] == "success", "{destroyed}");
    let after = janus.message(json!({"request": "watch"}), None).await?;
    ensure!(after["error"]["code"] == 458, "{after}");
    Ok(())
}
