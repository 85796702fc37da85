//! What a viewer reports, and what we report to it (RFC 3550 section 6, RFC 4585, RFC 5104).
use super::{ntp, rtp::Counts};
use crate::stream::Frame;
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
use std::time::Instant;

/// The ticks of video in RTP.
const CLOCK: u128 = 90_000;

/// What a viewer told about the stream that it gets.
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
}

impl Feedback {
    /// Reads a compound packet, as far as it is about the stream with this source.
    pub(super) fn parse(mut packet: BytesMut, ssrc: u32) -> Result<Self, Error> {
        let mut feedback = Self::default();
        for packet in unmarshal(&mut packet)? {
            feedback.add(packet.as_ref(), ssrc);
        }
        Ok(feedback)
    }

    fn add(&mut self, packet: &dyn Packet, ssrc: u32) {
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
            self.receive(&report.reports, ssrc);
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            self.receive(&report.reports, ssrc);
        }
    }

    fn receive(&mut self, reports: &[ReceptionReport], ssrc: u32) {
        if let Some(report) = reports.iter().find(|report| report.ssrc == ssrc) {
            self.reception = Some(Reception {
                lost: f32::from(report.fraction_lost) / 256.0,
                jitter: report.jitter as f32 / CLOCK as f32,
            });
        }
    }
}

/// A sender report: it tells which RTP time is which time of day at the camera. `latest` is any
/// frame of the stream, the newer the better.
pub(super) fn sender_report(
    now: Instant,
    ssrc: u32,
    latest: &Frame,
    counts: Counts,
) -> Result<BytesMut, Error> {
    let since = now.saturating_duration_since(latest.captured.at);
    let ticks = since.as_nanos() * CLOCK / 1_000_000_000;
    let report = SenderReport {
        ssrc,
        ntp_time: ntp::from(latest.captured.wall + since),
        rtp_time: latest.timestamp.wrapping_add(ticks as u32),
        packet_count: counts.packets,
        octet_count: counts.octets,
        ..SenderReport::default()
    };
    // A compound packet has to carry the name: RFC 3550 section 6.1.
    let name = SourceDescription {
        chunks: vec![SourceDescriptionChunk {
            source: ssrc,
            items: vec![SourceDescriptionItem {
                sdes_type: SdesType::SdesCname,
                text: "fanlight".into(),
            }],
        }],
    };
    rtc::rtcp::packet::marshal(&[Box::new(report), Box::new(name)])
}

#[cfg(test)]
mod tests;
