//! Whether this browser can play what the server sends.

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    RtcPeerConnection, RtcRtpReceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit,
    RtcSessionDescriptionInit,
};

use super::browser::text;

/// What a browser makes of H.264 over WebRTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It plays it.
    Yes,
    /// It has WebRTC, but nothing that decodes H.264.
    NoH264,
    /// It has no WebRTC, or it was switched off.
    NoWebRtc,
}

/// Asks the browser what it can play.
pub async fn support() -> Support {
    let has_webrtc = Reflect::has(&js_sys::global(), &"RTCPeerConnection".into());
    if !has_webrtc.unwrap_or(false) {
        return Support::NoWebRtc;
    }
    if capabilities_list_h264() {
        return Support::Yes;
    }
    // Firefox takes up its H.264 plugin when the first connection is made, and lists the codec
    // only from then on: what it would offer is the word that counts.
    match offer_has_h264().await {
        Ok(true) => Support::Yes,
        Ok(false) => Support::NoH264,
        Err(_) => Support::NoWebRtc,
    }
}

fn capabilities_list_h264() -> bool {
    // Browsers before 2023 have no such function, and calling it would throw.
    let receiver = Reflect::get(&js_sys::global(), &"RTCRtpReceiver".into());
    let asks = receiver.and_then(|receiver| Reflect::has(&receiver, &"getCapabilities".into()));
    if !asks.unwrap_or(false) {
        return false;
    }
    RtcRtpReceiver::get_capabilities("video").is_some_and(|capabilities| {
        capabilities.get_codecs().iter().any(|codec| {
            text(&codec, "mimeType").is_some_and(|name| name.eq_ignore_ascii_case("video/H264"))
        })
    })
}

async fn offer_has_h264() -> Result<bool, JsValue> {
    let connection = RtcPeerConnection::new()?;
    let receive = RtcRtpTransceiverInit::new();
    receive.set_direction(RtcRtpTransceiverDirection::Recvonly);
    receive.set_streams(&Array::new());
    connection.add_transceiver_with_str_and_init("video", &receive);
    let offer = JsFuture::from(connection.create_offer()).await;
    connection.close();
    let offer: RtcSessionDescriptionInit = offer?.unchecked_into();
    let sdp = offer.get_sdp().unwrap_or_default();
    Ok(sdp.contains(" H264/90000"))
}
