//! Where the capture thread leaves the newest picture for the encoder thread.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::shared::{lock, wait};
use crate::picture::Picture;

/// Room for one picture. A newer one takes the place of one that was not fetched; pictures go round
/// between the threads, so that their memory is allocated once.
#[derive(Debug, Default)]
pub(super) struct Slot {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    newest: Option<Grabbed>,
    spare: Vec<Picture>,
    closed: bool,
}

/// A picture and how long it took to make it from what the device gave.
#[derive(Debug)]
pub(super) struct Grabbed {
    pub(super) picture: Picture,
    pub(super) took: Duration,
}

impl Slot {
    /// A picture to fill, its content unspecified.
    pub(super) fn spare(&self) -> Picture {
        lock(&self.inner).spare.pop().unwrap_or_else(Picture::empty)
    }

    /// Takes back a picture that is no longer needed.
    pub(super) fn give_back(&self, picture: Picture) {
        lock(&self.inner).spare.push(picture);
    }

    /// Puts a picture in. Whether it took the place of another.
    pub(super) fn put(&self, picture: Picture, took: Duration) -> bool {
        let mut inner = lock(&self.inner);
        let old = inner.newest.replace(Grabbed { picture, took });
        self.changed.notify_one();
        let replaced = old.is_some();
        inner.spare.extend(old.map(|old| old.picture));
        replaced
    }

    /// Waits for a picture. `None` once the slot is closed.
    pub(super) fn take(&self) -> Option<Grabbed> {
        let mut inner = lock(&self.inner);
        loop {
            if inner.closed {
                return None;
            }
            if let Some(newest) = inner.newest.take() {
                return Some(newest);
            }
            inner = wait(&self.changed, inner);
        }
    }

    /// Nothing is taken from here on.
    pub(super) fn close(&self) {
        lock(&self.inner).closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Size;

    fn picture(width: u32) -> Picture {
        let mut picture = Picture::empty();
        picture.reshape(Size::new(width, 16));
        picture
    }

    #[test]
    fn the_newest_picture_wins() {
        let slot = Slot::default();
        assert!(!slot.put(picture(16), Duration::ZERO));
        assert!(slot.put(picture(32), Duration::ZERO));
        assert_eq!(slot.take().unwrap().picture.size().width, 32);
    }

    #[test]
    fn a_picture_that_was_replaced_is_filled_again() {
        let slot = Slot::default();
        slot.put(picture(16), Duration::ZERO);
        slot.put(picture(32), Duration::ZERO);
        assert_eq!(slot.spare().size().width, 16);
        assert_eq!(slot.spare().size().width, 0);
    }

    #[test]
    fn closing_ends_a_wait_for_a_picture() {
        let slot = Slot::default();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| slot.take().is_none());
            slot.close();
            assert!(waiting.join().unwrap());
        });
    }
}
