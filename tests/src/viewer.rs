//! A viewer without a browser, on the crate `webrtc`: it decrypts what comes and reads it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rtc::interceptor::Registry;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_H264, MIME_TYPE_RTX, MediaEngine,
};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::transport::{RTCDtlsRole, RTCIceCandidateInit};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind,
};
use serde_json::json;
use tokio::sync::watch;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCPeerConnectionState,
};

use crate::janus::{Janus, Kept, Offer};
use crate::own_network;
use crate::wait::{patiently, until};

mod reader;

use reader::Reader;

/// A native viewer. [`Viewer::close`] it: `webrtc` keeps a connection that is only dropped.
pub struct Viewer {
    receiver: Receiver,
    signalling: Kept,
}

/// A viewer's connection alone: somebody else speaks to the server. [`Receiver::close`] it.
pub struct Receiver {
    peer: Arc<dyn PeerConnection>,
    seen: Arc<Seen>,
}

/// What a viewer has received.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// RTP packets of the stream itself.
    pub packets: u64,
    /// Frames whose last packet came.
    pub frames: u64,
    /// Frames with a sequence parameter set, as every IDR of ours and of ffmpeg's has.
    pub key_frames: u64,
    /// When the last packet came of the first of those that had no hole.
    pub first_picture: Option<Instant>,
    /// Sequence numbers that were skipped and did not come later either.
    pub lost: u64,
    /// Frames whose RTP time is not after that of the frame before.
    pub backwards: u64,
}

impl Viewer {
    /// Connects to a server and watches. Returns when the connection is up.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn watch(url: &str) -> Result<Viewer> {
        let mut janus = Janus::attach(url).await?;
        let offer = janus.watch().await?;
        Viewer::answer(janus, offer).await
    }

    /// The same, through the streaming plugin: watches a mountpoint that needs no pin.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn watch_mountpoint(url: &str, id: u64) -> Result<Viewer> {
        let mut janus = Janus::attach_to(url, "janus.plugin.streaming").await?;
        let offer = janus
            .watch_with(json!({"request": "watch", "id": id}))
            .await?;
        Viewer::answer(janus, offer).await
    }

    /// How long after it has asked for a mountpoint a viewer has its first picture: all of a key
    /// frame.
    ///
    /// It lets the server begin the DTLS handshake, since `webrtc` as a client sends its first message
    /// up to 200 ms late, with ICE's next timer, and drops what comes in one burst with the end of the
    /// handshake. Browsers do neither.
    ///
    /// # Errors
    /// When there is none.
    pub async fn time_to_first_picture(url: &str, id: u64) -> Result<Duration> {
        let mut janus = Janus::attach_to(url, "janus.plugin.streaming").await?;
        let asked = Instant::now();
        let offer = janus
            .watch_with(json!({"request": "watch", "id": id}))
            .await?;
        let viewer = Viewer::answer_as(RTCDtlsRole::Server, janus, offer).await?;
        let shown = until("a picture", async || Ok(viewer.counts().first_picture)).await?;
        viewer.close().await?;
        Ok(shown - asked)
    }

    async fn answer(janus: Janus, offer: Offer) -> Result<Viewer> {
        Viewer::answer_as(RTCDtlsRole::Client, janus, offer).await
    }

    async fn answer_as(role: RTCDtlsRole, mut janus: Janus, offer: Offer) -> Result<Viewer> {
        let (receiver, answer) = Receiver::answer_as(role, offer).await?;
        janus.start(&answer).await?;
        let viewer = Viewer {
            receiver,
            signalling: janus.keep(),
        };
        viewer.becomes(RTCPeerConnectionState::Connected).await?;
        Ok(viewer)
    }

    /// What has come until now.
    pub fn counts(&self) -> Counts {
        self.receiver
            .seen
            .reader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .counts
    }

    /// Waits until so many more frames have come.
    ///
    /// # Errors
    /// When they do not.
    pub async fn frames_grow_by(&self, more: u64) -> Result<()> {
        let goal = self.counts().frames + more;
        until("frames", async || {
            Ok((self.counts().frames >= goal).then_some(()))
        })
        .await
    }

    /// Waits until no more frames come.
    ///
    /// # Errors
    /// When they go on.
    pub async fn stands_still(&self) -> Result<()> {
        let mut before = None;
        until("the picture to stand still", async || {
            // Longer than several frames take.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let frames = self.counts().frames;
            Ok((before.replace(frames) == Some(frames)).then_some(()))
        })
        .await
    }

    /// Waits until there are more key frames than so many.
    ///
    /// # Errors
    /// When there are not.
    pub async fn key_frames_exceed(&self, count: u64) -> Result<()> {
        until("a key frame", async || {
            Ok((self.counts().key_frames > count).then_some(()))
        })
        .await
    }

    /// Waits until no packet is missing: one that was lost comes again a moment later.
    ///
    /// # Errors
    /// When one stays lost.
    pub async fn misses_nothing(&self) -> Result<()> {
        until("the packets that were lost", async || {
            Ok((self.counts().lost == 0).then_some(()))
        })
        .await
    }

    /// Waits for a state of the connection.
    ///
    /// # Errors
    /// When it is not reached, or fails instead.
    pub async fn becomes(&self, wanted: RTCPeerConnectionState) -> Result<()> {
        let mut state = self.receiver.seen.state.subscribe();
        let what = format!("the connection to be {wanted}");
        let reached =
            state.wait_for(|state| *state == wanted || *state == RTCPeerConnectionState::Failed);
        let state = *patiently(&what, reached).await??;
        ensure!(state == wanted, "waited for {what}, but it is {state}");
        Ok(())
    }

    /// Asks for a key frame with a picture loss indication (RFC 4585 section 6.3.1).
    ///
    /// # Errors
    /// When no media have come yet, or the connection is gone.
    pub async fn send_pli(&self) -> Result<()> {
        let track = self
            .receiver
            .seen
            .track
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let track = track.context("no track yet")?;
        let media_ssrc = *track
            .ssrcs()
            .await
            .first()
            .context("a track without SSRC")?;
        send_pli(track.as_ref(), media_ssrc).await
    }

    /// Its conversation with the server.
    pub fn signalling(&self) -> &Kept {
        &self.signalling
    }

    /// Leaves properly: says so to the server and ends the connection.
    ///
    /// # Errors
    /// When the connection cannot be ended.
    pub async fn close(self) -> Result<()> {
        self.signalling.notify(json!({"janus": "destroy"}));
        self.receiver.close().await
    }
}

impl Receiver {
    /// Answers an offer, and connects as soon as the server has the answer, which is returned.
    ///
    /// # Errors
    /// When the offer is not understood.
    pub async fn answer(offer: Offer) -> Result<(Receiver, String)> {
        Receiver::answer_as(RTCDtlsRole::Client, offer).await
    }

    async fn answer_as(role: RTCDtlsRole, offer: Offer) -> Result<(Receiver, String)> {
        let seen = Arc::new(Seen::default());
        let peer = build(role, seen.clone()).await?;
        peer.set_remote_description(RTCSessionDescription::offer(offer.sdp)?)
            .await?;
        for candidate in offer.candidates {
            let candidate = RTCIceCandidateInit {
                candidate,
                ..Default::default()
            };
            peer.add_ice_candidate(candidate).await?;
        }
        let answer = peer.create_answer(None).await?;
        peer.set_local_description(answer).await?;
        let answer = peer
            .local_description()
            .await
            .context("no local description")?;
        Ok((Receiver { peer, seen }, answer.sdp))
    }

    /// Ends the connection, as a browser does that leaves the page.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn close(self) -> Result<()> {
        Ok(self.peer.close().await?)
    }
}

async fn build(role: RTCDtlsRole, seen: Arc<Seen>) -> Result<Arc<dyn PeerConnection>> {
    let mut media = MediaEngine::default();
    let feedback = |kind: &str, parameter: &str| RTCPFeedback {
        typ: kind.to_owned(),
        parameter: parameter.to_owned(),
    };
    let mut register = |mime: &str, format: &str, payload_type, rtcp_feedback| {
        let codec = RTCRtpCodec {
            mime_type: mime.to_owned(),
            clock_rate: 90_000,
            channels: 0,
            sdp_fmtp_line: format.to_owned(),
            rtcp_feedback,
        };
        let parameters = RTCRtpCodecParameters {
            rtp_codec: codec,
            payload_type,
        };
        media.register_codec(parameters, RtpCodecKind::Video)
    };
    register(
        MIME_TYPE_H264,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        96,
        vec![
            feedback("nack", ""),
            feedback("nack", "pli"),
            feedback("ccm", "fir"),
        ],
    )?;
    register(MIME_TYPE_RTX, "apt=96", 97, vec![])?;
    let interceptors = register_default_interceptors(Registry::new(), &mut media)?;
    let settings = SettingEngineBuilder::new()
        .with_ice_timeouts(
            Some(Duration::from_secs(5)),
            Some(Duration::from_secs(10)),
            None,
        )
        .with_answering_dtls_role(role)
        .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled);
    let mut addresses = vec!["127.0.0.1:0".to_owned()];
    if own_network::is_inside() {
        addresses.push(format!("{}:0", own_network::ADDRESS));
    }
    let peer = PeerConnectionBuilder::new()
        .with_media_engine(media)
        .with_setting_engine(settings.build())
        .with_interceptor_registry(interceptors)
        .with_handler(seen)
        .with_udp_addrs(addresses)
        .build()
        .await?;
    Ok(Arc::new(peer))
}

/// What the callbacks of `webrtc` leave behind.
#[derive(Default)]
struct Seen {
    state: watch::Sender<RTCPeerConnectionState>,
    track: Mutex<Option<Arc<dyn TrackRemote>>>,
    reader: Arc<Mutex<Reader>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Seen {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        *self.track.lock().unwrap_or_else(PoisonError::into_inner) = Some(track.clone());
        let reader = self.reader.clone();
        tokio::spawn(async move {
            let mut has_asked = false;
            while let Some(event) = track.poll().await {
                let TrackRemoteEvent::OnRtpPacket(packet) = event else {
                    continue;
                };
                let counts = {
                    let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                    reader.read(&packet);
                    reader.counts
                };
                // `webrtc` has no keys for what comes in one burst with the end of the handshake, and
                // drops it; mostly that is the key frame. A decoder would notice and do this.
                if counts.frames > 0 && counts.key_frames == 0 && !has_asked {
                    has_asked = true;
                    send_pli(track.as_ref(), packet.header.ssrc).await.ok();
                }
            }
        });
    }
}

async fn send_pli(track: &dyn TrackRemote, media_ssrc: u32) -> Result<()> {
    let pli = PictureLossIndication {
        sender_ssrc: 0,
        media_ssrc,
    };
    Ok(track.write_rtcp(vec![Box::new(pli)]).await?)
}
