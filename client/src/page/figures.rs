//! The panel with figures about the stream.

use leptos::prelude::*;

use crate::janus::Stats;

/// A figure's name and how it is read.
type Figure = (&'static str, fn(&Stats) -> String);

const FIGURES: [Figure; 9] = [
    ("Resolution", |stats| {
        if stats.width == 0 {
            return unknown();
        }
        [&whole(stats.width), " × ", &whole(stats.height)].concat()
    }),
    ("Frame rate", |stats| with_unit(stats.fps, 0, " fps")),
    ("Bit rate", |stats| with_unit(stats.kbps, 0, " kbit/s")),
    ("Packet loss", |stats| {
        with_unit(stats.loss_percent, 1, " %")
    }),
    ("Jitter", |stats| with_unit(stats.jitter_ms, 1, " ms")),
    ("Buffer", |stats| with_unit(stats.buffer_ms, 1, " ms")),
    ("Decoding", |stats| with_unit(stats.decode_ms, 1, " ms")),
    ("Round trip", |stats| {
        with_unit(stats.round_trip_ms, 1, " ms")
    }),
    ("Latency", |stats| match stats.latency_ms {
        Some(latency) => with_unit(latency, 0, " ms"),
        None => unknown(),
    }),
];

/// The panel. Dashes stand for what is not known.
#[component]
pub fn Figures(
    /// The latest figures, if any.
    stats: RwSignal<Option<Stats>>,
    /// Whether the panel is wanted.
    shown: RwSignal<bool>,
) -> impl IntoView {
    let rows = FIGURES.map(|(name, read)| {
        view! {
            <dt>{name}</dt>
            <dd>{move || stats.get().map_or_else(unknown, |stats| read(&stats))}</dd>
        }
    });
    view! {
        <section id="stats" aria-label="Statistics" prop:hidden=move || !shown.get()>
            <dl>{rows.into_iter().collect_view()}</dl>
        </section>
    }
}

fn unknown() -> String {
    "–".into()
}

/// The browser writes the number: Rust's own code for it would be a tenth of the page.
fn with_unit(value: f32, digits: u8, unit: &str) -> String {
    let number = js_sys::Number::from(f64::from(value));
    let text = number.to_fixed(digits).ok();
    let mut text = text.map(String::from).unwrap_or_default();
    text.push_str(unit);
    text
}

fn whole(number: u32) -> String {
    number.to_string()
}
