//! The capture thread: opens the source, fills the slot, and tries again whatever happens.

use std::time::{Duration, Instant};

use super::StreamState;
use super::backoff::Backoff;
use super::shared::{Demand, Shared};
use super::supervise::{Throttle, supervise};
use crate::source::{Grab, Idle, Source, SourceError};

/// How long one wait for a picture may take: a stream that is told to stop does so within this time.
const PATIENCE: Duration = Duration::from_millis(200);

type Open<'a> = dyn FnMut() -> Result<Box<dyn Source>, SourceError> + 'a;

/// Runs until the stream stops.
pub(super) fn run(shared: &Shared, open: &mut Open<'_>) {
    let mut backoff = Backoff::new();
    supervise(&shared.name, "the source", || {
        while shared.demand() != Demand::Stop {
            let failed = match open() {
                Ok(source) => feed(shared, source, &mut backoff),
                Err(error) => Err(error),
            };
            if let Err(error) = failed {
                let wait = backoff.failed();
                if shared.set_state(StreamState::Waiting(error.to_string())) {
                    tracing::warn!(stream = shared.name, "no pictures: {error}; trying again");
                }
                shared.pause(wait);
            }
        }
    });
}

/// Moves pictures from the source to the slot, until it fails, rests closed or the stream stops.
fn feed(shared: &Shared, mut source: Box<dyn Source>, backoff: &mut Backoff) -> Result<(), SourceError> {
    let mut damaged = Throttle::default();
    loop {
        let grab = match shared.demand() {
            Demand::Stop => return Ok(()),
            Demand::Nothing if !source.is_live() => {
                shared.wait_for_demand();
                continue;
            }
            Demand::Nothing if shared.idle == Idle::Close => {
                drop(source);
                shared.wait_for_demand();
                return Ok(());
            }
            Demand::Nothing => source.next(PATIENCE, None)?,
            Demand::Pictures => {
                let mut picture = shared.slot.spare();
                let grab = source.next(PATIENCE, Some(&mut picture));
                match grab {
                    Ok(Grab::Picture(took)) => shared.counters.captured(shared.slot.put(picture, took)),
                    _ => shared.slot.give_back(picture),
                }
                grab?
            }
        };
        match grab {
            Grab::Picture(_) => {
                backoff.worked();
                let mode = source.mode();
                if shared.set_state(StreamState::Running(mode)) {
                    tracing::info!(stream = shared.name, "pictures come: {mode}");
                }
            }
            Grab::Damaged(reason) => {
                shared.counters.damaged();
                if damaged.allows(Instant::now()) {
                    tracing::warn!(stream = shared.name, "a picture was left out: {reason}");
                }
            }
            Grab::Nothing => {}
        }
    }
}
