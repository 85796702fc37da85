//! What the browser's answer says.

/// Whether the answer (RFC 8866, RFC 3264) takes the video as H.264. A browser without it refuses
/// the video by port 0, or leaves H.264 out of the formats.
pub(super) fn takes_h264(sdp: &str) -> bool {
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
            && codec.split('/').next().is_some_and(is_h264)
        {
            return true;
        }
    }
    false
}

fn is_h264(name: &str) -> bool {
    name.trim_start().eq_ignore_ascii_case("h264")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_h264_takes_it() {
        let sdp = "v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 97 96\r\na=rtpmap:97 rtx/90000\r\n\
            a=rtpmap:96 h264/90000\r\n";
        assert!(takes_h264(sdp));
    }

    #[test]
    fn a_refused_video_takes_no_h264() {
        let sdp = "v=0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n";
        assert!(!takes_h264(sdp));
    }

    #[test]
    fn a_format_that_is_not_taken_does_not_count() {
        let sdp = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 98\r\na=rtpmap:98 VP8/90000\r\n\
            a=rtpmap:96 H264/90000\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n\
            a=rtpmap:96 H264/90000\r\n";
        assert!(!takes_h264(sdp));
    }

    #[test]
    fn what_is_no_sdp_takes_no_h264() {
        for sdp in [
            "",
            "m=",
            "m=video",
            "a=rtpmap:",
            "a=rtpmap:96 H264/90000",
            "\u{0}",
        ] {
            assert!(!takes_h264(sdp), "{sdp:?}");
        }
    }
}
