//! What decides what the page says, as it comes to be known.

use crate::janus::{Event, Listed, MediaKind, Problem, Status, Tracks};

/// All that decides what the page says.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    /// The browser can play nothing at all.
    pub lacks_webrtc: bool,
    /// How far the player is.
    pub status: Status,
    /// Why the latest attempt has ended, until another one comes further. One that is on its way
    /// again may fail again the same way: until then nothing better can be said.
    pub problem: Option<Problem>,
    /// The browser wants a touch before it plays what the player has.
    pub refused: bool,
    /// The browser, for advice.
    pub browser: Browser,
    /// What the stream consists of.
    pub tracks: Tracks,
    /// The sound is switched off.
    pub muted: bool,
    /// What there is to watch, once that is known.
    pub streams: Vec<Listed>,
    /// A secret was given to the page.
    pub has_secret: bool,
}

impl Situation {
    /// Before anything is known.
    pub fn new(browser: Browser) -> Self {
        Self {
            lacks_webrtc: false,
            status: Status::Connecting { after: None },
            problem: None,
            refused: false,
            browser,
            tracks: Tracks::default(),
            muted: true,
            streams: Vec::new(),
            has_secret: false,
        }
    }

    /// Takes in what the player tells.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Status(status) => {
                self.problem = match &status {
                    Status::Waiting { problem, .. } => Some(problem.clone()),
                    Status::Connecting { after } => after.clone(),
                    Status::Starting => self.problem.take(),
                    _ => None,
                };
                self.status = status;
                self.refused &= self.has_connection();
            }
            Event::PlayRefused => self.refused = self.has_connection(),
            Event::Tracks(tracks) => self.tracks = tracks,
            Event::Mountpoints(mut streams) => {
                // Janus tells them in no order.
                streams.sort_unstable_by_key(|stream| stream.id);
                self.streams = streams;
            }
            Event::Stats(_) => {}
        }
    }

    /// There is something to be seen or heard, or there is soon.
    pub fn has_stream(&self) -> bool {
        matches!(
            self.status,
            Status::Starting | Status::Playing | Status::Listening | Status::Stalled
        )
    }

    /// The attempt has come so far that there may be a connection, and has not ended: what was found
    /// out about it still holds. A source that falls silent does not end it.
    fn has_connection(&self) -> bool {
        let is_kept = matches!(
            self.status,
            Status::WaitingForSource { .. } | Status::Paused
        );
        is_kept || self.has_stream()
    }

    /// The stream has sound and no pictures.
    pub fn is_sound_only(&self) -> bool {
        self.tracks.audio && !self.tracks.video
    }

    /// Whether there is more than one thing to watch.
    pub fn has_choice(&self) -> bool {
        self.streams.len() > 1
    }

    /// What to watch where nobody has chosen: the first that can be, and with pictures if any has.
    pub fn first_choice(&self) -> Option<&Listed> {
        let mut enabled = self.streams.iter().filter(|stream| stream.enabled);
        let pictures = |stream: &&Listed| has(stream, MediaKind::Video);
        enabled.clone().find(pictures).or_else(|| enabled.next())
    }
}

/// Whether a stream has such a medium.
pub fn has(stream: &Listed, kind: MediaKind) -> bool {
    stream.media.iter().any(|medium| medium.kind == kind)
}

/// The browsers that can lack H.264, each for its own reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Firefox, which fetches the codec as a plugin.
    Firefox,
    /// Chromium and its kin, which may be built without the codec.
    Chromium,
    /// Any other.
    Other,
}

impl Browser {
    /// The browser that calls itself `user_agent`.
    pub fn of(user_agent: &str) -> Self {
        if user_agent.contains("Firefox/") {
            Self::Firefox
        } else if user_agent.contains("Chrome/") || user_agent.contains("Chromium/") {
            Self::Chromium
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::janus::Time;
    use crate::page::{Action, Notice};

    fn playable() -> Situation {
        Situation::new(Browser::Other)
    }

    fn hear(situation: &mut Situation, statuses: impl IntoIterator<Item = Status>) {
        for status in statuses {
            situation.take(Event::Status(status));
        }
    }

    fn ended(problem: Problem) -> Status {
        Status::Waiting {
            problem,
            until: Time::ZERO,
        }
    }

    fn again(problem: Problem) -> Status {
        Status::Connecting {
            after: Some(problem),
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_browser_that_wants_a_touch_is_given_a_button_while_there_is_a_stream() {
        for status in [
            Status::Starting,
            Status::Playing,
            Status::Listening,
            Status::Stalled,
        ] {
            let mut situation = playable();
            hear(&mut situation, [status]);
            situation.take(Event::PlayRefused);
            assert_eq!(Notice::of(&situation).action, Some(Action::Play));
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_page_that_waits_for_a_touch_tells_that_the_server_is_gone() {
        let mut situation = playable();
        hear(&mut situation, [Status::Starting]);
        situation.take(Event::PlayRefused);
        hear(&mut situation, [ended(Problem::SocketLost)]);
        assert_eq!(Notice::of(&situation).state, "reconnecting");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_refusal_is_forgotten_with_the_attempt_that_met_it() {
        let mut situation = playable();
        hear(&mut situation, [Status::Starting]);
        situation.take(Event::PlayRefused);
        let lost = Problem::SocketLost;
        hear(
            &mut situation,
            [ended(lost.clone()), again(lost), Status::Starting],
        );
        assert_ne!(Notice::of(&situation).state, "blocked");
        situation.take(Event::PlayRefused);
        assert_eq!(Notice::of(&situation).state, "blocked");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_refusal_outlives_a_silence_of_the_source() {
        let mut situation = playable();
        hear(&mut situation, [Status::Starting]);
        situation.take(Event::PlayRefused);
        let reason = "nobody sends anything".to_owned();
        hear(&mut situation, [Status::WaitingForSource { reason }]);
        assert_eq!(Notice::of(&situation).state, "waiting");
        hear(&mut situation, [Status::Playing]);
        assert_eq!(Notice::of(&situation).action, Some(Action::Play));
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_refusal_that_comes_when_the_stream_is_gone_is_none() {
        let mut situation = playable();
        hear(
            &mut situation,
            [Status::Starting, ended(Problem::NoPackets)],
        );
        situation.take(Event::PlayRefused);
        assert_eq!(Notice::of(&situation).state, "reconnecting");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_was_the_matter_is_said_until_there_is_a_picture() {
        let mut situation = playable();
        hear(
            &mut situation,
            [Status::Starting, ended(Problem::PeerFailed)],
        );
        let said = Notice::of(&situation);
        assert!(said.detail.contains("8189"), "{said:?}");
        hear(
            &mut situation,
            [again(Problem::PeerFailed), Status::Starting],
        );
        assert_eq!(Notice::of(&situation), said);
        hear(&mut situation, [Status::Playing, Status::Starting]);
        assert_eq!(Notice::of(&situation).state, "connecting");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_source_without_picture_matters_more_than_what_was_before() {
        let mut situation = playable();
        let reason = "no signal".to_owned();
        hear(
            &mut situation,
            [
                again(Problem::SocketLost),
                Status::WaitingForSource { reason },
            ],
        );
        assert_eq!(Notice::of(&situation).state, "waiting");
        hear(&mut situation, [Status::Starting]);
        assert_eq!(Notice::of(&situation).state, "connecting");
    }
}
