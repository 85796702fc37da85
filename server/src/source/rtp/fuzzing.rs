//! What comes to a medium's ports, without the ports.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::config::{RtpConfig, RtpMediaConfig};
use super::medium::Medium;
use crate::picture::Captured;
use crate::stream::Codec;

const CODECS: [Codec; 6] = [
    Codec::H264,
    Codec::Vp8,
    Codec::Vp9,
    Codec::Av1,
    Codec::Opus,
    Codec::Pcmu,
];

const PAYLOAD_TYPE: u8 = 96;

/// Whether any frame comes of a conversation. Its first byte chooses the codec. Then, for each datagram:
/// a byte with the milliseconds since the one before, doubled, plus 1 for RTCP; the length in two
/// bytes, the higher one first; the datagram.
pub(crate) fn receive(conversation: &[u8]) -> bool {
    let Some((first, mut rest)) = conversation.split_first() else {
        return false;
    };
    let codec = CODECS[usize::from(*first) % CODECS.len()];
    let config = RtpMediaConfig {
        rtcp_port: Some(0),
        abs_capture_time: Some(1),
        ..RtpMediaConfig::new("v", codec, PAYLOAD_TYPE)
    };
    let Ok(mut medium) = Medium::new("fuzz/v", &RtpConfig::default(), &config, 1) else {
        return false;
    };
    let from = SocketAddr::from((Ipv4Addr::LOCALHOST, 5_004));
    let mut now = Captured::now();
    let mut last = None;
    while let [how, high, low, following @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(following.len());
        let (datagram, next) = following.split_at(length);
        rest = next;
        let pause = Duration::from_millis(u64::from(how / 2));
        now = Captured {
            at: now.at + pause,
            wall: now.wall + pause,
        };
        if how % 2 == 1 {
            medium.receive_rtcp(now, from, datagram);
        } else {
            medium.receive_rtp(now, from, Bytes::copy_from_slice(datagram));
        }
        medium.request_key_frame();
        medium.handle_timeout(now);
        while let Some(frame) = medium.poll_frame() {
            assert!(last < Some(frame.number), "{} twice", frame.number);
            assert!(!frame.packets.is_empty(), "a frame of nothing");
            last = Some(frame.number);
        }
        while medium.poll_transmit().is_some() {}
        let due = medium.poll_timeout(now.at);
        assert!(due.is_none_or(|due| due > now.at), "no end of time-outs");
    }
    last.is_some()
}
