//! One file while it grows: frames to fragments.

use std::time::{Duration, Instant};

use mp4_atom::{Codec as Entry, FragmentInfo, Result};

use super::boxes::{self, Description, Placed};
use super::clock::Clock;
use crate::picture::Captured;

/// How long a frame waits to be written, at most. A fragment collects frames for so long, and the
/// newest frame of a track waits no longer for the next, which tells how long it lasts.
pub(super) const FRAGMENT: Duration = Duration::from_millis(500);
/// How long a frame lasts of which nothing tells: this part of a second.
const UNKNOWN: u32 = 25;

/// One frame of a track.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) data: Vec<u8>,
    pub(super) key: bool,
    /// RTP time.
    pub(super) timestamp: u32,
    pub(super) captured: Captured,
}

/// What the file says of one of its tracks.
#[derive(Clone, Debug)]
pub(super) struct MovieTrack {
    pub(super) entry: Entry,
    /// Ticks of RTP time a second, and of the file's.
    pub(super) rate: u32,
}

/// What ends a file.
#[derive(Debug)]
pub(super) struct Ending {
    /// Takes the place of the first header, which is as long, and tells the duration.
    pub(super) header: Vec<u8>,
    /// Follows what has been written so far.
    pub(super) tail: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Movie {
    begun: Captured,
    tracks: Vec<Growing>,
    /// Bytes that have been given away.
    length: u64,
    fragments: u32,
    /// Where the first track can be begun to be played.
    index: Vec<FragmentInfo>,
    /// When the oldest frame that has not been given away is to be.
    due: Option<Instant>,
}

#[derive(Debug)]
struct Growing {
    track: MovieTrack,
    clock: Clock,
    /// Those of the next fragment.
    placed: Vec<Placed>,
    /// The newest, and when it came: its duration is known when the next comes.
    newest: Option<(Instant, Placed)>,
    /// How long the last frame lasted of which that is known, in ticks.
    usual: u32,
    /// When what has been given away ends, in ticks.
    end: u64,
}

impl Movie {
    /// A file with these tracks whose time is 0 at `begun`, and its header.
    pub(super) fn new(tracks: Vec<MovieTrack>, begun: Captured) -> Result<(Movie, Vec<u8>)> {
        let mut movie = Movie {
            begun,
            tracks: tracks
                .into_iter()
                .map(|track| Growing {
                    clock: Clock::new(track.rate, begun.at),
                    usual: track.rate / UNKNOWN,
                    end: 0,
                    track,
                    placed: Vec::new(),
                    newest: None,
                })
                .collect(),
            length: 0,
            fragments: 0,
            index: Vec::new(),
            due: None,
        };
        let header = movie.header(Duration::ZERO)?;
        movie.length = header.len() as u64;
        Ok((movie, header))
    }

    /// Adds a frame to a track, by its place in the header. What was captured before the file
    /// began is left out.
    pub(super) fn push(&mut self, now: Instant, track: usize, sample: Sample) {
        let Some(track) = self.tracks.get_mut(track) else {
            return;
        };
        if track.push(now, sample) {
            self.due.get_or_insert(now + FRAGMENT);
        }
    }

    /// When [`Movie::fragment`] has something to give.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What is to be written at `now`.
    pub(super) fn fragment(&mut self, now: Instant) -> Result<Option<Vec<u8>>> {
        match self.due {
            Some(due) if due <= now => {
                for track in &mut self.tracks {
                    track.release(now.checked_sub(FRAGMENT));
                }
                self.cut()
            }
            _ => Ok(None),
        }
    }

    /// Ends the file.
    pub(super) fn end(mut self) -> Result<Ending> {
        for track in &mut self.tracks {
            track.release(None);
        }
        let duration = self.tracks.iter().map(Growing::end).max();
        let mut tail = self.cut()?.unwrap_or_default();
        tail.extend(boxes::index(1, std::mem::take(&mut self.index))?);
        Ok(Ending {
            header: self.header(duration.unwrap_or_default())?,
            tail,
        })
    }

    fn header(&self, duration: Duration) -> Result<Vec<u8>> {
        let tracks: Vec<Description> = self
            .tracks
            .iter()
            .map(|Growing { track, .. }| Description {
                entry: &track.entry,
                rate: track.rate,
            })
            .collect();
        boxes::header(&tracks, self.begun.wall, duration)
    }

    /// Makes a fragment of all frames whose durations are known.
    fn cut(&mut self) -> Result<Option<Vec<u8>>> {
        let newest = self.tracks.iter().filter_map(|track| track.newest.as_ref());
        self.due = newest.map(|(came, _)| *came + FRAGMENT).min();
        let tracks: Vec<(u32, &[Placed])> = (1..)
            .zip(&self.tracks)
            .filter(|(_, track)| !track.placed.is_empty())
            .map(|(id, track)| (id, track.placed.as_slice()))
            .collect();
        if tracks.is_empty() {
            return Ok(None);
        }
        self.fragments += 1;
        let bytes = boxes::fragment(self.fragments, &tracks)?;
        if let Some((1, frames)) = tracks.first() {
            let key = (1..).zip(*frames).find(|(_, frame)| frame.key);
            self.index.extend(key.map(|(number, frame)| FragmentInfo {
                time: frame.decoded.saturating_add_signed(frame.shown_after),
                moof_offset: self.length,
                traf_number: 1,
                trun_number: 1,
                sample_delta: number,
            }));
        }
        self.length += bytes.len() as u64;
        for track in &mut self.tracks {
            track.placed.clear();
        }
        Ok(Some(bytes))
    }
}

impl Growing {
    /// Whether the frame is one of the file.
    fn push(&mut self, now: Instant, sample: Sample) -> bool {
        let shown = self.clock.ticks(sample.timestamp, sample.captured.at);
        let Ok(shown_at) = u64::try_from(shown) else {
            return false;
        };
        let mut decoded = shown_at.max(self.end);
        if let Some((_, mut before)) = self.newest.take() {
            // Frames are decoded one after the other, in whatever order they are shown.
            decoded = decoded.max(before.decoded + 1);
            before.duration = u32::try_from(decoded - before.decoded).unwrap_or(u32::MAX);
            self.usual = before.duration;
            self.place(before);
        }
        let newest = Placed {
            data: sample.data,
            key: sample.key,
            decoded,
            shown_after: shown.saturating_sub_unsigned(decoded),
            duration: self.usual,
        };
        self.newest = Some((now, newest));
        true
    }

    /// Lets the newest frame go that came before `than`, or whenever it came. Should another
    /// follow, it is as long as the one before, and what is missing then is a gap: the next
    /// fragment tells itself when it begins.
    fn release(&mut self, than: Option<Instant>) {
        let is_due = |(came, _): &mut (Instant, Placed)| than.is_none_or(|than| *came <= than);
        if let Some((_, newest)) = self.newest.take_if(is_due) {
            self.place(newest);
        }
    }

    fn place(&mut self, frame: Placed) {
        self.end = frame.decoded + u64::from(frame.duration);
        self.placed.push(frame);
    }

    /// When the last frame has been shown.
    fn end(&self) -> Duration {
        let rate = u64::from(self.track.rate.max(1));
        Duration::from_micros(self.end.saturating_mul(1_000_000) / rate)
    }
}
