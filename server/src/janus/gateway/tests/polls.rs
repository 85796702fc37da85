//! Clients over HTTP: posts, and polls for what comes of them.

use fanlight_protocol::request::{Credentials, Path};
use fanlight_protocol::{HandleId, SessionId};

use super::*;
use crate::janus::gateway::{Poll, PollId, PollRefused};

impl Rig {
    /// Posts a request; returns the answer to it.
    pub(super) fn post(&mut self, session: u64, handle: u64, request: Value) -> Value {
        self.post_from([192, 0, 2, 1], session, handle, request)
    }

    pub(super) fn post_from(
        &mut self,
        client: [u8; 4],
        session: u64,
        handle: u64,
        mut request: Value,
    ) -> Value {
        let path = Path {
            session: (session != 0).then_some(SessionId(session)),
            handle: (handle != 0).then_some(HandleId(handle)),
        };
        request["transaction"] = "t".into();
        let message = request.to_string();
        let client = client.into();
        let answer = self
            .gateway
            .handle_post(self.now, client, path, message.as_bytes());
        serde_json::from_str(&answer).unwrap()
    }

    /// A session and a handle that were made over HTTP.
    pub(super) fn posted_viewer(&mut self) -> (u64, u64) {
        let id = |answer: Value| answer["data"]["id"].as_u64().unwrap();
        let session = id(self.post(0, 0, json!({"janus": "create"})));
        let attach = json!({"janus": "attach", "plugin": "janus.plugin.ustreamer"});
        let handle = id(self.post(session, 0, attach));
        (session, handle)
    }

    fn poll(&mut self, id: u64, session: u64, max_events: usize) -> Result<(), PollRefused> {
        let session = SessionId(session);
        let poll = Poll {
            session,
            max_events,
            credentials: Credentials::default(),
        };
        self.gateway.handle_poll(self.now, PollId(id), poll)
    }

    /// What polls are answered with, in order.
    pub(super) fn polled(&mut self) -> Vec<(u64, Value)> {
        let mut polled = Vec::new();
        while let Some(Outgoing { to, text }) = self.gateway.poll_outgoing(self.now) {
            let Recipient::Poll(PollId(id)) = to else {
                panic!("{to:?}: {text}");
            };
            polled.push((id, serde_json::from_str(&text).unwrap()));
        }
        polled
    }

    /// Every answer in a word or two.
    fn poll_kinds(&mut self) -> Vec<(u64, String)> {
        let text = |messages: Value| match messages {
            Value::Array(messages) => format!("[{}]", kinds(&messages).join(", ")),
            message => kinds(&[message]).join(""),
        };
        let polled = self.polled().into_iter();
        polled.map(|(id, answer)| (id, text(answer))).collect()
    }
}

/// An event for the session.
fn stop(rig: &mut Rig, (session, handle): (u64, u64)) {
    let stop = json!({"janus": "message", "body": {"request": "stop"}});
    assert_eq!(rig.post(session, handle, stop)["janus"], "success");
}

const STOPPED: &str = "event stopped";
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_event_is_answered_as_it_is_and_more_as_an_array() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    for _ in 0..4 {
        stop(&mut rig, viewer);
    }
    rig.poll(1, viewer.0, 1).unwrap();
    rig.poll(2, viewer.0, 2).unwrap();
    assert_eq!(
        rig.poll_kinds(),
        [
            (1, STOPPED.into()),
            (2, "[event stopped, event stopped]".into())
        ]
    );
    rig.poll(3, viewer.0, 10).unwrap();
    assert_eq!(rig.poll_kinds(), [(3, "[event stopped]".into())]);
}

#[test]
fn a_poll_waits_for_news_and_is_answered_once() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    rig.poll(1, viewer.0, 1).unwrap();
    assert_eq!(rig.poll_kinds(), []);
    stop(&mut rig, viewer);
    assert_eq!(rig.poll_kinds(), [(1, STOPPED.into())]);
    stop(&mut rig, viewer);
    assert_eq!(rig.poll_kinds(), []);
}

#[test]
fn a_poll_without_news_ends_after_thirty_seconds() {
    let mut rig = Rig::new();
    let (session, _) = rig.posted_viewer();
    rig.poll(1, session, 1).unwrap();
    rig.poll(2, session, 10).unwrap();
    rig.pass(29 * SECOND);
    assert_eq!(rig.poll_kinds(), []);
    rig.pass(SECOND);
    assert_eq!(
        rig.poll_kinds(),
        [(1, "keepalive".into()), (2, "[keepalive]".into())]
    );
}

#[test]
fn polls_are_served_in_the_order_in_which_they_came_and_only_so_many_hang() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    for poll in 1..=5 {
        rig.poll(poll, viewer.0, 1).unwrap();
    }
    assert_eq!(rig.poll_kinds(), [(1, "keepalive".into())]);
    stop(&mut rig, viewer);
    assert_eq!(rig.poll_kinds(), [(2, STOPPED.into())]);
}

#[test]
fn a_poll_that_nobody_waits_for_takes_no_event_away() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    rig.poll(1, viewer.0, 1).unwrap();
    rig.gateway.handle_poll_closed(rig.now, PollId(1), false);
    stop(&mut rig, viewer);
    rig.poll(2, viewer.0, 1).unwrap();
    assert_eq!(rig.poll_kinds(), [(2, STOPPED.into())]);
}

#[test]
fn what_was_said_to_a_poll_that_was_gone_is_said_again_first() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    let features = json!({"janus": "message", "body": {"request": "features"}});
    rig.post(viewer.0, viewer.1, features);
    rig.poll(1, viewer.0, 1).unwrap();
    let said = rig.polled().remove(0).1;
    stop(&mut rig, viewer);
    rig.gateway.handle_poll_closed(rig.now, PollId(1), false);
    rig.poll(2, viewer.0, 2).unwrap();
    let again = rig.polled().remove(0).1;
    assert_eq!(again[0], said);
    assert_eq!(kinds(again.as_array().unwrap())[1..], [STOPPED]);

    // What was heard is not said again, and neither is anything remembered of it.
    rig.gateway.handle_poll_closed(rig.now, PollId(2), true);
    rig.poll(3, viewer.0, 2).unwrap();
    assert_eq!(rig.polled(), []);
    assert!(rig.gateway.unheard.is_empty());
}

#[test]
fn what_was_said_to_a_poll_that_was_gone_is_said_to_whoever_has_claimed_the_session() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    stop(&mut rig, viewer);
    rig.poll(1, viewer.0, 1).unwrap();
    assert_eq!(rig.poll_kinds(), [(1, STOPPED.into())]);
    let connection = rig.connect(1);
    let claim = json!({"janus": "claim", "session_id": viewer.0});
    assert_eq!(kinds(&rig.ask(connection, claim)), ["success"]);
    rig.gateway.handle_poll_closed(rig.now, PollId(1), false);
    assert_eq!(kinds(&rig.heard(connection)), [STOPPED]);
}

#[test]
fn there_is_nothing_to_poll_where_no_session_is_or_one_with_a_connection() {
    let mut rig = Rig::new();
    assert_eq!(rig.poll(1, 42, 1), Err(PollRefused::NothingThere));
    let connection = rig.connect(1);
    let session = rig.session(connection);
    assert_eq!(rig.poll(2, session, 1), Err(PollRefused::NothingThere));
    assert_eq!(rig.polled(), []);
}

#[test]
fn a_session_lives_as_long_as_it_is_polled_and_sixty_seconds_more() {
    let mut rig = Rig::new();
    let (session, _) = rig.posted_viewer();
    for poll in 0..4 {
        rig.pass(59 * SECOND);
        rig.poll(poll, session, 1).unwrap();
        rig.pass(30 * SECOND);
        assert_eq!(rig.poll_kinds(), [(poll, "keepalive".into())]);
    }
    rig.pass(60 * SECOND);
    assert_eq!(rig.poll(9, session, 1), Err(PollRefused::NothingThere));
    assert!(rig.gateway.sessions.is_empty() && rig.gateway.polls.is_empty());
    assert_eq!(rig.gateway.poll_timeout(), None);
}

#[test]
fn a_hanging_poll_keeps_a_session_whose_time_is_shorter() {
    let mut rig = Rig::with(GatewayConfig {
        session_timeout: 5 * SECOND,
        ..GatewayConfig::default()
    });
    let viewer = rig.posted_viewer();
    rig.poll(1, viewer.0, 1).unwrap();
    rig.pass(14 * SECOND);
    stop(&mut rig, viewer);
    assert_eq!(rig.poll_kinds(), [(1, STOPPED.into())]);
    rig.pass(4 * SECOND);
    assert_eq!(rig.poll(2, viewer.0, 1), Ok(()));
}

#[test]
fn the_end_of_a_session_ends_its_polls() {
    let mut rig = Rig::new();
    let (session, _) = rig.posted_viewer();
    rig.poll(1, session, 10).unwrap();
    let destroy = json!({"janus": "destroy"});
    assert_eq!(rig.post(session, 0, destroy)["janus"], "success");
    assert_eq!(rig.poll_kinds(), [(1, "[keepalive]".into())]);
    assert_eq!(rig.gateway.poll_timeout(), None);
}

#[test]
fn a_client_that_never_polls_loses_its_session_at_a_bounded_backlog() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    let stop = json!({"janus": "message", "body": {"request": "stop"}});
    let mut stopped = 0;
    while rig.post(viewer.0, viewer.1, stop.clone())["janus"] == "success" {
        assert_eq!(rig.polled(), []);
        stopped += 1;
        assert!(stopped < 10_000);
    }
    assert!(stopped > 100, "{stopped}");
    assert!(rig.gateway.sessions.is_empty());
}

#[test]
fn sessions_can_be_claimed_from_one_transport_by_the_other() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    let claim = json!({"janus": "claim", "session_id": viewer.0});
    let connection = rig.connect(1);
    assert_eq!(kinds(&rig.ask(connection, claim.clone())), ["success"]);
    stop(&mut rig, viewer);
    assert_eq!(kinds(&rig.heard(connection)), [STOPPED]);

    assert_eq!(rig.post(0, 0, claim)["janus"], "success");
    rig.gateway.handle_closed(rig.now, connection);
    stop(&mut rig, viewer);
    rig.poll(1, viewer.0, 1).unwrap();
    assert_eq!(rig.poll_kinds(), [(1, STOPPED.into())]);
}

#[test]
fn whoever_claims_a_session_hears_what_nobody_has_polled_for() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    let claim = json!({"janus": "claim"});
    stop(&mut rig, viewer);
    assert_eq!(rig.post(viewer.0, 0, claim.clone())["janus"], "success");
    rig.poll(1, viewer.0, 1).unwrap();
    assert_eq!(rig.poll_kinds(), [(1, STOPPED.into())]);

    stop(&mut rig, viewer);
    let connection = rig.connect(1);
    let claim = json!({"janus": "claim", "session_id": viewer.0});
    assert_eq!(kinds(&rig.ask(connection, claim)), ["success", STOPPED]);
}

#[test]
fn whoever_polled_a_session_that_is_claimed_hears_no_more_of_it() {
    let mut rig = Rig::new();
    let viewer = rig.posted_viewer();
    rig.poll(1, viewer.0, 1).unwrap();
    let claim = json!({"janus": "claim"});
    assert_eq!(rig.post(viewer.0, 0, claim)["janus"], "success");
    assert_eq!(rig.poll_kinds(), [(1, "keepalive".into())]);
    stop(&mut rig, viewer);
    rig.poll(2, viewer.0, 1).unwrap();
    assert_eq!(rig.poll_kinds(), [(2, STOPPED.into())]);
}

#[test]
fn the_path_goes_before_what_the_message_says() {
    let mut rig = Rig::new();
    let (session, _) = rig.posted_viewer();
    let keepalive = json!({"janus": "keepalive", "session_id": session});
    assert_eq!(rig.post(0, 0, keepalive.clone())["janus"], "ack");
    assert_eq!(rig.post(42, 0, keepalive)["session_id"], 42);
}

#[test]
fn those_who_poll_are_told_that_the_server_ends() {
    let mut rig = Rig::new();
    let (session, handle) = rig.posted_viewer();
    let watch = json!({"janus": "message", "body": {"request": "watch"}});
    rig.post(session, handle, watch);
    rig.poll(1, session, 10).unwrap();
    assert_eq!(rig.poll_kinds(), [(1, "[event started]".into())]);
    rig.poll(2, session, 10).unwrap();
    rig.gateway.shut_down();
    assert_eq!(rig.poll_kinds(), [(2, "[hangup Close PC]".into())]);
}
