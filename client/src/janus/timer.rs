//! One-shot timers that are cancelled when dropped.

use std::time::Duration;

use wasm_bindgen::prelude::*;

/// Calls back once, unless it is dropped before.
pub(super) struct Timer {
    id: i32,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls `callback` after `delay`, or `None` where there is no window to keep time.
    pub(super) fn after(delay: Duration, callback: impl FnMut() + 'static) -> Option<Self> {
        let callback = Closure::<dyn FnMut()>::new(callback);
        // Rounded up: a timer that fires early finds nothing due and has to be set again.
        let millis = delay.as_micros().div_ceil(1000);
        let id = web_sys::window()?
            .set_timeout_with_callback_and_timeout_and_arguments_0(
                callback.as_ref().unchecked_ref(),
                i32::try_from(millis).unwrap_or(i32::MAX),
            )
            .ok()?;
        Some(Self {
            id,
            _callback: callback,
        })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            window.clear_timeout_with_handle(self.id);
        }
    }
}
