//! A viewer between a server and a browser that the test plays, on a clock that the test moves.

mod choosing;
mod leaving;
mod mountpoint;
mod order;
mod pausing;
mod random;
mod reconnecting;
mod refused;
mod source;
mod stalling;
mod starting;

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Attempt, Config, Input, Output, PeerState, Problem, Stats, Status, Time, Viewer, Watch,
};
use crate::Candidate;
use crate::streaming::{Listed, MountpointId};

const SESSION: u64 = 11;
const HANDLE: u64 = 22;
const OFFER: &str = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n";
const ANSWER: &str = "v=0\r\na=recvonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
    a=rtpmap:96 H264/90000\r\n";

/// The viewer and what it has said so far. Every output is checked against what [`Output`]
/// promises.
struct Stage {
    viewer: Viewer,
    now: Time,
    /// The attempt that is open.
    open: Option<Attempt>,
    /// The attempt that was opened last.
    attempt: Attempt,
    socket_is_open: bool,
    offer_applied: bool,
    /// Outputs that no test has taken yet, without texts and statuses.
    outputs: Vec<Output>,
    /// Texts that no test has taken yet.
    sent: Vec<Value>,
    /// All statuses so far.
    statuses: Vec<Status>,
    /// What there is to watch, as the viewer has told last.
    listed: Option<Vec<Listed>>,
}

impl Stage {
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        // A clock that has run for a while before the page was opened.
        let now = Time::from_millis(1234.5);
        let mut stage = Self {
            viewer: Viewer::new(config, now, 7),
            now,
            open: None,
            attempt: Attempt(u64::MAX),
            socket_is_open: false,
            offer_applied: false,
            outputs: Vec::new(),
            sent: Vec::new(),
            statuses: Vec::new(),
            listed: None,
        };
        stage.collect();
        stage
    }

    fn collect(&mut self) {
        while let Some(output) = self.viewer.poll_output() {
            match &output {
                Output::Open { attempt } => {
                    assert_eq!(self.open, None, "one attempt at a time");
                    assert_ne!(*attempt, self.attempt, "numbers are not used twice");
                    (self.open, self.attempt) = (Some(*attempt), *attempt);
                    (self.socket_is_open, self.offer_applied) = (false, false);
                }
                Output::Close => assert!(self.open.take().is_some(), "closed once"),
                Output::Send(text) => {
                    assert!(self.open.is_some() && self.socket_is_open, "{text}");
                    self.sent.push(serde_json::from_str(text).unwrap());
                }
                Output::ApplyOffer { .. } => {
                    assert!(self.open.is_some() && !self.offer_applied, "one offer");
                    self.offer_applied = true;
                }
                Output::AddCandidate(_) => assert!(self.offer_applied, "an offer first"),
                Output::Mountpoints(listed) => self.listed = Some(listed.clone()),
                Output::Status(status) => {
                    assert_ne!(self.statuses.last(), Some(status), "only changes are told");
                    self.statuses.push(status.clone());
                }
            }
            if !matches!(
                output,
                Output::Send(_) | Output::Status(_) | Output::Mountpoints(_)
            ) {
                self.outputs.push(output);
            }
        }
        if !self.rests() {
            assert!(self.viewer.poll_timeout().is_some(), "never silent");
        }
    }

    /// Whether nothing happens until somebody wants it.
    fn rests(&self) -> bool {
        let wanted = matches!(self.status(), Status::Paused | Status::Left);
        wanted && self.open.is_none()
    }

    fn status(&self) -> &Status {
        self.statuses.last().unwrap()
    }

    /// Why the last attempt has ended.
    fn problem(&self) -> &Problem {
        match self.status() {
            Status::Waiting { problem, .. } => problem,
            status => panic!("the attempt goes on: {status:?}"),
        }
    }

    fn input(&mut self, input: Input<'_>) {
        self.input_of(self.attempt, input);
    }

    fn input_of(&mut self, attempt: Attempt, input: Input<'_>) {
        if attempt == self.attempt {
            match input {
                Input::SocketOpened => self.socket_is_open = true,
                Input::SocketClosed => self.socket_is_open = false,
                _ => {}
            }
        }
        self.viewer.handle(self.now, attempt, input);
        self.collect();
    }

    fn message(&mut self, message: Value) {
        self.input(Input::Message(&message.to_string()));
    }

    /// Lets time pass; timers go off when they are due, and no attempt to silence them works.
    fn pass(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        for _ in 0..10_000 {
            match self.viewer.poll_timeout() {
                Some(timeout) if timeout <= end => {
                    self.now = self.now.max(timeout);
                    self.viewer.handle_timeout(self.now);
                    self.collect();
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("timers go off without end");
    }

    /// The texts sent since the last call.
    fn sent(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.sent)
    }

    /// The names of the requests sent since the last call; those of the plugin by their own.
    fn requests(&mut self) -> Vec<String> {
        let sent = self.sent();
        sent.iter()
            .map(|request| name(request).to_owned())
            .collect()
    }

    /// All outputs but texts and statuses since the last call.
    fn outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Answers the only request sent since the last call by success with an id.
    fn made(&mut self, expected: &str, id: u64) {
        let sent = self.sent();
        let [request] = sent.as_slice() else {
            panic!("one {expected}, not {sent:?}");
        };
        assert_eq!(name(request), expected);
        let transaction = &request["transaction"];
        self.message(json!({"janus": "success", "transaction": transaction, "data": {"id": id}}));
    }

    fn acknowledge_all(&mut self) {
        for request in self.sent() {
            self.message(json!({
                "janus": "ack", "session_id": SESSION, "transaction": request["transaction"],
            }));
        }
    }

    /// The plugin says something.
    fn plugin(&mut self, data: Value) {
        self.message(event(data));
    }

    fn offer(&mut self) {
        let mut message = event(started());
        message["jsep"] = json!({"type": "offer", "sdp": OFFER});
        self.message(message);
    }

    /// A viewer of mountpoint 10, without a PIN.
    fn of_mountpoint() -> Self {
        Self::with(Config {
            watch: mountpoint(10),
            ..Config::default()
        })
    }

    /// The streaming plugin says something, as the outcome of this request, which overtakes its
    /// acknowledgement.
    fn outcome(&mut self, request: &Value, data: Value) {
        self.outcome_with(request, data, Value::Null);
    }

    fn outcome_with(&mut self, request: &Value, data: Value, jsep: Value) {
        let mut event = streaming(data);
        let transaction = &request["transaction"];
        event["transaction"] = transaction.clone();
        if !jsep.is_null() {
            event["jsep"] = jsep;
        }
        self.message(event);
        self.message(json!({"janus": "ack", "transaction": transaction}));
    }

    /// The streaming plugin answers this request at once.
    fn answer_at_once(&mut self, request: &Value, data: Value) {
        let mut answer = streaming(data);
        answer["janus"] = json!("success");
        answer["transaction"] = request["transaction"].clone();
        self.message(answer);
    }

    /// Answers `watch`, the only request sent since the last call, by an offer.
    fn offer_mountpoint(&mut self, sdp: &str) {
        let [watch] = self.sent().try_into().unwrap();
        assert_eq!(name(&watch), "watch");
        let jsep = json!({"type": "offer", "sdp": sdp});
        self.outcome_with(&watch, status("preparing"), jsep);
    }

    /// Up to the moving picture of a mountpoint.
    fn play_mountpoint(&mut self) {
        self.attach();
        self.offer_mountpoint(OFFER);
        self.input(Input::Answer { sdp: ANSWER });
        self.acknowledge_all();
        self.input(Input::PeerState(PeerState::Connected));
        self.stats(100, 1);
        assert_eq!(*self.status(), Status::Playing);
        self.outputs();
    }

    fn watch(&mut self, watch: Watch) {
        self.viewer.watch(self.now, watch);
        self.collect();
    }

    /// Up to where `features` and `watch` are sent.
    fn attach(&mut self) {
        self.input(Input::SocketOpened);
        self.made("create", SESSION);
        self.made("attach", HANDLE);
    }

    /// Up to where the browser has the offer.
    fn get_offer(&mut self) {
        self.attach();
        self.acknowledge_all();
        self.plugin(features("stun:stun.example:3478"));
        self.offer();
    }

    /// Up to where `start` is sent.
    fn join(&mut self) {
        self.get_offer();
        self.input(Input::Answer { sdp: ANSWER });
        self.acknowledge_all();
    }

    /// Up to the moving picture.
    fn play(&mut self) {
        self.join();
        self.input(Input::PeerState(PeerState::Connected));
        self.stats(100, 1);
        assert_eq!(*self.status(), Status::Playing);
        self.outputs();
    }

    /// As [`Stage::play`], after a failed attempt.
    fn play_again(&mut self) {
        self.sent();
        self.pass(5000);
        assert!(self.open.is_some(), "{:?}", self.status());
        self.play();
    }

    /// Plays without a fault for this many seconds.
    fn keep_playing(&mut self, seconds: u64) {
        for second in 1..=seconds {
            self.pass(1000);
            self.acknowledge_all();
            self.stats(100 + second, 1 + second);
        }
        assert_eq!(*self.status(), Status::Playing);
    }

    fn stats(&mut self, packets: u64, frames: u64) {
        self.stats_with_sound(packets, frames, 0);
    }

    fn stats_with_sound(&mut self, packets: u64, frames: u64, sound: u64) {
        self.input(Input::Stats(Stats {
            packets,
            frames,
            sound,
        }));
    }
}

fn name(request: &Value) -> &str {
    let inner = request["body"]["request"].as_str();
    inner.or(request["janus"].as_str()).unwrap_or("nothing")
}

fn event(data: Value) -> Value {
    json!({
        "janus": "event", "session_id": SESSION, "sender": HANDLE,
        "plugindata": {"plugin": "janus.plugin.ustreamer", "data": data},
    })
}

/// An event of the streaming plugin.
fn streaming(data: Value) -> Value {
    let mut event = event(data);
    event["plugindata"]["plugin"] = json!("janus.plugin.streaming");
    event
}

fn status(status: &str) -> Value {
    json!({"streaming": "event", "result": {"status": status}})
}

fn streaming_error(code: u32, reason: &str) -> Value {
    json!({"streaming": "event", "error_code": code, "error": reason})
}

fn mountpoint(id: u64) -> Watch {
    Watch::Mountpoint {
        id: MountpointId(id),
        pin: None,
    }
}

fn with_pin(id: u64, pin: &str) -> Watch {
    Watch::Mountpoint {
        id: MountpointId(id),
        pin: Some(pin.to_owned()),
    }
}

fn started() -> Value {
    json!({"ustreamer": "event", "result": {"status": "started"}})
}

fn features(ice_url: &str) -> Value {
    json!({"ustreamer": "event", "result": {"status": "features", "features": {
        "audio": false, "mic": false, "ice": {"url": ice_url},
    }}})
}

fn plugin_error(code: u32, reason: &str) -> Value {
    json!({"ustreamer": "event", "error_code": code, "error": reason})
}

fn error(request: &Value, code: u32) -> Value {
    json!({
        "janus": "error", "transaction": request["transaction"],
        "error": {"code": code, "reason": "for a reason"},
    })
}

fn trickle(candidate: Value) -> Value {
    json!({"janus": "trickle", "session_id": SESSION, "sender": HANDLE, "candidate": candidate})
}

fn candidate(line: &str) -> Candidate {
    Candidate::Candidate {
        sdp_mid: Some("v".to_owned()),
        sdp_m_line_index: Some(0),
        candidate: line.to_owned(),
    }
}
