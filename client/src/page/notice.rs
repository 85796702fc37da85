//! What the page says while there is no moving picture.

use super::{Browser, Situation};
use crate::janus::{Problem, Status};

/// What a person reads, and can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// One word for style sheets and tests: the attribute `data-state`.
    pub state: &'static str,
    /// What is the matter.
    pub title: &'static str,
    /// What that means and what to do, if anything.
    pub detail: String,
    /// Something is under way: no need to do anything.
    pub busy: bool,
    /// What a button is for.
    pub action: Option<Action>,
    /// What a field to write into is for.
    pub question: Option<Question>,
}

/// What a person can do from a [`Notice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin to play.
    Play,
    /// Try again now.
    Retry,
    /// Load the page again.
    Reload,
    /// Hear the sound.
    Unmute,
    /// See what else there is to watch.
    Choose,
}

/// What a person is asked for in a [`Notice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The PIN of the stream.
    Pin,
    /// The server's secret, or a token.
    Secret,
}

impl Question {
    /// What the field is for.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pin => "PIN",
            Self::Secret => "Secret or token",
        }
    }
}

impl Action {
    /// What the button says.
    pub fn label(self) -> &'static str {
        match self {
            Self::Play => "Play",
            Self::Retry => "Try now",
            Self::Reload => "Check again",
            Self::Unmute => "Unmute",
            Self::Choose => "Choose a stream",
        }
    }
}

impl Notice {
    /// What to say in a situation.
    pub fn of(situation: &Situation) -> Self {
        if situation.lacks_webrtc {
            Self::no_webrtc()
        } else if situation.refused && situation.has_stream() {
            Self::refused()
        } else {
            Self::of_status(situation)
        }
    }

    fn of_status(situation: &Situation) -> Self {
        match &situation.status {
            Status::Connecting { .. } | Status::Starting | Status::Waiting { .. } => {
                match &situation.problem {
                    Some(problem) => Self::of_problem(situation, problem),
                    None => Self::busy("connecting", "Connecting"),
                }
            }
            Status::Idle if situation.streams.is_empty() => Self {
                detail: "The server has no stream. One appears as soon as it has.".into(),
                action: Some(Action::Retry),
                ..Self::busy("waiting", "Nothing to watch yet")
            },
            Status::Idle if situation.first_choice().is_none() => Self {
                detail: "One appears as soon as somebody switches it on.".into(),
                action: Some(Action::Retry),
                ..Self::busy("waiting", "All streams are switched off")
            },
            Status::Idle => Self::busy("connecting", "Connecting"),
            Status::WaitingForSource { reason } => {
                let (title, promise) = match situation.is_sound_only() {
                    true => ("No sound yet", "It begins as soon as there is some."),
                    false => (
                        "No picture yet",
                        "The picture appears as soon as there is one.",
                    ),
                };
                // The title says so already.
                let reason = reason.trim_start_matches("waiting for the source: ");
                Self {
                    detail: sentence(reason, promise),
                    ..Self::busy("waiting", title)
                }
            }
            Status::Playing if situation.is_sound_only() => Self {
                state: "sound",
                title: "Sound only",
                detail: "This stream has no pictures.".into(),
                action: situation.muted.then_some(Action::Unmute),
                ..Self::default()
            },
            Status::Listening => Self {
                detail: "The picture appears as soon as somebody sends one.".into(),
                action: situation.muted.then_some(Action::Unmute),
                ..Self::busy("sound", "Sound without a picture")
            },
            Status::Playing => Self {
                state: "playing",
                title: "Playing",
                ..Self::default()
            },
            Status::Stalled => Self {
                detail: "Asking the server for a fresh one…".into(),
                ..Self::busy("stalled", "The picture has stopped")
            },
            Status::Paused | Status::Left => Self {
                state: "left",
                title: "Disconnected",
                detail: "This page has stopped watching.".into(),
                action: Some(Action::Retry),
                ..Self::default()
            },
        }
    }

    fn busy(state: &'static str, title: &'static str) -> Self {
        Self {
            state,
            title,
            busy: true,
            ..Self::default()
        }
    }

    fn of_problem(situation: &Situation, problem: &Problem) -> Self {
        match problem {
            Problem::PinRequired | Problem::WrongPin => Self::asking(problem, Question::Pin),
            Problem::Unauthorized if situation.has_secret => Self {
                title: "The secret is wrong",
                ..Self::asking(problem, Question::Secret)
            },
            Problem::Unauthorized => Self::asking(problem, Question::Secret),
            Problem::NoCodec(codec) if codec.eq_ignore_ascii_case("h264") => {
                Self::no_h264(situation.browser)
            }
            Problem::NoSuchStream(_) if !situation.streams.is_empty() => Self {
                action: Some(Action::Choose),
                ..Self::reconnecting(problem)
            },
            problem => Self::reconnecting(problem),
        }
    }

    fn asking(problem: &Problem, question: Question) -> Self {
        let (title, detail) = words(problem);
        Self {
            state: "asking",
            title,
            detail,
            question: Some(question),
            ..Self::default()
        }
    }

    fn reconnecting(problem: &Problem) -> Self {
        let (title, detail) = words(problem);
        Self {
            detail: sentence(&detail, "Reconnecting…"),
            action: Some(Action::Retry),
            ..Self::busy("reconnecting", title)
        }
    }

    fn refused() -> Self {
        Self {
            state: "blocked",
            title: "Ready to play",
            detail: "This browser plays nothing by itself: press the button.".into(),
            action: Some(Action::Play),
            ..Self::default()
        }
    }

    fn no_h264(browser: Browser) -> Self {
        let detail = match browser {
            Browser::Firefox => {
                "Firefox needs a plugin for it, and fetches that by itself some minutes after its \
                 first start. Open about:addons, choose Plugins, and set “OpenH264 Video Codec” to \
                 “Always Activate”. Then try again."
            }
            Browser::Chromium => {
                "This Chromium comes without it. Install your system's package of extra codecs, or \
                 use Google Chrome, Microsoft Edge or Safari."
            }
            Browser::Other => "Use a current Chrome, Edge, Safari or Firefox.",
        };
        Self {
            state: "no-h264",
            title: "This browser cannot play H.264 video",
            detail: detail.into(),
            action: Some(Action::Retry),
            ..Self::default()
        }
    }

    fn no_webrtc() -> Self {
        Self {
            state: "no-webrtc",
            title: "This browser has no WebRTC",
            detail:
                "The video needs it. If it was switched off in the browser's settings or by an \
                     extension, switch it on; or use a current Chrome, Edge, Safari or Firefox."
                    .into(),
            action: Some(Action::Reload),
            ..Self::default()
        }
    }
}

/// A title for a problem, and a sentence on what it means or what to do.
fn words(problem: &Problem) -> (&'static str, String) {
    let (title, detail) = match problem {
        Problem::Unreachable => (
            "Cannot reach the server",
            "Is it switched on, and is Fanlight running there?",
        ),
        Problem::NoAnswer(_) => ("Cannot reach the server", "It takes too long to answer."),
        Problem::SocketLost => ("Connection lost", "The server or the network may be down."),
        Problem::SessionGone => (
            "Connection lost",
            "The server was restarted, or this device was asleep.",
        ),
        Problem::PeerFailed => NO_WAY,
        // Janus' words for a viewer that it cannot reach; its other reasons mean nothing to people.
        Problem::HungUp(reason) if reason == "ICE failed" => NO_WAY,
        Problem::HungUp(_) => ("Connection lost", "The server has ended it."),
        Problem::NoPackets => ("Connection lost", "Nothing of the picture arrives."),
        Problem::NoFrames => (
            "The picture cannot be shown",
            "It arrives, but this browser cannot decode it. Another one may.",
        ),
        Problem::AnswerFailed(reason) => {
            let detail = ["This browser says: ", reason].concat();
            return ("The picture cannot be shown", detail);
        }
        Problem::Unauthorized => (
            "The server asks for a secret",
            "Whoever runs the server knows it.",
        ),
        Problem::PinRequired => (
            "This stream asks for a PIN",
            "Whoever runs the server knows it.",
        ),
        Problem::WrongPin => ("The PIN is wrong", "Whoever runs the server knows it."),
        Problem::NoSuchPlugin(plugin) => {
            let detail = ["It lacks the plugin ", plugin, "."].concat();
            return ("The server has nothing to show", detail);
        }
        Problem::NoSuchStream(id) => {
            let detail = ["The server has none with the number ", &id.0.to_string()].concat();
            return ("There is no such stream", detail);
        }
        Problem::StreamDisabled => (
            "The stream is switched off",
            "It appears as soon as somebody switches it on again.",
        ),
        Problem::StreamEnded => ("The stream has ended", "It may come back."),
        Problem::Kicked => ("Disconnected", "The server has sent all viewers away."),
        Problem::NoCodec(codec) => {
            let detail = ["It is ", codec, " video. Another browser may play it."].concat();
            return ("This browser cannot play the stream", detail);
        }
        Problem::Refused(_) | Problem::WatchRefused(_) => {
            return ("There is no picture", problem.to_string());
        }
    };
    (title, detail.into())
}

/// Words pass between server and page, the video does not.
const NO_WAY: (&str, &str) = (
    "The video does not get through",
    "Its UDP port (8189 by default) must be open in the firewall.",
);

/// `clause` as a sentence, and another after it.
fn sentence(clause: &str, next: &str) -> String {
    let mut letters = clause.trim().chars();
    let mut text = String::new();
    if let Some(first) = letters.next() {
        text.extend(first.to_uppercase());
        text.push_str(letters.as_str());
        if !text.ends_with(['.', '?', '!']) {
            text.push('.');
        }
        if !next.is_empty() {
            text.push(' ');
        }
    }
    text.push_str(next);
    text
}

#[cfg(test)]
mod tests {
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
}
