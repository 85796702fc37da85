//! What is done while the peer connection stands: watching over the picture, pausing it, and
//! switching to another one.

use super::context::Context;
use super::conversation::{Conversation, Phase};
use super::picture::{Finding, Picture};
use super::requests::Asked;
use super::{PeerState, Problem, Stats, Status, Time, Watch};

/// A switch to another mountpoint of which nothing is heard yet.
#[derive(Debug)]
pub(super) struct Switching {
    pub(super) transaction: String,
    pub(super) until: Time,
}

impl Conversation {
    pub(super) fn peer_state(&mut self, cx: &mut Context, state: PeerState) -> Result<(), Problem> {
        if self.has_offer() && matches!(state, PeerState::Failed | PeerState::Closed) {
            return Err(Problem::PeerFailed);
        }
        match (&mut self.phase, state) {
            (Phase::Joining { .. }, PeerState::Connected) => {
                self.phase = Phase::Watching(Picture::new(cx.now));
            }
            (Phase::Watching(picture) | Phase::Paused(picture), state) => {
                picture.peer_state(cx.now, state);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn frame_shown(&mut self, cx: &mut Context) {
        if let Some(picture) = self.picture(cx.now) {
            picture.moves(cx.now);
            self.playing(cx);
        }
    }

    pub(super) fn stats(&mut self, cx: &mut Context, mut stats: Stats) -> Result<(), Problem> {
        let arrives = stats.packets > 0 || stats.sound > 0;
        if !arrives && !matches!(self.phase, Phase::Watching(_)) {
            return Ok(());
        }
        if self.video.is_empty() {
            // Sound has no frames that could stand: what arrives is heard.
            stats.packets = stats.packets.saturating_add(stats.sound);
            stats.frames = stats.packets;
        }
        let Some(picture) = self.picture(cx.now) else {
            return Ok(());
        };
        let timing = &cx.config.timing;
        match picture.stats(cx.now, stats, cx.visible, timing) {
            Ok(Finding::Moving) => {
                self.unproven &= self.switching.is_some();
                self.playing(cx);
            }
            Ok(Finding::NeedsKeyFrame) => {
                self.ask(cx, Asked::KeyRequired, None);
                if self.good_since.is_some() {
                    cx.outputs.status(Status::Stalled);
                }
            }
            Ok(Finding::Nothing) if picture.is_sound_alone(cx.now, timing) => self.listening(cx),
            Ok(Finding::Nothing) => {}
            Err(Problem::NoPackets) if self.may_be_silent() => self.silent(cx),
            Err(problem) => return Err(problem),
        }
        Ok(())
    }

    /// Whether frames are expected has changed: those of before do not count.
    pub(super) fn visibility_changed(&mut self, now: Time) {
        if let Phase::Watching(picture) = &mut self.phase {
            picture.moves(now);
        }
    }

    /// The picture, where one may be. That something arrives says as well as the peer connection's
    /// state that it stands, and sometimes sooner.
    fn picture(&mut self, now: Time) -> Option<&mut Picture> {
        if let Phase::Joining { .. } = self.phase {
            self.phase = Phase::Watching(Picture::new(now));
        }
        match &mut self.phase {
            Phase::Watching(picture) => Some(picture),
            _ => None,
        }
    }

    fn playing(&mut self, cx: &mut Context) {
        self.good_since.get_or_insert(cx.now);
        cx.outputs.status(Status::Playing);
    }

    fn listening(&mut self, cx: &mut Context) {
        self.good_since.get_or_insert(cx.now);
        cx.outputs.status(Status::Listening);
    }

    /// Whether it is no fault that nothing arrives. Nobody tells a viewer that nobody sends to its
    /// mountpoint, or that somebody has disabled it; but the peer connection is told to be lost if
    /// it is. After a switch it may be a codec that was not negotiated.
    fn may_be_silent(&self) -> bool {
        matches!(self.watch, Watch::Mountpoint { .. }) && !self.unproven
    }

    fn silent(&mut self, cx: &mut Context) {
        if let Phase::Watching(picture) = &mut self.phase {
            picture.moves(cx.now);
            if picture.has_sound(cx.now, &cx.config.timing) {
                return self.listening(cx);
            }
        }
        self.good_since.get_or_insert(cx.now);
        let reason = match &self.watch {
            Watch::Mountpoint { id, .. } if cx.is_disabled(*id) => {
                "it is switched off on the server"
            }
            _ => "nobody sends anything to this stream",
        };
        cx.outputs.status(Status::WaitingForSource {
            reason: reason.to_owned(),
        });
        self.list_again(cx);
    }

    /// Stops what is sent, and keeps the peer connection. Returns whether that can be done.
    pub(super) fn pause(&mut self, cx: &mut Context) -> bool {
        let Phase::Watching(picture) = self.phase else {
            return self.is_paused();
        };
        let paused = self.ask(cx, Asked::Pause, None).is_some();
        if paused {
            self.phase = Phase::Paused(picture);
            cx.outputs.status(Status::Paused);
        }
        paused
    }

    /// Whether nothing is wanted on the peer connection.
    pub(super) fn is_paused(&self) -> bool {
        matches!(self.phase, Phase::Paused(_))
    }

    /// Has what was paused sent again.
    pub(super) fn resume(&mut self, cx: &mut Context) {
        if let Phase::Paused(picture) = self.phase {
            self.ask(cx, Asked::Resume, None);
            self.phase = Phase::Watching(picture);
            self.begin_anew(cx);
            cx.outputs.status(Status::Starting);
        }
    }

    /// Turns to what is now to be watched, if that can be done within the attempt. Returns whether
    /// it can.
    pub(super) fn turn_to(&mut self, cx: &mut Context, wanted: &Watch) -> bool {
        if self.watch == *wanted {
            self.resume(cx);
            return true;
        }
        let same_plugin = self.watch.plugin() == wanted.plugin();
        match (&self.phase, wanted) {
            (Phase::Opening { .. } | Phase::Creating, _) => self.watch = wanted.clone(),
            (Phase::Attaching, _) if same_plugin => self.watch = wanted.clone(),
            (Phase::Idle { .. }, Watch::Mountpoint { .. }) => {
                self.watch = wanted.clone();
                cx.outputs.status(Status::Connecting { after: None });
                self.ask_to_watch(cx);
            }
            (Phase::Watching(_) | Phase::Paused(_), Watch::Mountpoint { .. })
                if same_plugin && self.may_be_alike(cx, wanted) =>
            {
                self.switch(cx, wanted);
            }
            _ => return false,
        }
        true
    }

    /// Whether a switch may do. It goes from one medium to the other in the order of the
    /// mountpoints, of which codecs and formats have to be the same; those no list tells.
    fn may_be_alike(&self, cx: &Context, wanted: &Watch) -> bool {
        let kinds = |watch: &Watch| {
            let Watch::Mountpoint { id, .. } = watch else {
                return None;
            };
            let media = &cx.mountpoint(*id)?.media;
            Some(media.iter().map(|media| media.kind).collect::<Vec<_>>())
        };
        match (kinds(&self.watch), kinds(wanted)) {
            (Some(now), Some(then)) => now == then,
            _ => true,
        }
    }

    fn switch(&mut self, cx: &mut Context, wanted: &Watch) {
        self.resume(cx);
        self.watch = wanted.clone();
        if let Some(transaction) = self.ask(cx, Asked::Switch, None) {
            let until = cx.now + cx.config.timing.answer;
            self.switching = Some(Switching { transaction, until });
        }
        self.unproven = true;
        self.begin_anew(cx);
        if !cx.outputs.plays() {
            cx.outputs.status(Status::Starting);
        }
    }

    /// The server has switched.
    pub(super) fn switched(&mut self, cx: &mut Context) {
        self.switching = None;
        self.begin_anew(cx);
    }

    fn begin_anew(&mut self, cx: &Context) {
        if let Phase::Watching(picture) = &mut self.phase {
            picture.begin_anew(cx.now);
        }
    }
}
