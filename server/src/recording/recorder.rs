//! What to do with the frames of several tracks: when a file begins, what goes into it, and when
//! the next one has to follow.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mp4_atom::{Codec as Entry, Result};

use super::movie::{Ending, Movie, MovieTrack, Sample};
use super::unpack::{self, unpack};
use crate::stream::{Format, Frame, Kind};

/// How long the first file waits for the tracks that have not given anything.
const PATIENCE: Duration = Duration::from_secs(1);
/// How far key frames may be apart before one is asked for.
const KEY_FRAMES: Duration = Duration::from_secs(4);
/// How long a request for a key frame may go unanswered.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// How far apart files begin on average, at least: whoever sends may not fill a directory.
const FILES_APART: Duration = Duration::from_secs(10);
/// How many may begin at once all the same.
const FILES_AT_ONCE: u32 = 4;

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Output {
    /// Begin a file with these bytes.
    Begin(Vec<u8>),
    /// Write these bytes to the file.
    Append(Vec<u8>),
    /// End the file.
    End(Ending),
    /// Ask a track for a key frame.
    AskForKeyFrame(usize),
    /// Say that another file would be due again and again. Said once.
    TooManyFiles,
}

/// Takes frames and the time; gives files. It reads no clock and writes nothing.
#[derive(Debug)]
pub(super) struct Recorder {
    tracks: Vec<Track>,
    part: Part,
    /// The file's header no longer says what is to come: the next key frame begins another.
    outdated: bool,
    pace: Pace,
    outputs: VecDeque<Output>,
}

/// How many files may begin.
#[derive(Debug, Default)]
struct Pace {
    /// When all that have begun are as far apart as they are to be.
    even: Option<Instant>,
    /// It was said that there would be too many.
    told: bool,
}

impl Pace {
    fn allows(&self, now: Instant) -> bool {
        let ahead = FILES_APART * (FILES_AT_ONCE - 1);
        self.even.is_none_or(|even| even <= now + ahead)
    }

    fn count(&mut self, now: Instant) {
        let even = self.even.map_or(now, |even| even.max(now));
        self.even = Some(even + FILES_APART);
    }
}

#[derive(Debug)]
struct Track {
    format: Format,
    /// What a file has to say of it; `None` until the first key frame says so.
    entry: Option<Entry>,
    /// It has given something to be kept in this file, or in the one to come.
    begun: bool,
    /// The number of the last frame that was kept.
    last: Option<u64>,
    /// Nothing is kept before the next key frame.
    waiting: bool,
    /// When the last key frame came.
    newest_key: Option<Instant>,
    /// When one was asked for.
    asked: Option<Instant>,
}

#[derive(Debug)]
enum Part {
    /// There is no file yet.
    Waiting {
        /// What it will begin with, of which track, and when it came.
        samples: Vec<(Instant, usize, Sample)>,
        /// When it begins even without the tracks that are silent.
        until: Option<Instant>,
    },
    /// A file with these tracks, in this order.
    Open { movie: Movie, order: Vec<usize> },
}

impl Part {
    const NONE: Part = Part::Waiting {
        samples: Vec::new(),
        until: None,
    };
}

impl Recorder {
    pub(super) fn new(formats: impl IntoIterator<Item = Format>) -> Recorder {
        let track = |format: Format| Track {
            entry: unpack::entry_of(&format),
            begun: false,
            last: None,
            waiting: true,
            newest_key: None,
            asked: None,
            format,
        };
        Recorder {
            tracks: formats.into_iter().map(track).collect(),
            part: Part::NONE,
            outdated: false,
            pace: Pace::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes the next frame of a track. One that was there before is left out.
    pub(super) fn frame(&mut self, now: Instant, index: usize, frame: &Frame) -> Result<()> {
        let may_begin = self.may_begin(now);
        let Some(track) = self.tracks.get_mut(index) else {
            return Ok(());
        };
        match track.take(now, frame, may_begin) {
            Taken::Nothing => {}
            Taken::Refused => {
                if !self.pace.told {
                    self.pace.told = true;
                    self.outputs.push_back(Output::TooManyFiles);
                }
            }
            Taken::WantsKeyFrame => self.outputs.push_back(Output::AskForKeyFrame(index)),
            Taken::Sample(sample) => {
                if track.wants_another_key_frame(now) {
                    self.outputs.push_back(Output::AskForKeyFrame(index));
                }
                self.sample(now, index, sample)?;
            }
            Taken::FirstOfAnotherKind(sample) => {
                match &self.part {
                    Part::Waiting { .. } => self.forget(index),
                    Part::Open { .. } => self.outdated = true,
                }
                self.sample(now, index, sample)?;
            }
        }
        self.handle_timeout(now)
    }

    /// When [`Recorder::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match &self.part {
            Part::Waiting { until, .. } => *until,
            Part::Open { movie, .. } => movie.due(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<()> {
        match &mut self.part {
            Part::Waiting {
                until: Some(until), ..
            } if *until <= now => self.begin(now),
            Part::Waiting { .. } => Ok(()),
            Part::Open { movie, .. } => {
                let fragment = movie.fragment(now)?;
                self.outputs.extend(fragment.map(Output::Append));
                Ok(())
            }
        }
    }

    /// Ends the file. Nothing follows.
    pub(super) fn end(&mut self, now: Instant) -> Result<()> {
        if matches!(&self.part, Part::Waiting { until: Some(_), .. }) {
            self.begin(now)?;
        }
        self.close()
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether a file may begin, if another would have to end for it.
    fn may_begin(&self, now: Instant) -> bool {
        matches!(self.part, Part::Waiting { .. }) || self.pace.allows(now)
    }

    fn sample(&mut self, now: Instant, index: usize, sample: Sample) -> Result<()> {
        let begins = can_begin(&self.tracks, index, &sample);
        if begins && self.outdated && self.may_begin(now) {
            self.close()?;
            for (other, track) in self.tracks.iter_mut().enumerate() {
                if other != index {
                    // It may have fallen silent.
                    track.begun = false;
                    // What it is in the middle of, nothing in the next file leads to.
                    track.waiting |= track.is_video();
                }
            }
        }
        match &mut self.part {
            Part::Waiting { samples, until } => {
                if until.is_none() && !begins {
                    return Ok(());
                }
                samples.push((now, index, sample));
                until.get_or_insert(now + PATIENCE);
                if self.tracks.iter().all(|track| track.begun) {
                    self.begin(now)?;
                }
            }
            Part::Open { movie, order } => {
                if let Some(place) = order.iter().position(|other| *other == index) {
                    movie.push(now, place, sample);
                } else if !self.outdated {
                    self.outdated = true;
                    let video = self.tracks.iter().position(Track::is_video);
                    self.outputs.extend(video.map(Output::AskForKeyFrame));
                }
            }
        }
        Ok(())
    }

    /// Begins a file with what has been kept for it.
    fn begin(&mut self, now: Instant) -> Result<()> {
        let Part::Waiting { samples, .. } = std::mem::replace(&mut self.part, Part::NONE) else {
            return Ok(());
        };
        let Some((_, _, first)) = samples.first() else {
            return Ok(());
        };
        let begun = first.captured;
        let mut order = Vec::new();
        let mut tracks = Vec::new();
        for (index, track) in self.tracks.iter().enumerate() {
            if let (true, Some(entry)) = (track.begun, &track.entry) {
                order.push(index);
                tracks.push(MovieTrack {
                    entry: entry.clone(),
                    rate: track.format.codec.clock_rate(),
                });
            }
        }
        let (mut movie, header) = Movie::new(tracks, begun)?;
        self.outputs.push_back(Output::Begin(header));
        for (came, index, sample) in samples {
            if let Some(place) = order.iter().position(|other| *other == index) {
                movie.push(came, place, sample);
            }
        }
        self.part = Part::Open { movie, order };
        self.pace.count(now);
        Ok(())
    }

    /// Forgets what was kept of a track for a file that has not begun, and with what the file then
    /// cannot begin. When it is to begin stays: else pictures that change all the time would put it
    /// off for good.
    fn forget(&mut self, index: usize) {
        if let Part::Waiting { samples, .. } = &mut self.part {
            samples.retain(|(_, other, _)| *other != index);
            let first = (samples.iter())
                .position(|(_, other, sample)| can_begin(&self.tracks, *other, sample));
            samples.drain(..first.unwrap_or(samples.len()));
        }
    }

    fn close(&mut self) -> Result<()> {
        self.outdated = false;
        if let Part::Open { movie, .. } = std::mem::replace(&mut self.part, Part::NONE) {
            self.outputs.push_back(Output::End(movie.end()?));
        }
        Ok(())
    }
}

/// A file begins with a key frame, or with any packet where there is sound alone.
fn can_begin(tracks: &[Track], index: usize, sample: &Sample) -> bool {
    let is_video = tracks.get(index).is_some_and(Track::is_video);
    sample.key && (is_video || !tracks.iter().any(Track::is_video))
}

enum Taken {
    Nothing,
    WantsKeyFrame,
    Sample(Sample),
    /// A key frame that the header of the file does not fit.
    FirstOfAnotherKind(Sample),
    /// One, too, and it is too early for another file.
    Refused,
}

impl Track {
    fn is_video(&self) -> bool {
        self.format.codec.kind() == Kind::Video
    }

    /// Whole groups of pictures or none: after a loss nothing is taken before the next key frame.
    fn take(&mut self, now: Instant, frame: &Frame, may_begin: bool) -> Taken {
        if self.last.is_some_and(|last| frame.number <= last) {
            return Taken::Nothing;
        }
        let follows = self.last.is_some_and(|last| frame.number == last + 1);
        if !frame.idr && (self.waiting || !follows) {
            return self.wait(now);
        }
        let known = self.entry.as_ref();
        let Some(unpacked) = unpack(self.format.codec, &frame.packets, frame.idr, known) else {
            return self.wait(now);
        };
        let other = unpacked.entry.filter(|entry| Some(entry) != known);
        let is_other = other.is_some();
        if is_other && frame.idr && !may_begin {
            self.waiting = true;
            return Taken::Refused;
        }
        // The header can change with a key frame alone.
        if is_other && !frame.idr || !is_other && self.entry.is_none() {
            return self.wait(now);
        }
        self.entry = other.or(self.entry.take());
        self.last = Some(frame.number);
        self.waiting = false;
        self.begun = true;
        if frame.idr {
            self.newest_key = Some(now);
        }
        let sample = Sample {
            data: unpacked.data,
            key: frame.idr,
            timestamp: frame.timestamp,
            captured: frame.captured,
        };
        match is_other {
            true => Taken::FirstOfAnotherKind(sample),
            false => Taken::Sample(sample),
        }
    }

    fn wait(&mut self, now: Instant) -> Taken {
        self.waiting = true;
        if self.may_ask(now) {
            Taken::WantsKeyFrame
        } else {
            Taken::Nothing
        }
    }

    /// A file can be entered at its key frames only, and some sources make none unless asked.
    fn wants_another_key_frame(&mut self, now: Instant) -> bool {
        self.newest_key
            .is_some_and(|newest| now >= newest + KEY_FRAMES)
            && self.may_ask(now)
    }

    fn may_ask(&mut self, now: Instant) -> bool {
        let may = self.asked.is_none_or(|asked| now >= asked + ASK_AGAIN);
        if may {
            self.asked = Some(now);
        }
        may
    }
}
