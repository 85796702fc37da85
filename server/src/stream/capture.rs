//! The capture thread: opens the source, fills the slot, and tries again whatever happens.

use std::time::{Duration, Instant};

use super::StreamState;
use super::backoff::Backoff;
use super::shared::{Demand, Shared};
use super::supervise::{Throttle, supervise};
use crate::source::{Grab, Idle, Mode, Source, SourceError};

/// How long one wait for a picture may take: a stream that is told to stop does so within this
/// time.
const PATIENCE: Duration = Duration::from_millis(200);

type Open<'a> = dyn FnMut() -> Result<Box<dyn Source>, SourceError> + 'a;

/// Runs until the stream stops.
pub(super) fn run(shared: &Shared, open: &mut Open<'_>) {
    let mut backoff = Backoff::new();
    supervise(&shared.name, "the source", || {
        while shared.demand() != Demand::Stop {
            let failed = match open() {
                Ok(source) => Feed::new(shared, source, &mut backoff).run(),
                Err(error) => Err(error),
            };
            if let Err(error) = failed {
                let wait = backoff.failed();
                if shared
                    .condition
                    .set_source(StreamState::Waiting(error.to_string()))
                {
                    tracing::warn!(stream = shared.name, "no pictures: {error}; trying again");
                }
                shared.pause(wait);
            }
        }
    });
}

/// Moves pictures from an open source to the slot.
struct Feed<'a> {
    shared: &'a Shared,
    source: Box<dyn Source>,
    backoff: &'a mut Backoff,
    damaged: Throttle,
    /// What the stream's state says of this source.
    reported: Option<Mode>,
}

impl<'a> Feed<'a> {
    fn new(shared: &'a Shared, source: Box<dyn Source>, backoff: &'a mut Backoff) -> Feed<'a> {
        Feed {
            shared,
            source,
            backoff,
            damaged: Throttle::default(),
            reported: None,
        }
    }

    /// Runs until the source fails or is to be closed.
    fn run(mut self) -> Result<(), SourceError> {
        loop {
            match self.shared.demand() {
                Demand::Pictures => self.grab()?,
                Demand::Nothing if !self.source.is_live() => self.shared.wait_for_demand(),
                Demand::Nothing if self.shared.idle == Idle::Keep => self.take_away()?,
                Demand::Nothing => {
                    drop(self.source);
                    self.shared.wait_for_demand();
                    return Ok(());
                }
                Demand::Stop => return Ok(()),
            }
        }
    }

    /// One picture into the slot.
    fn grab(&mut self) -> Result<(), SourceError> {
        let mut picture = self.shared.slot.spare();
        let grab = self.source.next(PATIENCE, Some(&mut picture));
        if let Ok(Grab::Picture(took)) = grab {
            self.works();
            let replaced_another = self.shared.slot.put(picture, took);
            self.shared.counters.captured(replaced_another);
            return Ok(());
        }
        self.shared.slot.give_back(picture);
        if let Grab::Damaged(reason) = grab? {
            self.shared.counters.damaged();
            if self.damaged.allows(Instant::now()) {
                tracing::warn!(
                    stream = self.shared.name,
                    "a picture was left out: {reason}"
                );
            }
        }
        Ok(())
    }

    /// One picture away, unseen.
    fn take_away(&mut self) -> Result<(), SourceError> {
        if let Grab::Picture(_) = self.source.next(PATIENCE, None)? {
            self.works();
        }
        Ok(())
    }

    fn works(&mut self) {
        self.backoff.worked();
        let mode = self.source.mode();
        if self.reported.replace(mode) == Some(mode) {
            return;
        }
        if self.shared.condition.set_source(StreamState::Running(mode)) {
            tracing::info!(stream = self.shared.name, "pictures come: {mode}");
        }
    }
}
