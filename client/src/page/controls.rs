//! Keys and buttons.

use std::time::Duration;

use leptos::ev;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

/// How long the buttons and the pointer stay after the pointer has moved.
const AWAKE: Duration = Duration::from_secs(3);

const STATS_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 20v-8h3v8zm6.5 0V4h3v16zm6.5 0v-11h3v11z"/></svg>"#;
const FULLSCREEN_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 4h6v2.5H6.5V10H4zm10 0h6v6h-2.5V6.5H14zM4 14h2.5v3.5H10V20H4zm13.5 0H20v6h-6v-2.5h3.5z"/></svg>"#;

/// Two small buttons in a corner, which go away while nobody moves the pointer; and the keys `s`
/// and `f`, which do the same.
#[component]
pub fn Controls(
    /// Whether the panel with figures is wanted.
    stats_shown: RwSignal<bool>,
) -> impl IntoView {
    let awake = wake_on_pointer();
    let toggle_stats = move || stats_shown.update(|shown| *shown = !*shown);
    let on_key =
        window_event_listener(ev::keydown, move |event| match plain_key(&event).as_str() {
            "s" | "S" => toggle_stats(),
            "f" | "F" => toggle_fullscreen(),
            _ => {}
        });
    on_cleanup(move || on_key.remove());
    view! {
        <nav class:awake=awake>
            <button aria-label="Statistics" title="Statistics (s)"
                aria-pressed=move || if stats_shown.get() { "true" } else { "false" }
                on:click=move |_| toggle_stats() inner_html=STATS_ICON/>
            <button aria-label="Full screen" title="Full screen (f)"
                on:click=move |_| toggle_fullscreen() inner_html=FULLSCREEN_ICON/>
        </nav>
    }
}

/// The key, unless it belongs to a shortcut of the browser or is being held down.
fn plain_key(event: &KeyboardEvent) -> String {
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.repeat() {
        return String::new();
    }
    event.key()
}

fn toggle_fullscreen() {
    let document = document();
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Some(page) = document.document_element() {
        let _ = page.request_fullscreen();
    }
}

/// Whether the pointer has moved of late.
fn wake_on_pointer() -> RwSignal<bool> {
    let awake = RwSignal::new(false);
    let sleep = StoredValue::new(None::<TimeoutHandle>);
    let on_move = window_event_listener(ev::pointermove, move |_| {
        awake.set(true);
        let timer = set_timeout_with_handle(move || awake.set(false), AWAKE).ok();
        let earlier = sleep.try_update_value(|sleep| std::mem::replace(sleep, timer));
        if let Some(Some(earlier)) = earlier {
            earlier.clear();
        }
    });
    on_cleanup(move || on_move.remove());
    awake
}
