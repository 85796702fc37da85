//! The real Janus answers as it did when it was recorded: what is compared here, and how, is right.

use anyhow::Result;
use fanlight_tests::conformance::{Endpoints, Wanted};
use fanlight_tests::feed::{Feed, Video};
use fanlight_tests::real_janus::{RealJanus, beside_janus, recorded_configuration};

use crate::suite::{OF_JANUS, RTP_PORTS, hold};

#[tokio::test]
async fn the_real_janus_answers_as_it_did() -> Result<()> {
    beside_janus("the_real_janus_answers_as_it_did", async || {
        let mut servers = Vec::new();
        for configuration in ["streaming", "secrets", "timeouts", "camera"] {
            let folder = recorded_configuration(configuration);
            servers.push(RealJanus::with_configuration(&folder).await?);
        }
        let _feed = Feed::h264(Video::default(), &RTP_PORTS).await?;
        let wanted = Wanted::read("janus.toml")?;
        let endpoints = |configuration: &str| Some(Endpoints::of_janus(configuration));
        hold("Janus", OF_JANUS.iter(), endpoints, &wanted).await
    })
    .await
}
