//! The latest packets of a track, for whoever lost one.
use crate::stream::Frame;
use std::{collections::BTreeMap, sync::Arc};

/// So many packets are kept: two seconds of 5 Mbit/s, well over any round trip.
const PACKETS: u64 = 1024;

/// Frames of one track by the index of their first packet, shared by all its viewers.
#[derive(Default)]
pub(super) struct History {
    frames: BTreeMap<u64, Arc<Frame>>,
}

impl History {
    /// Remembers `frame` and forgets what is too old by now.
    pub(super) fn add(&mut self, frame: &Arc<Frame>) {
        self.frames.insert(frame.first_packet, Arc::clone(frame));
        while let Some((&first, oldest)) = self.frames.first_key_value() {
            let end = first + oldest.packets.len() as u64;
            let newest = self.frames.last_key_value().map_or(first, |(&key, _)| key);
            if newest.saturating_sub(end) <= PACKETS {
                break;
            }
            self.frames.pop_first();
        }
    }

    /// The packet with that index, and the frame it belongs to.
    pub(super) fn packet(&self, index: u64) -> Option<Packet<'_>> {
        let (&first, frame) = self.frames.range(..=index).next_back()?;
        let position = usize::try_from(index - first).ok()?;
        (position < frame.packets.len()).then_some(Packet { position, frame })
    }
}

/// One packet of a frame.
pub(super) struct Packet<'a> {
    /// Where in the frame it is.
    pub(super) position: usize,
    pub(super) frame: &'a Arc<Frame>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::testing::frame;

    #[test]
    fn a_packet_is_found_by_its_index_until_it_is_too_old() {
        let mut history = History::default();
        for number in 0..2 * PACKETS {
            history.add(&frame(number, false));
        }
        let newest = frame(2 * PACKETS - 1, false);
        let last = newest.first_packet + newest.packets.len() as u64 - 1;

        let found = history.packet(last).unwrap();
        assert_eq!(found.frame.number, newest.number);
        assert_eq!(found.position, newest.packets.len() - 1);
        assert!(history.packet(last + 1).is_none());
        assert!(history.packet(last - PACKETS).is_some());
        assert!(history.packet(0).is_none());
    }
}
