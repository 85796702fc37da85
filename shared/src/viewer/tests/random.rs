//! Whatever happens in whatever order: the viewer does not panic, keeps the promises of its outputs
//! (which [`Stage`] checks) and is never silent; and it plays once server and browser behave.

use super::*;

/// Numbers of a run that can be repeated: xorshift64*.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % sides
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len() as u64) as usize].clone()
    }
}

fn streaming_offer() -> Value {
    let mut offer = streaming(status("preparing"));
    offer["jsep"] = json!({"type": "offer", "sdp": OFFER});
    offer
}

/// A message that a server might send, at whatever time.
fn any_message(stage: &Stage, dice: &mut Dice) -> String {
    let request = match stage.sent.len() as u64 {
        0 => Value::Null,
        sent => stage.sent[dice.roll(sent) as usize].clone(),
    };
    let id = dice.pick(&[0, SESSION, HANDLE, 33, u64::MAX]);
    let mut offer = event(started());
    offer["jsep"] = json!({"type": "offer", "sdp": OFFER});
    let streaming_status = dice.pick(&["starting", "started", "stopped", "kicked_all"]);
    let streaming_code = dice.pick(&[453, 455, 457, 458]);
    let code = dice.pick(&[403, 458, 460, 465, 490]);
    let plugin_code = dice.pick(&[400, 403, 405, 503]);
    let mut message = dice.pick(&[
        json!({"janus": "success", "transaction": request["transaction"], "data": {"id": id}}),
        json!({"janus": "success", "transaction": request["transaction"]}),
        json!({"janus": "ack", "transaction": request["transaction"]}),
        error(&request, code),
        event(json!({"ok": true})),
        event(started()),
        event(features("stun:a:1")),
        event(plugin_error(plugin_code, "")),
        offer,
        streaming(status(streaming_status)),
        streaming(streaming_error(streaming_code, "")),
        streaming(json!({"streaming": "list", "list": [{"id": 10, "enabled": false}]})),
        streaming(json!({"streaming": "event", "result": {"switched": "ok", "id": id}})),
        streaming_offer(),
        trickle(json!({"candidate": "candidate:x"})),
        trickle(Value::Null),
        json!({"janus": "hangup", "session_id": SESSION, "sender": HANDLE, "reason": ""}),
        json!({"janus": "detached", "session_id": SESSION, "sender": HANDLE}),
        json!({"janus": "timeout", "session_id": SESSION}),
        json!({"janus": "webrtcup", "session_id": SESSION, "sender": HANDLE}),
        Value::Null,
    ]);
    if dice.roll(4) == 0 {
        message["transaction"] = request["transaction"].clone();
    }
    if dice.roll(10) == 0 {
        message["session_id"] = json!(id);
    }
    let mut text = message.to_string();
    if dice.roll(20) == 0 {
        // All of it is ASCII.
        text.truncate(dice.roll(text.len() as u64) as usize);
    }
    text
}

fn any_input(stage: &mut Stage, dice: &mut Dice) {
    // Most of what happens concerns the attempt under way.
    let attempt = match dice.roll(10) {
        0 => Attempt(dice.roll(stage.attempt.0 + 2)),
        _ => stage.attempt,
    };
    let text = any_message(stage, dice);
    let stats = Stats {
        packets: dice.pick(&[0, 1, 2, u64::MAX]),
        frames: dice.pick(&[0, 1, 2, u64::MAX]),
        sound: dice.pick(&[0, 1, u64::MAX]),
    };
    let state = dice.pick(&[
        PeerState::New,
        PeerState::Connecting,
        PeerState::Connected,
        PeerState::Disconnected,
        PeerState::Failed,
        PeerState::Closed,
    ]);
    let input = match dice.roll(24) {
        0..12 => Input::Message(&text),
        12..15 => Input::SocketOpened,
        15 => Input::SocketClosed,
        16..18 => Input::Answer { sdp: ANSWER },
        18 => Input::AnswerFailed { reason: "" },
        19 => Input::LocalCandidate(Candidate::COMPLETED),
        20 => Input::PeerState(state),
        21 => Input::FrameShown,
        22 => Input::Stats(stats),
        _ if dice.roll(2) == 0 => Input::Answer { sdp: "" },
        _ => Input::LocalCandidate(candidate("candidate:x")),
    };
    stage.input_of(attempt, input);
}

/// What a server and a browser that behave might do next.
fn right_input(stage: &mut Stage, dice: &mut Dice) {
    let asked = |request: &&Value| matches!(name(request), "create" | "attach");
    let asked = stage.sent.iter().rev().find(asked).cloned();
    if !stage.socket_is_open {
        stage.input(Input::SocketOpened);
    } else if let Some(request) = asked {
        stage.sent();
        let id = match name(&request) {
            "create" => SESSION,
            _ => HANDLE,
        };
        let transaction = &request["transaction"];
        stage.message(json!({"janus": "success", "transaction": transaction, "data": {"id": id}}));
    } else {
        let packets = stage.now.since(Time::ZERO).as_millis() as u64;
        match dice.roll(9) {
            0 => stage.plugin(features("stun:a:1")),
            1 => stage.offer(),
            7 => stage.message(streaming_offer()),
            2 => stage.input(Input::Answer { sdp: ANSWER }),
            3 => stage.input(Input::PeerState(PeerState::Connected)),
            4 => stage.stats(packets, packets / 10_000),
            6 => stage.stats_with_sound(0, 0, packets),
            5 => stage.plugin(plugin_error(503, "not yet")),
            _ => stage.acknowledge_all(),
        }
    }
}

fn any_watch(dice: &mut Dice) -> Watch {
    dice.pick(&[
        Watch::default(),
        mountpoint(10),
        with_pin(10, "1234"),
        Watch::Nothing,
    ])
}

/// `calm`: of 100 steps, how many are as they should be, or only let a second go by.
fn any_step(stage: &mut Stage, dice: &mut Dice, calm: u64) {
    if dice.roll(100) < calm {
        match dice.roll(8) {
            0 => stage.pass(1000),
            _ => right_input(stage, dice),
        }
        return;
    }
    match dice.roll(44) {
        0..30 => any_input(stage, dice),
        40 => stage.viewer.list(stage.now),
        41 => stage.viewer.watch(stage.now, any_watch(dice)),
        42 => stage.viewer.pause(stage.now),
        43 => stage.viewer.resume(stage.now),
        30..35 => stage.pass(dice.pick(&[0, 1, 50, 1000])),
        35 => stage.pass(dice.pick(&[10_000, 100_000])),
        36 => stage.viewer.handle_timeout(stage.now),
        37 => stage.viewer.set_visible(stage.now, dice.roll(2) == 0),
        38 => stage.viewer.reconnect(stage.now),
        _ if dice.roll(10) == 0 => stage.viewer.leave(stage.now),
        _ => {}
    }
    stage.collect();
    if dice.roll(50) == 0 {
        stage.sent();
    }
}

/// Server and browser behave from now on, and the viewer is asked to go on, with a mountpoint or with
/// what the server chooses, if it has stopped.
fn behave(stage: &mut Stage, is_mountpoint: bool) {
    for _ in 0..100 {
        if matches!(stage.status(), Status::Waiting { .. }) || stage.rests() {
            stage.sent();
            stage.outputs();
            // What there is nothing of is never played.
            if is_mountpoint {
                stage.watch(mountpoint(10));
                stage.play_mountpoint();
            } else {
                stage.watch(Watch::default());
                stage.play();
            }
            return;
        }
        // What is under way has been answered wrongly or not at all, and runs out of time.
        stage.pass(10_000);
        stage.input(Input::Stats(Stats::default()));
    }
    panic!("never ends: {:?}", stage.status());
}

#[test]
fn whatever_happens_the_viewer_is_never_silent_and_plays_in_the_end() {
    let mut reached = std::collections::HashSet::new();
    for seed in 1..=1000 {
        let mut dice = Dice(seed);
        let mut stage = Stage::with(Config {
            watch: any_watch(&mut dice),
            ..Config::default()
        });
        // The calmer, the farther it comes.
        let calm = 100 - 100 / (1 + seed % 32);
        for _ in 0..200 {
            any_step(&mut stage, &mut dice, calm);
        }
        reached.extend(stage.statuses.iter().map(std::mem::discriminant));
        behave(&mut stage, seed % 2 == 0);
    }
    assert_eq!(reached.len(), 10, "every status was met on the way");
}
