//! The real Janus works here, before anything is held against it.

use anyhow::Result;
use fanlight_tests::feed::{Feed, Video};
use fanlight_tests::real_janus::{RealJanus, beside_janus};
use fanlight_tests::viewer::Viewer;

const MOUNTPOINT: &str = r#"camera: { type = "rtp"; id = 1; media = (
    { type = "video", mid = "v", port = 5004, pt = 96, codec = "h264" }
) }"#;

#[tokio::test]
async fn the_real_janus_is_watched() -> Result<()> {
    beside_janus("the_real_janus_is_watched", async || {
        let janus = RealJanus::start(MOUNTPOINT).await?;
        let mut feed = Feed::h264(Video::default(), &[5004]).await?;
        let viewer = Viewer::watch_mountpoint(&janus.websocket(), 1).await?;
        viewer.frames_grow_by(30).await?;
        feed.is_alive()?;
        viewer.close().await
    })
    .await
}
