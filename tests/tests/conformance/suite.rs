//! Which conversations are held with which server.

use anyhow::{Context as _, Result, ensure};
use fanlight_tests::conformance::{Endpoints, Outcome, Summary, Trace, Wanted, replay};
use fanlight_tests::janus::Janus;
use fanlight_tests::report;
use futures_util::future::join_all;
use serde_json::json;

/// The ports of the mountpoints that were fed when their conversations were recorded.
pub(crate) const RTP_PORTS: [u16; 3] = [8004, 8010, 8012];

/// Conversations that are held one after the other with one server; each group is held beside the
/// others.
pub(crate) struct Group {
    /// The configuration: a folder of `tests/traces/configuration`.
    pub(crate) configuration: &'static str,
    pub(crate) traces: &'static [&'static str],
}

/// Conversations with the core, its transports and the streaming plugin.
pub(crate) const OF_JANUS: &[Group] = &[
    Group {
        configuration: "streaming",
        traces: &[
            // These list sessions, and there must be none but their own.
            "ws-admin",
            "admin",
            "ws-no-subprotocol",
            "ws-bad-subprotocol",
            "ws-admin-on-janus-port",
            "core-errors",
            "http-core",
            "streaming-full",
            "streaming-mdns",
            // The real Janus does not survive this one.
            "streaming-disable",
        ],
    },
    Group {
        configuration: "secrets",
        traces: &["core-auth-admin-tokens"],
    },
    Group {
        configuration: "timeouts",
        traces: &["core-session-timeout"],
    },
    // Polls of half a minute.
    Group {
        configuration: "camera",
        traces: &["http-poll-object"],
    },
    Group {
        configuration: "camera",
        traces: &["http-poll-array"],
    },
    Group {
        configuration: "camera",
        traces: &["http-poll-destroyed"],
    },
];

/// The conversation that was recorded when there was a mountpoint that is in no configuration.
const WITH_ANOTHER_MOUNTPOINT: &str = "streaming-mdns";

/// Makes the mountpoint that was there beside those of the configuration.
async fn make_another(endpoints: &Endpoints) -> Result<()> {
    let media = json!([
        {"type": "video", "mid": "v", "label": "video", "port": 0, "pt": 96, "codec": "h264"}
    ]);
    let create = json!({
        "request": "create", "type": "rtp", "id": 14, "media": media,
        "description": "H.264, key frame buffered",
    });
    let mut janus = Janus::attach_to(&endpoints.websocket, "janus.plugin.streaming").await?;
    let created = janus.message(create, None).await?;
    let made = &created["plugindata"]["data"]["created"];
    ensure!(!made.is_null(), "no other mountpoint: {created}");
    Ok(())
}

/// Holds the conversations, reports what they came to and fails if that is not what is wanted.
///
/// # Errors
/// Each difference that is not wanted, and each wanted one that is not there any more.
pub(crate) async fn hold(
    server: &str,
    groups: impl Iterator<Item = &Group>,
    endpoints: impl Fn(&str) -> Option<Endpoints>,
    wanted: &Wanted,
) -> Result<()> {
    let only = std::env::var("FANLIGHT_CONVERSATIONS").ok();
    let is_chosen = |name: &&&str| {
        only.as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    };
    let conversations = groups.map(|group| {
        let configuration = group.configuration;
        let endpoints = endpoints(configuration);
        async move {
            let endpoints = endpoints.with_context(|| format!("no server for {configuration}"))?;
            let mut outcomes = Vec::new();
            for name in group.traces.iter().filter(is_chosen) {
                let trace = Trace::read(name)?;
                if *name == WITH_ANOTHER_MOUNTPOINT {
                    make_another(&endpoints).await?;
                }
                outcomes.push(replay(&trace, &endpoints, wanted).await);
            }
            Ok(outcomes)
        }
    });
    let outcomes: Result<Vec<Vec<Outcome>>> = join_all(conversations).await.into_iter().collect();
    let outcomes: Vec<_> = outcomes?.into_iter().flatten().collect();
    let summary = Summary::new(wanted, &outcomes);
    for line in summary.lines() {
        report(format_args!("{server} against recordings of Janus: {line}"));
    }
    ensure!(summary.is_good(), "\n{}", summary.complaints());
    Ok(())
}
