//! What tests in a browser need.

mod nobody;

use std::time::Duration;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub use nobody::NOBODY;

/// Waits until `condition` holds. A test in which it never does ends by the runner's time limit.
pub async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        pause(Duration::from_millis(10)).await;
    }
}

async fn pause(duration: Duration) {
    let millis = i32::try_from(duration.as_millis()).unwrap();
    let passed = js_sys::Promise::new(&mut |resolve, _| {
        web_sys::window()
            .unwrap()
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis)
            .unwrap();
    });
    JsFuture::from(passed).await.unwrap();
}

/// A new element in the page.
pub fn add<T: JsCast>(tag: &str) -> T {
    let document = web_sys::window().unwrap().document().unwrap();
    let element = document.create_element(tag).unwrap();
    document.body().unwrap().append_child(&element).unwrap();
    element.dyn_into().ok().unwrap()
}
