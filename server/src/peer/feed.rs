//! The frames of one stream on their way to its viewers.
use super::{
    PeerId,
    history::History,
    inbox::{Inbox, Taken},
};
use crate::stream::{Frame, FrameSink, Track};
use std::{any::Any, sync::Arc};

/// A stream that somebody watches.
pub(super) struct Feed {
    pub(super) source: Arc<dyn Track>,
    /// Viewers that get frames.
    pub(super) viewers: Vec<PeerId>,
    /// How many have answered an offer of this stream, and are not gone.
    pub(super) members: usize,
    pub(super) history: History,
    inbox: Arc<Inbox>,
    /// Keeps the frames coming.
    _subscription: Box<dyn Any + Send>,
}

/// A frame that viewers are being given.
pub(super) struct Delivery {
    pub(super) feed: Arc<str>,
    pub(super) frame: Arc<Frame>,
    /// The position of the viewer whose turn it is.
    pub(super) next: usize,
}

impl Feed {
    /// Lets frames come; `wake` is called when some have.
    pub(super) fn subscribe(
        source: Arc<dyn Track>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let inbox = Arc::new(Inbox::new(wake));
        let subscription = source.subscribe(Arc::clone(&inbox) as Arc<dyn FrameSink>);
        Self {
            source,
            viewers: Vec::new(),
            members: 0,
            history: History::default(),
            inbox,
            _subscription: subscription,
        }
    }

    /// The frames that have come since the last call.
    pub(super) fn collect(&mut self) -> impl Iterator<Item = Arc<Frame>> + use<> {
        let Taken {
            frames,
            needs_key_frame,
        } = self.inbox.take();
        if needs_key_frame {
            self.source.request_key_frame();
        }
        for frame in &frames {
            self.history.add(frame);
        }
        frames.into_iter()
    }

    /// What a viewer starts with.
    pub(super) fn first_frames(&mut self) -> Vec<Arc<Frame>> {
        let frames = self.source.first_frames();
        for frame in &frames {
            self.history.add(frame);
        }
        frames
    }
}
