//! Whether both ends mean the same by a codec (RFC 3264 section 6.1 and the payload formats).
use crate::stream::{Codec, Format};

/// Whether the frames of one can take the place of the other's in a running decoder.
pub(super) fn is_same(one: &Format, other: &Format) -> bool {
    one.codec == other.codec && decisive_of(one) == decisive_of(other)
}

/// Whether this is `format` in the words of someone else's session description. `rtpmap` may be
/// missing for the payload types that need none (RFC 3551 section 6), and `fmtp` for any.
pub(super) fn fits(
    format: &Format,
    payload_type: &str,
    rtpmap: Option<&str>,
    fmtp: Option<&str>,
) -> bool {
    let named = match rtpmap {
        Some(rtpmap) => is_named(format.codec, rtpmap),
        None => fixed_payload_type(format.codec).is_some_and(|t| payload_type.parse() == Ok(t)),
    };
    named && decisive(format.codec, fmtp.unwrap_or_default()) == decisive_of(format)
}

/// The payload type that a codec has without saying so: RFC 3551 section 6.
pub(super) fn fixed_payload_type(codec: Codec) -> Option<u8> {
    match codec {
        Codec::Pcmu => Some(0),
        Codec::Pcma => Some(8),
        Codec::G722 => Some(9),
        Codec::H264 | Codec::Vp8 | Codec::Vp9 | Codec::Av1 | Codec::Opus => None,
    }
}

/// The name of a codec in SDP.
pub(super) fn name(codec: Codec) -> &'static str {
    let rtpmap = codec.rtpmap();
    rtpmap.split_once('/').map_or(rtpmap, |(name, _)| name)
}

fn is_named(codec: Codec, rtpmap: &str) -> bool {
    // One channel is what is meant when nothing is said.
    let rtpmap = match rtpmap.strip_suffix("/1") {
        Some(mono) if mono.contains('/') => mono,
        _ => rtpmap,
    };
    rtpmap.eq_ignore_ascii_case(codec.rtpmap())
}

fn decisive_of(format: &Format) -> Option<&str> {
    decisive(format.codec, &format.fmtp)
}

/// The value of the parameter in which both ends have to agree, if the codec has one.
fn decisive(codec: Codec, fmtp: &str) -> Option<&str> {
    let name = match codec {
        // RFC 6184 section 8.1
        Codec::H264 => "packetization-mode",
        // RFC 9628 section 6.1
        Codec::Vp9 => "profile-id",
        // The RTP payload format of AV1, section 7.2
        Codec::Av1 => "profile",
        Codec::Vp8 | Codec::Opus | Codec::Pcmu | Codec::Pcma | Codec::G722 => return None,
    };
    // It is 0 when nothing is said, for all of them.
    Some(parameter(fmtp, name).unwrap_or("0"))
}

/// One of the parameters of an `a=fmtp`.
pub(super) fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    fmtp.split(';').find_map(|parameter| {
        let (key, value) = parameter.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(codec: Codec, fmtp: &str) -> Format {
        Format {
            codec,
            fmtp: fmtp.into(),
        }
    }

    #[test]
    fn h264_fits_by_its_packetization_mode_and_not_by_its_profile() {
        let offered = Format::h264();
        let fits = |fmtp| fits(&offered, "102", Some("h264/90000"), fmtp);
        assert!(fits(Some("profile-level-id=640c1f; packetization-mode=1")));
        assert!(!fits(Some("profile-level-id=42e01f;packetization-mode=0")));
        assert!(!fits(Some("profile-level-id=42e01f")));
        assert!(!fits(None));
    }

    #[test]
    fn profiles_of_vp9_and_av1_have_to_agree() {
        let vp9 = format(Codec::Vp9, "profile-id=2");
        assert!(fits(&vp9, "98", Some("VP9/90000"), Some("profile-id=2")));
        assert!(!fits(&vp9, "98", Some("VP9/90000"), None));
        let av1 = format(Codec::Av1, "");
        let answered = Some("level-idx=5;profile=0;tier=0");
        assert!(fits(&av1, "45", Some("AV1/90000"), answered));
        assert!(!is_same(&av1, &format(Codec::Av1, "profile=1")));
    }

    #[test]
    fn audio_fits_by_its_name_or_by_its_number() {
        let opus = format(Codec::Opus, "sprop-stereo=1");
        let browsers = Some("minptime=10;useinbandfec=1");
        assert!(fits(&opus, "109", Some("OPUS/48000/2"), browsers));
        assert!(!fits(&opus, "109", Some("opus/48000"), browsers));
        let pcma = format(Codec::Pcma, "");
        assert!(fits(&pcma, "8", None, None));
        assert!(fits(&pcma, "101", Some("PCMA/8000/1"), None));
        assert!(!fits(&pcma, "0", None, None));
        assert!(!fits(&opus, "111", None, None));
    }
}
