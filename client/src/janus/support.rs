//! Whether this browser can play what servers send.

use js_sys::Reflect;

/// Whether the browser has WebRTC, and nobody has switched it off. Which codecs it plays is told by its
/// answer to an offer: see [`Problem::NoCodec`](super::Problem::NoCodec).
pub fn has_webrtc() -> bool {
    Reflect::has(&js_sys::global(), &"RTCPeerConnection".into()).unwrap_or(false)
}
