//! What is said in which situation.

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::janus::{Event, Listed, MountpointId, Time, Tracks};

fn situation(status: Status, browser: Browser) -> Situation {
    let mut situation = Situation::new(browser);
    situation.take(Event::Status(status));
    situation
}

fn notice(status: Status) -> Notice {
    Notice::of(&situation(status, Browser::Other))
}

fn ended(problem: Problem) -> Notice {
    notice(Status::Waiting {
        problem,
        until: Time::ZERO,
    })
}

#[wasm_bindgen_test(unsupported = test)]
fn a_lost_server_reads_the_same_while_waiting_and_while_trying() {
    let waiting = ended(Problem::SocketLost);
    let trying = notice(Status::Connecting {
        after: Some(Problem::SocketLost),
    });
    assert_eq!(waiting, trying);
    assert_eq!(waiting.state, "reconnecting");
    assert_eq!(
        waiting.detail,
        "The server or the network may be down. Reconnecting…"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_source_without_picture_is_told_with_the_servers_reason() {
    for reason in ["no signal", "waiting for the source: no signal"] {
        let reason = reason.to_owned();
        let notice = notice(Status::WaitingForSource { reason });
        assert_eq!(notice.state, "waiting");
        assert!(notice.detail.starts_with("No signal. "), "{notice:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_browser_without_h264_is_told_what_to_do() {
    let agents = [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "OpenH264",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
            "extra codecs",
        ),
        ("Lynx/2.9", "Chrome, Edge, Safari or Firefox"),
    ];
    for (agent, advice) in agents {
        let browser = Browser::of(agent);
        let lacks = Status::Connecting {
            after: Some(Problem::NoCodec("H264".into())),
        };
        let notice = Notice::of(&situation(lacks, browser));
        assert_eq!(notice.state, "no-h264");
        assert!(notice.detail.contains(advice), "{notice:?}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_browser_without_another_codec_is_told_which() {
    let notice = ended(Problem::NoCodec("AV1".into()));
    assert!(notice.detail.starts_with("It is AV1 video."), "{notice:?}");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_browser_without_webrtc_is_told_so() {
    let mut situation = Situation::new(Browser::Other);
    situation.lacks_webrtc = true;
    assert_eq!(Notice::of(&situation).state, "no-webrtc");
}

#[wasm_bindgen_test(unsupported = test)]
fn video_that_does_not_get_through_is_told_with_its_port() {
    let failed = ended(Problem::PeerFailed);
    assert!(failed.detail.contains("UDP port (8189"), "{failed:?}");
    assert_eq!(ended(Problem::HungUp("ICE failed".into())), failed);
    let hung_up = ended(Problem::HungUp("Close PC".into()));
    assert!(!hung_up.detail.contains("Close PC"), "{hung_up:?}");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_the_browser_says_about_an_offer_is_passed_on() {
    let notice = ended(Problem::AnswerFailed("too many connections".into()));
    assert_eq!(
        notice.detail,
        "This browser says: too many connections. Reconnecting…"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stream_with_a_pin_asks_for_it() {
    for problem in [Problem::PinRequired, Problem::WrongPin] {
        let notice = ended(problem);
        assert_eq!(notice.state, "asking");
        assert_eq!(notice.question, Some(Question::Pin));
        assert_eq!(notice.action, None);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_secret_is_asked_for_and_a_wrong_one_is_named() {
    let lost = Status::Connecting {
        after: Some(Problem::Unauthorized),
    };
    let mut situation = situation(lost, Browser::Other);
    let first = Notice::of(&situation);
    assert_eq!(first.question, Some(Question::Secret));
    situation.has_secret = true;
    let second = Notice::of(&situation);
    assert_eq!(second.title, "The secret is wrong");
    assert_eq!(second.question, Some(Question::Secret));
}

#[wasm_bindgen_test(unsupported = test)]
fn another_stream_is_proposed_in_place_of_one_that_is_not_there() {
    let id = MountpointId(7);
    let lost = Status::Connecting {
        after: Some(Problem::NoSuchStream(id)),
    };
    let mut situation = situation(lost, Browser::Other);
    let alone = Notice::of(&situation);
    assert_eq!(alone.action, Some(Action::Retry));
    assert!(alone.detail.contains("number 7. "), "{alone:?}");
    situation.take(Event::Mountpoints(vec![listed(true)]));
    assert_eq!(Notice::of(&situation).action, Some(Action::Choose));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_stream_without_pictures_is_sound_that_can_be_heard() {
    let mut situation = situation(Status::Playing, Browser::Other);
    situation.take(Event::Tracks(Tracks {
        video: false,
        audio: true,
    }));
    let silent = Notice::of(&situation);
    assert_eq!(silent.state, "sound");
    assert_eq!(silent.action, Some(Action::Unmute));
    situation.muted = false;
    assert_eq!(Notice::of(&situation).action, None);
    let reason = "nobody sends".to_owned();
    situation.take(Event::Status(Status::WaitingForSource { reason }));
    assert_eq!(Notice::of(&situation).title, "No sound yet");
    situation.take(Event::Status(Status::Playing));
    situation.take(Event::Tracks(Tracks {
        video: true,
        audio: true,
    }));
    assert_eq!(Notice::of(&situation).state, "playing");
}

#[wasm_bindgen_test(unsupported = test)]
fn sound_whose_picture_does_not_come_can_be_heard() {
    let mut situation = situation(Status::Listening, Browser::Other);
    let silent = Notice::of(&situation);
    assert_eq!((silent.state, silent.busy), ("sound", true));
    assert_eq!(silent.action, Some(Action::Unmute));
    situation.muted = false;
    assert_eq!(Notice::of(&situation).action, None);
}

#[wasm_bindgen_test(unsupported = test)]
fn streams_that_are_all_switched_off_are_no_connecting() {
    let mut situation = situation(Status::Idle, Browser::Other);
    assert_eq!(Notice::of(&situation).title, "Nothing to watch yet");
    situation.take(Event::Mountpoints(vec![listed(false)]));
    let off = Notice::of(&situation);
    assert_eq!(off.title, "All streams are switched off");
    assert_eq!(off.action, Some(Action::Retry));
    situation.take(Event::Mountpoints(vec![listed(true)]));
    assert_eq!(Notice::of(&situation).state, "connecting");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_watched_first_is_something_that_can_be() {
    let mut situation = Situation::new(Browser::Other);
    assert_eq!(situation.first_choice(), None);
    situation.take(Event::Mountpoints(vec![listed(false), listed(true)]));
    assert!(situation.has_choice());
    assert_eq!(situation.first_choice(), Some(&listed(true)));
}

fn listed(enabled: bool) -> Listed {
    Listed {
        id: MountpointId(1),
        kind: "live".into(),
        description: "Hall".into(),
        metadata: None,
        enabled,
        media: Vec::new(),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_clause_becomes_a_sentence() {
    assert_eq!(sentence("so it is.", "Well."), "So it is. Well.");
    assert_eq!(sentence("", "Well."), "Well.");
    assert_eq!(sentence("so", ""), "So.");
    assert_eq!(sentence("is it?", "Yes."), "Is it? Yes.");
}
