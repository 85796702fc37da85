//! One medium: datagrams and time in, frames and datagrams out.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::assemble::{Assembled, Assembler};
use super::clock::SenderClock;
use super::config::{RtpConfig, RtpMediaConfig};
use super::feedback::Feedback;
use super::packet::Packet;
use super::payload_type::PayloadTypes;
use super::reception::Reception;
use super::reorder::{Accepted, Next, Reorder};
use super::rtcp::{self, News};
use super::senders::{Latch, Whose};
use super::srtp::{Srtp, SrtpError};
use super::stats::RtpStats;
use super::timeline::Timeline;
use super::track::Figures;
use crate::picture::Captured;
use crate::stream::{Frame, KeyFrames};

/// A sender that was silent for so long may have made room for one with another payload type.
const SILENCE: Duration = Duration::from_secs(1);

/// What is known of one medium. A value: who calls brings the time, in an order that does not go
/// back.
pub(super) struct Medium {
    /// For logs.
    name: String,
    payload_types: PayloadTypes,
    clock_rate: u32,
    abs_capture_time: Option<u8>,
    srtp: Option<Srtp>,
    latch: Latch,
    reorder: Reorder,
    assembler: Assembler,
    timeline: Timeline,
    clock: SenderClock,
    /// The last sender report, which may be of a sender whose first packet is still to come.
    report: Option<(Captured, Report)>,
    reception: Option<Reception>,
    feedback: Option<Feedback>,
    key_frames: KeyFrames,
    next_frame: u64,
    next_packet: u64,
    figures: Figures,
    frames: VecDeque<Frame>,
    datagrams: VecDeque<(SocketAddr, Bytes)>,
}

#[derive(Clone, Copy)]
struct Report {
    ssrc: u32,
    ntp: u64,
    rtp: u32,
}

impl Medium {
    /// A medium of `source` of which nothing has come yet. `ssrc` is what we are called in RTCP.
    pub(super) fn new(
        name: &str,
        source: &RtpConfig,
        config: &RtpMediaConfig,
        ssrc: u32,
    ) -> Result<Medium, SrtpError> {
        let clock_rate = config.codec.clock_rate();
        Ok(Medium {
            name: name.to_owned(),
            payload_types: PayloadTypes::new(config.payload_type),
            clock_rate,
            abs_capture_time: config.abs_capture_time,
            srtp: source
                .srtp
                .as_ref()
                .map(|key| Srtp::new(name, key))
                .transpose()?,
            latch: Latch::new(source.collision.unwrap_or_default()),
            reorder: Reorder::default(),
            assembler: Assembler::new(config.codec, &config.fmtp),
            timeline: Timeline::new(clock_rate),
            clock: SenderClock::default(),
            report: None,
            reception: None,
            feedback: config.rtcp_port.map(|_| Feedback::new(ssrc)),
            key_frames: KeyFrames::default(),
            next_frame: 0,
            next_packet: 0,
            figures: Figures::default(),
            frames: VecDeque::new(),
            datagrams: VecDeque::new(),
        })
    }

    /// Takes what came to the port for RTP.
    pub(super) fn receive_rtp(&mut self, now: Captured, from: SocketAddr, datagram: Bytes) {
        let Some(packet) = self.open_rtp(now.at, datagram) else {
            self.stats().malformed += 1;
            return;
        };
        let is_alive = self.latch.is_alive(now.at, SILENCE);
        if !self.payload_types.admits(packet.payload_type, is_alive) {
            self.stats().wrong_type += 1;
            return;
        }
        match self.latch.judge(now.at, packet.ssrc) {
            Whose::Current => {}
            Whose::New => self.follow(&packet, from),
            Whose::Other => {
                self.stats().collided += 1;
                return;
            }
        }
        if self.payload_types.take(packet.payload_type) {
            tracing::warn!(
                medium = self.name,
                "{from} sends payload type {}, and the configuration says {}: it is taken as what \
                 the configuration says",
                packet.payload_type,
                self.payload_types.configured()
            );
        }
        self.count(now.at, &packet);
        let (ssrc, sequence, timestamp) = (packet.ssrc, packet.sequence, packet.timestamp);
        let accepted = self.reorder.push(now.at, packet);
        match accepted {
            Accepted::Taken | Accepted::Stray => {}
            Accepted::Late => self.stats().late += 1,
            Accepted::Restarted => {
                self.break_off();
                self.clock.restart();
                self.reception = Some(Reception::new(ssrc, self.clock_rate, sequence));
            }
        }
        // One stray number would make all between it and the others lost ones.
        let counts = accepted != Accepted::Stray;
        if let Some(reception) = self.reception.as_mut().filter(|_| counts) {
            reception.packet(now.at, sequence, timestamp);
        }
        self.advance(now);
    }

    /// Takes what came to the port for RTCP.
    pub(super) fn receive_rtcp(&mut self, now: Captured, from: SocketAddr, datagram: &[u8]) {
        let opened = match &mut self.srtp {
            Some(srtp) => srtp.open_rtcp(now.at, datagram).ok(),
            None => Some(Bytes::copy_from_slice(datagram)),
        };
        let Some(news) = opened.and_then(|packet| rtcp::parse(&packet)) else {
            self.stats().malformed += 1;
            return;
        };
        for news in news {
            match news {
                News::Report { ssrc, ntp, rtp } => {
                    if self.latch.ssrc().is_some_and(|current| current != ssrc) {
                        continue;
                    }
                    if let Some(feedback) = &mut self.feedback {
                        feedback.learn(from);
                    }
                    self.report = Some((now, Report { ssrc, ntp, rtp }));
                    self.apply_report();
                }
                News::Bye { ssrc } => self.latch.bye(now.at, ssrc),
            }
        }
    }

    /// Somebody needs a key frame. The sender is asked by [`Medium::handle_timeout`].
    pub(super) fn request_key_frame(&mut self) {
        self.key_frames.request();
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Captured) {
        self.advance(now);
        self.give_feedback(now.at);
    }

    /// When [`Medium::handle_timeout`] has to be called. `None` while nothing comes.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let asks = self.sender().and_then(|_| self.key_frames.due(now));
        let reports = self
            .sender()
            .and_then(|_| self.feedback.as_ref().and_then(Feedback::due));
        [self.reorder.poll_timeout(), asks, reports]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next frame.
    pub(super) fn poll_frame(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// The next datagram for a sender, to go out from the port for RTCP.
    pub(super) fn poll_transmit(&mut self) -> Option<(SocketAddr, Bytes)> {
        self.datagrams.pop_front()
    }

    /// Forgets the sender and what waits of it: whoever comes next is new.
    pub(super) fn forget_sender(&mut self) {
        self.latch.forget();
        self.reorder = Reorder::default();
        self.assembler.restart();
    }

    pub(super) fn figures(&self) -> Figures {
        self.figures
    }

    fn stats(&mut self) -> &mut RtpStats {
        &mut self.figures.stats
    }

    fn open_rtp(&mut self, now: Instant, datagram: Bytes) -> Option<Packet> {
        let datagram = match &mut self.srtp {
            Some(srtp) => srtp.open_rtp(now, &datagram).ok()?,
            None => datagram,
        };
        Packet::parse(&datagram)
    }

    /// A new sender takes over with this packet.
    fn follow(&mut self, packet: &Packet, from: SocketAddr) {
        if self.reception.is_some() {
            let medium = &self.name;
            tracing::debug!(medium, "the sender is {:08x} at {from} now", packet.ssrc);
            self.break_off();
        }
        self.reorder = Reorder::default();
        self.clock.restart();
        self.reception = Some(Reception::new(
            packet.ssrc,
            self.clock_rate,
            packet.sequence,
        ));
        let reporter = self.report.map(|(_, report)| report.ssrc);
        if let Some(feedback) = &mut self.feedback {
            feedback.follow(from, reporter == Some(packet.ssrc));
        }
        self.apply_report();
    }

    /// What comes next does not follow what came before.
    fn break_off(&mut self) {
        self.assembler.restart();
        self.timeline.restart();
        self.next_frame += 1;
        self.stats().restarts += 1;
    }

    /// Heeds the last sender report, if it is the current sender's.
    fn apply_report(&mut self) {
        let Some((at, Report { ssrc, ntp, rtp })) = self.report else {
            return;
        };
        if self.latch.ssrc() == Some(ssrc) {
            self.clock.report(at.wall, ntp, rtp);
            if let Some(reception) = &mut self.reception {
                reception.sender_report(at.at, ntp);
            }
        }
    }

    fn count(&mut self, now: Instant, packet: &Packet) {
        self.figures.heard = Some(now);
        let stats = self.stats();
        stats.packets += 1;
        stats.bytes += packet.payload.len() as u64;
        if let Some(feedback) = &mut self.feedback {
            feedback.packet(now);
        }
    }

    /// Makes frames of what is in order by now.
    fn advance(&mut self, now: Captured) {
        while let Some(next) = self.reorder.pop(now.at) {
            match next {
                Next::Packet(at, packet) => {
                    let told = self.abs_capture_time(&packet);
                    self.assembler.push(at, packet, told);
                }
                Next::Lost(count) => {
                    self.stats().lost += count;
                    self.assembler.lost();
                    self.next_frame += 1;
                }
            }
            while let Some(assembled) = self.assembler.poll() {
                self.take(now, assembled);
            }
        }
    }

    /// What the packet says of when it was captured, as NTP has it
    /// (<http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time>).
    fn abs_capture_time(&self, packet: &Packet) -> Option<u64> {
        let value = packet.extension(self.abs_capture_time?)?;
        Some(u64::from_be_bytes(*value.first_chunk()?))
    }

    fn take(&mut self, now: Captured, assembled: Assembled) {
        let Assembled::Frame {
            fitted,
            timestamp,
            arrived,
            told,
        } = assembled
        else {
            self.stats().damaged += 1;
            self.next_frame += 1;
            return;
        };
        let age = now.at.saturating_duration_since(arrived);
        let arrival = Captured {
            at: arrived,
            wall: now.wall - age,
        };
        self.stats().frames += 1;
        if fitted.key {
            self.stats().key_frames += 1;
            self.key_frames.made(now.at);
        }
        let frame = Frame {
            number: self.next_frame,
            first_packet: self.next_packet,
            timestamp: self.timeline.map(timestamp, arrived),
            captured: self
                .clock
                .captured(arrival, timestamp, self.clock_rate, told),
            idr: fitted.key,
            packets: fitted.packets,
        };
        self.next_frame += 1;
        self.next_packet += frame.packets.len() as u64;
        self.frames.push_back(frame);
    }

    /// Whom to write to, and where.
    fn sender(&self) -> Option<(u32, SocketAddr)> {
        let feedback = self.feedback.as_ref()?;
        Some((self.latch.ssrc()?, feedback.to()?))
    }

    /// Reports and asks for a key frame, if that is due.
    fn give_feedback(&mut self, now: Instant) {
        let (Some((ssrc, to)), Some(feedback)) = (self.sender(), &mut self.feedback) else {
            return;
        };
        let reports = feedback.due().is_some_and(|due| due <= now);
        let asks = self.key_frames.is_due(now);
        if !reports && !asks {
            return;
        }
        feedback.reported();
        if asks {
            self.key_frames.made(now);
            self.figures.stats.key_frame_requests += 1;
        }
        let reception = self
            .reception
            .as_mut()
            .map(|reception| reception.report(now));
        let packet = rtcp::report(feedback.ssrc(), reception, asks.then_some(ssrc)).ok();
        let packet = match &mut self.srtp {
            Some(srtp) => packet.and_then(|packet| srtp.protect_rtcp(&packet).ok()),
            None => packet,
        };
        self.datagrams.extend(packet.map(|packet| (to, packet)));
    }
}

#[cfg(test)]
mod tests;
