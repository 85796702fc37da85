//! The page where there is no server: what people see and can do.

mod common;

use common::{NOBODY, add, until};
use fanlight_client::page::{Address, Page, PageProps};
use leptos::mount::{UnmountHandle, mount_to};
use leptos::tachys::view::any_view::{AnyViewState, IntoAny};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement, HtmlVideoElement, KeyboardEvent, KeyboardEventInit};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn the_video_plays_by_itself_and_silently() {
    let shown = Shown::new();
    let video: HtmlVideoElement = shown.find("video#video").unchecked_into();
    assert!(video.autoplay() && video.muted());
    assert!(video.has_attribute("playsinline"));
}

#[wasm_bindgen_test]
async fn at_first_the_page_says_that_it_connects() {
    let shown = Shown::new();
    assert_eq!(shown.state(), "connecting");
    assert_eq!(shown.text("#status h1"), "Connecting");
}

#[wasm_bindgen_test]
async fn a_server_that_cannot_be_reached_is_named_and_tried_again() {
    let shown = Shown::new();
    until(|| shown.state() == "reconnecting").await;
    assert_eq!(shown.text("#status h1"), "Cannot reach the server");
    assert!(shown.text("#status p").contains("Reconnecting"));
    assert!(!shown.is_hidden("#status .action"));
}

#[wasm_bindgen_test]
async fn the_status_is_read_aloud() {
    let shown = Shown::new();
    let read = shown.text("#status [role=status][aria-atomic=true]");
    // What can be done about it is not news.
    assert_eq!(read, "Connecting");
}

#[wasm_bindgen_test]
async fn the_key_s_shows_the_figures_and_hides_them() {
    let shown = Shown::new();
    assert!(shown.is_hidden("#stats"));
    press("s", false);
    until(|| !shown.is_hidden("#stats")).await;
    assert!(shown.text("#stats").contains("Resolution"));
    press("s", false);
    until(|| shown.is_hidden("#stats")).await;
}

#[wasm_bindgen_test]
async fn the_button_shows_the_figures_and_tells_that_it_is_pressed() {
    let shown = Shown::new();
    let button: HtmlElement = shown.find("nav [aria-label=Statistics]").unchecked_into();
    button.click();
    until(|| !shown.is_hidden("#stats")).await;
    until(|| button.get_attribute("aria-pressed").as_deref() == Some("true")).await;
}

#[wasm_bindgen_test]
async fn what_is_of_no_use_yet_is_not_there() {
    let shown = Shown::new();
    for selector in [
        "nav [aria-label=Sound]",
        "nav [aria-label=Streams]",
        "#streams",
        "#status form",
    ] {
        assert!(shown.is_hidden(selector), "{selector}");
    }
}

#[wasm_bindgen_test]
async fn a_shortcut_of_the_browser_is_no_key_of_the_page() {
    let shown = Shown::new();
    press("s", true);
    press("s", false);
    until(|| !shown.is_hidden("#stats")).await;
}

/// The page, in an element of its own.
struct Shown {
    container: HtmlElement,
    _mounted: UnmountHandle<AnyViewState>,
}

impl Shown {
    fn new() -> Self {
        let container: HtmlElement = add("main");
        let url = NOBODY.to_owned();
        let mounted = mount_to(container.clone(), move || {
            let address = Address::default();
            Page(PageProps { url, address }).into_any()
        });
        Self {
            container,
            _mounted: mounted,
        }
    }

    fn find(&self, selector: &str) -> Element {
        self.container.query_selector(selector).unwrap().unwrap()
    }

    fn text(&self, selector: &str) -> String {
        self.find(selector).text_content().unwrap()
    }

    fn state(&self) -> String {
        self.find("#status").get_attribute("data-state").unwrap()
    }

    fn is_hidden(&self, selector: &str) -> bool {
        self.find(selector).has_attribute("hidden")
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.container.remove();
    }
}

fn press(key: &str, with_control: bool) {
    let init = KeyboardEventInit::new();
    init.set_key(key);
    init.set_ctrl_key(with_control);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
    web_sys::window().unwrap().dispatch_event(&event).unwrap();
}
