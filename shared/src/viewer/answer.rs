//! Which video is offered, and what the browser's answer takes of it.

use super::Problem;

/// What goes with a codec but is none: repairs (RFC 4588, RFC 2198, RFC 5109, RFC 8627).
const REPAIRS: [&str; 4] = ["rtx", "red", "ulpfec", "flexfec-03"];

/// The codecs of all video in a description (RFC 8866), without the sections that are refused by
/// port 0 (RFC 3264). Empty where there is no video.
pub(super) fn video_codecs(sdp: &str) -> Vec<String> {
    let mut codecs = Vec::new();
    let mut formats: Vec<&str> = Vec::new();
    for line in sdp.lines().map(str::trim_end) {
        if let Some(media) = line.strip_prefix("m=") {
            let mut words = media.split_ascii_whitespace();
            let (kind, port) = (words.next(), words.next());
            let taken = kind == Some("video") && port.is_some_and(|port| port != "0");
            formats = words.skip(1).filter(|_| taken).collect();
        } else if let Some(map) = line.strip_prefix("a=rtpmap:")
            && let Some((format, codec)) = map.split_once(' ')
            && formats.contains(&format)
            && let Some(name) = codec.trim_start().split('/').next()
            && !REPAIRS
                .iter()
                .any(|repair| repair.eq_ignore_ascii_case(name))
        {
            codecs.push(name.to_owned());
        }
    }
    codecs
}

/// Whether the answer takes video of one of the codecs that were offered, if any were.
///
/// # Errors
///
/// The codec that the browser lacks: it refuses the video, or leaves the codec out of the formats.
pub(super) fn takes_video(offered: &[String], answer: &str) -> Result<(), Problem> {
    let Some(first) = offered.first() else {
        return Ok(());
    };
    let taken = video_codecs(answer);
    let is_taken = |codec: &String| taken.iter().any(|taken| taken.eq_ignore_ascii_case(codec));
    if offered.iter().any(is_taken) {
        Ok(())
    } else {
        Err(Problem::NoCodec(first.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H264: &str = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n\
        a=rtpmap:96 H264/90000\r\na=rtpmap:97 rtx/90000\r\n";

    fn takes(offer: &str, answer: &str) -> Result<(), Problem> {
        takes_video(&video_codecs(offer), answer)
    }

    fn lacks(codec: &str) -> Problem {
        Problem::NoCodec(codec.to_owned())
    }

    #[test]
    fn an_answer_with_the_offered_codec_takes_it() {
        let sdp = "v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 97 96\r\na=rtpmap:97 rtx/90000\r\n\
            a=rtpmap:96 h264/90000\r\n";
        assert_eq!(takes(H264, sdp), Ok(()));
    }

    #[test]
    fn a_refused_video_takes_nothing() {
        let sdp = "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n";
        assert_eq!(takes(H264, sdp), Err(lacks("H264")));
    }

    #[test]
    fn a_format_that_is_not_taken_does_not_count() {
        let sdp = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 98\r\na=rtpmap:98 VP8/90000\r\n\
            a=rtpmap:96 H264/90000\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n\
            a=rtpmap:96 H264/90000\r\n";
        assert_eq!(takes(H264, sdp), Err(lacks("H264")));
    }

    #[test]
    fn a_repair_of_a_codec_is_no_codec() {
        let sdp = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 97\r\na=rtpmap:97 rtx/90000\r\n";
        assert_eq!(takes(H264, sdp), Err(lacks("H264")));
        assert_eq!(video_codecs(H264), ["H264"]);
    }

    #[test]
    fn a_codec_that_the_browser_lacks_is_named() {
        let offer = H264.replace("H264", "AV1");
        let refused = offer.replace("video 9", "video 0");
        assert_eq!(takes(&offer, &refused), Err(lacks("AV1")));
    }

    #[test]
    fn a_stream_without_video_needs_no_codec() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";
        assert_eq!(takes(sdp, sdp), Ok(()));
    }

    #[test]
    fn what_is_no_sdp_takes_nothing() {
        for sdp in [
            "",
            "m=",
            "m=video",
            "a=rtpmap:",
            "a=rtpmap:96 H264/90000",
            "\u{0}",
        ] {
            assert_eq!(takes(H264, sdp), Err(lacks("H264")), "{sdp:?}");
        }
    }
}
