//! Fanlight answers as Janus did, but for the differences that we want.

use anyhow::Result;
use fanlight_tests::conformance::{Endpoints, Wanted};
use fanlight_tests::feed::{self, Feed, Video};
use fanlight_tests::own_network::alone;
use fanlight_tests::real_janus::recorded_configuration;
use fanlight_tests::server::{Server, TEST_PATTERN};
use fanlight_tests::skip;

use crate::suite::{Group, OF_JANUS, RTP_PORTS, hold};

/// Conversations with µStreamer's plugin.
const OF_USTREAMER: &[Group] = &[
    Group {
        configuration: "camera",
        traces: &[
            "ustreamer-raw-nosink",
            "ustreamer-raw-sink",
            "ustreamer-full",
            "ustreamer-gop0",
            "ustreamer-audio-mic",
        ],
    },
    Group {
        configuration: "half-trickle",
        traces: &["ustreamer-halftrickle"],
    },
];

/// A server for each.
const CONFIGURATIONS: [&str; 5] = ["streaming", "secrets", "timeouts", "camera", "half-trickle"];

/// Those of the admin API and of the mountpoints, as the configurations have them.
const PORTS: [u16; 8] = [7088, 7188, 17088, 27088, 37088, 8004, 8010, 8012];

/// What µStreamer's plugin tells its viewers by default.
const STUN: &str = "--stun=stun:stun.l.google.com:19302";

#[tokio::test]
async fn fanlight_answers_as_janus_did() -> Result<()> {
    let test = "fanlight_answers_as_janus_did";
    if let Err(missing) = feed::is_installed() {
        skip(test, missing);
        return Ok(());
    }
    alone(test, &PORTS, async || {
        let mut servers = Vec::new();
        for configuration in CONFIGURATIONS {
            let arguments = arguments(configuration);
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let server = Server::start(&arguments).await?;
            // The admin API is at its own ports, as in Janus; a test's server gets the others.
            let endpoints = Endpoints {
                admin_websocket: Endpoints::of_janus(configuration).admin_websocket,
                admin_http: Endpoints::of_janus(configuration).admin_http,
                ..Endpoints::all_at(server.ports().http)
            };
            servers.push((configuration, endpoints, server));
        }
        let endpoints = |configuration: &str| {
            let mut servers = servers.iter();
            let server = servers.find(|(name, ..)| *name == configuration);
            server.map(|(_, endpoints, _)| endpoints.clone())
        };
        let _feed = Feed::h264(Video::default(), &RTP_PORTS).await?;
        let wanted = Wanted::read("fanlight.toml")?;
        let groups = OF_JANUS.iter().chain(OF_USTREAMER);
        hold("Fanlight", groups, endpoints, &wanted).await
    })
    .await
}

/// Fanlight reads Janus' own configuration. There is a test pattern in place of a camera.
fn arguments(configuration: &str) -> Vec<String> {
    let mut arguments = vec![STUN.to_owned()];
    if configuration == "half-trickle" {
        arguments.push("--allow-origin=*".to_owned());
    } else {
        let folder = recorded_configuration(configuration);
        arguments.push(format!("--janus-config={}", folder.display()));
    }
    let source: &[_] = match configuration {
        "camera" | "half-trickle" => TEST_PATTERN,
        _ => &["--source=none"],
    };
    arguments.extend(source.iter().map(|&argument| argument.to_owned()));
    arguments
}
