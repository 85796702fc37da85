//! The boxes of a fragmented MP4 file (ISO/IEC 14496-12), written by the crate mp4-atom.

use std::time::{Duration, SystemTime};

use mp4_atom::{
    Codec, Dinf, Dref, DrefEntry, Encode, FragmentInfo, Ftyp, Hdlr, Header, Mdat, Mdhd, Mdia, Mehd,
    Mfhd, Mfra, Minf, Moof, Moov, Mvex, Mvhd, Result, Smhd, Stbl, Stco, Stsd, Tfdt, Tfhd, Tfra,
    Tkhd, Traf, Trak, Trex, Trun, TrunEntry, Url, Vmhd,
};

/// Ticks a second of what concerns the file as a whole.
const MOVIE_TIMESCALE: u32 = 1_000;
/// From MP4's epoch, the beginning of 1904, to that of Unix, in seconds.
const MP4_TO_UNIX: u64 = 2_082_844_800;
/// `sample_depends_on`: on no other.
const KEY_FRAME: u32 = 0x0200_0000;
/// `sample_depends_on`: on others; `sample_is_non_sync_sample`.
const OTHER_FRAME: u32 = 0x0101_0000;

/// One track, as the header describes it.
pub(super) struct Description<'a> {
    pub(super) entry: &'a Codec,
    /// Ticks a second.
    pub(super) rate: u32,
}

/// One encoded picture or packet of sound, as it is in the file.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) data: Vec<u8>,
    pub(super) key: bool,
    /// When it is decoded, in ticks since the beginning of the file.
    pub(super) decoded: u64,
    /// How much later it is shown, in ticks.
    pub(super) shown_after: i64,
    /// Until the next of its track is decoded, in ticks.
    pub(super) duration: u32,
}

/// What is at the beginning of a file. Its length does not depend on `duration`, which is zero
/// while it is unknown.
pub(super) fn header(
    tracks: &[Description<'_>],
    begun: SystemTime,
    duration: Duration,
) -> Result<Vec<u8>> {
    let since = begun.duration_since(SystemTime::UNIX_EPOCH);
    let begun = MP4_TO_UNIX + since.unwrap_or_default().as_secs();
    let ids = || (1..).zip(tracks);
    let moov = Moov {
        mvhd: Mvhd {
            creation_time: begun,
            modification_time: begun,
            timescale: MOVIE_TIMESCALE,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: ids().map(|(id, _)| id + 1).last().unwrap_or(1),
            ..Mvhd::default()
        },
        mvex: Some(Mvex {
            mehd: Some(Mehd {
                fragment_duration: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            }),
            trex: ids()
                .map(|(track_id, _)| Trex {
                    track_id,
                    default_sample_description_index: 1,
                    ..Trex::default()
                })
                .collect(),
        }),
        trak: ids().map(|(id, track)| trak(id, track, begun)).collect(),
        ..Moov::default()
    };
    let mut bytes = Vec::new();
    Ftyp {
        major_brand: b"iso6".into(),
        minor_version: 0,
        compatible_brands: vec![b"iso6".into(), b"iso5".into(), b"mp41".into()],
    }
    .encode(&mut bytes)?;
    moov.encode(&mut bytes)?;
    Ok(bytes)
}

fn trak(id: u32, track: &Description<'_>, begun: u64) -> Trak {
    let visual = track.entry.visual();
    let handler: (&[u8; 4], &str) = match visual {
        Some(_) => (b"vide", "video"),
        None => (b"soun", "sound"),
    };
    Trak {
        tkhd: Tkhd {
            creation_time: begun,
            modification_time: begun,
            track_id: id,
            enabled: true,
            in_movie: true,
            volume: u8::from(visual.is_none()).into(),
            width: visual.map_or(0, |visual| visual.width).into(),
            height: visual.map_or(0, |visual| visual.height).into(),
            ..Tkhd::default()
        },
        mdia: Mdia {
            mdhd: Mdhd {
                creation_time: begun,
                modification_time: begun,
                timescale: track.rate,
                duration: 0,
                language: "und".into(),
            },
            hdlr: Hdlr {
                handler: handler.0.into(),
                name: handler.1.into(),
            },
            minf: Minf {
                vmhd: visual.map(|_| Vmhd::default()),
                smhd: visual.is_none().then(Smhd::default),
                dinf: Dinf {
                    dref: Dref {
                        // Without a location: in this very file.
                        entries: vec![DrefEntry::Url(Url::default())],
                    },
                },
                stbl: Stbl {
                    stsd: Stsd {
                        codecs: vec![track.entry.clone()],
                    },
                    stco: Some(Stco::default()),
                    ..Stbl::default()
                },
                ..Minf::default()
            },
        },
        ..Trak::default()
    }
}

/// A fragment with these frames of each track, by their numbers in the header, from 1.
pub(super) fn fragment(sequence_number: u32, tracks: &[(u32, &[Placed])]) -> Result<Vec<u8>> {
    let mut moof = Moof {
        mfhd: Mfhd { sequence_number },
        traf: tracks
            .iter()
            .map(|(id, frames)| traf(*id, frames))
            .collect(),
    };
    let mut bytes = Vec::new();
    moof.encode(&mut bytes)?;
    // Where the data are depends on the length of what says so, which does not depend on it.
    let data = || tracks.iter().flat_map(|(_, frames)| *frames);
    let data_len: usize = data().map(|frame| frame.data.len()).sum();
    let mdat = Header {
        kind: <Mdat as mp4_atom::Atom>::KIND,
        size: Some(data_len),
    };
    let moof_len = bytes.len();
    mdat.encode(&mut bytes)?;
    let mut offset = bytes.len();
    for (traf, (_, frames)) in moof.traf.iter_mut().zip(tracks) {
        for run in &mut traf.trun {
            run.data_offset = i32::try_from(offset).ok();
        }
        offset += frames.iter().map(|frame| frame.data.len()).sum::<usize>();
    }
    let mut bytes = Vec::with_capacity(moof_len + 16 + data_len);
    moof.encode(&mut bytes)?;
    mdat.encode(&mut bytes)?;
    for frame in data() {
        bytes.extend_from_slice(&frame.data);
    }
    Ok(bytes)
}

fn traf(track_id: u32, frames: &[Placed]) -> Traf {
    let entries = frames.iter().map(|frame| TrunEntry {
        duration: Some(frame.duration),
        size: u32::try_from(frame.data.len()).ok(),
        flags: Some(if frame.key { KEY_FRAME } else { OTHER_FRAME }),
        cts: (frame.shown_after != 0).then_some(frame.shown_after),
    });
    Traf {
        tfhd: Tfhd {
            track_id,
            default_base_is_moof: true,
            ..Tfhd::default()
        },
        tfdt: Some(Tfdt {
            base_media_decode_time: frames.first().map_or(0, |frame| frame.decoded),
        }),
        trun: vec![Trun {
            data_offset: Some(0),
            samples: entries.collect::<Vec<_>>().into(),
        }],
        ..Traf::default()
    }
}

/// What is at the end of a file: where one can begin to play, so that players need not read it all.
pub(super) fn index(track_id: u32, entries: Vec<FragmentInfo>) -> Result<Vec<u8>> {
    let mut index = Mfra {
        tfra: vec![Tfra { track_id, entries }],
        ..Mfra::default()
    };
    let mut bytes = Vec::new();
    index.encode(&mut bytes)?;
    // It ends with its own length, so that it is found from the end of the file.
    index.mfro.parent_size = u32::try_from(bytes.len()).unwrap_or_default();
    bytes.clear();
    index.encode(&mut bytes)?;
    Ok(bytes)
}
