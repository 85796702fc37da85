//! What viewers' connections and recordings need of whatever gives frames: a camera's stream, or
//! one medium of an RTP source.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::{Frame, FrameSink, Stream};

/// Frames of one codec, for any number of sinks. None of the methods may block for long.
pub(crate) trait Track: Send + Sync {
    /// Its name in logs; no two tracks share one.
    fn name(&self) -> &str;

    /// What the frames are made of. It stays the same for as long as the track lives.
    fn format(&self) -> &Format;

    /// Hands every frame from now on to `sink`; dropping what comes back ends it.
    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send>;

    /// A key frame and everything after it, in order; empty when there is none that is fresh.
    fn first_frames(&self) -> Vec<Arc<Frame>>;

    /// Asks for a key frame; those who can make none ignore it.
    fn request_key_frame(&self);
}

/// What a track is made of, in the words of SDP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) codec: Codec,
    /// The parameters of `a=fmtp`, without the payload type; empty when there are none.
    pub(crate) fmtp: String,
}

/// The codecs that are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Codec {
    /// RFC 6184
    H264,
    /// RFC 7741
    Vp8,
    /// RFC 9628
    Vp9,
    /// The RTP payload format of the Alliance for Open Media
    Av1,
    /// RFC 7587
    Opus,
    /// G.711 µ-law, RFC 3551
    Pcmu,
    /// G.711 A-law, RFC 3551
    Pcma,
    /// RFC 3551, whose RTP clock runs at half of the sampling rate
    G722,
}

/// What people get of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Audio,
    Video,
}

impl Codec {
    pub(crate) const ALL: [Codec; 8] = [
        Codec::H264,
        Codec::Vp8,
        Codec::Vp9,
        Codec::Av1,
        Codec::Opus,
        Codec::Pcmu,
        Codec::Pcma,
        Codec::G722,
    ];

    /// The codec with this name, in letters of any case.
    pub(crate) fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Its name in small letters, as configurations have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Codec::H264 => "h264",
            Codec::Vp8 => "vp8",
            Codec::Vp9 => "vp9",
            Codec::Av1 => "av1",
            Codec::Opus => "opus",
            Codec::Pcmu => "pcmu",
            Codec::Pcma => "pcma",
            Codec::G722 => "g722",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Codec::H264 | Codec::Vp8 | Codec::Vp9 | Codec::Av1 => Kind::Video,
            Codec::Opus | Codec::Pcmu | Codec::Pcma | Codec::G722 => Kind::Audio,
        }
    }

    /// Ticks of RTP time a second.
    pub(crate) fn clock_rate(self) -> u32 {
        match self {
            Codec::H264 | Codec::Vp8 | Codec::Vp9 | Codec::Av1 => 90_000,
            Codec::Opus => 48_000,
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
        }
    }

    /// The value of `a=rtpmap`, without the payload type.
    pub(crate) fn rtpmap(self) -> &'static str {
        match self {
            Codec::H264 => "H264/90000",
            Codec::Vp8 => "VP8/90000",
            Codec::Vp9 => "VP9/90000",
            Codec::Av1 => "AV1/90000",
            // The second channel is part of the name, whatever is inside: RFC 7587 section 7.
            Codec::Opus => "opus/48000/2",
            Codec::Pcmu => "PCMU/8000",
            Codec::Pcma => "PCMA/8000",
            Codec::G722 => "G722/8000",
        }
    }
}

impl Kind {
    /// The name of its sections in SDP.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Audio => "audio",
            Kind::Video => "video",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Format {
    /// What our encoders make. The level is the lowest: level-asymmetry-allowed says that it does
    /// not bind the sender.
    pub(crate) fn h264() -> Format {
        Format {
            codec: Codec::H264,
            fmtp: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f".into(),
        }
    }
}

impl Track for Stream {
    fn name(&self) -> &str {
        self.name()
    }

    fn format(&self) -> &Format {
        &self.owner.format
    }

    fn subscribe(&self, sink: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
        Box::new(self.subscribe(sink))
    }

    fn first_frames(&self) -> Vec<Arc<Frame>> {
        self.first_frames()
    }

    fn request_key_frame(&self) {
        self.request_key_frame();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_known_by_name_in_any_case() {
        for codec in Codec::ALL {
            assert_eq!(Codec::from_name(codec.name()), Some(codec));
            assert_eq!(Codec::from_name(&codec.name().to_uppercase()), Some(codec));
        }
        assert_eq!(Codec::from_name("h265"), None);
    }
}
