//! What viewers need of a stream.
use crate::stream::{Frame, FrameSink, Stream};
use std::{any::Any, sync::Arc};

/// A stream as the I/O thread sees it. None of its methods may block for long.
pub(super) trait Source: Send + Sync {
    /// The name of the stream; no two streams share one.
    fn name(&self) -> &str;
    /// Starts to pass frames on; dropping what comes back ends it.
    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send>;
    /// A key frame and everything after it, in order; empty when there is none that is fresh.
    fn first_frames(&self) -> Vec<Arc<Frame>>;
    /// Asks for a key frame.
    fn request_key_frame(&self);
}

impl Source for Stream {
    fn name(&self) -> &str {
        self.name()
    }

    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
        Box::new(self.subscribe(sink))
    }

    fn first_frames(&self) -> Vec<Arc<Frame>> {
        self.first_frames()
    }

    fn request_key_frame(&self) {
        self.request_key_frame();
    }
}
