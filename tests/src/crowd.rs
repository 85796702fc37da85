//! Viewers that cost next to nothing, for load: on `rtc`, the sans-I/O core of `webrtc`.
//!
//! Such a viewer does all that the server can see: it answers connectivity checks and makes the
//! DTLS handshake. It counts the RTP packets by their headers, which are not encrypted, and then
//! throws them away, so that a hundred of them fit beside the server that they measure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::BytesMut;
use futures_util::future::try_join_all;
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::Registry;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::RTCPeerConnectionEvent;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{
    CandidateConfig, CandidateHostConfig, RTCIceCandidate, RTCIceCandidateInit,
};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RtpCodecKind,
};
use rtc::sansio::Protocol as _;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::janus::{Janus, Kept, Offer};
use crate::own_network;
use crate::wait::until;

/// How many of a crowd join at the same time.
const GROUP: usize = 10;

/// One cheap viewer. Dropping it is what pulling its plug would be: nobody is told.
#[derive(Debug)]
pub struct Watcher {
    media: Media,
    signalling: Kept,
}

/// A viewer's half of a connection that has not been agreed on yet.
pub struct Answering {
    /// The answer, which a test may spoil before it is sent.
    pub sdp: String,
    peer: RTCPeerConnection,
    socket: UdpSocket,
}

/// The task that has the socket, and what it counts.
#[derive(Debug)]
struct Media {
    task: JoinHandle<Result<()>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    connected: AtomicBool,
    packets: AtomicU64,
    frames: AtomicU64,
}

impl Watcher {
    /// Connects to a server and watches until dropped. Returns when media may flow.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn watch(url: &str) -> Result<Watcher> {
        Watcher::start(Janus::attach(url).await?, json!({"request": "watch"})).await
    }

    /// The same, through the streaming plugin: watches a mountpoint that needs no pin.
    ///
    /// # Errors
    /// When the server does not do its part.
    pub async fn watch_mountpoint(url: &str, id: u64) -> Result<Watcher> {
        let janus = Janus::attach_to(url, "janus.plugin.streaming").await?;
        Watcher::start(janus, json!({"request": "watch", "id": id})).await
    }

    async fn start(mut janus: Janus, watch: Value) -> Result<Watcher> {
        let offer = janus.watch_with(watch).await?;
        let answering = Answering::to(&offer).await?;
        janus.start(&answering.sdp).await?;
        answering.watch(janus).await
    }

    /// A crowd of them.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn crowd(url: &str, viewers: usize) -> Result<Vec<Watcher>> {
        Watcher::gather(viewers, async || Watcher::watch(url).await).await
    }

    /// A crowd at a mountpoint.
    ///
    /// # Errors
    /// When one of them fails.
    pub async fn crowd_at(url: &str, id: u64, viewers: usize) -> Result<Vec<Watcher>> {
        Watcher::gather(viewers, async || Watcher::watch_mountpoint(url, id).await).await
    }

    async fn gather(
        viewers: usize,
        watch: impl AsyncFn() -> Result<Watcher>,
    ) -> Result<Vec<Watcher>> {
        let mut crowd = Vec::with_capacity(viewers);
        while crowd.len() < viewers {
            // In groups, so that no handshake times out on a slow machine.
            let group = (0..GROUP.min(viewers - crowd.len())).map(|_| watch());
            crowd.extend(try_join_all(group).await?);
        }
        Ok(crowd)
    }

    /// RTP packets that came.
    pub fn packets(&self) -> u64 {
        self.media.counts.packets.load(Ordering::Relaxed)
    }

    /// Frames whose last packet came.
    pub fn frames(&self) -> u64 {
        self.media.counts.frames.load(Ordering::Relaxed)
    }

    /// Waits until so many more frames have come.
    ///
    /// # Errors
    /// When they do not.
    pub async fn frames_grow_by(&self, more: u64) -> Result<()> {
        let goal = self.frames() + more;
        until("frames", async || Ok((self.frames() >= goal).then_some(()))).await
    }

    /// The same of each of a crowd, at the same time.
    ///
    /// # Errors
    /// When one of them gets no more.
    pub async fn all_frames_grow_by(crowd: &[Watcher], more: u64) -> Result<()> {
        try_join_all(crowd.iter().map(|watcher| watcher.frames_grow_by(more))).await?;
        Ok(())
    }

    /// Waits until no more packets come.
    ///
    /// # Errors
    /// When they go on.
    pub async fn falls_silent(&self) -> Result<()> {
        let mut last = self.packets();
        until("the packets to end", async || {
            let before = std::mem::replace(&mut last, self.packets());
            // Several frames' time.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok((before == self.packets()).then_some(()))
        })
        .await
    }

    /// Its conversation with the server.
    pub fn signalling(&self) -> &Kept {
        &self.signalling
    }

    /// Takes away its socket and leaves the conversation: a viewer behind a dead network.
    pub fn fall_silent(self) -> Kept {
        self.signalling
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answering {
    /// Prepares the answer to an offer, on a socket of its own.
    ///
    /// # Errors
    /// When the offer is not one that a viewer understands.
    pub async fn to(offer: &Offer) -> Result<Answering> {
        // Janus is not to be reached from the loopback interface.
        let address = match own_network::is_inside() {
            true => own_network::ADDRESS,
            false => "127.0.0.1",
        };
        let socket = UdpSocket::bind((address, 0)).await?;
        let mut peer = build(socket.local_addr()?, offer)?;
        let answer = peer.create_answer(None)?;
        peer.set_local_description(Instant::now(), answer)?;
        let sdp = peer
            .local_description()
            .context("no local description")?
            .sdp;
        Ok(Answering { sdp, peer, socket })
    }

    /// Connects, once the server has the answer. Returns when media may flow.
    ///
    /// # Errors
    /// When no connection comes about.
    pub async fn watch(self, janus: Janus) -> Result<Watcher> {
        let watcher = self.set_out(janus);
        until("a connection", async || {
            let media = &watcher.media;
            ensure!(!media.task.is_finished(), "the connection failed");
            Ok(media.counts.connected.load(Ordering::Relaxed).then_some(()))
        })
        .await?;
        Ok(watcher)
    }

    /// Sets out to connect, whatever may come of it.
    pub fn set_out(self, janus: Janus) -> Watcher {
        let counts = Arc::new(Counts::default());
        let task = tokio::spawn(run(self.peer, self.socket, counts.clone()));
        Watcher {
            media: Media { task, counts },
            signalling: janus.keep(),
        }
    }
}

fn build(address: SocketAddr, offer: &Offer) -> Result<RTCPeerConnection> {
    let feedback = |kind: &str, parameter: &str| RTCPFeedback {
        typ: kind.to_owned(),
        parameter: parameter.to_owned(),
    };
    let codec = RTCRtpCodec {
        mime_type: MIME_TYPE_H264.to_owned(),
        clock_rate: 90_000,
        channels: 0,
        sdp_fmtp_line: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
            .to_owned(),
        rtcp_feedback: vec![
            feedback("nack", ""),
            feedback("nack", "pli"),
            feedback("ccm", "fir"),
        ],
    };
    let mut media = MediaEngine::default();
    media.register_codec(
        RTCRtpCodecParameters {
            rtp_codec: codec,
            payload_type: 96,
        },
        RtpCodecKind::Video,
    )?;
    let settings = SettingEngineBuilder::new().with_multicast_dns_mode(MulticastDnsMode::Disabled);
    let mut peer = RTCPeerConnectionBuilder::new()
        .with_media_engine(media)
        .with_setting_engine(settings.build())
        // No interceptors: nothing is reported and nothing asked for again.
        .with_interceptor_registry(Registry::new())
        .build(Instant::now())?;
    peer.set_remote_description(
        Instant::now(),
        RTCSessionDescription::offer(offer.sdp.clone())?,
    )?;
    for candidate in &offer.candidates {
        peer.add_remote_candidate(RTCIceCandidateInit {
            candidate: candidate.clone(),
            ..Default::default()
        })?;
    }
    let host = CandidateHostConfig {
        base_config: CandidateConfig {
            network: "udp".to_owned(),
            address: address.ip().to_string(),
            port: address.port(),
            component: 1,
            ..Default::default()
        },
        ..Default::default()
    };
    peer.add_local_candidate(RTCIceCandidate::from(&host.new_candidate_host()?).to_json()?)?;
    Ok(peer)
}

/// Serves one connection until it fails.
async fn run(mut peer: RTCPeerConnection, socket: UdpSocket, counts: Arc<Counts>) -> Result<()> {
    let local_addr = socket.local_addr()?;
    let mut buffer = [0; 2048];
    loop {
        while let Some(out) = peer.poll_write() {
            // What cannot be sent is lost, as on any network.
            socket
                .send_to(&out.message, out.transport.peer_addr)
                .await
                .ok();
        }
        while let Some(event) = peer.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(
                    RTCPeerConnectionState::Connected,
                ) => counts.connected.store(true, Ordering::Relaxed),
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(
                    state @ (RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed),
                ) => bail!("the connection is {state}"),
                _ => {}
            }
        }
        while peer.poll_read().is_some() {}
        let now = Instant::now();
        let wake = peer.poll_timeout().unwrap_or(now + Duration::from_secs(1));
        tokio::select! {
            readable = socket.readable() => readable?,
            () = tokio::time::sleep_until(wake.into()) => {
                peer.handle_timeout(Instant::now())?;
                continue;
            }
        }
        // A whole frame is read here without waking up in between.
        while let Ok((length, peer_addr)) = socket.try_recv_from(&mut buffer) {
            let datagram = buffer
                .get(..length)
                .context("more bytes than the buffer has")?;
            if counts.counted(datagram) {
                continue;
            }
            let transport = TransportContext {
                local_addr,
                peer_addr,
                ecn: None,
                transport_protocol: TransportProtocol::UDP,
            };
            let message = BytesMut::from(datagram);
            // A bad datagram is the sender's failure; the connection goes on.
            peer.handle_read(TaggedBytesMut {
                now: Instant::now(),
                transport,
                message,
            })
            .ok();
            break;
        }
    }
}

impl Counts {
    /// Counts RTP and RTCP, which go no further, and tells whether this was some (RFC 7983).
    fn counted(&self, datagram: &[u8]) -> bool {
        let &[128..=191, second, ..] = datagram else {
            return false;
        };
        let (marker, kind) = (second >= 128, second & 127);
        // Payload types 64 to 95 would be those of RTCP (RFC 5761).
        if !(64..96).contains(&kind) {
            self.packets.fetch_add(1, Ordering::Relaxed);
            self.frames.fetch_add(u64::from(marker), Ordering::Relaxed);
        }
        true
    }
}
