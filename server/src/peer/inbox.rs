//! The bounded way from the encoder's thread to the I/O thread.
use crate::stream::{Frame, FrameSink, Kind};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// More than this many pictures are not kept waiting: an I/O thread that is so late has no use for
/// old ones.
const PICTURES: usize = 8;
/// Sound comes in smaller pieces, and some sources send many at once.
const SOUNDS: usize = 64;

/// Takes frames of one track until the I/O thread fetches them.
///
/// A full inbox drops frames up to the next key frame, which replaces everything before it: a
/// decoder could do nothing with what follows a gap.
pub(super) struct Inbox {
    capacity: usize,
    waiting: Mutex<Waiting>,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// What came of an inbox.
pub(super) struct Taken {
    pub(super) frames: VecDeque<Arc<Frame>>,
    /// Frames were dropped, so nothing more will come before a key frame.
    pub(super) needs_key_frame: bool,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Arc<Frame>>,
    /// A frame was dropped, and no key frame came since.
    broken: bool,
}

impl Inbox {
    /// An empty inbox; `wake` is called on the encoder's thread when it stops being empty.
    pub(super) fn new(kind: Kind, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            capacity: match kind {
                Kind::Video => PICTURES,
                Kind::Audio => SOUNDS,
            },
            waiting: Mutex::default(),
            wake: Box::new(wake),
        }
    }

    /// Takes all that has come.
    pub(super) fn take(&self) -> Taken {
        let mut waiting = self.lock();
        Taken {
            frames: std::mem::take(&mut waiting.frames),
            needs_key_frame: waiting.broken,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change under the lock is a single step, so what a panicking thread left is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FrameSink for Inbox {
    fn frame(&self, frame: &Arc<Frame>) {
        let was_empty = {
            let mut waiting = self.lock();
            let full = waiting.frames.len() >= self.capacity;
            if frame.idr {
                if full {
                    waiting.frames.clear();
                }
                waiting.broken = false;
            } else if full || waiting.broken {
                waiting.broken = true;
                return;
            }
            waiting.frames.push_back(Arc::clone(frame));
            waiting.frames.len() == 1
        };
        if was_empty {
            (self.wake)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::testing::frame;

    #[test]
    fn a_frame_too_many_is_dropped_and_a_key_frame_replaces_all() {
        let inbox = Inbox::new(Kind::Video, || {});
        let numbers = |inbox: &Inbox| {
            inbox
                .take()
                .frames
                .iter()
                .map(|f| f.number)
                .collect::<Vec<_>>()
        };

        for number in 0..PICTURES as u64 + 1 {
            inbox.frame(&frame(number, number == 0));
        }
        let taken = inbox.take();
        assert!(taken.needs_key_frame);
        let numbers_taken = taken.frames.iter().map(|f| f.number);
        assert!(numbers_taken.eq(0..PICTURES as u64));

        // There is room again, but nothing to put there before a key frame.
        inbox.frame(&frame(20, false));
        assert!(numbers(&inbox).is_empty());
        inbox.frame(&frame(21, true));
        for number in 22..40 {
            inbox.frame(&frame(number, false));
        }
        inbox.frame(&frame(40, true));
        assert_eq!(numbers(&inbox), [40]);
    }
}
