//! The gateway, driven with a clock of the tests' own and with media that only take notes.

mod fuzz;
mod limits;
mod peers;
mod recorded;
mod sessions;
mod waiting;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use fanlight_protocol::{Error, ErrorCode};
use serde_json::{Value, json};

use super::{ConnectionId, Gateway, GatewayConfig, Outgoing};
use crate::janus::media::{Ending, Media, Offer, OfferFailed, PeerNews, Wishes};

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
const CANDIDATE: &str = "candidate:1 1 udp 2015363327 192.0.2.1 8189 typ host";

/// Media that take notes.
#[derive(Default)]
struct Fake {
    /// Why there is no picture.
    not_ready: Option<String>,
    /// What the next answer is refused with.
    refuse: Option<Error>,
    /// What offers are refused with.
    no_offers: Option<String>,
    last_peer: u64,
    open: BTreeSet<u64>,
    answered: Vec<u64>,
    candidates: Vec<(u64, String)>,
    key_frames: Vec<u64>,
}

impl Media for Fake {
    type Peer = u64;

    fn readiness(&self) -> Result<(), String> {
        self.not_ready.clone().map_or(Ok(()), Err)
    }

    fn offer(&mut self, _: Wishes) -> Result<Offer<u64>, OfferFailed> {
        if let Some(reason) = self.no_offers.clone() {
            return Err(OfferFailed(reason));
        }
        self.last_peer += 1;
        self.open.insert(self.last_peer);
        Ok(Offer {
            peer: self.last_peer,
            sdp: SDP.to_owned(),
            candidates: vec![CANDIDATE.to_owned()],
        })
    }

    fn check_sdp(&self, sdp: &str) -> Result<(), Error> {
        let invalid = |reason: String| Err(Error::new(ErrorCode::JsepInvalidSdp, reason));
        if !sdp.starts_with("v=") {
            return invalid("Invalid SDP (doesn't start with v=)".to_owned());
        }
        match sdp.lines().find(|line| line.len() < 3) {
            Some(line) => invalid(format!("Invalid line ({} bytes): {line}", line.len())),
            None => Ok(()),
        }
    }

    fn answer(&mut self, peer: u64, _: &str) -> Result<(), Error> {
        self.answered.push(peer);
        self.refuse.take().map_or(Ok(()), Err)
    }

    fn add_candidate(&mut self, peer: u64, candidate: &str) -> Result<(), Error> {
        if !candidate.starts_with("candidate:") {
            return Err(Error::new(ErrorCode::TrickleInvalidStream, "no candidate"));
        }
        self.candidates.push((peer, candidate.to_owned()));
        Ok(())
    }

    fn request_key_frame(&mut self, peer: u64) {
        self.key_frames.push(peer);
    }

    fn close(&mut self, peer: u64) {
        assert!(self.open.remove(&peer), "peer {peer} was closed before");
    }
}

/// A gateway with its clients.
struct Rig {
    gateway: Gateway<Fake>,
    now: Instant,
    transactions: u64,
}

/// A session with a handle to the plugin.
#[derive(Clone, Copy)]
struct Viewer {
    connection: ConnectionId,
    session: u64,
    handle: u64,
}

impl Rig {
    fn new() -> Self {
        Self::with(GatewayConfig::default())
    }

    fn with(config: GatewayConfig) -> Self {
        Self {
            gateway: Gateway::new(config, Fake::default()),
            now: Instant::now(),
            transactions: 0,
        }
    }

    fn connect(&mut self, number: u64) -> ConnectionId {
        let connection = ConnectionId(number);
        self.gateway.handle_opened(connection);
        connection
    }

    /// Sends a request; returns all that is said to the client at once.
    fn ask(&mut self, from: ConnectionId, mut request: Value) -> Vec<Value> {
        self.transactions += 1;
        request["transaction"] = self.transactions.to_string().into();
        self.say(from, request.to_string().as_bytes());
        self.heard(from)
    }

    /// Sends a request that has one answer and nothing beside it.
    fn ask_one(&mut self, from: ConnectionId, request: Value) -> Value {
        let mut answers = self.ask(from, request);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    fn say(&mut self, from: ConnectionId, message: &[u8]) {
        self.gateway.handle_message(self.now, from, message);
    }

    /// What has been said to the client. Nothing must have been said to others.
    fn heard(&mut self, by: ConnectionId) -> Vec<Value> {
        let mut heard = Vec::new();
        while let Some(Outgoing { to, text }) = self.gateway.poll_outgoing() {
            assert_eq!(to, by, "{text}");
            heard.push(serde_json::from_str(&text).unwrap());
        }
        heard
    }

    /// Lets time pass.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.gateway.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.gateway.handle_timeout(at);
        }
        self.now = end;
    }

    fn session(&mut self, connection: ConnectionId) -> u64 {
        let created = self.ask_one(connection, json!({"janus": "create"}));
        created["data"]["id"].as_u64().unwrap()
    }

    fn viewer(&mut self, connection: ConnectionId) -> Viewer {
        let session = self.session(connection);
        self.attach(connection, session)
    }

    fn attach(&mut self, connection: ConnectionId, session: u64) -> Viewer {
        let plugin = "janus.plugin.ustreamer";
        let attach = json!({"janus": "attach", "session_id": session, "plugin": plugin});
        let attached = self.ask_one(connection, attach);
        let handle = attached["data"]["id"].as_u64().unwrap();
        Viewer {
            connection,
            session,
            handle,
        }
    }

    /// Sends a request to the viewer's handle.
    fn request(&mut self, viewer: Viewer, mut request: Value) -> Vec<Value> {
        request["session_id"] = viewer.session.into();
        request["handle_id"] = viewer.handle.into();
        self.ask(viewer.connection, request)
    }

    /// Sends a message to the plugin; returns the events without the success that every message
    /// is answered with.
    fn message(&mut self, viewer: Viewer, body: &str) -> Vec<Value> {
        let message = json!({"janus": "message", "body": {"request": body}});
        let mut heard = self.request(viewer, message);
        let answer = heard.pop().unwrap();
        assert_eq!(answer["janus"], "success");
        assert_eq!(answer["plugindata"]["data"], json!({"ok": true}));
        heard
    }

    fn watch(&mut self, viewer: Viewer) -> Vec<Value> {
        self.message(viewer, "watch")
    }

    fn start(&mut self, viewer: Viewer) -> Vec<Value> {
        let jsep = json!({"type": "answer", "sdp": SDP});
        let start = json!({"janus": "message", "body": {"request": "start"}, "jsep": jsep});
        self.request(viewer, start)
    }

    /// The viewer watches and has answered; returns its peer.
    fn watched(&mut self, viewer: Viewer) -> u64 {
        assert_eq!(kinds(&self.watch(viewer)), ["event started"]);
        assert_eq!(kinds(&self.start(viewer)), ["event started", "success"]);
        self.gateway.media.last_peer
    }

    fn trickle(&mut self, viewer: Viewer, candidate: &str) -> String {
        let candidate = json!({"candidate": candidate, "sdpMLineIndex": 0});
        let trickle = json!({"janus": "trickle", "candidate": candidate});
        kinds(&self.request(viewer, trickle)).join(" ")
    }

    fn open_peers(&self) -> Vec<u64> {
        self.gateway.media.open.iter().copied().collect()
    }
}

/// Each message in a word or two.
fn kinds(messages: &[Value]) -> Vec<String> {
    let kind = |message: &Value| {
        let data = &message["plugindata"]["data"];
        let details = [
            &data["result"]["status"],
            &data["error_code"],
            &message["error"]["code"],
            &message["reason"],
        ];
        let mut kind = message["janus"].as_str().unwrap().to_owned();
        for detail in details.into_iter().filter(|detail| !detail.is_null()) {
            kind.push(' ');
            kind.push_str(detail.to_string().trim_matches('"'));
        }
        kind
    };
    messages.iter().map(kind).collect()
}
