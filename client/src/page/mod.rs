//! Fanlight's page: one picture in the whole window, and words where there is none.

mod address;
mod controls;
mod figures;
mod notice;
mod panic;
mod situation;

use std::cell::RefCell;
use std::rc::Rc;

use leptos::mount::mount_to_body;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlVideoElement;

use crate::janus::{self, Config, Event, Player, Support};
pub use address::socket_url;
use controls::Controls;
use figures::Figures;
pub use notice::{Action, Notice};
pub use situation::{Browser, Situation};

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
    mount_to_body(move || view! { <Page url/> });
}

/// The page of the server whose Janus WebSocket is at `url`.
#[component]
pub fn Page(
    /// The WebSocket's URL.
    url: String,
) -> impl IntoView {
    let browser = Browser::of(&window().navigator().user_agent().unwrap_or_default());
    let situation = RwSignal::new(Situation::new(browser));
    let notice = Memo::new(move |_| situation.with(Notice::of));
    let stats = RwSignal::new(None);
    let stats_shown = RwSignal::new(false);
    let touched = move || situation.update(|situation| situation.refused = false);

    let video = NodeRef::<leptos::html::Video>::new();
    let player = Rc::new(RefCell::new(None));
    let keep_player = Rc::clone(&player);
    video.on_load(move |video| {
        spawn_local(async move {
            let supported = janus::support().await;
            situation.update(|situation| situation.support = Some(supported));
            if supported == Support::Yes {
                let listener = move |event| {
                    if let Event::Stats(now) = event {
                        return stats.set(Some(now));
                    }
                    let has_stream = situation.try_update(|situation| {
                        situation.take(event);
                        situation.has_stream()
                    });
                    if has_stream == Some(false) {
                        stats.set(None);
                    }
                };
                let player = Player::start(url, Config::default(), video, listener);
                keep_player.replace(Some(player));
            }
        });
    });
    let act = move |action| match action {
        Action::Play => {
            touched();
            video.get_untracked().as_ref().map(play);
        }
        Action::Retry => {
            player.borrow().as_ref().map(Player::reconnect);
        }
        Action::Reload => {
            let _ = window().location().reload();
        }
    };

    view! {
        <video id="video" node_ref=video autoplay playsinline prop:muted=true
            on:playing=move |_| touched()/>
        <section id="status" role="status" aria-live="polite"
            data-state=move || notice.get().state
            class:busy=move || notice.get().busy>
            <div inner_html=MARK/>
            <h1>{move || notice.get().title}</h1>
            <p>{move || notice.get().detail}</p>
            <Button notice act/>
        </section>
        <Figures stats shown=stats_shown/>
        <Controls stats_shown/>
    }
}

/// What a person can do about what the notice says.
#[component]
fn Button(notice: Memo<Notice>, act: impl Fn(Action) + 'static) -> impl IntoView {
    let action = move || notice.get().action;
    view! {
        <button
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

/// A refusal is told by the player where it can be helped; here somebody has just asked for it.
fn play(video: &HtmlVideoElement) {
    if let Ok(played) = video.play() {
        spawn_local(async move {
            let _ = wasm_bindgen_futures::JsFuture::from(played).await;
        });
    }
}
