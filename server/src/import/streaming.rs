//! `janus.plugin.streaming.jcfg`: mountpoints.

use std::collections::BTreeSet;
use std::net::IpAddr;

use fanlight_protocol::streaming::{MediaKind, MountpointId};

use super::Import;
use super::remarks::Reasons;
use super::section::{Section, ValueError};
use crate::mountpoint::{MediaConfig, MountpointConfig};
use crate::secret::Secret;

const GENERAL: &Reasons = &[
    (
        &["rtp_port_range"],
        "for port 0 the system chooses one that is free",
    ),
    (&["events"], "events are not sent to other programs"),
];

/// Of every mountpoint.
const ALL: &Reasons = &[
    (&["threads"], "a thread for all viewers suffices"),
    (
        &["e2ee"],
        "media that are encrypted from end to end are not offered",
    ),
    (
        &["filename", "url", "rtsp*"],
        "it means nothing to type `rtp`",
    ),
];

/// Of a mountpoint whose media are given one by one.
const ONE_BY_ONE: &Reasons = &[
    (
        &["audioskew", "videoskew"],
        "times are passed on as they come",
    ),
    (&["videosimulcast", "videoport2", "videoport3"], SIMULCAST),
    (&["videosvc"], "layers are passed on, and not chosen among"),
    (&["data*"], DATA),
    // Of a medium that is switched off.
    (&["audio*", "video*"], "the medium is switched off"),
];

/// Of a mountpoint with a list of media.
const WITH_LIST: &Reasons = &[(
    &["audio*", "video*", "data*"],
    "what the list `media` says counts",
)];

/// Of a medium in a list.
const MEDIUM: &Reasons = &[
    (
        &["msid"],
        "the media of a mountpoint are one stream to viewers",
    ),
    (&["skew"], "times are passed on as they come"),
    (&["simulcast", "port2", "port3"], SIMULCAST),
    (&["svc"], "layers are passed on, and not chosen among"),
    (&["datatype", "databuffermsg"], DATA),
];

const SIMULCAST: &str = "simulcast is not offered: the first size is what viewers get";
const MILLISECONDS: &str = "a number of milliseconds";
const DATA: &str = "data are not offered";

pub(super) fn import(import: &mut Import, place: &str, mut file: Section<'_>) {
    let mut ids_are_texts = false;
    if let Some(mut general) = file.section("general") {
        let place = format!("{place}: general");
        let key = general.text("admin_key");
        import.options.set_some("admin-key", key);
        ids_are_texts = general.flag("string_ids") == Some(true);
        if ids_are_texts {
            let reason = "ids are numbers, and clients have to say them so";
            import.remarks.add(&place, "string_ids", reason);
        }
        import.remarks.add_left(&place, general, GENERAL);
    }
    let mut nameless = Vec::new();
    for name in file.groups() {
        let Some(mut section) = file.section(&name) else {
            continue;
        };
        let place = format!("{place}: {name}");
        let id = section.text("id").map(|text| Id::new(text, ids_are_texts));
        let left_out = |error: ValueError| {
            let reason = format!("{error}: the mountpoint is left out");
            (error.name, reason)
        };
        let config = match mountpoint(import, &place, &name, section).map_err(left_out) {
            Ok(Some(config)) => config,
            Ok(None) => continue,
            Err((name, reason)) => {
                import.remarks.add(&place, &name, reason);
                continue;
            }
        };
        match id {
            Some(Id::Number(id)) => add(import, &place, MountpointConfig { id, ..config }),
            Some(Id::Text(text)) => {
                nameless.push((place, format!("`{text}` is no number"), config))
            }
            Some(Id::Wrong(text)) => {
                let reason = format!("`{text}` is no id: the mountpoint is left out, as by Janus");
                import.remarks.add(&place, "id", reason);
            }
            None => {
                let reason = "there is none, and Janus would draw lots".to_owned();
                nameless.push((place, reason, config));
            }
        }
    }
    for (place, reason, config) in nameless {
        let id = smallest_free(&import.mountpoints);
        let reason = format!("{reason}; here it is {id}");
        import.remarks.add(&place, "id", reason);
        add(import, &place, MountpointConfig { id, ..config });
    }
    import.remarks.add_left(place, file, &[]);
}

/// What a mountpoint is called by clients.
enum Id {
    Number(MountpointId),
    /// Where Janus has been told to take texts.
    Text(String),
    Wrong(String),
}

impl Id {
    fn new(text: String, ids_are_texts: bool) -> Id {
        let number = text.parse::<i64>().ok().filter(|number| *number > 0);
        match number.and_then(|number| u64::try_from(number).ok()) {
            // Janus takes no other form of a number.
            Some(number) if number.to_string() == text => Id::Number(MountpointId(number)),
            _ if ids_are_texts => Id::Text(text),
            _ => Id::Wrong(text),
        }
    }
}

/// Adds a mountpoint if the server can make it, on this machine or on another.
fn add(import: &mut Import, place: &str, config: MountpointConfig) {
    let wrong = match config.rtp() {
        Ok(rtp) => rtp
            .check(&config.name())
            .err()
            .map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    if import.mountpoints.iter().any(|other| other.id == config.id) {
        let reason = format!(
            "there is a mountpoint {} already: this one is left out",
            config.id.0
        );
        import.remarks.add(place, "id", reason);
    } else if let Some(wrong) = wrong {
        let reason = format!("{wrong}: the mountpoint is left out");
        import.remarks.add(place, "media", reason);
    } else {
        import.mountpoints.push(config);
    }
}

fn smallest_free(mountpoints: &[MountpointConfig]) -> MountpointId {
    let taken: BTreeSet<u64> = mountpoints
        .iter()
        .map(|mountpoint| mountpoint.id.0)
        .collect();
    MountpointId((1..).find(|id| !taken.contains(id)).unwrap_or(u64::MAX))
}

/// A mountpoint, whose id is of no meaning. `None` if it is of a type that is not offered, or has
/// no media that are.
fn mountpoint(
    import: &mut Import,
    place: &str,
    name: &str,
    mut section: Section<'_>,
) -> Result<Option<MountpointConfig>, ValueError> {
    let kind = section.text("type").unwrap_or_default();
    if !kind.eq_ignore_ascii_case("rtp") {
        let reason = match kind.to_ascii_lowercase().as_str() {
            "live" | "ondemand" => "files are not played: feed a mountpoint of type `rtp` with one",
            "rtsp" => "RTSP is not offered: let FFmpeg send it to a mountpoint of type `rtp`",
            _ => "only `rtp` is offered",
        };
        import
            .remarks
            .add(place, "type", format!("`{kind}`: {reason}"));
        return Ok(None);
    }
    let extension = "the id of an extension, from 1 to 14";
    let abs_capture_time = section.number::<u8>("abscapturetime_src_ext_id", extension)?;
    let (bufferkf_ms, bufferkf_bytes) = buffer("", &mut section)?;
    let mut config = MountpointConfig {
        id: MountpointId(0),
        name: Some(name.to_owned()),
        description: section.text("description"),
        metadata: section.text("metadata"),
        is_private: section.flag("is_private").unwrap_or(false),
        secret: section.text("secret").map(Secret::new),
        pin: section.text("pin").map(Secret::new),
        enabled: section.flag("enabled").unwrap_or(true),
        collision: section
            .number::<u32>("collision", MILLISECONDS)?
            .map(u64::from),
        srtpsuite: section.text("srtpsuite").filter(|suite| suite != "0"),
        srtpcrypto: section.text("srtpcrypto").map(Secret::new),
        playoutdelay_ext: section.flag("playoutdelay_ext").unwrap_or(false),
        abscapturetime_src_ext_id: abs_capture_time.filter(|id| *id != 0),
        bufferkf_ms,
        bufferkf_bytes,
        media: Vec::new(),
    };
    let mut reasons = ONE_BY_ONE;
    match section.sections("media") {
        Some(media) => {
            reasons = WITH_LIST;
            for kind in [MediaKind::Audio, MediaKind::Video, MediaKind::Data] {
                section.flag(kind.name());
            }
            for (number, medium) in (1..).zip(media) {
                let place = format!("{place}: media {number}");
                match medium {
                    Some(medium) => config.media.extend(listed(import, &place, medium)?),
                    None => import
                        .remarks
                        .add(&place, "media", "this is no group: `{ … }`"),
                }
            }
        }
        None => {
            for (kind, mid) in [(MediaKind::Audio, "a"), (MediaKind::Video, "v")] {
                let medium = old_style(import, place, kind, mid, &mut section)?;
                config.media.extend(medium);
            }
        }
    }
    import
        .remarks
        .add_left(place, section, &[reasons, ALL].concat());
    if config.media.is_empty() {
        let reason = "there are none: the mountpoint is left out";
        import.remarks.add(place, "media", reason);
        return Ok(None);
    }
    Ok(Some(config))
}

/// A medium of the list `media`.
fn listed(
    import: &mut Import,
    place: &str,
    mut section: Section<'_>,
) -> Result<Option<MediaConfig>, ValueError> {
    // Janus' documentation has had both.
    let kind = section.text("type").or(section.text("mtype"));
    let kind = kind.unwrap_or_default();
    let kind = match MediaKind::by_name(&kind.to_ascii_lowercase()) {
        Some(kind @ (MediaKind::Audio | MediaKind::Video)) => kind,
        Some(MediaKind::Data) => {
            import.remarks.add(place, "type", DATA);
            return Ok(None);
        }
        None => {
            let reason = format!("`{kind}` is neither audio nor video");
            import.remarks.add(place, "type", reason);
            return Ok(None);
        }
    };
    let Some(mid) = section.text("mid") else {
        let reason = "there is none: the medium is left out";
        import.remarks.add(place, "mid", reason);
        return Ok(None);
    };
    let label = section.text("label");
    let medium = medium(import, place, kind, mid, label, "", &mut section)?;
    import.remarks.add_left(place, section, MEDIUM);
    Ok(medium)
}

/// A medium whose settings begin with its kind: `video = true`, `videoport` and so on.
fn old_style(
    import: &mut Import,
    place: &str,
    kind: MediaKind,
    mid: &str,
    section: &mut Section<'_>,
) -> Result<Option<MediaConfig>, ValueError> {
    if section.flag(kind.name()) != Some(true) {
        return Ok(None);
    }
    let (mid, prefix) = (mid.to_owned(), kind.name());
    medium(import, place, kind, mid, None, prefix, section)
}

/// A medium whose settings begin with `prefix`. `None` if it has no port or a codec that is not
/// offered.
fn medium(
    import: &mut Import,
    place: &str,
    kind: MediaKind,
    mid: String,
    label: Option<String>,
    prefix: &str,
    section: &mut Section<'_>,
) -> Result<Option<MediaConfig>, ValueError> {
    let name = |name: &str| format!("{prefix}{name}");
    // `videortpmap = "H264/90000"` is the older form of `videocodec = "h264"`.
    let rtpmap = section.text(&name("rtpmap"));
    let of_rtpmap = rtpmap.and_then(|map| map.split('/').next().map(str::to_owned));
    let pt = section.number(&name("pt"), "a payload type from 0 to 127")?;
    let codec = section.text(&name("codec")).or(of_rtpmap);
    let port = section.port(&name("port"))?;
    let (bufferkf_ms, bufferkf_bytes) = buffer(prefix, section)?;
    let medium = MediaConfig {
        kind,
        mid,
        label,
        codec: codec.map_or_else(|| codec_of(pt), |codec| codec.to_ascii_lowercase()),
        pt,
        fmtp: section.text(&name("fmtp")),
        port: port.unwrap_or_default(),
        rtcpport: section.port(&name("rtcpport"))?,
        mcast: section
            .text(&name("mcast"))
            .and_then(|text| group(import, place, &name("mcast"), &text)),
        iface: section.text(&name("iface")),
        bind: None,
        bufferkf: section.flag(&name("bufferkf")).unwrap_or(false),
        bufferkf_ms,
        bufferkf_bytes,
    };
    if port.is_none() {
        let reason = "there is none: the medium is left out";
        import.remarks.add(place, &name("port"), reason);
        return Ok(None);
    }
    if let Err(error) = medium.codec() {
        let reason = format!("{error}: the medium is left out");
        import.remarks.add(place, &name("codec"), reason);
        return Ok(None);
    }
    Ok(Some(medium))
}

/// How many milliseconds, and how many bytes, are kept for new viewers: of all videos as Janus
/// has it, or of one.
fn buffer(
    prefix: &str,
    section: &mut Section<'_>,
) -> Result<(Option<u64>, Option<u64>), ValueError> {
    let mut number = |name: &str, expected| {
        let number = section.number::<u32>(&format!("{prefix}{name}"), expected)?;
        Ok(number.map(u64::from))
    };
    Ok((
        number("bufferkf_ms", MILLISECONDS)?,
        number("bufferkf_bytes", "a number of bytes")?,
    ))
}

/// The group that a medium is sent to. What is none, Janus does not join.
fn group(import: &mut Import, place: &str, name: &str, text: &str) -> Option<IpAddr> {
    let group = text.parse().ok().filter(IpAddr::is_multicast);
    if group.is_none() {
        let reason = format!("`{text}` is no address of a group: it is not joined, as by Janus");
        import.remarks.add(place, name, reason);
    }
    group
}

/// What a payload type says by itself (RFC 3551).
fn codec_of(pt: Option<u8>) -> String {
    let codec = match pt {
        Some(0) => "pcmu",
        Some(8) => "pcma",
        Some(9) => "g722",
        _ => "",
    };
    codec.to_owned()
}
