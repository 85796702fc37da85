//! What the page plays, and how people steer it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlVideoElement;

use super::address::{Address, link};
use super::{Action, Question, Situation};
use crate::janus::{
    self, Config, Credentials, Event, MountpointId, Player, Problem, Stats, Status, Watch, browser,
};

/// The page's player, and what the page knows of it. Clones are the same.
#[derive(Clone)]
pub struct Screen(Rc<Inner>);

struct Inner {
    /// Where the server is.
    url: String,
    address: RefCell<Address>,
    video: RefCell<Option<HtmlVideoElement>>,
    player: RefCell<Option<Player>>,
    /// Whether the page has to see itself what there is to watch.
    chooses: Cell<bool>,
    signals: Signals,
}

/// What the page shows of it.
#[derive(Clone, Copy)]
pub struct Signals {
    /// All that decides what the page says.
    pub situation: RwSignal<Situation>,
    /// The latest figures, if any.
    pub stats: RwSignal<Option<Stats>>,
    /// The mountpoint that is watched, where it is known.
    pub stream: RwSignal<Option<MountpointId>>,
}

impl Screen {
    /// A screen for the server whose Janus WebSocket is at `url`, that shows what `address` says.
    pub fn new(url: String, address: Address, signals: Signals) -> Self {
        Self(Rc::new(Inner {
            url,
            address: RefCell::new(address),
            video: RefCell::default(),
            player: RefCell::default(),
            chooses: Cell::default(),
            signals,
        }))
    }

    /// Plays in `video` from now on, if this browser can.
    pub fn start(&self, video: HtmlVideoElement) {
        self.0.video.replace(Some(video));
        if janus::has_webrtc() {
            self.0.connect();
        } else {
            let situation = self.0.signals.situation;
            situation.update(|situation| situation.lacks_webrtc = true);
        }
    }

    /// Does what a button says, as far as it concerns what is played.
    pub fn act(&self, action: Action) {
        let signals = &self.0.signals;
        match action {
            Action::Play => {
                signals
                    .situation
                    .update(|situation| situation.refused = false);
                self.0.play();
            }
            Action::Retry => self.0.with_player(|player| {
                player.reconnect();
                player.list();
            }),
            Action::Unmute => {
                signals
                    .situation
                    .update(|situation| situation.muted = false);
                // A browser may have stopped it for want of a touch, which this is.
                self.0.play();
            }
            Action::Reload => {
                let _ = window().location().reload();
            }
            Action::Choose => self.0.with_player(Player::list),
        }
    }

    /// Switches the sound on or off.
    pub fn toggle_sound(&self) {
        let situation = self.0.signals.situation;
        if situation.with_untracked(|situation| situation.muted) {
            self.act(Action::Unmute);
        } else {
            situation.update(|situation| situation.muted = true);
        }
    }

    /// Watches a mountpoint, and has the page's address say so, for whoever reloads or copies it.
    pub fn choose(&self, id: MountpointId) {
        let address = link(id);
        if let Ok(history) = window().history() {
            let nothing = wasm_bindgen::JsValue::NULL;
            let _ = history.replace_state_with_url(&nothing, "", Some(&address));
        }
        self.0.address.borrow_mut().stream = Some(id);
        self.0.watch(Some(id));
    }

    /// Takes what somebody has written for a question.
    pub fn answer(&self, question: Question, text: String) {
        match question {
            Question::Pin => {
                let stream = self.0.signals.stream.get_untracked();
                self.0.address.borrow_mut().learn_pin(stream, text);
                self.0.watch(stream);
            }
            Question::Secret => {
                // Nobody need know which of the two it is: a server that knows the one takes no
                // offence at the other.
                self.0.address.borrow_mut().credentials = Credentials {
                    api_secret: Some(text.clone()),
                    token: Some(text),
                };
                self.0.connect();
            }
        }
    }
}

impl Inner {
    /// Starts a player, in place of one that there may be.
    fn connect(self: &Rc<Self>) {
        let Some(video) = self.video.borrow().clone() else {
            return;
        };
        let address = self.address.borrow();
        let config = Config {
            watch: address.watch(address.stream),
            list: true,
            credentials: address.credentials.clone(),
            ..Config::default()
        };
        self.signals.stream.set(address.stream);
        drop(address);
        let has_secret = config.credentials != Credentials::default();
        let situation = self.signals.situation;
        situation.update(|situation| situation.has_secret = has_secret);
        self.chooses.set(false);
        // The old one says goodbye before the new one begins.
        self.player.take();
        let weak = Rc::downgrade(self);
        let player = Player::start(self.url.clone(), config, video, move |event| {
            if let Some(screen) = weak.upgrade() {
                screen.take(event);
            }
        });
        self.player.replace(Some(player));
    }

    fn take(self: &Rc<Self>, event: Event) {
        if let Event::Stats(now) = event {
            self.signals.stats.set(Some(now));
            return;
        }
        let lacks_default = matches!(
            &event,
            Event::Status(Status::Waiting {
                problem: Problem::NoSuchPlugin(_),
                ..
            })
        );
        let listed = matches!(event, Event::Mountpoints(_));
        let has_stream = self.signals.situation.try_update(|situation| {
            situation.take(event);
            situation.has_stream()
        });
        if has_stream == Some(false) {
            self.signals.stats.set(None);
        }
        let has_none = self.signals.stream.get_untracked().is_none();
        if lacks_default && has_none && !self.chooses.replace(true) {
            self.later(|screen| screen.with_player(|player| player.watch(Watch::Nothing)));
        } else if listed && self.chooses.get() {
            self.later(Self::choose_first);
        }
    }

    /// A player may call from within what it was told to do: what follows waits until it is done.
    fn later(self: &Rc<Self>, action: impl FnOnce(&Self) + 'static) {
        let weak: Weak<Self> = Rc::downgrade(self);
        spawn_local(async move {
            if let Some(screen) = weak.upgrade() {
                action(&screen);
            }
        });
    }

    /// A Janus without µStreamer's plugin has no stream of which it says that it is the one.
    fn choose_first(&self) {
        let first = self
            .signals
            .situation
            .with_untracked(|situation| situation.first_choice().map(|stream| stream.id));
        if let Some(id) = first {
            self.chooses.set(false);
            self.watch(Some(id));
        }
    }

    fn watch(&self, stream: Option<MountpointId>) {
        self.signals.stream.set(stream);
        let watch = self.address.borrow().watch(stream);
        self.with_player(|player| player.watch(watch));
    }

    fn with_player(&self, action: impl FnOnce(&Player)) {
        if let Some(player) = &*self.player.borrow() {
            action(player);
        }
    }

    /// Plays what the browser would not play by itself.
    fn play(&self) {
        let Some(video) = self.video.borrow().clone() else {
            return;
        };
        let situation = self.signals.situation;
        spawn_local(async move {
            if browser::is_refused(&video).await {
                let _ = situation.try_update(|situation| situation.take(Event::PlayRefused));
            }
        });
    }
}
