//! The session description that viewers are offered: the shape that Janus gives to what µStreamer's
//! plugin offers, so that clients of theirs find what they expect.
use super::ice::Credentials;
use std::{fmt::Write, net::SocketAddr};

pub(super) const VIDEO_ORIENTATION: &str = "urn:3gpp:video-orientation";
pub(super) const PLAYOUT_DELAY: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
pub(super) const ABS_CAPTURE_TIME: &str =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

/// The name of the one media section.
const MID: &str = "v";

/// What one offer is made of.
pub(super) struct Description<'a> {
    /// Identifies the session in the `o=` line.
    pub(super) session: u64,
    /// An address for the lines that want one; ICE finds the real ones.
    pub(super) address: SocketAddr,
    pub(super) ice: &'a Credentials,
    pub(super) ice_lite: bool,
    /// Of our certificate, as SDP writes it.
    pub(super) fingerprint: &'a str,
    pub(super) ssrc: u32,
    pub(super) rtx_ssrc: u32,
    /// Whether the picture is to be turned by the viewer.
    pub(super) turned: bool,
}

impl Description<'_> {
    /// The offer, without candidates.
    pub(super) fn sdp(&self) -> String {
        let Self {
            session,
            fingerprint,
            ssrc,
            rtx_ssrc,
            ..
        } = self;
        let Credentials { ufrag, password } = self.ice;
        let ip = self.address.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let lite = if self.ice_lite { "a=ice-lite\r\n" } else { "" };
        let orientation = if self.turned {
            format!("a=extmap:1/sendonly {VIDEO_ORIENTATION}\r\n")
        } else {
            String::new()
        };
        // The level is the lowest; level-asymmetry-allowed says that it does not bind the sender.
        format!(
            "v=0\r\n\
             o=- {session} 1 IN {family} {ip}\r\n\
             s=Fanlight\r\n\
             t=0 0\r\n\
             a=group:BUNDLE {MID}\r\n\
             {lite}\
             a=ice-options:trickle\r\n\
             a=fingerprint:sha-256 {fingerprint}\r\n\
             a=extmap-allow-mixed\r\n\
             a=msid-semantic: WMS *\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n\
             c=IN {family} {ip}\r\n\
             a=sendonly\r\n\
             a=mid:{MID}\r\n\
             a=rtcp-mux\r\n\
             a=ice-ufrag:{ufrag}\r\n\
             a=ice-pwd:{password}\r\n\
             a=ice-options:trickle\r\n\
             a=setup:actpass\r\n\
             a=rtpmap:96 H264/90000\r\n\
             a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
             a=rtcp-fb:96 ccm fir\r\n\
             a=rtcp-fb:96 nack\r\n\
             a=rtcp-fb:96 nack pli\r\n\
             {orientation}\
             a=extmap:2/sendonly {PLAYOUT_DELAY}\r\n\
             a=extmap:3/sendonly {ABS_CAPTURE_TIME}\r\n\
             a=rtpmap:97 rtx/90000\r\n\
             a=fmtp:97 apt=96\r\n\
             a=ssrc-group:FID {ssrc} {rtx_ssrc}\r\n\
             a=msid:video {MID}\r\n\
             a=ssrc:{ssrc} cname:fanlight\r\n\
             a=ssrc:{rtx_ssrc} cname:fanlight\r\n"
        )
    }
}

/// The candidate lines of these addresses, the first to be preferred.
pub(super) fn candidates(addresses: &[SocketAddr]) -> Vec<String> {
    /// Of host candidates, by RFC 8445 section 5.1.2.2.
    const TYPE_PREFERENCE: u32 = 126;
    let mut lines = Vec::with_capacity(addresses.len());
    for (index, address) in addresses.iter().enumerate() {
        let local_preference = 0xffff - u32::try_from(index).unwrap_or(0xffff);
        let priority = TYPE_PREFERENCE << 24 | local_preference << 8 | 255;
        let mut line = String::new();
        let (ip, port) = (address.ip(), address.port());
        // Writing to a string cannot fail.
        let _ = write!(
            line,
            "candidate:{} 1 udp {priority} {ip} {port} typ host",
            index + 1
        );
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc::sdp::SessionDescription;
    use std::io::Cursor;

    fn offer(turned: bool) -> String {
        let ice = Credentials {
            ufrag: "abcd1234".into(),
            password: "0123456789abcdef01234567".into(),
        };
        Description {
            session: 42,
            address: "192.0.2.7:8189".parse().unwrap(),
            ice: &ice,
            ice_lite: false,
            fingerprint: "AA:BB",
            ssrc: 7,
            rtx_ssrc: 8,
            turned,
        }
        .sdp()
    }

    #[test]
    fn a_parser_of_sdp_reads_the_offer_as_it_is_meant() {
        let sdp = SessionDescription::unmarshal(&mut Cursor::new(offer(false))).unwrap();
        let [video] = sdp.media_descriptions.as_slice() else {
            panic!("one section");
        };
        let one = |name: &str| video.attribute(name).flatten();
        assert_eq!(video.media_name.formats, ["96", "97"]);
        assert_eq!(one("mid"), Some("v"));
        assert_eq!(one("ice-ufrag"), Some("abcd1234"));
        assert_eq!(one("setup"), Some("actpass"));
        assert_eq!(one("ssrc-group"), Some("FID 7 8"));
        assert_eq!(
            one("extmap").map(|e| e.starts_with("2/sendonly")),
            Some(true)
        );
        assert_eq!(sdp.attribute("group").map(String::as_str), Some("BUNDLE v"));
    }

    #[test]
    fn only_a_turned_picture_announces_its_orientation() {
        assert!(offer(true).contains(VIDEO_ORIENTATION));
        assert!(!offer(false).contains(VIDEO_ORIENTATION));
    }

    #[test]
    fn the_first_address_has_the_highest_priority() {
        let addresses = [
            "192.0.2.7:8189".parse().unwrap(),
            "[2001:db8::1]:8189".parse().unwrap(),
        ];
        assert_eq!(
            candidates(&addresses),
            [
                "candidate:1 1 udp 2130706431 192.0.2.7 8189 typ host",
                "candidate:2 1 udp 2130706175 2001:db8::1 8189 typ host",
            ],
        );
    }
}
