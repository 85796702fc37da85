//! What happens to the page that a player lives in.

use wasm_bindgen::prelude::*;
use web_sys::{Event, PageTransitionEvent, Window};

/// What happens to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageEvent {
    /// It is left: closed, reloaded, or put aside so that "back" finds it as it was.
    Hidden,
    /// It comes back after it was put aside.
    Restored,
    /// It is in view, or no more.
    Visible(bool),
    /// The network is back.
    Online,
}

/// Listens to the page until dropped.
pub(super) struct PageEvents {
    window: Window,
    on_event: Closure<dyn FnMut(Event)>,
}

impl PageEvents {
    /// Tells `listener` what happens to the page; `None` where there is no page.
    pub(super) fn listen(listener: impl Fn(PageEvent) + 'static) -> Option<Self> {
        let window = web_sys::window()?;
        let on_event = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            if let Some(event) = read(&event) {
                listener(event);
            }
        });
        let events = Self { window, on_event };
        events.each(|name, listener| {
            // `visibilitychange` comes from the document and bubbles up to its window.
            let _ = events
                .window
                .add_event_listener_with_callback(name, listener);
        });
        Some(events)
    }

    fn each(&self, action: impl Fn(&str, &js_sys::Function)) {
        for name in ["pagehide", "pageshow", "visibilitychange", "online"] {
            action(name, self.on_event.as_ref().unchecked_ref());
        }
    }
}

impl Drop for PageEvents {
    fn drop(&mut self) {
        self.each(|name, listener| {
            let _ = self
                .window
                .remove_event_listener_with_callback(name, listener);
        });
    }
}

/// Whether the page is in view.
pub(super) fn is_visible() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_none_or(|document| !document.hidden())
}

fn read(event: &Event) -> Option<PageEvent> {
    match event.type_().as_str() {
        "pagehide" => Some(PageEvent::Hidden),
        "pageshow" => {
            let shown: &PageTransitionEvent = event.unchecked_ref();
            shown.persisted().then_some(PageEvent::Restored)
        }
        "visibilitychange" => Some(PageEvent::Visible(is_visible())),
        "online" => Some(PageEvent::Online),
        _ => None,
    }
}
