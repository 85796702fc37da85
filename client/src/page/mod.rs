//! Fanlight's page: one picture in the whole window, and words where there is none.

mod address;
mod controls;
mod figures;
mod notice;
mod panic;
mod prompt;
mod screen;
mod situation;
mod streams;

use leptos::ev;
use leptos::mount::mount_to_body;
use leptos::prelude::*;

pub use address::{Address, socket_url};
use controls::Controls;
use figures::Figures;
pub use notice::{Action, Notice, Question};
use prompt::Prompt;
use screen::{Screen, Signals};
pub use situation::{Browser, Situation};
use streams::Streams;

/// Fanlight's mark: the panes of a fanlight, which light up one by one while something is under
/// way.
const MARK: &str = concat!(
    r#"<svg viewBox="0 0 48 25" aria-hidden="true">"#,
    r#"<path d="M15 22.2H3A21 21 0 0 1 6.6 11.3l9.7 7.1A9 9 0 0 0 15 22.2z"/>"#,
    r#"<path d="M17.2 17.1 7.5 10a21 21 0 0 1 9.3-6.7l3.7 11.4a9 9 0 0 0-3.3 2.4z"/>"#,
    r#"<path d="M22 14.2 18.3 2.8a21 21 0 0 1 11.4 0L26 14.2a9 9 0 0 0-4 0z"/>"#,
    r#"<path d="M27.5 14.7 31.2 3.3a21 21 0 0 1 9.3 6.7l-9.7 7.1a9 9 0 0 0-3.3-2.4z"/>"#,
    r#"<path d="M31.7 18.4l9.7-7.1A21 21 0 0 1 45 22.2H33a9 9 0 0 0-1.3-3.8z"/>"#,
    r#"<path d="M17 23a7 7 0 0 1 14 0z"/></svg>"#,
);

/// Shows the page in the document's body, in place of what stands there until then.
pub fn mount() {
    panic::show_panics();
    if let Some(body) = document().body() {
        body.set_inner_html("");
    }
    let url = document().base_uri().ok().flatten();
    let url = url.and_then(|page| socket_url(&page)).unwrap_or_default();
    let location = window().location();
    let query = location.search().unwrap_or_default();
    let fragment = location.hash().unwrap_or_default();
    let address = Address::read(&query, &fragment);
    // Somebody has changed the fragment, for which browsers load nothing.
    let _ = window_event_listener(ev::hashchange, |_| {
        let _ = window().location().reload();
    });
    mount_to_body(move || view! { <Page url address/> });
}

/// The page of the server whose Janus WebSocket is at `url`.
#[component]
pub fn Page(
    /// The WebSocket's URL.
    url: String,
    /// What to show.
    address: Address,
) -> impl IntoView {
    let browser = Browser::of(&window().navigator().user_agent().unwrap_or_default());
    let signals = Signals {
        situation: RwSignal::new(Situation::new(browser)),
        stats: RwSignal::new(None),
        stream: RwSignal::new(None),
    };
    let situation = signals.situation;
    let notice = Memo::new(move |_| situation.with(Notice::of));
    let stats_shown = RwSignal::new(false);
    let streams_shown = RwSignal::new(false);
    let screen = Screen::new(url, address, signals);

    let video = NodeRef::<leptos::html::Video>::new();
    let starting = screen.clone();
    video.on_load(move |video| starting.start(video));
    let acting = screen.clone();
    let act = move |action| {
        if action == Action::Choose {
            streams_shown.set(true);
        }
        acting.act(action);
    };
    let answering = screen.clone();
    let answer = move |question, text| answering.answer(question, text);

    view! {
        <video id="video" node_ref=video autoplay playsinline aria-label="Stream"
            prop:muted=move || situation.with(|situation| situation.muted)
            on:playing=move |_| situation.update(|situation| situation.refused = false)/>
        <section id="status"
            data-state=move || notice.get().state
            class:busy=move || notice.get().busy>
            <div inner_html=MARK/>
            <div class="words" role="status" aria-atomic="true">
                <h1>{move || notice.get().title}</h1>
                <p>{move || notice.get().detail}</p>
            </div>
            <Prompt notice answer/>
            <Button notice act/>
        </section>
        <Figures stats=signals.stats shown=stats_shown/>
        <Streams screen=screen.clone() signals shown=streams_shown/>
        <Controls screen situation stats_shown streams_shown/>
    }
}

/// What a person can do about what the notice says.
#[component]
fn Button(notice: Memo<Notice>, act: impl Fn(Action) + 'static) -> impl IntoView {
    let action = move || notice.get().action;
    view! {
        <button class="action"
            prop:hidden=move || action().is_none()
            on:click=move |_| {
                if let Some(action) = action() {
                    act(action);
                }
            }
        >
            {move || action().map(Action::label)}
        </button>
    }
}
