//! Recorded conversations with the real Janus, held again with the gateway.

use super::*;
use crate::mountpoint::{MountpointsConfig, testing};
use crate::secret::Secret;

macro_rules! mountpoints {
    ($name:literal) => {
        testing::parse(include_str!(concat!(
            "../../../../../shared/testdata/",
            $name,
            ".toml"
        )))
    };
}

macro_rules! recording {
    ($name:literal) => {
        include_str!(concat!("../../../../../shared/testdata/", $name, ".jsonl"))
    };
}

macro_rules! trace {
    ($name:literal) => {
        include_str!(concat!("../../../../../tests/traces/", $name, ".jsonl"))
    };
}

#[test]
fn errors_of_the_core() {
    replay(trace!("core-errors"), trickling(), Fake::default());
}

#[test]
fn a_session_that_times_out() {
    let recording = trace!("core-session-timeout");
    replay(recording, trickling(), Fake::default());
}

#[test]
fn a_viewer_from_watch_to_destroy() {
    replay(recording!("ustreamer-viewer"), trickling(), Fake::default());
}

#[test]
fn a_viewer_with_candidates_in_the_offer() {
    let recording = recording!("ustreamer-candidates-in-offer");
    replay(recording, with_stun(), Fake::default());
}

#[test]
fn odd_requests_to_the_plugin() {
    let recording = recording!("ustreamer-odd-requests");
    replay(recording, trickling(), Fake::default());
}

#[test]
fn a_viewer_of_mountpoints_from_list_to_destroy() {
    let media = Fake::with(mountpoints!("streaming-viewer"));
    replay(recording!("streaming-viewer"), trickling(), media);
}

#[test]
fn mountpoints_are_made_changed_and_ended() {
    let directory = tempfile::tempdir().unwrap();
    let media = Fake::with(MountpointsConfig {
        file: Some(directory.path().join("mountpoints.toml")),
        admin_key: Some(Secret::new("adm")),
        ..mountpoints!("streaming-management")
    });
    let recording = recording!("streaming-management");
    replay(recording, with_stun(), media);
}

#[test]
fn viewers_are_told_when_their_mountpoint_sends_them_away() {
    let media = Fake::with(MountpointsConfig {
        admin_key: Some(Secret::new("adm")),
        ..mountpoints!("streaming-management")
    });
    replay(
        recording!("streaming-removed"),
        GatewayConfig::default(),
        media,
    );
}

fn with_stun() -> GatewayConfig {
    GatewayConfig {
        stun_server: Some("stun:stun.example.org:3478".to_owned()),
        ..GatewayConfig::default()
    }
}

fn trickling() -> GatewayConfig {
    GatewayConfig {
        full_trickle: true,
        ..with_stun()
    }
}

/// Sends what the client sent and expects what Janus answered.
///
/// Janus works on the requests of a client in parallel, and on its peer connection beside them.
/// So what was sent without waiting is answered in any order; all else in the recorded one.
fn replay(recording: &str, config: GatewayConfig, media: Fake) {
    let mut rig = Rig::with_media(config, media);
    let connection = rig.connect(1);
    let mut ids = Ids::default();
    let mut lines = recording
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["dir"] == ">" || line["dir"] == "<")
        .peekable();
    while lines.peek().is_some() {
        let mut requests = 0;
        while let Some(request) = lines.next_if(|line| line["dir"] == ">") {
            let text = match request.get("json") {
                Some(json) => with_key(json).to_string(),
                None => request["raw"].as_str().unwrap().to_owned(),
            };
            rig.say(connection, ids.ours(&text).as_bytes());
            requests += 1;
        }
        let mut recorded = Vec::new();
        while let Some(answer) = lines.next_if(|line| line["dir"] == "<") {
            recorded.push(answer["json"].clone());
        }
        if recorded
            .iter()
            .any(|message| message["janus"] == "webrtcup")
        {
            rig.gateway
                .handle_peer(rig.gateway.media.last_peer, PeerNews::Up);
        }
        if recorded.iter().any(|message| message["janus"] == "timeout") {
            rig.pass(Duration::from_secs(60));
        }
        let mut heard = rig.heard(connection);
        if !recorded.iter().any(|message| message["janus"] == "trickle") {
            // Janus does not trickle again with an offer that it repeats.
            heard.retain(|message| message["janus"] != "trickle");
        }
        if !recorded.iter().any(|message| message["janus"] == "hangup") {
            // Of a peer connection that never stood Janus says nothing.
            heard.retain(|message| message["janus"] != "hangup");
        }
        for (recorded, heard) in recorded.iter().zip(&heard) {
            ids.learn(&recorded["data"]["id"], &heard["data"]["id"]);
        }
        let known = |message: &mut Value| {
            *message = serde_json::from_str(&ids.ours(&message.to_string())).unwrap();
            normalise(message);
        };
        recorded.iter_mut().for_each(known);
        heard.iter_mut().for_each(normalise);
        let is_unordered = |message: &Value| {
            // Janus answers some of these before it acknowledges them.
            let is_event = message["janus"] == "event" && message.get("transaction").is_some();
            is_event || message["janus"] == "trickle"
        };
        if requests > 1 || recorded.iter().any(is_unordered) {
            recorded.sort_by_key(Value::to_string);
            heard.sort_by_key(Value::to_string);
        }
        assert_eq!(heard, recorded);
    }
}

/// Janus tells everybody all of a mountpoint without a secret. Where there is a key, Fanlight does
/// so to its holders.
fn with_key(request: &Value) -> Value {
    let mut request = request.clone();
    if request["body"]["request"] == "info" {
        request["body"]["admin_key"] = "adm".into();
    }
    request
}

/// What Janus and Fanlight tell of themselves in the same words.
const OF_BOTH: [&str; 11] = [
    "janus",
    "transaction",
    "version",
    "accepting-new-sessions",
    "session-timeout",
    "reclaim-session-timeout",
    "ice-lite",
    "ice-tcp",
    "full-trickle",
    "api_secret",
    "auth_token",
];

/// Takes out what is Janus' own affair.
fn normalise(message: &mut Value) {
    let data = message.pointer_mut("/plugindata/data/list");
    if let Some(list) = data.and_then(Value::as_array_mut) {
        // Janus has its mountpoints in no order.
        list.sort_by_key(|mountpoint| mountpoint["id"].as_u64());
        list.iter_mut().for_each(forget_ages);
    }
    if let Some(info) = message.pointer_mut("/plugindata/data/info") {
        forget_ages(info);
    }
    if let Some(candidate) = message.get_mut("candidate").and_then(Value::as_object_mut) {
        // Sometimes there in Janus; the index is enough.
        candidate.remove("sdpMid");
    }
    if message["error"]["code"] == 454 && message.get("transaction").is_none() {
        let reason = message["error"]["reason"].as_str().unwrap();
        let (ours, _) = reason.split_at("Invalid Janus API request - ".len());
        message["error"]["reason"] = ours.into();
    }
    if message["janus"] == "server_info" {
        let info = message.as_object_mut().unwrap();
        info.retain(|field, _| OF_BOTH.contains(&field.as_str()));
    }
}

fn forget_ages(mountpoint: &mut Value) {
    for medium in mountpoint["media"].as_array_mut().unwrap() {
        assert!(medium.as_object_mut().unwrap().remove("age_ms").is_some());
    }
}

/// Ids in the recording and those that the gateway gave instead.
#[derive(Default)]
struct Ids(Vec<(String, String)>);

impl Ids {
    fn learn(&mut self, recorded: &Value, given: &Value) {
        if recorded.is_u64() && given.is_u64() {
            self.0.push((recorded.to_string(), given.to_string()));
        }
    }

    fn ours(&self, text: &str) -> String {
        let replace =
            |text: String, (recorded, given): &(String, String)| text.replace(recorded, given);
        self.0.iter().fold(text.to_owned(), replace)
    }
}
