//! RTP payloads of a frame to what is kept in a file, and what the file's header says of it.

mod h264;
mod vp8;
mod vp9;

use bytes::Bytes;
use mp4_atom::{Audio, Codec as Entry, Dops, Opus, Visual};

use crate::stream::{Codec, Format};

/// The codecs that [`unpack`] knows, for errors.
pub(super) const CODECS: &str = "H.264, VP8, VP9 and Opus";

/// Opus is decoded at this rate, whatever it was encoded from.
const OPUS_RATE: u16 = 48_000;

/// One frame as it is kept in a file.
#[derive(Debug, PartialEq)]
pub(super) struct Unpacked {
    pub(super) data: Vec<u8>,
    /// What is to be in the header for this frame and those that follow; `None` if the frame says
    /// nothing else than what is known.
    pub(super) entry: Option<Entry>,
}

/// Whether a file can hold a codec.
pub(super) fn is_known(codec: Codec) -> bool {
    matches!(codec, Codec::H264 | Codec::Vp8 | Codec::Vp9 | Codec::Opus)
}

/// What the format alone says of the header.
pub(super) fn entry_of(format: &Format) -> Option<Entry> {
    match format.codec {
        Codec::H264 => h264::entry_of(&format.fmtp),
        Codec::Opus => Some(opus()),
        _ => None,
    }
}

/// Puts a frame together, of a track of which the header says what is `known`. `None` if nothing of
/// it can be kept: it is damaged, or empty.
pub(super) fn unpack(
    codec: Codec,
    packets: &[Bytes],
    key: bool,
    known: Option<&Entry>,
) -> Option<Unpacked> {
    match codec {
        Codec::H264 => h264::unpack(packets, known),
        Codec::Vp8 => vp8::unpack(packets, key),
        Codec::Vp9 => vp9::unpack(packets, key),
        Codec::Opus => Some(Unpacked {
            data: packets.first()?.to_vec(),
            entry: None,
        }),
        Codec::Av1 | Codec::Pcmu | Codec::Pcma | Codec::G722 => None,
    }
}

/// A frame whose packets are its parts, each behind a descriptor of its own. The frame says itself
/// what it is if it is a key frame.
fn joined(
    packets: &[Bytes],
    key: bool,
    without_descriptor: impl Fn(&[u8]) -> Option<&[u8]>,
    entry: impl Fn(&[u8]) -> Option<Entry>,
) -> Option<Unpacked> {
    let mut data = Vec::with_capacity(packets.iter().map(Bytes::len).sum());
    for packet in packets {
        data.extend_from_slice(without_descriptor(packet)?);
    }
    (!data.is_empty()).then_some(())?;
    let entry = if key { Some(entry(&data)?) } else { None };
    Some(Unpacked { data, entry })
}

fn opus() -> Entry {
    Entry::Opus(Opus {
        audio: Audio {
            data_reference_index: 1,
            channel_count: 2,
            sample_size: 16,
            sample_rate: OPUS_RATE.into(),
        },
        dops: Dops {
            output_channel_count: 2,
            // The beginning of a file is no beginning of the sound: there is nothing to skip.
            pre_skip: 0,
            input_sample_rate: OPUS_RATE.into(),
            output_gain: 0,
            channel_mapping: None,
        },
        btrt: None,
    })
}

/// What all pictures have in common. `None` for sizes that a file cannot name.
fn visual(width: u32, height: u32) -> Option<Visual> {
    Some(Visual {
        data_reference_index: 1,
        width: u16::try_from(width).ok().filter(|width| *width > 0)?,
        height: u16::try_from(height).ok().filter(|height| *height > 0)?,
        ..Visual::default()
    })
}
