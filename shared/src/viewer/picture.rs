//! Whether the picture moves, judged by counters of what arrives.

use super::{PeerState, Problem, Stats, Time, Timing};

/// A picture on a peer connection that stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    stats: Stats,
    packets_at: Time,
    /// When sound arrived last.
    sound_at: Option<Time>,
    frames_at: Time,
    key_frame_asked: Option<Time>,
    /// What the next counters count may be of another picture.
    anew: bool,
    disconnected: Option<Time>,
}

/// What new counters say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// There are new frames.
    Moving,
    /// There are packets but no frames: only a key frame helps.
    NeedsKeyFrame,
    /// Nothing to be done.
    Nothing,
}

impl Picture {
    /// The peer connection stands; packets and frames are awaited from now on.
    pub(super) fn new(now: Time) -> Self {
        Self {
            stats: Stats::default(),
            packets_at: now,
            sound_at: None,
            frames_at: now,
            key_frame_asked: None,
            anew: false,
            disconnected: None,
        }
    }

    /// Another picture comes on the same peer connection: packets and frames are awaited from now
    /// on.
    pub(super) fn begin_anew(&mut self, now: Time) {
        self.packets_at = now;
        self.moves(now);
        self.anew = true;
    }

    /// Judges new counters. `visible`: frames can be expected.
    pub(super) fn stats(
        &mut self,
        now: Time,
        stats: Stats,
        visible: bool,
        timing: &Timing,
    ) -> Result<Finding, Problem> {
        let before = std::mem::replace(&mut self.stats, stats);
        if stats.sound != before.sound {
            self.sound_at = Some(now);
        }
        if std::mem::take(&mut self.anew) {
            return Ok(Finding::Nothing);
        }
        if stats.packets != before.packets {
            self.packets_at = now;
        } else if now.since(self.packets_at) >= timing.no_packets {
            return Err(Problem::NoPackets);
        }
        if stats.frames != before.frames {
            self.moves(now);
            return Ok(Finding::Moving);
        }
        if !visible {
            self.frames_at = now;
            return Ok(Finding::Nothing);
        }
        // A source may send less than a frame a second: only packets that become no frames count.
        let standing = self.packets_at.since(self.frames_at);
        if standing >= timing.given_up {
            return Err(Problem::NoFrames);
        }
        let asked_before = self.key_frame_asked.unwrap_or(self.frames_at);
        if standing >= timing.no_frames && now.since(asked_before) >= timing.no_frames {
            self.key_frame_asked = Some(now);
            return Ok(Finding::NeedsKeyFrame);
        }
        Ok(Finding::Nothing)
    }

    /// Whether there is sound, and nothing was ever seen of a picture.
    pub(super) fn is_sound_alone(&self, now: Time, timing: &Timing) -> bool {
        self.stats.packets == 0 && self.has_sound(now, timing)
    }

    /// Whether there is sound.
    pub(super) fn has_sound(&self, now: Time, timing: &Timing) -> bool {
        self.sound_at
            .is_some_and(|at| now.since(at) < timing.no_packets)
    }

    /// A frame was seen, or frames can be expected from now on only.
    pub(super) fn moves(&mut self, now: Time) {
        self.frames_at = now;
        self.key_frame_asked = None;
    }

    pub(super) fn peer_state(&mut self, now: Time, state: PeerState) {
        match state {
            PeerState::Disconnected => self.disconnected = self.disconnected.or(Some(now)),
            _ => self.disconnected = None,
        }
    }

    /// When a disconnected peer connection is given up. Browsers take far longer.
    pub(super) fn deadline(&self, timing: &Timing) -> Option<Time> {
        self.disconnected.map(|since| since + timing.no_packets)
    }
}
