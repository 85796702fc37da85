//! Real V4L2 devices, from the rig: see `tests/rig/README.md`.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use fanlight_tests::janus::Janus;
use fanlight_tests::rig::{HDMI, LOOPBACK, WEBCAM, beside_cameras};
use fanlight_tests::server::{Ports, Server};
use fanlight_tests::viewer::Viewer;
use fanlight_tests::wait::until;
use serde_json::json;
use tokio::process::{Child, Command};

#[tokio::test]
async fn a_webcam_is_watched() -> Result<()> {
    beside_cameras("a_webcam_is_watched", async || {
        is_watched(WEBCAM, &["--size", "640x480"]).await
    })
    .await
}

#[tokio::test]
async fn an_hdmi_input_is_watched() -> Result<()> {
    beside_cameras("an_hdmi_input_is_watched", async || {
        is_watched(HDMI, &[]).await
    })
    .await
}

#[tokio::test]
async fn an_mjpeg_camera_is_watched() -> Result<()> {
    beside_cameras("an_mjpeg_camera_is_watched", async || {
        let _camera = mjpeg_camera().await?;
        is_watched(LOOPBACK, &[]).await
    })
    .await
}

#[tokio::test]
async fn a_camera_that_comes_late_is_waited_for() -> Result<()> {
    beside_cameras("a_camera_that_comes_late_is_waited_for", async || {
        let server = Server::start(&["--source", &format!("v4l2:{LOOPBACK}")]).await?;
        // Until somebody writes into it, the loopback device is no camera.
        let mut janus = Janus::attach(&server.janus()).await?;
        janus.message(json!({"request": "watch"}), None).await?;
        let event = janus.event("event").await?;
        ensure!(event["plugindata"]["data"]["error_code"] == 503, "{event}");
        let _camera = mjpeg_camera().await?;
        let viewer = Viewer::watch(&server.janus()).await?;
        viewer.frames_grow_by(15).await?;
        viewer.close().await
    })
    .await
}

#[tokio::test]
async fn a_camera_of_another_program_is_said_to_be_in_use() -> Result<()> {
    beside_cameras(
        "a_camera_of_another_program_is_said_to_be_in_use",
        async || {
            let source = ["--source", &format!("v4l2:{WEBCAM}")];
            let first = Server::start(&source).await?;
            let viewer = Viewer::watch(&first.janus()).await?;
            viewer.frames_grow_by(5).await?;
            let second = Server::start_on(Ports::free()?, &source).await?;
            until("the second server to say so", async || {
                let log = second.log();
                Ok(log
                    .iter()
                    .any(|l| l.contains(WEBCAM) && l.contains("in use"))
                    .then_some(()))
            })
            .await?;
            viewer.frames_grow_by(5).await?;
            viewer.close().await
        },
    )
    .await
}

#[tokio::test]
async fn a_camera_is_released_when_the_server_ends() -> Result<()> {
    beside_cameras("a_camera_is_released_when_the_server_ends", async || {
        for _ in 0..2 {
            let server = Server::start(&["--source", &format!("v4l2:{WEBCAM}")]).await?;
            let viewer = Viewer::watch(&server.janus()).await?;
            viewer.frames_grow_by(5).await?;
            ensure!(server.stop().await?.status.success());
        }
        Ok(())
    })
    .await
}

async fn is_watched(device: &str, args: &[&str]) -> Result<()> {
    let source = format!("v4l2:{device}");
    let args: Vec<_> = ["--source", &source]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    let server = Server::start(&args).await?;
    let viewer = Viewer::watch(&server.janus()).await?;
    viewer.key_frames_exceed(0).await?;
    viewer.frames_grow_by(25).await?;
    let counts = viewer.counts();
    ensure!(counts.backwards == 0, "{counts:?}");
    viewer.close().await
}

/// Turns the loopback device into a camera that gives JPEG pictures, for as long as it lives.
async fn mjpeg_camera() -> Result<Child> {
    let child = Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-re",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x480:rate=15",
        ])
        .args([
            "-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-f", "v4l2", LOOPBACK,
        ])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("ffmpeg is needed to feed the loopback device")?;
    // It is a capture device only once the first picture is in it; the server waits for that.
    Ok(child)
}
