use super::*;

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

fn error(text: &str) -> AnswerError {
    Answer::parse(text).unwrap_err()
}

#[test]
fn a_browsers_answer_is_understood() {
    let answer = Answer::parse(CHROMIUM).unwrap();
    assert_eq!(answer.ufrag, "8jBG");
    assert_eq!(answer.password, "yNPPzCqP6FG3RsV/aq0wN9nc");
    assert_eq!(answer.role, Role::Server);
    let agreed = Agreed {
        payload_type: 96,
        rtx: Some(97),
        playout_delay: Some(2),
        abs_capture_time: Some(3),
        orientation: None,
    };
    assert_eq!(answer.agreed, agreed);
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
    let answer = Answer::parse(&text.replace("setup:active", "setup:passive")).unwrap();
    assert_eq!(answer.ufrag, "8jBG");
    assert_eq!(answer.role, Role::Client);
}

#[test]
fn without_rtx_and_extensions_the_answer_is_fine() {
    let text = without("a=extmap").replace("SAVPF 96 97", "SAVPF 96");
    let agreed = Answer::parse(&text).unwrap().agreed;
    assert_eq!(
        agreed,
        Agreed {
            payload_type: 96,
            ..Agreed::default()
        }
    );
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
        assert_eq!(error(&text), AnswerError::NoH264, "{text}");
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
        let _ = Answer::parse(&CHROMIUM[..length]);
        let mut bent = CHROMIUM.as_bytes().to_vec();
        bent[length] = b' ';
        let _ = Answer::parse(&String::from_utf8(bent).unwrap());
    }
    for strange in [
        "v=0\no=\ns=-\nm=\na=:\n",
        "v=0\nm=video 9/2 x é\na=rtpmap:é\n",
        "v=é\né=é\n",
    ] {
        let _ = Answer::parse(strange);
    }
}
