//! The frames of tracks on their way to those who watch them.
use super::{
    PeerId,
    history::History,
    inbox::{Inbox, Taken},
};
use crate::stream::{Frame, FrameSink, Track};
use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// The tracks that somebody watches, by their names.
pub(super) struct Feeds {
    feeds: HashMap<Arc<str>, Feed>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// A track that somebody watches.
pub(super) struct Feed {
    pub(super) track: Arc<dyn Track>,
    /// Who gets frames.
    pub(super) viewers: Vec<Watcher>,
    /// How many want frames, now or as soon as they are connected.
    members: usize,
    pub(super) history: History,
    inbox: Arc<Inbox>,
    /// Keeps the frames coming.
    _subscription: Box<dyn Any + Send>,
}

/// A viewer, and the place that the track has among its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watcher {
    pub(super) peer: PeerId,
    pub(super) medium: usize,
}

/// A frame that viewers are being given.
pub(super) struct Delivery {
    pub(super) feed: Arc<str>,
    pub(super) frame: Arc<Frame>,
    /// The position of the viewer whose turn it is.
    pub(super) next: usize,
}

impl Feeds {
    /// Nobody watches anything. `wake` is called when frames have come.
    pub(super) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            feeds: HashMap::new(),
            wake: Arc::new(wake),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Feed> {
        self.feeds.get(name)
    }

    /// One more wants the frames of a track: the first makes them come.
    pub(super) fn join(&mut self, track: &Arc<dyn Track>) -> &mut Feed {
        let wake = &self.wake;
        let feed = self
            .feeds
            .entry(track.name().into())
            .or_insert_with(|| Feed::subscribe(Arc::clone(track), Arc::clone(wake)));
        feed.members += 1;
        feed
    }

    /// One of those who joined wants no more of it: the last lets the frames end.
    pub(super) fn leave(&mut self, name: &str, watcher: Watcher) {
        if let Some(feed) = self.feeds.get_mut(name) {
            feed.viewers.retain(|viewer| *viewer != watcher);
            feed.members -= 1;
            if feed.members == 0 {
                self.feeds.remove(name);
            }
        }
    }

    /// One of those who joined can be given frames. Yields what it begins with.
    pub(super) fn begin(&mut self, name: &str, watcher: Watcher) -> Vec<Arc<Frame>> {
        if let Some(feed) = self.feeds.get_mut(name) {
            feed.viewers.push(watcher);
        }
        self.first_frames(name)
    }

    /// What those begin with who watch a track. It may have to be sent again.
    pub(super) fn first_frames(&mut self, name: &str) -> Vec<Arc<Frame>> {
        let Some(feed) = self.feeds.get_mut(name) else {
            return Vec::new();
        };
        let frames = feed.track.first_frames();
        for frame in &frames {
            feed.history.add(frame);
        }
        frames
    }

    /// Adds the frames that have come since the last call.
    pub(super) fn collect(&mut self, deliveries: &mut VecDeque<Delivery>) {
        for (name, feed) in &mut self.feeds {
            for frame in feed.collect() {
                deliveries.push_back(Delivery {
                    feed: Arc::clone(name),
                    frame,
                    next: 0,
                });
            }
        }
    }
}

impl Feed {
    fn subscribe(track: Arc<dyn Track>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let inbox = Arc::new(Inbox::new(track.format().codec.kind(), move || wake()));
        let subscription = track.subscribe(Arc::clone(&inbox) as Arc<dyn FrameSink>);
        Self {
            track,
            viewers: Vec::new(),
            members: 0,
            history: History::default(),
            inbox,
            _subscription: subscription,
        }
    }

    fn collect(&mut self) -> VecDeque<Arc<Frame>> {
        let Taken {
            frames,
            needs_key_frame,
        } = self.inbox.take();
        if needs_key_frame {
            self.track.request_key_frame();
        }
        for frame in &frames {
            self.history.add(frame);
        }
        frames
    }
}
