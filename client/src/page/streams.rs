//! The list of streams to choose from.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::address::link;
use super::situation::has;
use super::{Screen, Signals};
use crate::janus::{Listed, MediaKind, MountpointId};

/// The list, where there is more than one stream. Its entries are links, so that a stream can be
/// opened in another tab.
#[component]
pub fn Streams(
    /// Who plays what is chosen.
    screen: Screen,
    /// What there is.
    signals: Signals,
    /// Whether the list is wanted.
    shown: RwSignal<bool>,
) -> impl IntoView {
    let screen = StoredValue::new_local(screen);
    let streams = Memo::new(move |_| signals.situation.with(|now| now.streams.clone()));
    let entries = move || {
        let entry = |stream: Listed| view! { <Entry screen signals stream/> };
        streams.get().into_iter().map(entry).collect_view()
    };
    view! {
        <section id="streams" aria-label="Streams" prop:hidden=move || !shown.get()>
            <ul>{entries}</ul>
        </section>
    }
}

#[component]
fn Entry(
    screen: StoredValue<Screen, LocalStorage>,
    signals: Signals,
    stream: Listed,
) -> impl IntoView {
    let id = stream.id;
    let is_current = move || signals.stream.get() == Some(id);
    let choose = move |event: MouseEvent| {
        // With a key held, or another button, the browser opens a tab of its own.
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
        if !elsewhere && event.button() == 0 {
            event.prevent_default();
            screen.with_value(|screen| screen.choose(id));
        }
    };
    view! {
        <li>
            <a href=link(id) aria-current=move || is_current().then_some("true") on:click=choose>
                <span>{name(&stream)}</span>
                <small>{remarks(&stream)}</small>
            </a>
        </li>
    }
}

/// What a stream is called.
fn name(stream: &Listed) -> String {
    if stream.description.is_empty() {
        return number(stream.id);
    }
    stream.description.clone()
}

/// What is worth to know before one chooses.
fn remarks(stream: &Listed) -> String {
    let mut remarks = Vec::new();
    if !stream.description.is_empty() {
        remarks.push(number(stream.id));
    }
    match (has(stream, MediaKind::Video), has(stream, MediaKind::Audio)) {
        (true, true) => remarks.push("with sound".into()),
        (false, true) => remarks.push("sound only".into()),
        _ => {}
    }
    if !stream.enabled {
        remarks.push("switched off".into());
    }
    remarks.join(" · ")
}

fn number(id: MountpointId) -> String {
    ["No. ", &id.0.to_string()].concat()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::janus::ListedMedia;

    fn stream(description: &str, kinds: &[MediaKind], enabled: bool) -> Listed {
        let media = kinds.iter().map(|kind| ListedMedia {
            mid: kind.name().into(),
            kind: *kind,
            label: String::new(),
            msid: None,
            age_ms: None,
        });
        Listed {
            id: MountpointId(7),
            kind: "live".into(),
            description: description.into(),
            metadata: None,
            enabled,
            media: media.collect(),
        }
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_is_called_by_its_description() {
        let hall = stream("Hall", &[MediaKind::Video], true);
        assert_eq!(
            (name(&hall).as_str(), remarks(&hall).as_str()),
            ("Hall", "No. 7")
        );
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn a_stream_without_a_description_is_called_by_its_number() {
        let nameless = stream("", &[MediaKind::Audio, MediaKind::Video], true);
        assert_eq!(name(&nameless), "No. 7");
        assert_eq!(remarks(&nameless), "with sound");
    }

    #[wasm_bindgen_test(unsupported = test)]
    fn what_is_missing_is_said_before_it_is_chosen() {
        let radio = stream("Radio", &[MediaKind::Audio], false);
        assert_eq!(remarks(&radio), "No. 7 · sound only · switched off");
    }
}
