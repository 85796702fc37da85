//! What the page says while there is no moving picture.

use super::{Browser, Situation};
use crate::janus::{Problem, Status, Support};

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
}

impl Action {
    /// What the button says.
    pub fn label(self) -> &'static str {
        match self {
            Self::Play => "Play",
            Self::Retry => "Try now",
            Self::Reload => "Check again",
        }
    }
}

impl Notice {
    /// What to say in a situation.
    pub fn of(situation: &Situation) -> Self {
        match situation.support {
            None => Self::busy("connecting", "Connecting"),
            Some(Support::NoH264) => Self::no_h264(situation.browser),
            Some(Support::NoWebRtc) => Self::no_webrtc(),
            Some(Support::Yes) if situation.refused => Self::refused(),
            Some(Support::Yes) => Self::of_status(situation),
        }
    }

    fn of_status(situation: &Situation) -> Self {
        match &situation.status {
            Status::Connecting { .. } | Status::Starting | Status::Waiting { .. } => {
                match &situation.problem {
                    Some(problem) => Self::reconnecting(problem),
                    None => Self::busy("connecting", "Connecting"),
                }
            }
            Status::WaitingForSource { reason } => Self {
                detail: sentence(reason, "The picture appears as soon as there is one."),
                ..Self::busy("waiting", "No picture yet")
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
            Status::Stopped {
                problem: Problem::NoH264,
            } => Self::no_h264(situation.browser),
            Status::Stopped { problem } => {
                let (title, detail) = words(problem);
                Self {
                    state: "failed",
                    title,
                    detail: sentence(&detail, ""),
                    busy: false,
                    action: Some(Action::Retry),
                }
            }
            Status::Left => Self {
                state: "left",
                title: "Disconnected",
                detail: "This page has stopped watching.".into(),
                busy: false,
                action: Some(Action::Retry),
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
            busy: false,
            action: Some(Action::Play),
        }
    }

    fn no_h264(browser: Browser) -> Self {
        let detail = match browser {
            Browser::Firefox => {
                "Firefox needs a plugin for it, and fetches that by itself some minutes after its \
                 first start. Open about:addons, choose Plugins, and set “OpenH264 Video Codec” to \
                 “Always Activate”. Then check again."
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
            busy: false,
            action: Some(Action::Reload),
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
            busy: false,
            action: Some(Action::Reload),
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
            "This page has none. Ask whoever runs the server.",
        ),
        Problem::NoSuchPlugin => (
            "The server has nothing to show",
            "It lacks the plugin janus.plugin.ustreamer.",
        ),
        Problem::Refused(_) | Problem::WatchRefused(_) | Problem::NoH264 => {
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
    use crate::janus::{Event, Time};

    fn situation(support: Support, status: Status, browser: Browser) -> Situation {
        let mut situation = Situation::new(browser);
        situation.support = Some(support);
        situation.take(Event::Status(status));
        situation
    }

    fn notice(status: Status) -> Notice {
        Notice::of(&situation(Support::Yes, status, Browser::Other))
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
        let reason = "no signal".to_owned();
        let notice = notice(Status::WaitingForSource { reason });
        assert_eq!(notice.state, "waiting");
        assert!(notice.detail.starts_with("No signal. "), "{notice:?}");
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
            let notice = Notice::of(&situation(Support::NoH264, Status::Left, browser));
            assert_eq!(notice.state, "no-h264");
            assert!(notice.detail.contains(advice), "{notice:?}");
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn an_answer_without_h264_reads_like_a_browser_without_it() {
        let stopped = notice(Status::Stopped {
            problem: Problem::NoH264,
        });
        assert_eq!(stopped.state, "no-h264");
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
    fn a_clause_becomes_a_sentence() {
        assert_eq!(sentence("so it is.", "Well."), "So it is. Well.");
        assert_eq!(sentence("", "Well."), "Well.");
        assert_eq!(sentence("so", ""), "So.");
        assert_eq!(sentence("is it?", "Yes."), "Is it? Yes.");
    }
}
