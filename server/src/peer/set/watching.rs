//! Which tracks a viewer watches: it begins, pauses, resumes and switches.
use super::Set;
use crate::{
    peer::{CloseReason, OfferedTrack, PeerId, feed::Watcher},
    stream::Track,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A viewer that lost its beginning says so within this time. Who says later that it sees nothing would be
/// thrown back.
const BEGINNING: Duration = Duration::from_secs(2);

/// The track of one of a viewer's media.
pub(super) struct Watched {
    pub(super) track: Arc<dyn Track>,
    /// Whether its frames are to be sent.
    pub(super) on: bool,
    /// Until when what the viewer began with may be sent once more.
    pub(super) begins_again_until: Option<Instant>,
}

impl Set {
    /// Pauses or resumes one of a viewer's media, or all. A picture resumes with a key frame.
    pub(in crate::peer) fn set_sending(
        &mut self,
        now: Instant,
        peer: PeerId,
        mid: Option<&str>,
        on: bool,
    ) {
        for medium in self.media(peer, mid) {
            let is_news = self.watched(peer, medium).is_some_and(|w| w.on != on);
            match (is_news, on) {
                (true, true) => self.watch(now, peer, medium),
                (true, false) => self.unwatch(peer, medium),
                (false, _) => {}
            }
        }
    }

    /// Lets some of a viewer's media go on with other tracks.
    pub(in crate::peer) fn switch(
        &mut self,
        now: Instant,
        peer: PeerId,
        tracks: Vec<OfferedTrack>,
    ) {
        for OfferedTrack { mid, track } in tracks {
            for medium in self.media(peer, Some(&mid)) {
                let Some(watched) = self.watched(peer, medium) else {
                    continue;
                };
                if watched.track.name() == track.name() {
                    continue;
                }
                let on = watched.on;
                self.unwatch(peer, medium);
                if let Some(watched) = self.watched(peer, medium) {
                    watched.track = Arc::clone(&track);
                }
                if on {
                    self.watch(now, peer, medium);
                }
            }
        }
    }

    /// The viewer is connected: what it watches begins.
    pub(super) fn begin_all(&mut self, now: Instant, peer: PeerId) {
        for medium in self.media(peer, None) {
            self.begin(now, peer, medium);
        }
    }

    /// The viewer had no keys for what it was sent.
    pub(super) fn begin_all_again(
        &mut self,
        now: Instant,
        peer: PeerId,
    ) -> Result<(), CloseReason> {
        for medium in self.media(peer, None) {
            if let Some(watched) = self.watched(peer, medium) {
                watched.begins_again_until = Some(now);
            }
            self.give_key_frame(now, peer, medium)?;
        }
        Ok(())
    }

    /// The viewer wants the frames of a track, or wants them again.
    pub(super) fn watch(&mut self, now: Instant, peer: PeerId, medium: usize) {
        let Some(member) = self.connections.get_mut(&peer) else {
            return;
        };
        let Some(watched) = member.watched.get_mut(medium) else {
            return;
        };
        watched.on = true;
        self.feeds.join(&watched.track);
        if member.connection.is_secured() {
            member.connection.break_off(medium);
            self.begin(now, peer, medium);
        } else {
            // One that is too old makes the stream send another, in time for the end of the
            // handshake.
            watched.track.first_frames();
        }
    }

    /// The viewer wants no more of a track's frames.
    pub(super) fn unwatch(&mut self, peer: PeerId, medium: usize) {
        let Some(watched) = self.watched(peer, medium) else {
            return;
        };
        if std::mem::take(&mut watched.on) {
            let track = Arc::clone(&watched.track);
            self.feeds.leave(track.name(), Watcher { peer, medium });
        }
    }

    /// The viewer can make nothing of what it got. Soon after it began it may have lost the beginning: there
    /// are viewers that have no keys yet for what comes right behind our end of the handshake. It
    /// gets the beginning once more, which costs nobody else a key frame, and not every source could
    /// make one.
    pub(super) fn give_key_frame(
        &mut self,
        now: Instant,
        peer: PeerId,
        medium: usize,
    ) -> Result<(), CloseReason> {
        let Some(member) = self.connections.get_mut(&peer) else {
            return Ok(());
        };
        let Some(watched) = member.watched.get_mut(medium).filter(|w| w.on) else {
            return Ok(());
        };
        let begins_again = watched.begins_again_until.is_some_and(|end| now <= end)
            && !member.connection.is_behind(medium, &self.out);
        let frames = match begins_again {
            true => self.feeds.first_frames(watched.track.name()),
            false => Vec::new(),
        };
        if frames.is_empty() {
            watched.track.request_key_frame();
            return Ok(());
        }
        watched.begins_again_until = None;
        member.connection.break_off(medium);
        member.connection.start(medium, &frames, &mut self.out)
    }

    /// Sends what the viewer begins with; the track's other frames follow.
    fn begin(&mut self, now: Instant, peer: PeerId, medium: usize) {
        let Some(member) = self.connections.get_mut(&peer) else {
            return;
        };
        if let Some(watched) = member.watched.get_mut(medium).filter(|w| w.on) {
            watched.begins_again_until = Some(now + BEGINNING);
            let watcher = Watcher { peer, medium };
            let frames = self.feeds.begin(watched.track.name(), watcher);
            if frames.is_empty() {
                watched.track.request_key_frame();
            }
            // What cannot be sent now will fail again with the next frame, and be told there.
            let _ = member.connection.start(medium, &frames, &mut self.out);
        }
    }

    /// The places of a viewer's media, or of one of them.
    fn media(&self, peer: PeerId, mid: Option<&str>) -> Vec<usize> {
        let Some(member) = self.connections.get(&peer) else {
            return Vec::new();
        };
        match mid {
            Some(mid) => member.connection.medium(mid).into_iter().collect(),
            None => (0..member.watched.len()).collect(),
        }
    }

    fn watched(&mut self, peer: PeerId, medium: usize) -> Option<&mut Watched> {
        self.connections.get_mut(&peer)?.watched.get_mut(medium)
    }
}
