//! What viewers send before there is a connection, read as it is for one.
use super::{answer::Answer, candidate, offer::Section, rtp::Sources};
use crate::stream::{Codec, Format, Kind};

/// Whether the text is an answer that would be taken, to one of several offers.
pub(crate) fn answer(text: &str) -> bool {
    let camera = || section("v", Format::h264(), 96);
    let vp9 = Format {
        codec: Codec::Vp9,
        fmtp: "profile-id=0".to_owned(),
    };
    let opus = Format {
        codec: Codec::Opus,
        fmtp: String::new(),
    };
    let offers = [
        vec![camera()],
        vec![camera(), section("a", opus, 111)],
        vec![section("v", vp9, 101)],
    ];
    let taken = offers.map(|offered| Answer::parse(text, &offered).is_ok());
    taken.contains(&true)
}

fn section(mid: &str, format: Format, payload_type: u8) -> Section {
    let rtx = format.codec.kind() == Kind::Video;
    Section {
        mid: mid.to_owned(),
        format,
        payload_type,
        rtx: rtx.then_some(payload_type + 1),
        sources: Sources {
            media: 1,
            rtx: rtx.then_some(2),
        },
    }
}

/// Whether the text is a candidate, if perhaps one of no use.
pub(crate) fn candidate(text: &str) -> bool {
    candidate::parse(text).is_ok()
}
