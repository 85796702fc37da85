//! What a sender and we tell each other beside the media (RFC 3550 section 6, RFC 4585).

use bytes::Bytes;
use rtc::rtcp::packet::{Packet, marshal};
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::source_description::{
    SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem,
};
use rtc::shared::error::Error;

/// One thing that a sender tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// An RTP time, and which time of day it is at the sender.
    Report { ssrc: u32, ntp: u64, rtp: u32 },
    /// It will send no more.
    Bye { ssrc: u32 },
}

/// Reads a compound packet, up to where it makes no sense. `None` for what is no RTCP.
///
/// Anybody can send to the port, so only the few fields that are of use are looked at.
pub(super) fn parse(packet: &[u8]) -> Option<Vec<News>> {
    const SENDER_REPORT: u8 = 200;
    const GOODBYE: u8 = 203;
    let mut news = Vec::new();
    let mut rest = packet;
    let mut packets = 0;
    while let Some((first, kind, body, after)) = next(rest) {
        packets += 1;
        rest = after;
        match kind {
            SENDER_REPORT => news.extend(sender_report(body)),
            GOODBYE => {
                let sources = body.chunks_exact(4).take(usize::from(first & 0x1f));
                let sources = sources.filter_map(|ssrc| Some(number(ssrc)? as u32));
                news.extend(sources.map(|ssrc| News::Bye { ssrc }));
            }
            _ => {}
        }
    }
    (packets > 0).then_some(news)
}

/// The first packet of several: its first byte, its type, what follows its header, and the others.
fn next(packet: &[u8]) -> Option<(u8, u8, &[u8], &[u8])> {
    const VERSION: u8 = 2;
    const TYPES: std::ops::RangeInclusive<u8> = 192..=223;
    let [first, kind, high, low, rest @ ..] = packet else {
        return None;
    };
    if first >> 6 != VERSION || !TYPES.contains(kind) {
        return None;
    }
    let length = 4 * usize::from(u16::from_be_bytes([*high, *low]));
    let (body, after) = rest.split_at_checked(length)?;
    Some((*first, *kind, body, after))
}

fn sender_report(body: &[u8]) -> Option<News> {
    Some(News::Report {
        ssrc: number(body.get(..4)?)? as u32,
        ntp: number(body.get(4..12)?)?,
        rtp: number(body.get(12..16)?)? as u32,
    })
}

fn number(bytes: &[u8]) -> Option<u64> {
    let mut wide = [0; 8];
    wide.get_mut(8_usize.checked_sub(bytes.len())?..)?
        .copy_from_slice(bytes);
    Some(u64::from_be_bytes(wide))
}

/// A compound packet of ours, which is `ssrc`: how the sender's packets arrive, and whether a key
/// frame is wanted of the sender with that SSRC.
pub(super) fn report(
    ssrc: u32,
    reception: Option<ReceptionReport>,
    key_frame_of: Option<u32>,
) -> Result<Bytes, Error> {
    // The first has to be a report, be it empty, and a name has to be there: section 6.1.
    let mut packets: Vec<Box<dyn Packet>> = vec![
        Box::new(ReceiverReport {
            ssrc,
            reports: reception.into_iter().collect(),
            ..ReceiverReport::default()
        }),
        Box::new(SourceDescription {
            chunks: vec![SourceDescriptionChunk {
                source: ssrc,
                items: vec![SourceDescriptionItem {
                    sdes_type: SdesType::SdesCname,
                    text: "fanlight".into(),
                }],
            }],
        }),
    ];
    if let Some(media_ssrc) = key_frame_of {
        packets.push(Box::new(PictureLossIndication {
            sender_ssrc: ssrc,
            media_ssrc,
        }));
    }
    Ok(marshal(&packets)?.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::rtcp::goodbye::Goodbye;
    use rtc::rtcp::packet::unmarshal;
    use rtc::rtcp::sender_report::SenderReport;

    #[test]
    fn reports_and_goodbyes_are_read_whatever_is_between_them() {
        let report = SenderReport {
            ssrc: 1,
            ntp_time: 2,
            rtp_time: 3,
            ..SenderReport::default()
        };
        let bye = Goodbye {
            sources: vec![4, 5],
            ..Goodbye::default()
        };
        let name = SourceDescription::default();
        let packet = marshal(&[Box::new(report), Box::new(name), Box::new(bye)]).unwrap();
        assert_eq!(
            parse(&packet).unwrap(),
            [
                News::Report {
                    ssrc: 1,
                    ntp: 2,
                    rtp: 3
                },
                News::Bye { ssrc: 4 },
                News::Bye { ssrc: 5 }
            ]
        );
        for length in 0..packet.len() {
            let _ = parse(&packet[..length]);
        }
        assert_eq!(parse(&packet[..3]), None);
        assert_eq!(parse(b"GET / HTTP/1.1"), None);
    }

    #[test]
    fn a_wish_for_a_key_frame_is_a_compound_packet_with_a_pli() {
        let mut packet = report(7, None, Some(9)).unwrap();
        let packets = unmarshal(&mut packet).unwrap();
        assert_eq!(packets.len(), 3);
        let report = packets[0].as_any().downcast_ref::<ReceiverReport>();
        assert!(report.unwrap().reports.is_empty());
        let pli = packets[2].as_any().downcast_ref::<PictureLossIndication>();
        assert_eq!(pli.unwrap().media_ssrc, 9);
    }
}
