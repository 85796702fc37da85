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
mod tests;
