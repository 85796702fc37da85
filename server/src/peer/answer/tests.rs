use super::*;
use crate::{
    peer::{OfferedTrack, offer, testing::Stub},
    stream::Codec,
};
use std::sync::Arc;

/// As Chromium answers.
const CHROMIUM: &str = "v=0\r\n\
    o=- 2180218474614641457 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE v\r\n\
    a=extmap-allow-mixed\r\n\
    a=msid-semantic: WMS\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=rtcp:9 IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2113937151 10.77.0.1 33095 typ host generation 0\r\n\
    a=candidate:2 1 udp 2113937151 6a1c-9f.local 33096 typ host generation 0\r\n\
    a=ice-ufrag:8jBG\r\n\
    a=ice-pwd:yNPPzCqP6FG3RsV/aq0wN9nc\r\n\
    a=ice-options:trickle\r\n\
    a=fingerprint:sha-256 C3:CD:30:41:C0:72:92:25:1E:9E:BB:CF:01:D0:D6:87:49:4A:00:0B:A4:A5:86:C3:AE:19:19:10:FE:49:FD:54\r\n\
    a=setup:active\r\n\
    a=mid:v\r\n\
    a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n\
    a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\n\
    a=recvonly\r\n\
    a=rtcp-mux\r\n\
    a=rtpmap:96 H264/90000\r\n\
    a=rtcp-fb:96 nack pli\r\n\
    a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
    a=rtpmap:97 rtx/90000\r\n\
    a=fmtp:97 apt=96\r\n";

fn without(prefix: &str) -> String {
    let lines = CHROMIUM.lines().filter(|line| !line.starts_with(prefix));
    lines.map(|line| format!("{line}\r\n")).collect()
}

fn offered(tracks: &[(&str, Codec, &str)]) -> Vec<Section> {
    let tracks = tracks.iter().map(|(mid, codec, fmtp)| {
        let format = Format {
            codec: *codec,
            fmtp: (*fmtp).into(),
        };
        OfferedTrack {
            mid: (*mid).into(),
            track: Arc::new(Stub::of("stub", format)),
        }
    });
    offer::sections(&tracks.collect::<Vec<_>>()).unwrap()
}

/// Reads an answer to the offer of a camera.
fn parse(text: &str) -> Result<Answer, AnswerError> {
    Answer::parse(text, &offered(&[("v", Codec::H264, &Format::h264().fmtp)]))
}

fn error(text: &str) -> AnswerError {
    parse(text).unwrap_err()
}

#[test]
fn a_browsers_answer_is_understood() {
    let answer = parse(CHROMIUM).unwrap();
    assert_eq!(answer.credentials.ufrag, "8jBG");
    assert_eq!(answer.credentials.password, "yNPPzCqP6FG3RsV/aq0wN9nc");
    assert_eq!(answer.role, Role::Server);
    let agreed = Agreed {
        payload_type: 96,
        rtx: Some(97),
        playout_delay: Some(2),
        abs_capture_time: Some(3),
        orientation: None,
    };
    assert_eq!(answer.agreed, [Some(agreed)]);
    assert_eq!(answer.candidates.len(), 1);
}

#[test]
fn session_level_credentials_and_a_passive_viewer_are_understood() {
    let moved = ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"];
    let (session, media) = CHROMIUM.split_once("m=video").unwrap();
    let is_moved = |line: &&str| moved.iter().any(|prefix| line.starts_with(prefix));
    let mut text = session.to_owned();
    media
        .lines()
        .filter(is_moved)
        .for_each(|line| text += &format!("{line}\n"));
    text += "m=video";
    media
        .lines()
        .filter(|l| !is_moved(l))
        .for_each(|line| text += &format!("{line}\n"));
    let answer = parse(&text.replace("setup:active", "setup:passive")).unwrap();
    assert_eq!(answer.credentials.ufrag, "8jBG");
    assert_eq!(answer.role, Role::Client);
}

#[test]
fn without_rtx_and_extensions_the_answer_is_fine() {
    let text = without("a=extmap").replace("SAVPF 96 97", "SAVPF 96");
    let agreed = Agreed {
        payload_type: 96,
        ..Agreed::default()
    };
    assert_eq!(parse(&text).unwrap().agreed, [Some(agreed)]);
}

#[test]
fn a_viewer_without_h264_is_told_apart() {
    for text in [
        CHROMIUM.replace("H264", "VP8"),
        CHROMIUM.replace("packetization-mode=1", "packetization-mode=0"),
        CHROMIUM.replace("m=video 9", "m=video 0"),
        CHROMIUM.replace("a=recvonly", "a=inactive"),
        without("a=rtpmap:96"),
        // A browser that refuses the section leaves everything out.
        "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nm=video 0 UDP/TLS/RTP/SAVPF 0\r\n".to_owned(),
    ] {
        let error = error(&text).to_string();
        assert_eq!(error, "the answer takes no H264", "{text}");
    }
}

#[test]
fn an_answer_that_cannot_be_for_the_offer_is_a_mismatch() {
    for text in [
        CHROMIUM.replace("m=video", "m=audio"),
        without("a=ice-ufrag"),
        without("a=ice-pwd"),
        CHROMIUM.replace("8jBG", &"x".repeat(33)),
        CHROMIUM.replace("yNPPzCqP6FG3RsV/aq0wN9nc", "short"),
        without("a=fingerprint"),
        CHROMIUM.replace("sha-256", "sha-1"),
        CHROMIUM.replace("setup:active", "setup:actpass"),
    ] {
        assert!(matches!(error(&text), AnswerError::Mismatch(_)), "{text}");
    }
}

#[test]
fn what_is_no_sdp_is_named_as_janus_names_it() {
    for (text, reason) in [
        ("", "Invalid SDP (doesn't start with v=)"),
        ("hello", "Invalid SDP (doesn't start with v=)"),
        ("v=0\r\nxx\r\n", "Invalid line (2 bytes): xx"),
        (
            "v=0\r\nhello\r\n",
            "Invalid line (2nd char is not '='): hello",
        ),
        (
            "v=0\r\ns=-\r\nt=0 0\r\n",
            "Missing mandatory lines (o=, s= or m=)",
        ),
        ("v=0\r\nm=video x\r\n", "Invalid m= line: m=video x"),
    ] {
        assert_eq!(error(text).to_string(), reason);
    }
}

#[test]
fn no_answer_is_too_strange() {
    for length in 0..CHROMIUM.len() {
        let _ = parse(&CHROMIUM[..length]);
        let mut bent = CHROMIUM.as_bytes().to_vec();
        bent[length] = b' ';
        let _ = parse(&String::from_utf8(bent).unwrap());
    }
    for strange in [
        "v=0\no=\ns=-\nm=\na=:\n",
        "v=0\nm=video 9/2 x é\na=rtpmap:é\n",
        "v=é\né=é\n",
    ] {
        let _ = parse(strange);
    }
}

/// As Firefox answers an offer of sound and picture, several formats for either.
const FIREFOX: &str = "v=0\r\n\
    o=mozilla 1 0 IN IP4 0.0.0.0\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=fingerprint:sha-256 C3:CD:30:41:C0:72:92:25:1E:9E:BB:CF:01:D0:D6:87:49:4A:00:0B:A4:A5:86:C3:AE:19:19:10:FE:49:FD:54\r\n\
    a=group:BUNDLE a v\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 0 109\r\n\
    a=recvonly\r\n\
    a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\r\n\
    a=ice-pwd:9QIAyMhMdELDBsaYMC5D7l6P\r\n\
    a=ice-ufrag:Ixvd\r\n\
    a=mid:a\r\n\
    a=rtpmap:109 opus/48000/2\r\n\
    a=setup:active\r\n\
    m=video 0 UDP/TLS/RTP/SAVPF 126 120 124\r\n\
    a=bundle-only\r\n\
    a=recvonly\r\n\
    a=extmap:5/recvonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n\
    a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1\r\n\
    a=fmtp:120 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1\r\n\
    a=fmtp:124 apt=120\r\n\
    a=mid:v\r\n\
    a=rtpmap:126 H264/90000\r\n\
    a=rtpmap:120 H264/90000\r\n\
    a=rtpmap:124 rtx/90000\r\n";

fn sound_and_picture() -> Vec<Section> {
    let fmtp = Format::h264().fmtp;
    offered(&[("a", Codec::Opus, ""), ("v", Codec::H264, &fmtp)])
}

#[test]
fn of_several_formats_the_one_that_was_offered_is_taken_whatever_its_number() {
    let answer = Answer::parse(FIREFOX, &sound_and_picture()).unwrap();
    let audio = Agreed {
        payload_type: 109,
        ..Agreed::default()
    };
    let video = Agreed {
        payload_type: 120,
        rtx: Some(124),
        playout_delay: Some(5),
        ..Agreed::default()
    };
    assert_eq!(answer.agreed, [Some(audio), Some(video)]);
    assert_eq!(answer.credentials.ufrag, "Ixvd");
}

#[test]
fn tracks_that_are_refused_are_left_out() {
    for text in [
        FIREFOX.replace("a=bundle-only\r\n", ""),
        FIREFOX.replace("a=bundle-only\r\na=recvonly", "a=bundle-only\r\na=inactive"),
        FIREFOX.replace("a=fmtp:120", "a=fmtp:121"),
    ] {
        let answer = Answer::parse(&text, &sound_and_picture()).unwrap();
        let taken: Vec<_> = answer.agreed.iter().map(Option::is_some).collect();
        assert_eq!(taken, [true, false], "{text}");
    }
    let silent = FIREFOX.replace("m=audio 9", "m=audio 0").replace(
        "a=mid:v",
        "a=mid:v\r\na=ice-ufrag:vvvv\r\na=ice-pwd:9QIAyMhMdELDBsaYMC5D7l6P",
    );
    let answer = Answer::parse(&silent, &sound_and_picture()).unwrap();
    assert!(answer.agreed[0].is_none() && answer.agreed[1].is_some());
    // What is refused has no say in the transport.
    assert_eq!(answer.credentials.ufrag, "vvvv");
}

#[test]
fn an_answer_that_takes_no_track_names_the_codecs() {
    let text = FIREFOX
        .replace("opus", "iLBC")
        .replace("a=bundle-only\r\n", "");
    let error = Answer::parse(&text, &sound_and_picture()).unwrap_err();
    assert_eq!(error.to_string(), "the answer takes no opus and no H264");
}

#[test]
fn sections_without_identification_are_known_by_their_place() {
    let text = FIREFOX
        .replace("a=mid:a\r\n", "")
        .replace("a=mid:v\r\n", "");
    let answer = Answer::parse(&text, &sound_and_picture()).unwrap();
    assert!(answer.agreed.iter().all(Option::is_some));
    let swapped: Vec<_> = sound_and_picture().into_iter().rev().collect();
    let error = Answer::parse(&text, &swapped).unwrap_err();
    assert!(matches!(error, AnswerError::Mismatch(_)));
}

#[test]
fn an_answer_takes_little_time_to_read() {
    let long = CHROMIUM.to_owned() + &"a=rtpmap:1 x/1\r\n".repeat(5_000);
    let too_long = AnswerError::Mismatch("it is too long");
    assert_eq!(parse(&long).unwrap_err(), too_long);
    let formats = CHROMIUM.replace("SAVPF 96", &["SAVPF", &" 95".repeat(128), " 96"].concat());
    let takes_nothing = AnswerError::TakesNothing("H264".to_owned());
    assert_eq!(parse(&formats).unwrap_err(), takes_nothing);
}
