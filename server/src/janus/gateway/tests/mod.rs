//! The gateway, driven with a clock of the tests' own and with media that only take notes.

mod access;
mod admin;
mod fuzz;
mod limits;
mod peers;
mod polls;
mod recorded;
mod sessions;
mod streaming;
mod viewer;
mod waiting;

use std::time::{Duration, Instant};

use fanlight_protocol::{Error, ErrorCode};
use serde_json::{Value, json};

use super::{ConnectionId, Gateway, GatewayConfig, Outgoing, Recipient};
use crate::janus::media::{Ending, PeerNews};
use crate::janus::testing::{CANDIDATE, Fake, SDP};

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
        Self::with_media(config, Fake::default())
    }

    fn with_media(config: GatewayConfig, media: Fake) -> Self {
        Self {
            gateway: Gateway::new(config, media),
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
        while let Some(Outgoing { to, text }) = self.gateway.poll_outgoing(self.now) {
            assert_eq!(to, Recipient::Connection(by), "{text}");
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
        self.attach_to(connection, session, "janus.plugin.ustreamer")
    }

    fn attach_to(&mut self, connection: ConnectionId, session: u64, plugin: &str) -> Viewer {
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
