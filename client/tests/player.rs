//! The player where there is no server: what it tells, and when it gives up.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::{NOBODY, add, until};
use fanlight_client::janus::{self, Config, Event, MountpointId, Player, Problem, Status, Watch};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

type Told = Rc<RefCell<Vec<Status>>>;

fn start(url: &str) -> (Player, Told) {
    let told = Told::default();
    let tell = Rc::clone(&told);
    let player = Player::start(url, Config::default(), add("video"), move |event| {
        if let Event::Status(status) = event {
            tell.borrow_mut().push(status);
        }
    });
    (player, told)
}

fn is_unreachable(status: &Status) -> bool {
    matches!(
        status,
        Status::Waiting {
            problem: Problem::Unreachable,
            ..
        }
    )
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_is_tried_again() {
    let (_player, told) = start(NOBODY);
    assert_eq!(*told.borrow(), [Status::Connecting { after: None }]);
    until(|| told.borrow().iter().filter(|it| is_unreachable(it)).count() == 2).await;
    let again = Status::Connecting {
        after: Some(Problem::Unreachable),
    };
    assert!(told.borrow().contains(&again));
}

#[wasm_bindgen_test]
async fn a_url_that_is_none_is_told_like_a_server_that_is_not_there() {
    let (_player, told) = start("mailto:nobody");
    assert!(is_unreachable(told.borrow().last().unwrap()));
}

#[wasm_bindgen_test]
async fn whoever_left_stays_away_until_asked_back() {
    let (player, told) = start(NOBODY);
    player.leave();
    assert_eq!(told.borrow().last(), Some(&Status::Left));
    player.reconnect();
    let last = told.borrow().last().cloned();
    assert!(matches!(last, Some(Status::Connecting { .. })), "{last:?}");
}

#[wasm_bindgen_test]
async fn a_choice_is_not_kept_waiting() {
    let (player, told) = start(NOBODY);
    until(|| told.borrow().last().is_some_and(is_unreachable)).await;
    player.watch(Watch::Mountpoint {
        id: MountpointId(1),
        pin: None,
    });
    let last = told.borrow().last().cloned();
    assert_eq!(last, Some(Status::Connecting { after: None }));
}

#[wasm_bindgen_test]
async fn a_pause_lasts_until_somebody_goes_on() {
    let (player, told) = start(NOBODY);
    player.pause();
    player.reconnect();
    assert_eq!(told.borrow().last(), Some(&Status::Paused));
    player.resume();
    let last = told.borrow().last().cloned();
    assert!(matches!(last, Some(Status::Connecting { .. })), "{last:?}");
}

#[wasm_bindgen_test]
async fn a_dropped_player_leaves() {
    let (player, told) = start(NOBODY);
    drop(player);
    assert_eq!(told.borrow().last(), Some(&Status::Left));
}

#[wasm_bindgen_test]
async fn a_listener_may_leave_from_within() {
    let player = Rc::new(RefCell::new(None::<Player>));
    let told = Told::default();
    let (listener_player, tell) = (Rc::clone(&player), Rc::clone(&told));
    let started = Player::start(NOBODY, Config::default(), add("video"), move |event| {
        let Event::Status(status) = event else { return };
        let leaves = is_unreachable(&status);
        tell.borrow_mut().push(status);
        if let (true, Some(player)) = (leaves, &*listener_player.borrow()) {
            player.leave();
        }
    });
    player.replace(Some(started));
    until(|| told.borrow().last() == Some(&Status::Left)).await;
}

#[wasm_bindgen_test]
async fn a_page_that_is_hidden_and_restored_connects_again() {
    let (_player, told) = start(NOBODY);
    fire("pagehide", false);
    assert_eq!(told.borrow().last(), Some(&Status::Left));
    fire("pageshow", true);
    let last = told.borrow().last().cloned();
    assert!(matches!(last, Some(Status::Connecting { .. })), "{last:?}");
}

#[wasm_bindgen_test]
async fn whoever_came_back_still_leaves_with_the_page() {
    let (player, told) = start(NOBODY);
    player.leave();
    player.reconnect();
    fire("pagehide", false);
    assert_eq!(told.borrow().last(), Some(&Status::Left));
}

#[wasm_bindgen_test]
fn this_browser_has_webrtc() {
    assert!(janus::has_webrtc());
}

fn fire(name: &str, persisted: bool) {
    let init = web_sys::PageTransitionEventInit::new();
    init.set_persisted(persisted);
    let event = web_sys::PageTransitionEvent::new_with_event_init_dict(name, &init).unwrap();
    web_sys::window().unwrap().dispatch_event(&event).unwrap();
}
