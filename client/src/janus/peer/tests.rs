//! Two peer connections in one page: the server's is played by a canvas.

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use futures_util::StreamExt;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    CanvasRenderingContext2d, Document, HtmlCanvasElement, RtcRtpTransceiverDirection,
    RtcRtpTransceiverInit,
};

use super::*;

wasm_bindgen_test_configure!(run_in_browser);

const WIDTH: u32 = 320;
const HEIGHT: u32 = 180;

#[wasm_bindgen_test]
async fn a_picture_that_is_sent_is_shown() {
    let mut call = Call::new();
    call.connect().await;
    call.until(|event| matches!(event, PeerEvent::FrameShown))
        .await;
    let shown = &call.video;
    assert_eq!((shown.video_width(), shown.video_height()), (WIDTH, HEIGHT));
}

#[wasm_bindgen_test]
async fn the_answer_receives_and_sends_nothing() {
    let mut call = Call::new();
    let answer = call.connect().await;
    assert!(answer.contains("a=recvonly"), "{answer}");
    assert!(!answer.contains("a=sendrecv"), "{answer}");
}

#[wasm_bindgen_test]
async fn sound_is_told_and_plays_with_the_picture() {
    let mut call = Call::new();
    call.offers_sound();
    call.connect().await;
    let sound = |event: &PeerEvent| matches!(event, PeerEvent::Track { is_video: false });
    assert!(call.told.iter().any(sound), "{:?}", call.told);
    let stream = call.video.src_object().unwrap();
    assert_eq!(stream.get_audio_tracks().length(), 1);
    assert_eq!(stream.get_video_tracks().length(), 1);
}

#[wasm_bindgen_test]
async fn no_picture_waits_in_the_jitter_buffer() {
    let mut call = Call::new();
    call.connect().await;
    call.until(|event| matches!(event, PeerEvent::FrameShown))
        .await;
    let receivers = call.peer().0.connection.get_receivers();
    let target = Reflect::get(&receivers.get(0), &"jitterBufferTarget".into());
    assert_eq!(target.unwrap().as_f64(), Some(0.0));
}

#[wasm_bindgen_test]
async fn the_counters_are_read_every_second() {
    let mut call = Call::new();
    call.connect().await;
    let mut samples = Vec::new();
    while samples.len() < 2 {
        let next = call.next().await;
        if let PeerEvent::Sample(sample, _) = next
            && sample.frames > 0
        {
            samples.push(sample);
        }
    }
    let [first, second] = samples.try_into().unwrap();
    assert_eq!((first.width, first.height), (WIDTH, HEIGHT));
    assert!(first.packets > 0 && first.bytes > 0, "{first:?}");
    assert!(second.frames > first.frames, "{first:?} {second:?}");
    assert!(second.at > first.at, "{first:?} {second:?}");
}

#[wasm_bindgen_test]
async fn a_connection_that_comes_up_is_told() {
    let mut call = Call::new();
    call.connect().await;
    let connected = |event: &PeerEvent| matches!(event, PeerEvent::State(PeerState::Connected));
    call.until(connected).await;
}

#[wasm_bindgen_test]
async fn an_offer_that_is_none_is_told_with_the_browsers_reason() {
    let mut call = Call::new();
    call.peer().apply_offer("v=garbage", None);
    let event = call
        .until(|event| matches!(event, PeerEvent::AnswerFailed(_)))
        .await;
    let PeerEvent::AnswerFailed(reason) = event else {
        return;
    };
    assert!(!reason.is_empty());
}

#[wasm_bindgen_test]
async fn a_stun_server_that_is_none_is_told_with_the_browsers_reason() {
    let mut call = Call::new();
    let offer = call.offer().await;
    call.peer().apply_offer(&offer, Some("not a url"));
    call.until(|event| matches!(event, PeerEvent::AnswerFailed(_)))
        .await;
}

#[wasm_bindgen_test]
async fn a_dropped_peer_closes_its_connection_and_says_no_more() {
    let mut call = Call::new();
    let offer = call.offer().await;
    let connection = call.peer().0.connection.clone();
    call.peer().apply_offer(&offer, None);
    call.peer = None;
    let state = connection.connection_state();
    assert_eq!(state, RtcPeerConnectionState::Closed);
    // The listener is gone with it, and with the listener the other end of this channel.
    assert!(call.events.next().await.is_none());
}

/// A peer, and a canvas that calls it.
struct Call {
    peer: Option<Peer>,
    video: HtmlVideoElement,
    events: UnboundedReceiver<PeerEvent>,
    /// What was told on the way to what a test waited for.
    told: Vec<PeerEvent>,
    server: RtcPeerConnection,
    _painter: Painter,
}

impl Call {
    fn new() -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let video: HtmlVideoElement = add(&document, "video").unchecked_into();
        video.set_muted(true);
        let (sender, events) = unbounded();
        let peer = Peer::new(video.clone(), move |event| {
            let _ = sender.unbounded_send(event);
        });
        let painter = Painter::start(add(&document, "canvas").unchecked_into());
        let server = RtcPeerConnection::new().unwrap();
        let stream = painter.canvas.capture_stream().unwrap();
        for track in stream.get_tracks() {
            server.add_track(&track.unchecked_into(), &stream, &Array::new());
        }
        Self {
            peer: peer.ok(),
            video,
            events,
            told: Vec::new(),
            server,
            _painter: painter,
        }
    }

    fn peer(&self) -> &Peer {
        self.peer.as_ref().unwrap()
    }

    /// A track that is silent is one.
    fn offers_sound(&self) {
        let send = RtcRtpTransceiverInit::new();
        send.set_direction(RtcRtpTransceiverDirection::Sendonly);
        send.set_streams(&Array::new());
        self.server
            .add_transceiver_with_str_and_init("audio", &send);
    }

    async fn offer(&self) -> String {
        let offer = JsFuture::from(self.server.create_offer()).await.unwrap();
        let offer: RtcSessionDescriptionInit = offer.unchecked_into();
        let applied = self.server.set_local_description(&offer);
        JsFuture::from(applied).await.unwrap();
        offer.get_sdp().unwrap()
    }

    /// Plays the server's part up to the answer, which is returned; candidates follow.
    async fn connect(&mut self) -> String {
        let (candidates, mut of_server) = unbounded();
        let on_candidate = Closure::<dyn FnMut(RtcPeerConnectionIceEvent)>::new(
            move |event: RtcPeerConnectionIceEvent| {
                let _ = candidates.unbounded_send(read_candidate(&event));
            },
        );
        let listener = on_candidate.as_ref().unchecked_ref();
        self.server.set_onicecandidate(Some(listener));
        let offer = self.offer().await;
        self.peer().apply_offer(&offer, None);
        let event = self
            .until(|event| matches!(event, PeerEvent::Answer(_)))
            .await;
        let PeerEvent::Answer(sdp) = event else {
            return String::new();
        };
        let answer = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
        answer.set_sdp(&sdp);
        let applied = self.server.set_remote_description(&answer);
        JsFuture::from(applied).await.unwrap();
        while let Some(candidate) = of_server.next().await {
            self.peer().add_candidate(&candidate);
            if candidate == Candidate::COMPLETED {
                break;
            }
        }
        sdp
    }

    /// The next event that `wanted` is true of. Candidates on the way there reach the server.
    async fn until(&mut self, wanted: impl Fn(&PeerEvent) -> bool) -> PeerEvent {
        loop {
            let event = self.next().await;
            if wanted(&event) {
                return event;
            }
            self.told.push(event);
        }
    }

    async fn next(&mut self) -> PeerEvent {
        let event = self.events.next().await.unwrap();
        if let PeerEvent::Candidate(Candidate::Candidate {
            candidate, sdp_mid, ..
        }) = &event
        {
            let init = RtcIceCandidateInit::new(candidate);
            init.set_sdp_mid(sdp_mid.as_deref());
            let server = &self.server;
            let added = server.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init));
            JsFuture::from(added).await.unwrap();
        }
        event
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.server.close();
        self.video.remove();
    }
}

/// Paints a canvas anew again and again: one that stands still sends nothing.
struct Painter {
    canvas: HtmlCanvasElement,
    interval: i32,
    _paint: Closure<dyn FnMut()>,
}

impl Painter {
    fn start(canvas: HtmlCanvasElement) -> Self {
        canvas.set_width(WIDTH);
        canvas.set_height(HEIGHT);
        let context = canvas.get_context("2d").unwrap().unwrap();
        let context: CanvasRenderingContext2d = context.unchecked_into();
        let mut bright = false;
        let paint = Closure::<dyn FnMut()>::new(move || {
            bright = !bright;
            context.set_fill_style_str(if bright { "#fa0" } else { "#024" });
            context.fill_rect(0.0, 0.0, WIDTH.into(), HEIGHT.into());
        });
        let window = web_sys::window().unwrap();
        let interval = window.set_interval_with_callback_and_timeout_and_arguments_0(
            paint.as_ref().unchecked_ref(),
            33,
        );
        Self {
            canvas,
            interval: interval.unwrap(),
            _paint: paint,
        }
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        web_sys::window()
            .unwrap()
            .clear_interval_with_handle(self.interval);
        self.canvas.remove();
    }
}

fn add(document: &Document, tag: &str) -> web_sys::Element {
    let element = document.create_element(tag).unwrap();
    document.body().unwrap().append_child(&element).unwrap();
    element
}
