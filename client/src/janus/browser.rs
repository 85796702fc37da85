//! Small things that the browser knows.

use fanlight_protocol::viewer::Time;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlVideoElement;

/// The time since the page was opened, on a clock that never goes back.
pub(super) fn now() -> Time {
    let performance = web_sys::window().and_then(|window| window.performance());
    Time::from_millis(performance.map_or(0.0, |performance| performance.now()))
}

/// When the page was opened, milliseconds since 1970.
pub(super) fn time_origin() -> f64 {
    let performance = web_sys::window().and_then(|window| window.performance());
    performance.map_or(0.0, |performance| performance.time_origin())
}

/// A number that nobody can guess.
pub(super) fn random() -> u64 {
    let mut bytes = [0; 8];
    if let Some(crypto) = web_sys::window().and_then(|window| window.crypto().ok()) {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    u64::from_le_bytes(bytes)
}

/// Begins to play. Returns whether the browser refuses to before somebody has touched the page.
pub(crate) async fn is_refused(video: &HtmlVideoElement) -> bool {
    let Ok(played) = video.play() else {
        return false;
    };
    let failed = JsFuture::from(played).await.err();
    failed.is_some_and(|error| text(&error, "name").as_deref() == Some("NotAllowedError"))
}

/// What a browser says about what it has thrown.
pub(super) fn message(error: &JsValue) -> String {
    text(error, "message").unwrap_or_default()
}

/// The text in a property of an object, if there is one.
pub(super) fn text(object: &JsValue, property: &str) -> Option<String> {
    Reflect::get(object, &property.into()).ok()?.as_string()
}

/// The number in a property of an object, if there is one.
pub(super) fn number(object: &JsValue, property: &str) -> Option<f64> {
    Reflect::get(object, &property.into()).ok()?.as_f64()
}
