//! Frames as a `<video>` presents them (`HTMLVideoElement.requestVideoFrameCallback`).

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::{HtmlVideoElement, RtcRtpReceiver};

use super::browser::{number, time_origin};

/// A browser that knows a frame's capture time knows it of most. After this many without it the
/// search is given up until it is next asked for, so that other browsers are not asked for ever.
const TRIES: u32 = 5;

/// From the beginning of NTP's time (1900) to that of Unix (1970), milliseconds.
const NTP_TO_UNIX_MILLIS: f64 = 2_208_988_800_000.0;

/// The clock of RTP timestamps of video, ticks a millisecond.
const RTP_TICKS_PER_MILLI: f64 = 90.0;

/// Watches a video's frames: tells of the first one, and how old frames are when they are shown.
pub(super) struct Frames(Rc<Inner>);

struct Inner {
    video: FrameSource,
    receiver: RtcRtpReceiver,
    callback: FrameCallback,
    /// The callback that was asked for and has not come.
    asked: Cell<Option<f64>>,
    tries: Cell<u32>,
    age: Cell<Option<f64>>,
    on_first: RefCell<Option<Box<dyn FnOnce()>>>,
}

type FrameCallback = Closure<dyn FnMut(f64, FrameMetadata)>;

impl Frames {
    /// Watches `video`, which shows what comes from `receiver`, and calls `on_first` at its next
    /// frame; never in a browser that does not tell of frames.
    pub(super) fn watch(
        video: &HtmlVideoElement,
        receiver: RtcRtpReceiver,
        on_first: impl FnOnce() + 'static,
    ) -> Self {
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| {
            let weak = weak.clone();
            let callback = FrameCallback::new(move |_now: f64, frame: FrameMetadata| {
                if let Some(inner) = weak.upgrade() {
                    inner.frame(&frame);
                }
            });
            Inner {
                video: video.clone().unchecked_into(),
                receiver,
                callback,
                asked: Cell::new(None),
                tries: Cell::new(TRIES),
                age: Cell::new(None),
                on_first: RefCell::new(Some(Box::new(on_first))),
            }
        });
        inner.ask();
        Self(inner)
    }

    /// The age of a frame when it was shown, milliseconds, where the browser knows it and a frame
    /// was shown since this was last asked. It was captured by the server's clock and shown by this
    /// browser's, so what these differ by is in it. Begins to look for the next.
    pub(super) fn age(&self) -> Option<f64> {
        self.0.tries.set(TRIES);
        self.0.ask();
        self.0.age.take()
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
        let age = self.age_of(frame);
        self.age.set(age);
        if age.is_none() && self.tries.get() > 0 {
            self.tries.set(self.tries.get() - 1);
            self.ask();
        }
    }

    /// The receiver knows the capture time (`abs-capture-time`) of the frame that it delivered
    /// last, which need not be this one: RTP timestamps tell how far they are apart.
    fn age_of(&self, frame: &FrameMetadata) -> Option<f64> {
        let delivered = self.receiver.get_synchronization_sources().get(0);
        let captured = number(&delivered, "captureTimestamp")? - NTP_TO_UNIX_MILLIS;
        let ahead = ticks_between(frame.rtp_timestamp()?, number(&delivered, "rtpTimestamp")?);
        let shown = time_origin() + frame.expected_display_time();
        Some(shown - (captured - ahead / RTP_TICKS_PER_MILLI))
    }
}

/// How far `to` is ahead of `from`, RTP timestamps, which begin anew after 2³² ticks.
fn ticks_between(from: f64, to: f64) -> f64 {
    f64::from((to as u32).wrapping_sub(from as u32).cast_signed())
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

    /// The RTP timestamp of the frame, where it came over RTP.
    #[wasm_bindgen(method, getter, js_name = rtpTimestamp)]
    fn rtp_timestamp(this: &FrameMetadata) -> Option<f64>;
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::ticks_between;

    #[wasm_bindgen_test(unsupported = test)]
    fn timestamps_that_begin_anew_are_near_each_other() {
        assert_eq!(ticks_between(100.0, 3100.0), 3000.0);
        assert_eq!(ticks_between(3100.0, 100.0), -3000.0);
        assert_eq!(ticks_between(4_294_967_290.0, 4.0), 10.0);
    }
}
