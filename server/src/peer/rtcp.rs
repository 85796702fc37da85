//! What a viewer reports, and what we report to it (RFC 3550 section 6, RFC 4585, RFC 5104).
use super::{
    offer::CNAME,
    rtp::{Counts, Moment},
};
use crate::ntp;
use bytes::BytesMut;
use rtc::{
    rtcp::{
        packet::{Packet, unmarshal},
        payload_feedbacks::{
            full_intra_request::FullIntraRequest, picture_loss_indication::PictureLossIndication,
        },
        receiver_report::ReceiverReport,
        reception_report::ReceptionReport,
        sender_report::SenderReport,
        source_description::{
            SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
        },
        transport_feedbacks::transport_layer_nack::TransportLayerNack,
    },
    shared::error::Error,
};
use std::time::{Duration, Instant, SystemTime};

/// What a viewer told, about all the tracks that it gets.
pub(super) struct Compound(Vec<Box<dyn Packet>>);

/// What a viewer told about one track.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Feedback {
    /// It needs a key frame.
    pub(super) key_frame: bool,
    /// Sequence numbers of packets that it misses.
    pub(super) lost: Vec<u16>,
    /// How it fares.
    pub(super) reception: Option<Reception>,
}

/// How a viewer says to receive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reception {
    /// The share of packets lost since the report before, from 0 to 1.
    pub(super) lost: f32,
    /// The variation of their travel time in seconds.
    pub(super) jitter: f32,
    /// Packets lost in all.
    pub(super) total_lost: u32,
    /// The last sender report that came, and the time from there to this report.
    pub(super) echo: Option<Echo>,
}

/// What tells a sender how long a report travels (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Echo {
    /// The middle 32 bits of the NTP time of a sender report.
    last_report: u32,
    /// In 1/65536 of a second.
    delay: u32,
}

impl Echo {
    /// The time there and back, when it is `now` on the sender's clock. Nothing if it cannot be.
    pub(super) fn round_trip(self, now: SystemTime) -> Option<Duration> {
        let now = (ntp::from(now) >> 16) as u32;
        let travelled = now.wrapping_sub(self.last_report).wrapping_sub(self.delay);
        let is_possible = travelled < u32::MAX / 2;
        is_possible.then(|| Duration::from_nanos((u64::from(travelled) * 1_000_000_000) >> 16))
    }
}

impl Compound {
    /// Reads a compound packet.
    pub(super) fn parse(mut packet: BytesMut) -> Result<Self, Error> {
        Ok(Self(unmarshal(&mut packet)?))
    }

    /// What it says of the track with this source and this clock.
    pub(super) fn about(&self, ssrc: u32, clock_rate: u32) -> Feedback {
        let mut feedback = Feedback::default();
        for packet in &self.0 {
            feedback.add(packet.as_ref(), ssrc, clock_rate);
        }
        feedback
    }
}

impl Feedback {
    /// Whether there is nothing to do about it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, packet: &dyn Packet, ssrc: u32, clock_rate: u32) {
        let packet = packet.as_any();
        if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            if nack.media_ssrc == ssrc {
                self.lost
                    .extend(nack.nacks.iter().flat_map(|pair| pair.packet_list()));
            }
        } else if let Some(pli) = packet.downcast_ref::<PictureLossIndication>() {
            self.key_frame |= pli.media_ssrc == ssrc;
        } else if let Some(fir) = packet.downcast_ref::<FullIntraRequest>() {
            self.key_frame |= fir.fir.iter().any(|entry| entry.ssrc == ssrc);
        } else if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            self.receive(&report.reports, ssrc, clock_rate);
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            self.receive(&report.reports, ssrc, clock_rate);
        }
    }

    fn receive(&mut self, reports: &[ReceptionReport], ssrc: u32, clock_rate: u32) {
        if let Some(report) = reports.iter().find(|report| report.ssrc == ssrc) {
            self.reception = Some(Reception {
                lost: f32::from(report.fraction_lost) / 256.0,
                jitter: report.jitter as f32 / clock_rate as f32,
                // A negative one of 24 bits counts packets that came twice.
                total_lost: if report.total_lost < 1 << 23 {
                    report.total_lost
                } else {
                    0
                },
                echo: (report.last_sender_report != 0).then_some(Echo {
                    last_report: report.last_sender_report,
                    delay: report.delay,
                }),
            });
        }
    }
}

/// A sender report: it tells which RTP time is which time of day at the camera. `last` is any moment
/// of the track, the newer the better.
pub(super) fn sender_report(
    now: Instant,
    ssrc: u32,
    clock_rate: u32,
    last: Moment,
    counts: Counts,
) -> Result<BytesMut, Error> {
    let since = now.saturating_duration_since(last.captured.at);
    let ticks = since.as_nanos() * u128::from(clock_rate) / 1_000_000_000;
    let report = SenderReport {
        ssrc,
        ntp_time: ntp::from(last.captured.wall + since),
        rtp_time: last.timestamp.wrapping_add(ticks as u32),
        // They wrap: RFC 3550 section 6.4.1.
        packet_count: counts.packets as u32,
        octet_count: counts.octets as u32,
        ..SenderReport::default()
    };
    // A compound packet has to carry the name: RFC 3550 section 6.1.
    let name = SourceDescription {
        chunks: vec![SourceDescriptionChunk {
            source: ssrc,
            items: vec![SourceDescriptionItem {
                sdes_type: SdesType::SdesCname,
                text: CNAME.into(),
            }],
        }],
    };
    rtc::rtcp::packet::marshal(&[Box::new(report), Box::new(name)])
}

#[cfg(test)]
mod tests;
