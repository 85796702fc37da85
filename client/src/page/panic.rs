//! The last resort: a page that has failed says so.

use std::panic::PanicHookInfo;

/// Tells of panics in the console and on the page, which stands still from then on.
pub fn show_panics() {
    std::panic::set_hook(Box::new(show));
}

fn show(info: &PanicHookInfo) {
    web_sys::console::error_1(&info.to_string().into());
    let document = web_sys::window().and_then(|window| window.document());
    let status = document.and_then(|document| document.get_element_by_id("status"));
    if let Some(status) = status {
        let _ = status.set_attribute("data-state", "crashed");
        status.set_text_content(Some("This page has failed. Please load it again."));
    }
}
