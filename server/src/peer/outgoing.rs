//! Datagrams on their way out, joined to trains that the kernel takes in one call.
use std::{collections::VecDeque, net::SocketAddr};

/// The longest train that the kernel splits (UDP_SEGMENT): `UDP_MAX_SEGMENTS` of older kernels, and
/// what fits an IPv4 packet.
const MAX_DATAGRAMS: usize = 64;
const MAX_TRAIN: usize = 65_507;

/// A pair of addresses that datagrams travel between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Path {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
}

/// Datagrams for one path, back to back: all are `segment` bytes long but the last, which may be
/// shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Train<'a> {
    pub(super) path: Path,
    pub(super) segment: usize,
    pub(super) bytes: &'a [u8],
}

/// A queue of trains over one buffer.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    trains: VecDeque<Span>,
    /// How many trains have left since the beginning.
    left: u64,
}

#[derive(Clone, Copy)]
struct Span {
    path: Path,
    segment: usize,
    start: usize,
    end: usize,
}

impl Outgoing {
    /// Appends the datagram that `write` puts at the end of the buffer. What an error leaves there
    /// is taken back.
    pub(super) fn write<E>(
        &mut self,
        path: Path,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(start);
            return Err(error);
        }
        let end = self.bytes.len();
        match self.trains.back_mut() {
            Some(train) if train.takes(path, end - start) => train.end = end,
            _ => self.trains.push_back(Span {
                path,
                segment: end - start,
                start,
                end,
            }),
        }
        Ok(())
    }

    /// Appends a finished datagram.
    pub(super) fn push(&mut self, path: Path, datagram: &[u8]) {
        let Ok(()) = self.write(path, |bytes| {
            bytes.extend_from_slice(datagram);
            Ok::<(), std::convert::Infallible>(())
        });
    }

    /// The train to go next.
    pub(super) fn front(&self) -> Option<Train<'_>> {
        let train = self.trains.front()?;
        Some(Train {
            path: train.path,
            segment: train.segment,
            bytes: self.bytes.get(train.start..train.end)?,
        })
    }

    /// The front train has left, or is given up.
    pub(super) fn pop(&mut self) {
        if self.trains.pop_front().is_some() {
            self.left += 1;
        }
        if self.trains.is_empty() {
            self.bytes.clear();
        }
    }

    /// A mark behind everything that is queued now.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.left + self.trains.len() as u64)
    }

    /// Whether anything queued before the mark still waits.
    pub(super) fn is_waiting(&self, mark: Mark) -> bool {
        self.left < mark.0
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        let start = self
            .trains
            .front()
            .map_or(self.bytes.len(), |train| train.start);
        self.bytes.len() - start
    }
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark(u64);

impl Span {
    fn takes(&self, path: Path, length: usize) -> bool {
        let so_far = self.end - self.start;
        self.path == path
            && length <= self.segment
            && so_far.is_multiple_of(self.segment)
            && so_far < self.segment * MAX_DATAGRAMS
            && so_far + length <= MAX_TRAIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(remote: u16) -> Path {
        Path {
            local: ([127, 0, 0, 1], 8189).into(),
            remote: ([127, 0, 0, 1], remote).into(),
        }
    }

    fn queue(datagrams: &[(u16, usize)]) -> Outgoing {
        let mut out = Outgoing::default();
        for (remote, length) in datagrams {
            out.push(path(*remote), &vec![7; *length]);
        }
        out
    }

    /// Lengths of the trains and of their segments.
    fn trains(mut out: Outgoing) -> Vec<(usize, usize)> {
        let mut trains = Vec::new();
        while let Some(train) = out.front() {
            trains.push((train.bytes.len(), train.segment));
            out.pop();
        }
        trains
    }

    #[test]
    fn equal_datagrams_and_a_shorter_last_one_leave_together() {
        let out = queue(&[(1, 100), (1, 100), (1, 40), (1, 100), (1, 120)]);
        assert_eq!(trains(out), [(240, 100), (100, 100), (120, 120)]);
    }

    #[test]
    fn another_path_is_another_train() {
        let out = queue(&[(1, 100), (2, 100), (2, 100), (1, 100)]);
        assert_eq!(trains(out), [(100, 100), (200, 100), (100, 100)]);
    }

    #[test]
    fn a_train_is_never_longer_than_the_kernel_takes() {
        assert_eq!(trains(queue(&[(1, 10); 65])), [(640, 10), (10, 10)]);
        assert_eq!(
            trains(queue(&[(1, 1200); 60])),
            [(54 * 1200, 1200), (6 * 1200, 1200)]
        );
    }

    #[test]
    fn what_waits_is_known_by_its_mark() {
        let mut out = queue(&[(1, 100)]);
        let first = out.mark();
        out.push(path(2), &[1]);
        let second = out.mark();
        assert!(out.is_waiting(first));
        out.pop();
        assert!(!out.is_waiting(first) && out.is_waiting(second));
        assert_eq!(out.len(), 1);
        out.pop();
        assert!(!out.is_waiting(second));
        assert_eq!(out.len(), 0);
    }

    #[test]
    fn a_datagram_that_fails_leaves_nothing_behind() {
        let mut out = Outgoing::default();
        let result = out.write(path(1), |bytes| {
            bytes.extend([1, 2, 3]);
            Err("no")
        });
        assert_eq!(result, Err("no"));
        assert!(out.front().is_none());
        assert_eq!(out.len(), 0);
    }
}
