//! Datagrams on their way out, joined to trains that the kernel takes in one call.
use std::{collections::VecDeque, net::SocketAddr};

/// The longest train that the kernel splits (UDP_SEGMENT): `UDP_MAX_SEGMENTS` of older kernels, and
/// what fits an IPv4 packet.
const MAX_DATAGRAMS: u64 = 64;
const MAX_TRAIN: u64 = 65_507;
/// The longest datagram that an Ethernet carries in one piece, over IPv6. The kernel splits no train
/// of longer ones, and would be asked for no other train again after it has said so.
const MAX_SEGMENT: u64 = 1_452;

/// A buffer may grow when many viewers join at once, and gives back what is over this.
const KEPT: usize = 512 * 1024;
/// When so much waits, nothing is added that is not part of a frame: frames are bounded already.
const CROWDED: usize = 4 << 20;

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

/// Trains that wait to be sent, in a lane for each address of ours: where one socket is full, the
/// others go on.
#[derive(Default)]
pub(super) struct Outgoing {
    lanes: Vec<Lane>,
}

/// A queue of trains over one buffer.
struct Lane {
    local: SocketAddr,
    bytes: Vec<u8>,
    /// The position of the first byte of the buffer, since it was last empty.
    base: u64,
    trains: VecDeque<Span>,
    /// How many trains have left since the beginning.
    left: u64,
}

#[derive(Clone, Copy)]
struct Span {
    path: Path,
    segment: u64,
    start: u64,
    end: u64,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    lane: usize,
    trains: u64,
}

impl Outgoing {
    /// Appends the datagram that `write` puts at the end of the buffer. What an error leaves there
    /// is taken back.
    pub(super) fn write<E>(
        &mut self,
        path: Path,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.lane_mut(path.local).write(path, write)
    }

    /// Appends a finished datagram, unless there is a jam.
    pub(super) fn push(&mut self, path: Path, datagram: &[u8]) {
        let lane = self.lane_mut(path.local);
        if lane.len() < CROWDED {
            let Ok(()) = lane.write(path, |bytes| {
                bytes.extend_from_slice(datagram);
                Ok::<(), std::convert::Infallible>(())
            });
        }
    }

    /// Offers `take` the trains of each lane in their order. It tells how many of the bytes it has
    /// taken, a multiple of the segment; when these are not all, the lane waits.
    pub(super) fn send(&mut self, mut take: impl FnMut(Train<'_>) -> usize) {
        for lane in &mut self.lanes {
            while let Some(train) = lane.front() {
                let length = train.bytes.len();
                let taken = take(train);
                lane.advance(taken);
                if taken < length {
                    break;
                }
            }
        }
    }

    /// A mark behind everything that is queued for this path now.
    pub(super) fn mark(&self, path: Path) -> Mark {
        let lane = self.lanes.iter().position(|lane| lane.local == path.local);
        lane.and_then(|index| Some((index, self.lanes.get(index)?)))
            .map(|(lane, queue)| Mark {
                lane,
                trains: queue.left + queue.trains.len() as u64,
            })
            .unwrap_or_default()
    }

    /// Whether anything queued before the mark still waits.
    pub(super) fn is_waiting(&self, mark: Mark) -> bool {
        self.lanes
            .get(mark.lane)
            .is_some_and(|lane| lane.left < mark.trains)
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(Lane::len).sum()
    }

    /// There are as many lanes as addresses of ours that viewers have reached.
    fn lane_mut(&mut self, local: SocketAddr) -> &mut Lane {
        let index = match self.lanes.iter().position(|lane| lane.local == local) {
            Some(index) => index,
            None => {
                self.lanes.push(Lane {
                    local,
                    bytes: Vec::new(),
                    base: 0,
                    trains: VecDeque::new(),
                    left: 0,
                });
                self.lanes.len() - 1
            }
        };
        &mut self.lanes[index]
    }
}

impl Lane {
    fn write<E>(
        &mut self,
        path: Path,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.bytes.len();
        if let Err(error) = write(&mut self.bytes) {
            self.bytes.truncate(before);
            return Err(error);
        }
        let (start, end) = (
            self.base + before as u64,
            self.base + self.bytes.len() as u64,
        );
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

    fn front(&self) -> Option<Train<'_>> {
        let Span {
            path,
            segment,
            start,
            end,
        } = *self.trains.front()?;
        let position = |at: u64| (at - self.base) as usize;
        Some(Train {
            path,
            segment: segment as usize,
            bytes: self.bytes.get(position(start)..position(end))?,
        })
    }

    fn advance(&mut self, taken: usize) {
        let Some(train) = self.trains.front_mut() else {
            return;
        };
        train.start += taken as u64;
        if train.start >= train.end {
            self.trains.pop_front();
            self.left += 1;
        }
        self.reclaim();
    }

    /// Gives back the room of what has left: all of it when nothing waits, and else when it is more
    /// than what has to be moved for it.
    fn reclaim(&mut self) {
        let Some(front) = self.trains.front() else {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.base = 0;
            return;
        };
        let sent = (front.start - self.base) as usize;
        if sent > self.bytes.len() / 2 {
            self.bytes.drain(..sent);
            self.base = front.start;
        }
    }

    fn len(&self) -> usize {
        let start = self.trains.front().map_or(self.base, |train| train.start);
        self.bytes.len() - (start - self.base) as usize
    }
}

impl Span {
    fn takes(&self, path: Path, length: u64) -> bool {
        let so_far = self.end - self.start;
        self.path == path
            && length <= self.segment
            && self.segment <= MAX_SEGMENT
            && so_far.is_multiple_of(self.segment)
            && so_far < self.segment * MAX_DATAGRAMS
            && so_far + length <= MAX_TRAIN
    }
}

#[cfg(test)]
mod tests;
