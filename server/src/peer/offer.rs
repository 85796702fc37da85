//! The session description that viewers are offered: the shape that Janus gives to what its
//! plugins offer, so that their clients find what they expect.
use super::{OfferError, OfferOptions, OfferedTrack, codec, ice::Credentials, rtp::Sources};
use crate::{
    peer::Orientation,
    stream::{Codec, Format, Kind},
};
use std::{collections::BTreeSet, fmt::Write, net::SocketAddr};

pub(super) const VIDEO_ORIENTATION: &str = "urn:3gpp:video-orientation";
pub(super) const PLAYOUT_DELAY: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
pub(super) const ABS_CAPTURE_TIME: &str =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

/// The name of the source of all tracks, which are played in step (RFC 3550 section 6.5.1).
pub(super) const CNAME: &str = "fanlight";

/// The payload types of video, each followed by that of its retransmissions, and with them those
/// of audio when the usual one is taken. 111 is left to Opus.
const DYNAMIC: [u8; 15] = [
    96, 98, 100, 102, 104, 106, 108, 112, 114, 116, 118, 120, 122, 124, 126,
];
const OPUS: u8 = 111;

/// One track as it is offered: what of a section stays the same as long as the peer lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) mid: String,
    pub(super) format: Format,
    pub(super) payload_type: u8,
    /// The payload type of retransmissions (RFC 4588), for video.
    pub(super) rtx: Option<u8>,
    pub(super) sources: Sources,
}

/// What one offer is made of.
pub(super) struct Description<'a> {
    /// Identifies the session in the `o=` line.
    pub(super) session: u64,
    /// Counts the offers of the session, from 1.
    pub(super) version: u32,
    /// An address for the lines that want one; ICE finds the real ones.
    pub(super) address: SocketAddr,
    pub(super) ice: &'a Credentials,
    pub(super) ice_lite: bool,
    /// Of our certificate, as SDP writes it.
    pub(super) fingerprint: &'a str,
    pub(super) sections: &'a [Section],
    pub(super) options: &'a OfferOptions,
}

/// Gives each track its numbers.
pub(super) fn sections(tracks: &[OfferedTrack]) -> Result<Vec<Section>, OfferError> {
    let mut sections: Vec<Section> = Vec::with_capacity(tracks.len());
    let mut ssrcs = BTreeSet::new();
    let mut ssrc = || {
        loop {
            // Some take 0 for none.
            let ssrc = rand::random_range(1..=u32::MAX);
            if ssrcs.insert(ssrc) {
                return ssrc;
            }
        }
    };
    for OfferedTrack { mid, track } in tracks {
        if sections.iter().any(|section| section.mid == *mid) {
            return Err(OfferError::Tracks("two tracks have the same mid"));
        }
        let format = track.format().clone();
        let payload_type = payload_type(&format, &sections)
            .ok_or(OfferError::Tracks("there are too many different codecs"))?;
        let is_video = format.codec.kind() == Kind::Video;
        sections.push(Section {
            mid: mid.clone(),
            format,
            payload_type,
            rtx: is_video.then_some(payload_type + 1),
            sources: Sources {
                media: ssrc(),
                rtx: is_video.then(&mut ssrc),
            },
        });
    }
    if sections.is_empty() {
        return Err(OfferError::Tracks("there are no tracks"));
    }
    Ok(sections)
}

/// In one bundle a payload type means one format: RFC 9143 section 9.2.
fn payload_type(format: &Format, before: &[Section]) -> Option<u8> {
    if let Some(same) = before.iter().find(|section| section.format == *format) {
        return Some(same.payload_type);
    }
    let fixed = codec::fixed_payload_type(format.codec);
    let opus = (format.codec == Codec::Opus).then_some(OPUS);
    let is_free = |number: &u8| before.iter().all(|section| section.payload_type != *number);
    fixed
        .into_iter()
        .chain(opus)
        .chain(DYNAMIC)
        .find(|number| is_free(number))
}

impl Description<'_> {
    /// The offer, without candidates.
    pub(super) fn sdp(&self) -> String {
        let Self {
            session,
            version,
            fingerprint,
            ..
        } = self;
        let ip = self.address.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let lite = if self.ice_lite { "a=ice-lite\r\n" } else { "" };
        let mids = self.sections.iter().map(|section| section.mid.as_str());
        let mids = mids.collect::<Vec<_>>().join(" ");
        let mut sdp = format!(
            "v=0\r\n\
             o=- {session} {version} IN {family} {ip}\r\n\
             s={}\r\n\
             t=0 0\r\n\
             a=group:BUNDLE {mids}\r\n\
             {lite}\
             a=ice-options:trickle\r\n\
             a=fingerprint:sha-256 {fingerprint}\r\n\
             a=extmap-allow-mixed\r\n\
             a=msid-semantic: WMS *\r\n",
            self.options.session_name
        );
        for section in self.sections {
            self.write_section(&mut sdp, section);
        }
        sdp
    }

    fn write_section(&self, sdp: &mut String, section: &Section) {
        let Credentials { ufrag, password } = self.ice;
        let ip = self.address.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let Section {
            mid,
            format,
            payload_type,
            rtx,
            sources,
        } = section;
        let kind = format.codec.kind();
        let rtpmap = format.codec.rtpmap();
        let formats = match rtx {
            Some(rtx) => format!("{payload_type} {rtx}"),
            None => payload_type.to_string(),
        };
        *sdp += &format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {formats}\r\n\
             c=IN {family} {ip}\r\n\
             a=sendonly\r\n\
             a=mid:{mid}\r\n\
             a=rtcp-mux\r\n\
             a=ice-ufrag:{ufrag}\r\n\
             a=ice-pwd:{password}\r\n\
             a=ice-options:trickle\r\n\
             a=setup:actpass\r\n\
             a=rtpmap:{payload_type} {rtpmap}\r\n"
        );
        if !format.fmtp.is_empty() {
            *sdp += &format!("a=fmtp:{payload_type} {}\r\n", format.fmtp);
        }
        if kind == Kind::Video {
            for feedback in ["ccm fir", "nack", "nack pli"] {
                *sdp += &format!("a=rtcp-fb:{payload_type} {feedback}\r\n");
            }
        }
        for (id, uri) in self.extensions(kind) {
            *sdp += &format!("a=extmap:{id}/sendonly {uri}\r\n");
        }
        if let Some(rtx) = rtx {
            let clock = format.codec.clock_rate();
            *sdp += &format!("a=rtpmap:{rtx} rtx/{clock}\r\na=fmtp:{rtx} apt={payload_type}\r\n");
        }
        let Sources { media, rtx } = sources;
        if let Some(rtx) = rtx {
            *sdp += &format!("a=ssrc-group:FID {media} {rtx}\r\n");
        }
        *sdp += &format!("a=msid:{CNAME} {mid}\r\n");
        for ssrc in [Some(media), rtx.as_ref()].into_iter().flatten() {
            *sdp += &format!("a=ssrc:{ssrc} cname:{CNAME}\r\n");
        }
    }

    /// An identifier means the same in all sections of a bundle: RFC 9143 section 9.
    fn extensions(&self, kind: Kind) -> impl Iterator<Item = (u8, &'static str)> {
        let OfferOptions {
            orientation,
            playout_delay,
            abs_capture_time,
            ..
        } = self.options;
        let is_video = kind == Kind::Video;
        let turned = *orientation != Orientation::Upright;
        [
            (1, VIDEO_ORIENTATION, is_video && turned),
            (2, PLAYOUT_DELAY, is_video && playout_delay.is_some()),
            (3, ABS_CAPTURE_TIME, *abs_capture_time),
        ]
        .into_iter()
        .filter_map(|(id, uri, offered)| offered.then_some((id, uri)))
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
mod tests;
