//! A viewer for tests: the peer connection of the crate whose parts the server is made of.
use crate::{
    peer::{
        ice::host_candidate,
        offer::{ABS_CAPTURE_TIME, PLAYOUT_DELAY},
    },
    stream::Format,
};
use bytes::BytesMut;
use rtc::{
    dtls::extension::extension_use_srtp::SrtpProtectionProfile,
    ice::mdns::MulticastDnsMode,
    interceptor::Registry,
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{
            media_engine::{
                MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine,
            },
            setting_engine::SettingEngineBuilder,
        },
        event::{RTCPeerConnectionEvent, RTCTrackEvent},
        message::RTCMessage,
        sdp::RTCSessionDescription,
        state::RTCPeerConnectionState,
        transport::{RTCDtlsRole, RTCIceCandidate, RTCIceCandidateInit},
    },
    rtcp, rtp,
    rtp_transceiver::{
        RTCRtpReceiverId,
        rtp_sender::{
            RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability,
            RtpCodecKind,
        },
    },
    sansio::Protocol,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol},
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How a viewer differs from an ordinary one.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    /// Wants to be the server of DTLS.
    pub(crate) passive: bool,
    /// Tells its address.
    pub(crate) candidates: bool,
    pub(crate) profiles: &'static [SrtpProtectionProfile],
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            passive: false,
            candidates: true,
            profiles: &[
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ],
        }
    }
}

pub(crate) struct Viewer {
    pc: RTCPeerConnection,
    pub(crate) address: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) state: RTCPeerConnectionState,
    receiver: Option<RTCRtpReceiverId>,
    pub(crate) packets: Vec<rtp::Packet>,
}

impl Viewer {
    /// A viewer at `address` and its answer to an offer.
    pub(crate) fn answer(
        now: Instant,
        address: SocketAddr,
        server: SocketAddr,
        offer: &str,
        habits: Habits,
    ) -> (Self, String) {
        let role = if habits.passive {
            RTCDtlsRole::Server
        } else {
            RTCDtlsRole::Client
        };
        let settings = SettingEngineBuilder::new()
            .with_prflx_acceptance_min_wait(Some(Duration::ZERO))
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_answering_dtls_role(role)
            .with_srtp_protection_profiles(habits.profiles.to_vec())
            .build();
        let mut pc = RTCPeerConnectionBuilder::new()
            .with_media_engine(media_engine())
            .with_setting_engine(settings)
            .with_interceptor_registry(Registry::new())
            .build(now)
            .unwrap();
        let mut answer = answer(&mut pc, now, address, offer);
        if !habits.candidates {
            answer = without(&answer, "a=candidate");
        }
        let viewer = Self {
            pc,
            address,
            server,
            state: RTCPeerConnectionState::New,
            receiver: None,
            packets: Vec::new(),
        };
        (viewer, answer)
    }

    /// Its answer to another offer, as one that is now at another address.
    pub(crate) fn answer_again(
        &mut self,
        now: Instant,
        address: SocketAddr,
        offer: &str,
    ) -> String {
        self.address = address;
        answer(&mut self.pc, now, address, offer)
    }

    pub(crate) fn add_candidate(&mut self, line: &str) {
        let candidate = RTCIceCandidateInit {
            candidate: line.into(),
            ..Default::default()
        };
        self.pc.add_remote_candidate(candidate).unwrap();
    }

    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let transport = TransportContext {
            local_addr: self.address,
            peer_addr: from,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        let message = BytesMut::from(datagram);
        let _ = self.pc.handle_read(TaggedBytesMut {
            now,
            transport,
            message,
        });
        self.drain();
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        loop {
            let out = self.pc.poll_write()?;
            if out.transport.peer_addr == self.server {
                return Some(out.message.to_vec());
            }
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let _ = self.pc.handle_timeout(now);
        self.drain();
    }

    pub(crate) fn send_rtcp(&mut self, now: Instant, packet: impl rtcp::Packet + 'static) {
        let receiver = self.receiver.expect("a track");
        let mut receiver = self.pc.rtp_receiver(receiver).unwrap();
        receiver.write_rtcp(now, vec![Box::new(packet)]).unwrap();
    }

    pub(crate) fn leave(&mut self) {
        self.pc.close().unwrap();
    }

    fn drain(&mut self) {
        while let Some(event) = self.pc.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => self.state = state,
                RTCPeerConnectionEvent::OnTrack(RTCTrackEvent::OnOpen(open)) => {
                    self.receiver = Some(open.receiver_id);
                }
                _ => {}
            }
        }
        while let Some(message) = self.pc.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message.message {
                self.packets.push(packet);
            }
        }
    }
}

fn answer(pc: &mut RTCPeerConnection, now: Instant, address: SocketAddr, offer: &str) -> String {
    let offer = RTCSessionDescription::offer(offer.to_owned()).unwrap();
    pc.set_remote_description(now, offer).unwrap();
    let candidate = host_candidate(address);
    let candidate = RTCIceCandidate::from(&candidate.new_candidate_host().unwrap());
    pc.add_local_candidate(candidate.to_json().unwrap())
        .unwrap();
    let answer = pc.create_answer(None).unwrap();
    pc.set_local_description(now, answer).unwrap();
    pc.local_description().unwrap().sdp
}

/// The text without the lines that begin so.
pub(crate) fn without(sdp: &str, prefix: &str) -> String {
    let lines = sdp.lines().filter(|line| !line.starts_with(prefix));
    lines.map(|line| format!("{line}\r\n")).collect()
}

fn media_engine() -> MediaEngine {
    let mut engine = MediaEngine::default();
    let mut register = |mime: &str, clock_rate, channels, payload_type, fmtp: &str| {
        let kind = if mime.starts_with("audio") {
            RtpCodecKind::Audio
        } else {
            RtpCodecKind::Video
        };
        let feedback = [("nack", ""), ("nack", "pli"), ("ccm", "fir")];
        let feedback = feedback.map(|(typ, parameter)| RTCPFeedback {
            typ: typ.into(),
            parameter: parameter.into(),
        });
        let is_video = kind == RtpCodecKind::Video && mime != MIME_TYPE_RTX;
        let rtp_codec = RTCRtpCodec {
            mime_type: mime.into(),
            clock_rate,
            channels,
            sdp_fmtp_line: fmtp.into(),
            rtcp_feedback: feedback.into_iter().filter(|_| is_video).collect(),
        };
        let codec = RTCRtpCodecParameters {
            rtp_codec,
            payload_type,
        };
        engine.register_codec(codec, kind).unwrap();
    };
    register(MIME_TYPE_H264, 90_000, 0, 96, &Format::h264().fmtp);
    register(MIME_TYPE_RTX, 90_000, 0, 97, "apt=96");
    register(MIME_TYPE_VP8, 90_000, 0, 98, "");
    register(MIME_TYPE_RTX, 90_000, 0, 99, "apt=98");
    register(MIME_TYPE_OPUS, 48_000, 2, 111, "");
    for uri in [PLAYOUT_DELAY, ABS_CAPTURE_TIME] {
        let extension = RTCRtpHeaderExtensionCapability { uri: uri.into() };
        engine
            .register_header_extension(extension, RtpCodecKind::Video, None)
            .unwrap();
    }
    engine
}
