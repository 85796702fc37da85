//! Who wants a stream's frames.

use std::sync::Arc;

use super::{Frame, FrameSink};

/// Sinks that come and go while frames are handed to them. A value: who shares it locks it.
#[derive(Default)]
pub(crate) struct Audience {
    /// Replaced as a whole, so that who hands out frames takes it with one count up.
    sinks: Sinks,
    next_id: u64,
}

/// The sinks of a moment, which can be called without a lock.
#[derive(Clone)]
pub(crate) struct Sinks(Arc<[(u64, Arc<dyn FrameSink>)]>);

impl Audience {
    /// Adds a sink, and tells what to call it when it goes.
    pub(crate) fn add(&mut self, sink: Arc<dyn FrameSink>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let sinks = self.sinks.0.iter().cloned();
        self.sinks = Sinks(sinks.chain([(id, sink)]).collect());
        id
    }

    /// Removes a sink, if it is there.
    pub(crate) fn remove(&mut self, id: u64) {
        let sinks = self.sinks.0.iter().filter(|(other, _)| *other != id);
        self.sinks = Sinks(sinks.cloned().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sinks.0.is_empty()
    }

    pub(crate) fn sinks(&self) -> Sinks {
        self.sinks.clone()
    }
}

impl Sinks {
    /// Hands a frame to each.
    pub(crate) fn frame(&self, frame: &Arc<Frame>) {
        for (_, sink) in self.0.iter() {
            sink.frame(frame);
        }
    }
}

impl Default for Sinks {
    fn default() -> Sinks {
        Sinks(Arc::new([]))
    }
}
