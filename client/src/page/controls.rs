//! Keys and buttons.

use std::time::Duration;

use leptos::ev;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::{Action, Screen, Situation};

/// How long the buttons and the pointer stay after the pointer was last seen to do something.
const AWAKE: Duration = Duration::from_secs(3);

const SOUND_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 9v6h4l5 5V4L7 9zm11.5-1.6v9.2a5 5 0 0 0 0-9.2zm0-4.2v2.3a7 7 0 0 1 0 13v2.3a9.2 9.2 0 0 0 0-17.6z"/></svg>"#;
const MUTED_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 9v6h4l5 5V4L7 9zm11.6 1.3 1.5-1.5 2.1 2.1 2.1-2.1 1.5 1.5-2.1 2.1 2.1 2.1-1.5 1.5-2.1-2.1-2.1 2.1-1.5-1.5 2.1-2.1z"/></svg>"#;
const STREAMS_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 5h7v6H4zm9 0h7v6h-7zM4 13h7v6H4zm9 0h7v6h-7z"/></svg>"#;
const STATS_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 20v-8h3v8zm6.5 0V4h3v16zm6.5 0v-11h3v11z"/></svg>"#;
const FULLSCREEN_ICON: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 4h6v2.5H6.5V10H4zm10 0h6v6h-2.5V6.5H14zM4 14h2.5v3.5H10V20H4zm13.5 0H20v6h-6v-2.5h3.5z"/></svg>"#;

/// Small buttons in a corner, which go away while nobody moves the pointer; and keys, which do the
/// same: `m` for the sound, `l` for the list of streams, `s` for the figures, `f` for full screen.
/// Those for sound and streams are there where they are of use.
#[component]
pub fn Controls(
    /// What plays.
    screen: Screen,
    /// What is known of it.
    situation: RwSignal<Situation>,
    /// Whether the panel with figures is wanted.
    stats_shown: RwSignal<bool>,
    /// Whether the list of streams is wanted.
    streams_shown: RwSignal<bool>,
) -> impl IntoView {
    let awake = wake_on_pointer();
    let has_sound = Memo::new(move |_| situation.with(|situation| situation.tracks.audio));
    let is_muted = Memo::new(move |_| situation.with(|situation| situation.muted));
    let has_choice = Memo::new(move |_| situation.with(Situation::has_choice));
    let toggle_stats = move || stats_shown.update(|shown| *shown = !*shown);
    let sound = screen.clone();
    let toggle_sound = move || sound.toggle_sound();
    let toggle_streams = move || {
        streams_shown.update(|shown| *shown = !*shown);
        if streams_shown.get_untracked() {
            screen.act(Action::Choose);
        }
    };
    let sound_by_key = toggle_sound.clone();
    let streams_by_key = toggle_streams.clone();
    let on_key =
        window_event_listener(ev::keydown, move |event| match plain_key(&event).as_str() {
            "m" | "M" if has_sound.get_untracked() => sound_by_key(),
            "l" | "L" if has_choice.get_untracked() => streams_by_key(),
            "Escape" => streams_shown.set(false),
            "s" | "S" => toggle_stats(),
            "f" | "F" => toggle_fullscreen(),
            _ => {}
        });
    on_cleanup(move || on_key.remove());
    let sound_icon = move || {
        if is_muted.get() {
            MUTED_ICON
        } else {
            SOUND_ICON
        }
    };
    view! {
        <nav class:awake=awake>
            <button aria-label="Sound" title="Sound (m)" prop:hidden=move || !has_sound.get()
                aria-pressed=move || truth(!is_muted.get())
                on:click=move |_| toggle_sound() inner_html=sound_icon/>
            <button aria-label="Streams" title="Streams (l)" prop:hidden=move || !has_choice.get()
                aria-controls="streams" aria-expanded=move || truth(streams_shown.get())
                on:click=move |_| toggle_streams() inner_html=STREAMS_ICON/>
            <button aria-label="Statistics" title="Statistics (s)"
                aria-pressed=move || truth(stats_shown.get())
                on:click=move |_| toggle_stats() inner_html=STATS_ICON/>
            <button aria-label="Full screen" title="Full screen (f)"
                on:click=move |_| toggle_fullscreen() inner_html=FULLSCREEN_ICON/>
        </nav>
    }
}

fn truth(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// The key, unless it belongs to a shortcut of the browser, is being held down, or is written into a
/// field.
fn plain_key(event: &KeyboardEvent) -> String {
    let target = event.target();
    let writes = target.is_some_and(|target| target.has_type::<HtmlInputElement>());
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.repeat() || writes {
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

/// Whether the pointer has moved or touched the page of late.
fn wake_on_pointer() -> RwSignal<bool> {
    let awake = RwSignal::new(false);
    let sleep = StoredValue::new(None::<TimeoutHandle>);
    let wake = move || {
        awake.set(true);
        let timer = set_timeout_with_handle(move || awake.set(false), AWAKE).ok();
        let earlier = sleep.try_update_value(|sleep| std::mem::replace(sleep, timer));
        if let Some(Some(earlier)) = earlier {
            earlier.clear();
        }
    };
    let on_move = window_event_listener(ev::pointermove, move |_| wake());
    // A finger need not move.
    let on_touch = window_event_listener(ev::pointerdown, move |_| wake());
    on_cleanup(move || {
        on_move.remove();
        on_touch.remove();
    });
    awake
}
