//! Whatever comes to a mountpoint's port, those who watch it stay, and get their picture again.

use anyhow::{Result, ensure};
use fanlight_tests::encoder::{Encoder, PAYLOAD_TYPE};
use fanlight_tests::janus::Janus;
use fanlight_tests::server::{Ports, Server};
use fanlight_tests::viewer::Viewer;
use fanlight_tests::wait::until;
use serde_json::json;

/// A server with one mountpoint, who feeds it, and who watches it.
struct Scene {
    encoder: Encoder,
    viewer: Viewer,
    server: Server,
}

impl Scene {
    async fn set() -> Result<Scene> {
        let server = Server::start(&["--source", "none"]).await?;
        let port = Ports::free()?.rtc.port();
        let mut janus = Janus::attach_to(&server.janus(), "janus.plugin.streaming").await?;
        let medium = json!({
            "type": "video", "mid": "v", "port": port, "pt": PAYLOAD_TYPE, "codec": "h264",
        });
        let create = json!({"request": "create", "type": "rtp", "id": 1, "media": [medium]});
        let created = janus.message(create, None).await?;
        let data = &created["plugindata"]["data"];
        ensure!(data["streaming"] == "created", "no mountpoint: {created}");
        let viewer = Viewer::watch_mountpoint(&server.janus(), 1).await?;
        let mut scene = Scene {
            encoder: Encoder::new(port).await?,
            viewer,
            server,
        };
        scene.shows_pictures().await?;
        Ok(scene)
    }

    /// Frames arrive while the encoder sends, a key frame among them, on the first connection.
    async fn shows_pictures(&mut self) -> Result<()> {
        let before = self.viewer.counts();
        until("pictures", async || {
            self.encoder.send(5).await?;
            let now = self.viewer.counts();
            let enough = now.frames >= before.frames + 20 && now.key_frames > before.key_frames;
            Ok(enough.then_some(()))
        })
        .await?;
        ensure!(
            !self.viewer.signalling().was_told("hangup"),
            "the viewer was hung up on"
        );
        Ok(())
    }

    async fn end(self) -> Result<()> {
        self.viewer.close().await
    }
}

#[tokio::test]
async fn garbage_and_packets_of_another_type_are_not_passed_on() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.viewer.misses_nothing().await?;
    let before = scene.server.usage()?;
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0_usize..2_000 {
        let mut garbage = vec![0; round % 1_500];
        for byte in &mut garbage {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            *byte = noise.to_le_bytes()[0];
        }
        // No sender of ours: version 2 would make it a packet, if perhaps of another type.
        if let Some(first) = garbage.first_mut() {
            *first &= 0x7f;
        }
        scene.encoder.datagram(&garbage).await?;
        let mut other = scene.encoder.header(PAYLOAD_TYPE + 1, true);
        other.extend([0x65; 100]);
        scene.encoder.datagram(&other).await?;
        if round % 50 == 0 {
            scene.encoder.send(1).await?;
        }
    }
    scene.shows_pictures().await?;
    let counts = scene.viewer.counts();
    ensure!(counts.backwards == 0, "{counts:?}");
    scene.viewer.misses_nothing().await?;
    let after = scene.server.usage()?;
    ensure!(after.rss_kb < before.rss_kb + 8_000, "{before:?} {after:?}");
    scene.end().await
}

#[tokio::test]
async fn jumps_of_the_sequence_and_new_senders_are_followed() -> Result<()> {
    let mut scene = Scene::set().await?;
    for jump in [20_000_u16, 300, 40_000] {
        scene.encoder.sequence = scene.encoder.sequence.wrapping_add(jump);
        scene.shows_pictures().await?;
    }
    for ssrc in 2..5 {
        scene.encoder.ssrc = ssrc;
        scene.encoder.sequence = 0;
        scene.shows_pictures().await?;
    }
    // Nobody of those who watch can tell.
    let counts = scene.viewer.counts();
    ensure!(counts.backwards == 0, "{counts:?}");
    scene.viewer.misses_nothing().await?;
    scene.end().await
}

#[tokio::test]
async fn a_source_that_loses_a_third_of_its_packets_loses_no_viewer() -> Result<()> {
    let mut scene = Scene::set().await?;
    scene.encoder.loss = 30;
    scene.encoder.send(300).await?;
    ensure!(
        !scene.viewer.signalling().was_told("hangup"),
        "the viewer was hung up on"
    );
    scene.encoder.loss = 0;
    scene.shows_pictures().await?;
    scene.end().await
}
