//! Plays a stream in the first video of the page.

use fanlight_client::janus::{Config, Event, Player};
use wasm_bindgen::JsCast;
use web_sys::HtmlVideoElement;

fn main() {
    let Some(video) = video() else { return };
    let config = Config {
        opaque_id: Some("lobby".into()),
        ..Config::default()
    };
    let player = Player::start("wss://camera.example/janus/ws", config, video, |event| {
        if let Event::Status(status) = event {
            web_sys::console::log_1(&format!("{status:?}").into());
        }
    });
    // A player plays until it is dropped: this one for as long as the page is open.
    std::mem::forget(player);
}

/// The first video of the page.
fn video() -> Option<HtmlVideoElement> {
    let document = web_sys::window()?.document()?;
    let video = document.query_selector("video").ok()??;
    video.dyn_into().ok()
}
