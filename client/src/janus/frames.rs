//! Frames as a `<video>` presents them (`HTMLVideoElement.requestVideoFrameCallback`).

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use wasm_bindgen::prelude::*;
use web_sys::HtmlVideoElement;

/// Chromium tells the capture time of some frames only. After this many without it the search is
/// given up until it is next asked for, so that other browsers are not asked for ever.
const TRIES: u32 = 60;

/// A latency beyond this is a clock that is wrong, not a picture that is late.
const LONGEST_MILLIS: f64 = 60_000.0;

/// Watches a video's frames: tells of the first one, and how old frames are when they are shown.
pub(super) struct Frames(Rc<Inner>);

struct Inner {
    video: FrameSource,
    callback: FrameCallback,
    /// The callback that was asked for and has not come.
    asked: Cell<Option<f64>>,
    tries: Cell<u32>,
    latency: Cell<Option<Duration>>,
    on_first: RefCell<Option<Box<dyn FnOnce()>>>,
}

type FrameCallback = Closure<dyn FnMut(f64, FrameMetadata)>;

impl Frames {
    /// Watches `video` and calls `on_first` at its next frame; never in a browser that does not
    /// tell of frames.
    pub(super) fn watch(video: &HtmlVideoElement, on_first: impl FnOnce() + 'static) -> Self {
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| {
            let weak = weak.clone();
            let callback = FrameCallback::new(move |_now: f64, frame: FrameMetadata| {
                if let Some(inner) = weak.upgrade() {
                    inner.frame(&frame);
                }
            });
            Inner {
                video: video.clone().unchecked_into(),
                callback,
                asked: Cell::new(None),
                tries: Cell::new(TRIES),
                latency: Cell::new(None),
                on_first: RefCell::new(Some(Box::new(on_first))),
            }
        });
        inner.ask();
        Self(inner)
    }

    /// How long before its display a frame was captured that was shown since this was last asked,
    /// where the browser knows. Begins to look for the next.
    pub(super) fn latency(&self) -> Option<Duration> {
        self.0.tries.set(TRIES);
        self.0.ask();
        self.0.latency.take()
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if let Some(id) = self.0.asked.take() {
            let _ = self.0.video.cancel_video_frame_callback(id);
        }
    }
}

impl Inner {
    fn ask(&self) {
        if self.asked.get().is_some() {
            return;
        }
        let callback = self.callback.as_ref().unchecked_ref();
        self.asked
            .set(self.video.request_video_frame_callback(callback).ok());
    }

    fn frame(&self, frame: &FrameMetadata) {
        self.asked.set(None);
        if let Some(on_first) = self.on_first.take() {
            on_first();
        }
        let latency = frame
            .capture_time()
            .map(|captured| frame.expected_display_time() - captured)
            .filter(|millis| (0.0..LONGEST_MILLIS).contains(millis));
        match latency {
            Some(millis) => self
                .latency
                .set(Some(Duration::from_secs_f64(millis / 1000.0))),
            None if self.tries.get() > 0 => {
                self.tries.set(self.tries.get() - 1);
                self.ask();
            }
            None => {}
        }
    }
}

#[wasm_bindgen]
extern "C" {
    /// A video element of a browser that may or may not tell of its frames.
    #[wasm_bindgen(extends = HtmlVideoElement)]
    type FrameSource;

    #[wasm_bindgen(method, catch, js_name = requestVideoFrameCallback)]
    fn request_video_frame_callback(
        this: &FrameSource,
        callback: &js_sys::Function,
    ) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch, js_name = cancelVideoFrameCallback)]
    fn cancel_video_frame_callback(this: &FrameSource, id: f64) -> Result<(), JsValue>;

    /// What a browser tells of a presented frame (`VideoFrameCallbackMetadata`).
    type FrameMetadata;

    /// When the frame will be on the screen, milliseconds since the page was opened.
    #[wasm_bindgen(method, getter, js_name = expectedDisplayTime)]
    fn expected_display_time(this: &FrameMetadata) -> f64;

    /// When the frame was captured, on the same clock.
    #[wasm_bindgen(method, getter, js_name = captureTime)]
    fn capture_time(this: &FrameMetadata) -> Option<f64>;
}
