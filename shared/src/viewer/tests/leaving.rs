use super::*;

/// Leaves, and tells what was said and done.
fn leave(stage: &mut Stage) -> (Vec<String>, Vec<Output>) {
    stage.sent();
    stage.outputs();
    stage.viewer.leave(stage.now);
    stage.collect();
    assert_eq!(*stage.status(), Status::Left);
    assert_eq!(stage.viewer.poll_timeout(), None);
    (stage.requests(), stage.outputs())
}

#[test]
fn a_viewer_who_leaves_says_so() {
    let mut stage = Stage::new();
    stage.play();
    let (requests, outputs) = leave(&mut stage);
    assert_eq!(requests, ["stop", "detach", "destroy"]);
    assert_eq!(outputs, [Output::Close]);
}

#[test]
fn a_viewer_may_leave_at_any_step() {
    type Reach = fn(&mut Stage);
    let steps: [(Reach, &[&str]); 6] = [
        (|_| {}, &[]),
        (|stage| stage.input(Input::SocketOpened), &[]),
        (
            |stage| {
                stage.input(Input::SocketOpened);
                stage.made("create", SESSION);
            },
            &["destroy"],
        ),
        (Stage::attach, &["detach", "destroy"]),
        (Stage::get_offer, &["stop", "detach", "destroy"]),
        (Stage::join, &["stop", "detach", "destroy"]),
    ];
    for (reach, expected) in steps {
        let mut stage = Stage::new();
        reach(&mut stage);
        let (requests, outputs) = leave(&mut stage);
        assert_eq!(requests, expected);
        assert_eq!(outputs, [Output::Close]);
    }
}

#[test]
fn a_viewer_may_leave_while_it_waits_for_the_next_attempt() {
    let mut stage = Stage::new();
    stage.play();
    stage.input(Input::SocketClosed);
    assert_eq!(leave(&mut stage), (vec![], vec![]));
    stage.pass(1_000_000);
    assert_eq!(stage.outputs(), []);
}

#[test]
fn after_leaving_nothing_more_happens() {
    let mut stage = Stage::new();
    stage.play();
    leave(&mut stage);
    stage.input(Input::PeerState(PeerState::Closed));
    stage.input(Input::SocketClosed);
    stage.viewer.leave(stage.now);
    stage.pass(1_000_000);
    assert_eq!(*stage.status(), Status::Left);
    assert_eq!(stage.outputs(), []);
}

#[test]
fn a_viewer_that_comes_back_starts_as_the_first_time() {
    let mut stage = Stage::new();
    stage.play();
    leave(&mut stage);
    stage.viewer.reconnect(stage.now);
    stage.collect();
    assert_eq!(*stage.status(), Status::Connecting { after: None });
    stage.play();
}

#[test]
fn the_socket_is_addressed_before_it_closes() {
    let mut stage = Stage::new();
    stage.play();
    stage.viewer.leave(stage.now);
    let mut last = None;
    while let Some(output) = stage.viewer.poll_output() {
        if let Output::Send(_) = output {
            assert_ne!(last, Some(Output::Close));
        }
        last = Some(output);
    }
    assert_eq!(last, Some(Output::Status(Status::Left)));
}
