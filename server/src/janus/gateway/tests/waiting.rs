//! Viewers who come before there is a picture.

use super::*;

const NOTHING: [&str; 0] = [];

fn without_picture() -> (Rig, Viewer) {
    let mut rig = Rig::new();
    rig.gateway.media.not_ready = Some("no signal".to_owned());
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    (rig, viewer)
}

#[test]
fn a_viewer_who_comes_too_early_is_told_why_and_not_too_often() {
    let (mut rig, viewer) = without_picture();
    for _ in 0..3 {
        // Many requests make one wait.
        for _ in 0..10 {
            assert_eq!(kinds(&rig.watch(viewer)), NOTHING);
        }
        rig.pass(Duration::from_millis(999));
        assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING);
        rig.pass(Duration::from_millis(1));
        let heard = rig.heard(viewer.connection);
        assert_eq!(kinds(&heard), ["event 503"]);
        assert_eq!(heard[0]["plugindata"]["data"]["error"], "no signal");
    }
    rig.pass(Duration::from_secs(9));
    assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING);
}

#[test]
fn the_offer_comes_as_soon_as_there_is_a_picture() {
    let (mut rig, viewer) = without_picture();
    rig.watch(viewer);
    rig.pass(Duration::from_millis(500));
    rig.gateway.media.not_ready = None;
    rig.pass(Duration::from_millis(20));
    let heard = rig.heard(viewer.connection);
    assert_eq!(kinds(&heard), ["event started"]);
    assert_eq!(heard[0]["jsep"]["type"], "offer");
    rig.pass(Duration::from_secs(1));
    assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING);
}

#[test]
fn a_server_that_can_make_no_offer_is_waited_for_as_well() {
    let mut rig = Rig::new();
    let connection = rig.connect(1);
    let viewer = rig.viewer(connection);
    rig.gateway.media.no_offers = Some("the media port is closed".to_owned());
    assert_eq!(kinds(&rig.watch(viewer)), NOTHING);
    rig.pass(Duration::from_secs(1));
    let heard = rig.heard(connection);
    assert_eq!(kinds(&heard), ["event 503"]);
    let reason = &heard[0]["plugindata"]["data"]["error"];
    assert_eq!(reason, "the media port is closed");
}

#[test]
fn waiting_ends_with_stop_hangup_and_detach() {
    for request in ["stop", "hangup", "detach"] {
        let (mut rig, viewer) = without_picture();
        rig.watch(viewer);
        let heard = match request {
            "stop" => rig.message(viewer, "stop"),
            _ => rig.request(viewer, json!({"janus": request})),
        };
        assert!(!heard.is_empty());
        rig.gateway.media.not_ready = None;
        rig.pass(Duration::from_secs(2));
        assert_eq!(kinds(&rig.heard(viewer.connection)), NOTHING, "{request}");
        assert!(rig.gateway.waiting.is_empty());
    }
}

#[test]
fn nobody_looks_for_a_picture_when_nobody_waits() {
    let (mut rig, viewer) = without_picture();
    rig.watch(viewer);
    let soon = rig.now + Duration::from_secs(1);
    assert!(rig.gateway.poll_timeout().is_some_and(|at| at < soon));
    rig.pass(Duration::from_secs(1));
    assert!(
        rig.gateway
            .poll_timeout()
            .is_some_and(|at| at > rig.now + Duration::from_secs(1))
    );
}
