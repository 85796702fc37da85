//! The browser's peer connection, and the video that plays what it receives.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use fanlight_protocol::Candidate;
use fanlight_protocol::viewer::PeerState;
use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Event, HtmlVideoElement, MediaStream, MediaStreamTrack, RtcConfiguration, RtcIceCandidateInit,
    RtcIceServer, RtcPeerConnection, RtcPeerConnectionIceEvent, RtcPeerConnectionState,
    RtcRtpReceiver, RtcSdpType, RtcSessionDescriptionInit, RtcTrackEvent,
};

use super::browser::{is_refused, message};
use super::frames::Frames;
use super::stats::Sample;
use super::timer::Timer;

/// How often the counters are read.
const STATS_INTERVAL: Duration = Duration::from_secs(1);

/// What happens on a [`Peer`].
#[derive(Debug)]
pub(super) enum PeerEvent {
    /// The answer to the offer.
    Answer(String),
    /// The offer could not be answered, for the browser's reason.
    AnswerFailed(String),
    /// Something to trickle to the server.
    Candidate(Candidate),
    /// The connection's state has changed.
    State(PeerState),
    /// The first picture is on the screen.
    FrameShown,
    /// There is a track: pictures, or sound.
    Track {
        /// Pictures.
        is_video: bool,
    },
    /// The browser refuses to play before somebody has touched the page.
    PlayRefused,
    /// The counters, and how old a picture was when it was shown, milliseconds.
    Sample(Sample, Option<f64>),
}

/// A peer connection that only receives, and the video that it plays in. Dropping it closes the
/// connection; the video keeps its last picture until there is another one.
pub(super) struct Peer(Rc<Inner>);

struct Inner {
    connection: RtcPeerConnection,
    video: HtmlVideoElement,
    stream: MediaStream,
    /// Tracks that are kept out of the stream until something of them arrives.
    held_back: RefCell<Vec<MediaStreamTrack>>,
    on_event: Closure<dyn FnMut(Event)>,
    frames: RefCell<Option<Frames>>,
    stats_timer: RefCell<Option<Timer>>,
    listener: Box<dyn Fn(PeerEvent)>,
}

impl Peer {
    /// A connection that waits for an offer. Made ahead of it, because the browser needs some
    /// milliseconds for its keys.
    ///
    /// # Errors
    ///
    /// When the browser refuses: it has no WebRTC, or too many connections are open.
    pub(super) fn new(
        video: HtmlVideoElement,
        listener: impl Fn(PeerEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let connection = RtcPeerConnection::new()?;
        let stream = MediaStream::new()?;
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| {
            let weak = weak.clone();
            let on_event = Closure::new(move |event: Event| {
                if let Some(inner) = weak.upgrade() {
                    inner.event(&event);
                }
            });
            Inner {
                connection,
                video,
                stream,
                held_back: RefCell::default(),
                on_event,
                frames: RefCell::default(),
                stats_timer: RefCell::default(),
                listener: Box::new(listener),
            }
        });
        inner.listen(Some(inner.on_event.as_ref().unchecked_ref()));
        Ok(Self(inner))
    }

    /// Answers the server's offer; what comes of it is told as an event. `ice_url` is the STUN
    /// server to learn this browser's public address from.
    pub(super) fn apply_offer(&self, sdp: &str, ice_url: Option<&str>) {
        let inner = &self.0;
        inner.poll_stats();
        let offer = RtcSessionDescriptionInit::new(RtcSdpType::Offer);
        offer.set_sdp(sdp);
        let configured = ice_url.map_or(Ok(()), |url| inner.set_ice_server(url));
        // Called here rather than in the task: candidates that follow queue up behind it.
        let applied = inner.connection.set_remote_description(&offer);
        let weak = Rc::downgrade(inner);
        spawn_local(async move {
            let answered = match configured {
                Ok(()) => answer(&weak, applied).await,
                Err(error) => Err(error),
            };
            if let (Err(error), Some(inner)) = (answered, weak.upgrade()) {
                inner.tell(PeerEvent::AnswerFailed(message(&error)));
            }
        });
    }

    /// Adds a candidate of the server. One that the browser cannot use is left out silently:
    /// others may do.
    pub(super) fn add_candidate(&self, candidate: &Candidate) {
        let init = match candidate {
            Candidate::Completed { .. } => None,
            Candidate::Candidate {
                sdp_mid,
                sdp_m_line_index,
                candidate,
            } => {
                let init = RtcIceCandidateInit::new(candidate);
                init.set_sdp_mid(sdp_mid.as_deref());
                // One of the two has to be there; all sections share the transport of the first.
                let index = sdp_m_line_index.or(sdp_mid.is_none().then_some(0));
                init.set_sdp_m_line_index(index);
                Some(init)
            }
        };
        let connection = &self.0.connection;
        let added = connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(init.as_ref());
        spawn_local(async move {
            let _ = JsFuture::from(added).await;
        });
    }
}

impl Inner {
    fn listen(&self, listener: Option<&js_sys::Function>) {
        self.connection.set_ontrack(listener);
        self.connection.set_onicecandidate(listener);
        self.connection.set_onconnectionstatechange(listener);
    }

    fn tell(&self, event: PeerEvent) {
        (self.listener)(event);
    }

    fn event(self: &Rc<Self>, event: &Event) {
        if let Some(event) = event.dyn_ref::<RtcPeerConnectionIceEvent>() {
            self.tell(PeerEvent::Candidate(read_candidate(event)));
        } else if let Some(event) = event.dyn_ref::<RtcTrackEvent>() {
            self.track(event);
        } else if event.type_() == "unmute" {
            self.join_in();
        } else if let Some(state) = read_state(self.connection.connection_state()) {
            self.tell(PeerEvent::State(state));
        }
    }

    fn set_ice_server(&self, url: &str) -> Result<(), JsValue> {
        let server = RtcIceServer::new();
        server.set_urls(&url.into());
        let configuration = RtcConfiguration::new();
        configuration.set_ice_servers(&Array::of1(&server));
        self.connection
            .set_configuration_with_configuration(&configuration)
    }

    /// Tracks are told while the offer is applied, and play together once it is.
    fn track(self: &Rc<Self>, event: &RtcTrackEvent) {
        play_at_once(&event.receiver());
        self.stream.add_track(&event.track());
        let is_video = event.track().kind() == "video";
        self.tell(PeerEvent::Track { is_video });
        if !is_video {
            return;
        }
        let weak = Rc::downgrade(self);
        let frames = Frames::watch(&self.video, event.receiver(), move || {
            if let Some(inner) = weak.upgrade() {
                inner.tell(PeerEvent::FrameShown);
            }
        });
        self.frames.replace(Some(frames));
    }

    fn play(self: &Rc<Self>) {
        self.video.set_src_object(Some(&self.stream));
        let weak = Rc::downgrade(self);
        let video = self.video.clone();
        spawn_local(async move {
            let refused = is_refused(&video).await;
            if let (true, Some(inner)) = (refused, weak.upgrade()) {
                inner.tell(PeerEvent::PlayRefused);
            }
        });
    }

    /// Sound has come, and nothing of the pictures. Browsers play nothing of a stream before they have
    /// a picture of each track in it: so those wait outside.
    fn play_sound_first(self: &Rc<Self>) {
        let tracks = self.stream.get_video_tracks();
        let tracks = tracks.iter().map(JsValue::unchecked_into);
        // Those that are not muted have just had their first packet.
        let waiting: Vec<_> = tracks.filter(MediaStreamTrack::muted).collect();
        if waiting.is_empty() {
            return;
        }
        for track in &waiting {
            self.stream.remove_track(track);
            track.set_onunmute(Some(self.on_event.as_ref().unchecked_ref()));
        }
        self.held_back.replace(waiting);
        // Only a stream that is set anew is looked at again.
        self.video.set_src_object(None);
        self.play();
    }

    /// The first packet of a track has come.
    fn join_in(&self) {
        for track in self.held_back.take() {
            track.set_onunmute(None);
            self.stream.add_track(&track);
        }
    }

    /// Reads the counters after the next interval.
    fn poll_stats(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        let timer = Timer::after(STATS_INTERVAL, move || {
            let Some(inner) = weak.upgrade() else { return };
            let report = inner.connection.get_stats();
            let weak = weak.clone();
            spawn_local(async move {
                let report = JsFuture::from(report).await;
                let Some(inner) = weak.upgrade() else { return };
                inner.poll_stats();
                if let Ok(report) = report {
                    inner.tell_sample(Sample::read(report.unchecked_ref()));
                }
            });
        });
        self.stats_timer.replace(timer);
    }

    /// Before any packet there is no report of them: that is told, too, as none.
    fn tell_sample(self: &Rc<Self>, sample: Option<Sample>) {
        let sample = sample.unwrap_or_default();
        if sample.sound > 0 && !sample.is_video {
            self.play_sound_first();
        }
        let age = self.frames.borrow().as_ref().and_then(Frames::age);
        let latency = age.zip(sample.clock_ahead).map(|(age, ahead)| age - ahead);
        self.tell(PeerEvent::Sample(sample, latency));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.listen(None);
        for track in self.held_back.take() {
            track.set_onunmute(None);
        }
        self.connection.close();
    }
}

/// Makes the answer once the offer is applied.
///
/// It holds on to nothing while it waits: promises of a connection that is closed meanwhile may
/// stay open for ever.
async fn answer(peer: &Weak<Inner>, applied: Promise) -> Result<(), JsValue> {
    JsFuture::from(applied).await?;
    let create = |inner: Rc<Inner>| {
        inner.play();
        inner.connection.create_answer()
    };
    let Some(created) = peer.upgrade().map(create) else {
        return Ok(());
    };
    let answer: RtcSessionDescriptionInit = JsFuture::from(created).await?.unchecked_into();
    let take = |inner: Rc<Inner>| {
        // On its way before the browser has taken it itself, which takes some milliseconds.
        inner.tell(PeerEvent::Answer(answer.get_sdp().unwrap_or_default()));
        inner.connection.set_local_description(&answer)
    };
    let Some(taken) = peer.upgrade().map(take) else {
        return Ok(());
    };
    JsFuture::from(taken).await?;
    Ok(())
}

/// Keeps no picture waiting for smoothness' sake: each is shown as soon as it is decoded.
fn play_at_once(receiver: &RtcRtpReceiver) {
    // The first is the standard's, the second Chromium's before version 124. Setting a property
    // that a browser does not know does nothing.
    for property in ["jitterBufferTarget", "playoutDelayHint"] {
        let _ = Reflect::set(receiver, &property.into(), &0.into());
    }
}

fn read_candidate(event: &RtcPeerConnectionIceEvent) -> Candidate {
    match event.candidate() {
        Some(candidate) if !candidate.candidate().is_empty() => Candidate::Candidate {
            sdp_mid: candidate.sdp_mid(),
            sdp_m_line_index: candidate.sdp_m_line_index(),
            candidate: candidate.candidate(),
        },
        _ => Candidate::COMPLETED,
    }
}

fn read_state(state: RtcPeerConnectionState) -> Option<PeerState> {
    Some(match state {
        RtcPeerConnectionState::New => PeerState::New,
        RtcPeerConnectionState::Connecting => PeerState::Connecting,
        RtcPeerConnectionState::Connected => PeerState::Connected,
        RtcPeerConnectionState::Disconnected => PeerState::Disconnected,
        RtcPeerConnectionState::Failed => PeerState::Failed,
        RtcPeerConnectionState::Closed => PeerState::Closed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
