//! Drives the viewer's state machine with the browser's socket, peer connection and timers.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use fanlight_protocol::streaming::Listed;
use fanlight_protocol::viewer::{
    self, Attempt, Config, Input, Output, Status, Time, Viewer, Watch,
};
use web_sys::HtmlVideoElement;

use super::browser::{self, now};
use super::page_events::{self, PageEvent, PageEvents};
use super::peer::{Peer, PeerEvent};
use super::socket::{Socket, SocketEvent};
use super::stats::{Sample, Stats};
use super::timer::Timer;

/// What a player tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// How far it is has changed.
    Status(Status),
    /// How the picture comes in, once a second while there is a peer connection.
    Stats(Stats),
    /// What the stream consists of, as far as that is known. Browsers play by themselves only while
    /// the video element is muted: somebody has to touch the page for the sound.
    Tracks(Tracks),
    /// What there is to watch on the server, as it has just told: at the beginning if
    /// [`Config::list`] is set, and after [`Player::list`].
    Mountpoints(Vec<Listed>),
    /// The browser refuses to play before somebody has touched the page. The stream is there:
    /// call the video's `play` when that has happened.
    PlayRefused,
}

/// What a stream consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    /// There are pictures.
    pub video: bool,
    /// There is sound.
    pub audio: bool,
}

/// Plays the stream of a server in a `<video>` until it is dropped or the page is left. Connects
/// again by itself whenever the connection is lost.
pub struct Player(Rc<Inner>);

struct Inner {
    url: String,
    video: HtmlVideoElement,
    listener: Box<dyn Fn(Event)>,
    viewer: RefCell<Viewer>,
    link: RefCell<Option<Link>>,
    timer: RefCell<Option<(Time, Option<Timer>)>>,
    page_events: RefCell<Option<PageEvents>>,
    last_sample: Cell<Sample>,
    tracks: Cell<Tracks>,
}

/// What an attempt has open.
struct Link {
    socket: Socket,
    peer: Peer,
}

impl Player {
    /// Begins to play what the server at `url` (`ws:` or `wss:`) sends in `video`, and tells
    /// `listener` what becomes of it: for the first time within this call.
    pub fn start(
        url: impl Into<String>,
        config: Config,
        video: HtmlVideoElement,
        listener: impl Fn(Event) + 'static,
    ) -> Self {
        let inner = Rc::new(Inner {
            url: url.into(),
            video,
            listener: Box::new(listener),
            viewer: RefCell::new(Viewer::new(config, now(), browser::random())),
            link: RefCell::default(),
            timer: RefCell::default(),
            page_events: RefCell::default(),
            last_sample: Cell::default(),
            tracks: Cell::default(),
        });
        inner.listen();
        Self(inner)
    }

    /// Tries again at once where the player waits to do so, or has left.
    pub fn reconnect(&self) {
        if self.0.page_events.borrow().is_none() {
            self.0.listen();
        }
        self.0.drive(|viewer| viewer.reconnect(now()));
    }

    /// Watches something else from now on. From one mountpoint to another alike the connection
    /// stays, and so does the picture until the other one is there.
    pub fn watch(&self, watch: Watch) {
        self.0.drive(|viewer| viewer.watch(now(), watch));
    }

    /// Asks the server what there is to watch; [`Event::Mountpoints`] tells.
    pub fn list(&self) {
        self.0.drive(|viewer| viewer.list(now()));
    }

    /// Has nothing sent until [`Player::resume`]. The connection of a mountpoint is kept meanwhile;
    /// that of anything else is made anew then.
    pub fn pause(&self) {
        self.0.drive(|viewer| viewer.pause(now()));
    }

    /// Goes on after [`Player::pause`].
    pub fn resume(&self) {
        self.0.drive(|viewer| viewer.resume(now()));
    }

    /// Stops, tells the server and closes everything. Dropping the player does the same.
    pub fn leave(&self) {
        self.0.page_events.take();
        self.0.drive(|viewer| viewer.leave(now()));
        self.0.video.set_src_object(None);
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Inner {
    /// Follows what happens to the page from now on.
    fn listen(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.page_events.replace(PageEvents::listen(move |event| {
            with(&weak, |inner| inner.page_event(event));
        }));
        let visible = page_events::is_visible();
        self.drive(|viewer| viewer.set_visible(now(), visible));
    }

    /// Lets the viewer take something in, and does all that it wants done.
    fn drive(self: &Rc<Self>, input: impl FnOnce(&mut Viewer)) {
        input(&mut self.viewer.borrow_mut());
        // The listener may call the player from within: then the inner call does what is left.
        while let Some(output) = self.next_output() {
            self.perform(output);
        }
        self.set_timer();
    }

    fn next_output(&self) -> Option<Output> {
        self.viewer.borrow_mut().poll_output()
    }

    fn perform(self: &Rc<Self>, output: Output) {
        match output {
            Output::Open { attempt } => self.open(attempt),
            Output::Send(text) => {
                if let Some(link) = &*self.link.borrow() {
                    link.socket.send(&text);
                }
            }
            Output::ApplyOffer { sdp, ice_url } => {
                self.last_sample.take();
                self.with_peer(|peer| peer.apply_offer(&sdp, ice_url.as_deref()));
            }
            Output::AddCandidate(candidate) => {
                self.with_peer(|peer| peer.add_candidate(&candidate))
            }
            Output::Close => {
                drop(self.link.take());
                self.tell_tracks(Tracks::default());
            }
            Output::Mountpoints(mountpoints) => {
                (self.listener)(Event::Mountpoints(mountpoints));
            }
            Output::Status(status) => (self.listener)(Event::Status(status)),
        }
    }

    fn open(self: &Rc<Self>, attempt: Attempt) {
        let weak = Rc::downgrade(self);
        let socket = Socket::open(&self.url, move |event| {
            with(&weak, |inner| inner.socket_event(attempt, event));
        });
        let weak = Rc::downgrade(self);
        let peer = Peer::new(self.video.clone(), move |event| {
            with(&weak, |inner| inner.peer_event(attempt, event));
        });
        match (socket, peer) {
            (Ok(socket), Ok(peer)) => drop(self.link.replace(Some(Link { socket, peer }))),
            // What this leads to is the next of the outputs that are being worked off.
            (Err(_), _) => self.tell(attempt, Input::SocketClosed),
            (Ok(_), Err(error)) => {
                let reason = &browser::message(&error);
                self.tell(attempt, Input::AnswerFailed { reason });
            }
        }
    }

    fn tell(&self, attempt: Attempt, input: Input<'_>) {
        self.viewer.borrow_mut().handle(now(), attempt, input);
    }

    fn with_peer(&self, action: impl FnOnce(&Peer)) {
        if let Some(link) = &*self.link.borrow() {
            action(&link.peer);
        }
    }

    fn socket_event(self: &Rc<Self>, attempt: Attempt, event: SocketEvent) {
        let input = match &event {
            SocketEvent::Opened => Input::SocketOpened,
            SocketEvent::Text(text) => Input::Message(text),
            SocketEvent::Closed => Input::SocketClosed,
        };
        self.drive(|viewer| viewer.handle(now(), attempt, input));
    }

    fn peer_event(self: &Rc<Self>, attempt: Attempt, event: PeerEvent) {
        let input = match &event {
            PeerEvent::Answer(sdp) => Input::Answer { sdp },
            PeerEvent::AnswerFailed(reason) => Input::AnswerFailed { reason },
            PeerEvent::Candidate(candidate) => Input::LocalCandidate(candidate.clone()),
            PeerEvent::State(state) => Input::PeerState(*state),
            PeerEvent::FrameShown => Input::FrameShown,
            PeerEvent::PlayRefused => return (self.listener)(Event::PlayRefused),
            PeerEvent::Track { is_video } => {
                let known = self.tracks.get();
                return self.tell_tracks(Tracks {
                    video: known.video || *is_video,
                    audio: known.audio || !is_video,
                });
            }
            PeerEvent::Sample(sample, latency) => {
                self.tell_stats(sample, *latency);
                Input::Stats(viewer::Stats {
                    packets: if sample.is_video { sample.packets } else { 0 },
                    frames: sample.frames,
                    sound: sample.sound,
                })
            }
        };
        self.drive(|viewer| viewer.handle(now(), attempt, input));
    }

    fn tell_tracks(&self, tracks: Tracks) {
        if self.tracks.replace(tracks) != tracks {
            (self.listener)(Event::Tracks(tracks));
        }
    }

    fn tell_stats(&self, sample: &Sample, latency_ms: Option<f64>) {
        let before = self.last_sample.replace(*sample);
        let stats = Stats {
            latency_ms: latency_ms.map(|millis| millis as f32),
            ..Stats::between(&before, sample)
        };
        (self.listener)(Event::Stats(stats));
    }

    fn page_event(self: &Rc<Self>, event: PageEvent) {
        self.drive(|viewer| match event {
            PageEvent::Hidden => viewer.leave(now()),
            PageEvent::Restored | PageEvent::Online => viewer.reconnect(now()),
            PageEvent::Visible(visible) => viewer.set_visible(now(), visible),
        });
    }

    fn set_timer(self: &Rc<Self>) {
        let due = self.viewer.borrow().poll_timeout();
        let mut timer = self.timer.borrow_mut();
        if timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        *timer = due.map(|at| {
            let weak = Rc::downgrade(self);
            let timer = Timer::after(at.since(now()), move || {
                with(&weak, |inner| {
                    inner.timer.take();
                    inner.drive(|viewer| viewer.handle_timeout(now()));
                });
            });
            (at, timer)
        });
    }
}

/// Callbacks of the browser that outlive their player find nothing to do.
fn with(player: &Weak<Inner>, action: impl FnOnce(&Rc<Inner>)) {
    if let Some(inner) = player.upgrade() {
        action(&inner);
    }
}
