//! Our own viewer, as it runs in browsers, on the gateway.

use fanlight_protocol::ErrorCode;
use fanlight_protocol::viewer::{self, Attempt, Input, PeerState, Stats, Status, Time, Viewer};

use super::*;

const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nt=0 0\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\na=recvonly\r\n";

/// A viewer and a gateway with nothing between them but a socket that the stage plays, and a
/// browser that answers each offer and connects.
struct Stage {
    rig: Rig,
    viewer: Viewer,
    start: Instant,
    /// The attempt whose socket is open.
    attempt: Option<Attempt>,
    /// As many sockets were opened.
    sockets: u64,
    stats: Stats,
    status: Option<Status>,
}

impl Stage {
    fn new() -> Self {
        let rig = Rig::new();
        Self {
            start: rig.now,
            viewer: Viewer::new(viewer::Config::default(), Time::default(), 7),
            rig,
            attempt: None,
            sockets: 0,
            stats: Stats::default(),
            status: None,
        }
    }

    fn time(&self) -> Time {
        Time::since_start(self.rig.now - self.start)
    }

    /// Carries messages until nobody has anything to say.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.viewer.poll_output() {
                self.perform(output);
            }
            let Some(Outgoing { to, text }) = self.rig.gateway.poll_outgoing(self.rig.now) else {
                return;
            };
            if to == Recipient::Connection(ConnectionId(self.sockets)) {
                self.input(Input::Message(&text));
            }
        }
    }

    fn perform(&mut self, output: viewer::Output) {
        let connection = ConnectionId(self.sockets);
        match output {
            viewer::Output::Open { attempt } => {
                self.sockets += 1;
                self.rig.connect(self.sockets);
                self.attempt = Some(attempt);
                self.stats = Stats::default();
                self.input(Input::SocketOpened);
            }
            viewer::Output::Send(text) => self.rig.say(connection, text.as_bytes()),
            viewer::Output::ApplyOffer { .. } => {
                self.input(Input::Answer { sdp: ANSWER });
                self.input(Input::PeerState(PeerState::Connected));
            }
            viewer::Output::AddCandidate(_) | viewer::Output::Mountpoints(_) => {}
            viewer::Output::Close => {
                self.attempt = None;
                self.rig.gateway.handle_closed(self.rig.now, connection);
            }
            viewer::Output::Status(status) => self.status = Some(status),
        }
    }

    fn input(&mut self, input: Input<'_>) {
        if let Some(attempt) = self.attempt {
            self.viewer.handle(self.time(), attempt, input);
        }
    }

    /// Lets time pass, in which the browser shows what it gets.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 20 {
            self.rig.pass(Duration::from_millis(50));
            self.viewer.handle_timeout(self.time());
            if !self.rig.gateway.media.answered.is_empty() && !self.rig.open_peers().is_empty() {
                self.stats.packets += 10;
                self.stats.frames += 1;
                self.input(Input::Stats(self.stats));
            }
            self.settle();
        }
    }

    fn is_playing(&self) -> bool {
        matches!(self.status, Some(Status::Playing))
    }
}

#[test]
fn our_viewer_plays_for_as_long_as_it_likes_and_leaves_nothing_behind() {
    let mut stage = Stage::new();
    stage.settle();
    stage.pass(600);
    assert!(stage.is_playing(), "{:?}", stage.status);
    assert_eq!(stage.sockets, 1);
    stage.viewer.leave(stage.time());
    stage.settle();
    assert_eq!(stage.rig.open_peers(), [] as [u64; 0]);
    assert_eq!(stage.rig.gateway.poll_timeout(), None);
}

#[test]
fn our_viewer_waits_for_a_source_that_comes_late() {
    let mut stage = Stage::new();
    stage.rig.gateway.media.not_ready = Some("no signal".to_owned());
    stage.pass(60);
    assert!(!stage.is_playing());
    assert_eq!(stage.sockets, 1, "{:?}", stage.status);
    stage.rig.gateway.media.not_ready = None;
    stage.pass(2);
    assert!(stage.is_playing(), "{:?}", stage.status);
}

#[test]
fn our_viewer_comes_back_after_its_peer_failed() {
    let mut stage = Stage::new();
    stage.pass(10);
    assert!(stage.is_playing(), "{:?}", stage.status);
    let peer = stage.rig.open_peers()[0];
    let down = PeerNews::Down(Ending::Unreachable);
    stage.rig.gateway.handle_peer(peer, down);
    stage.settle();
    assert!(!stage.is_playing());
    stage.pass(5);
    assert!(stage.is_playing(), "{:?}", stage.status);
    assert_eq!(stage.rig.open_peers(), [peer + 1]);
}

#[test]
fn our_viewer_comes_back_after_the_server_refused_its_answer() {
    let mut stage = Stage::new();
    let refusal = Error::new(ErrorCode::Unknown, "the media port is closed");
    stage.rig.gateway.media.refuse = Some(refusal);
    stage.settle();
    assert_eq!(stage.rig.open_peers(), [] as [u64; 0]);
    stage.pass(60);
    assert!(stage.is_playing(), "{:?}", stage.status);
}
