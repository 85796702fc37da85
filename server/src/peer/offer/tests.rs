use super::*;
use crate::peer::{PlayoutDelay, testing::Stub};
use rtc::sdp::{SessionDescription, description::media::MediaDescription};
use std::{io::Cursor, sync::Arc};

fn track(mid: &str, codec: Codec, fmtp: &str) -> OfferedTrack {
    let format = Format {
        codec,
        fmtp: fmtp.into(),
    };
    OfferedTrack {
        mid: mid.into(),
        track: Arc::new(Stub::of("stub", format)),
    }
}

fn camera() -> OfferedTrack {
    track("v", Codec::H264, &Format::h264().fmtp)
}

fn offer(tracks: &[OfferedTrack], options: &OfferOptions) -> String {
    let ice = Credentials {
        ufrag: "abcd1234".into(),
        password: "0123456789abcdef01234567".into(),
    };
    Description {
        session: 42,
        version: 1,
        address: "192.0.2.7:8189".parse().unwrap(),
        ice: &ice,
        ice_lite: false,
        fingerprint: "AA:BB",
        sections: &sections(tracks).unwrap(),
        options,
    }
    .sdp()
}

fn parse(sdp: &str) -> SessionDescription {
    SessionDescription::unmarshal(&mut Cursor::new(sdp)).unwrap()
}

fn one<'a>(media: &'a MediaDescription, name: &str) -> Option<&'a str> {
    media.attribute(name).flatten()
}

fn payload_types(tracks: &[OfferedTrack]) -> Vec<u8> {
    let sections = sections(tracks).unwrap();
    sections.iter().map(|s| s.payload_type).collect()
}

#[test]
fn a_parser_of_sdp_reads_the_offer_as_it_is_meant() {
    let sdp = parse(&offer(&[camera()], &OfferOptions::default()));
    let [video] = sdp.media_descriptions.as_slice() else {
        panic!("one section");
    };
    assert_eq!(video.media_name.media, "video");
    assert_eq!(video.media_name.formats, ["96", "97"]);
    assert_eq!(one(video, "mid"), Some("v"));
    assert_eq!(one(video, "ice-ufrag"), Some("abcd1234"));
    assert_eq!(one(video, "setup"), Some("actpass"));
    assert_eq!(one(video, "rtpmap"), Some("96 H264/90000"));
    let extension = one(video, "extmap").unwrap();
    assert!(extension.starts_with("2/sendonly"), "{extension}");
    assert_eq!(sdp.attribute("group").map(String::as_str), Some("BUNDLE v"));
    let group = one(video, "ssrc-group").unwrap();
    let ssrc = one(video, "ssrc").unwrap();
    assert!(ssrc.ends_with(" cname:fanlight"), "{ssrc}");
    assert!(group.starts_with(&format!("FID {} ", &ssrc[..ssrc.find(' ').unwrap()])));
}

#[test]
fn each_track_has_a_section_in_the_order_given() {
    let tracks = [
        track("a", Codec::Opus, "sprop-stereo=1"),
        track("v", Codec::Vp8, ""),
        track("b", Codec::Pcmu, ""),
    ];
    let options = OfferOptions {
        session_name: "Mountpoint 10".into(),
        ..OfferOptions::default()
    };
    let sdp = parse(&offer(&tracks, &options));
    assert_eq!(sdp.session_name, "Mountpoint 10");
    let group = sdp.attribute("group").map(String::as_str);
    assert_eq!(group, Some("BUNDLE a v b"));
    let media = sdp.media_descriptions.iter();
    let media: Vec<_> = media
        .map(|m| {
            let name = &m.media_name;
            (
                name.media.as_str(),
                name.formats.join(" "),
                one(m, "rtpmap").unwrap(),
                one(m, "fmtp").unwrap_or_default(),
            )
        })
        .collect();
    let expected = [
        ("audio", "111", "111 opus/48000/2", "111 sprop-stereo=1"),
        // The parameters of the retransmissions.
        ("video", "96 97", "96 VP8/90000", "97 apt=96"),
        ("audio", "0", "0 PCMU/8000", ""),
    ];
    let expected: Vec<_> = expected
        .map(|(kind, formats, map, fmtp)| (kind, formats.to_owned(), map, fmtp))
        .into();
    assert_eq!(media, expected);
    // Retransmissions and playing at once are for video only.
    let audio = &sdp.media_descriptions[0];
    assert_eq!(one(audio, "ssrc-group"), None);
    assert_eq!(one(audio, "rtcp-fb"), None);
    let extension = one(audio, "extmap").unwrap();
    assert!(extension.ends_with(ABS_CAPTURE_TIME), "{extension}");
}

#[test]
fn payload_types_do_not_clash() {
    let video = |mid, profile| track(mid, Codec::Vp9, profile);
    let tracks = [
        video("1", ""),
        video("2", "profile-id=2"),
        video("3", ""),
        track("4", Codec::Pcma, ""),
        track("5", Codec::G722, ""),
        track("6", Codec::Opus, ""),
        track("7", Codec::Opus, "sprop-stereo=1"),
    ];
    assert_eq!(payload_types(&tracks), [96, 98, 96, 8, 9, 111, 100]);
}

#[test]
fn no_two_tracks_have_the_same_source() {
    let sections = sections(&[camera(), track("a", Codec::Opus, "")]).unwrap();
    let ssrcs = sections
        .iter()
        .flat_map(|s| [Some(s.sources.media), s.sources.rtx])
        .flatten();
    assert_eq!(ssrcs.collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn tracks_that_cannot_be_told_apart_are_not_offered() {
    for tracks in [vec![], vec![camera(), camera()]] {
        assert!(matches!(sections(&tracks), Err(OfferError::Tracks(_))));
    }
    let many: Vec<_> = (0..16)
        .map(|n| track(&format!("{n}"), Codec::Vp9, &format!("x={n}")))
        .collect();
    assert!(sections(&many[..15]).is_ok());
    assert!(matches!(sections(&many), Err(OfferError::Tracks(_))));
}

#[test]
fn only_extensions_that_will_be_used_are_offered() {
    let all = OfferOptions {
        orientation: Orientation::Quarter,
        playout_delay: Some(PlayoutDelay { min: 0, max: 100 }),
        abs_capture_time: true,
        ..OfferOptions::default()
    };
    let none = OfferOptions {
        orientation: Orientation::Upright,
        playout_delay: None,
        abs_capture_time: false,
        ..OfferOptions::default()
    };
    for uri in [VIDEO_ORIENTATION, PLAYOUT_DELAY, ABS_CAPTURE_TIME] {
        assert!(offer(&[camera()], &all).contains(uri));
        assert!(!offer(&[camera()], &none).contains(uri));
    }
    assert!(!offer(&[camera()], &OfferOptions::default()).contains(VIDEO_ORIENTATION));
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
