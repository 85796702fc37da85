//! `janus.plugin.streaming.jcfg`: mountpoints.

use std::collections::BTreeSet;

use fanlight_protocol::streaming::{MediaKind, MountpointId};

use super::remarks::Reasons;
use super::section::Section;
use super::{Import, ImportError};
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
const DATA: &str = "data are not offered";

pub(super) fn import(
    import: &mut Import,
    place: &str,
    mut file: Section<'_>,
) -> Result<(), ImportError> {
    if let Some(mut general) = file.section("general") {
        let place = format!("{place}: general");
        import
            .options
            .set_some("admin-key", general.text("admin_key")?);
        if general.flag("string_ids")? == Some(true) {
            import.remarks.add(&place, "string_ids", "ids are numbers");
        }
        import.remarks.add_left(&place, general, GENERAL);
    }
    let mut nameless = Vec::new();
    for name in file.groups() {
        if let Some(section) = file.section(&name) {
            let place = format!("{place}: {name}");
            match mountpoint(import, &place, &name, section)? {
                Some((Some(id), config)) => add(import, &place, MountpointConfig { id, ..config }),
                Some((None, config)) => nameless.push((place, config)),
                None => {}
            }
        }
    }
    for (place, config) in nameless {
        let id = smallest_free(&import.mountpoints);
        let reason = format!(
            "there is none, and Janus would draw lots; here it is {}",
            id.0
        );
        import.remarks.add(&place, "id", reason);
        add(import, &place, MountpointConfig { id, ..config });
    }
    import.remarks.add_left(place, file, &[]);
    Ok(())
}

fn add(import: &mut Import, place: &str, config: MountpointConfig) {
    if import.mountpoints.iter().any(|other| other.id == config.id) {
        let reason = format!(
            "there is a mountpoint {} already: this one is left out",
            config.id.0
        );
        import.remarks.add(place, "id", reason);
    } else if let Err(error) = config.rtp() {
        import.remarks.add(
            place,
            "media",
            format!("{error}: the mountpoint is left out"),
        );
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

/// A mountpoint and its id, if it has one; the id in the mountpoint is of no meaning. `None` if it
/// is of a type that is not offered, or has no media that are.
fn mountpoint(
    import: &mut Import,
    place: &str,
    name: &str,
    mut section: Section<'_>,
) -> Result<Option<(Option<MountpointId>, MountpointConfig)>, ImportError> {
    let kind = section.text("type")?.unwrap_or_default();
    if kind != "rtp" {
        let reason = match kind.as_str() {
            "live" | "ondemand" => "files are not played: feed a mountpoint of type `rtp` with one",
            "rtsp" => "RTSP is not offered: let FFmpeg send it to a mountpoint of type `rtp`",
            _ => "only `rtp` is offered",
        };
        import
            .remarks
            .add(place, "type", format!("`{kind}`: {reason}"));
        return Ok(None);
    }
    let id = section
        .number::<u64>("id", "a number")?
        .filter(|id| *id != 0);
    let mut config = MountpointConfig {
        id: MountpointId(0),
        name: Some(name.to_owned()),
        description: section.text("description")?,
        metadata: section.text("metadata")?,
        is_private: section.flag("is_private")?.unwrap_or(false),
        secret: section.text("secret")?.map(Secret::new),
        pin: section.text("pin")?.map(Secret::new),
        enabled: section.flag("enabled")?.unwrap_or(true),
        collision: section.number("collision", "a number of milliseconds")?,
        srtpsuite: section.text("srtpsuite")?.filter(|suite| suite != "0"),
        srtpcrypto: section.text("srtpcrypto")?.map(Secret::new),
        playoutdelay_ext: section.flag("playoutdelay_ext")?.unwrap_or(false),
        abscapturetime_src_ext_id: section
            .number(
                "abscapturetime_src_ext_id",
                "the id of an extension, from 1 to 14",
            )?
            .filter(|id| *id != 0),
        media: Vec::new(),
    };
    let mut reasons = ONE_BY_ONE;
    match section.sections("media")? {
        Some(media) => {
            reasons = WITH_LIST;
            for kind in [MediaKind::Audio, MediaKind::Video, MediaKind::Data] {
                section.flag(kind.name())?;
            }
            for (number, medium) in (1..).zip(media) {
                let place = format!("{place}: media {number}");
                config.media.extend(listed(import, &place, medium)?);
            }
        }
        None => {
            for (kind, mid) in [(MediaKind::Audio, "a"), (MediaKind::Video, "v")] {
                config
                    .media
                    .extend(old_style(import, place, kind, mid, &mut section)?);
            }
        }
    }
    import
        .remarks
        .add_left(place, section, &[reasons, ALL].concat());
    if config.media.is_empty() {
        import
            .remarks
            .add(place, "media", "there are none: the mountpoint is left out");
        return Ok(None);
    }
    Ok(Some((id.map(MountpointId), config)))
}

/// A medium of the list `media`.
fn listed(
    import: &mut Import,
    place: &str,
    mut section: Section<'_>,
) -> Result<Option<MediaConfig>, ImportError> {
    // Janus' documentation has had both.
    let kind = section
        .text("type")?
        .or(section.text("mtype")?)
        .unwrap_or_default();
    let kind = match MediaKind::by_name(&kind) {
        Some(kind @ (MediaKind::Audio | MediaKind::Video)) => kind,
        Some(MediaKind::Data) => {
            import.remarks.add(place, "type", DATA);
            return Ok(None);
        }
        None => {
            import.remarks.add(
                place,
                "type",
                format!("`{kind}` is neither audio nor video"),
            );
            return Ok(None);
        }
    };
    let mid = section.text("mid")?.unwrap_or_default();
    let label = section.text("label")?;
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
) -> Result<Option<MediaConfig>, ImportError> {
    if section.flag(kind.name())? != Some(true) {
        return Ok(None);
    }
    medium(
        import,
        place,
        kind,
        mid.to_owned(),
        None,
        kind.name(),
        section,
    )
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
) -> Result<Option<MediaConfig>, ImportError> {
    let name = |name: &str| format!("{prefix}{name}");
    // `videortpmap = "H264/90000"` is the older form of `videocodec = "h264"`.
    let rtpmap = section.text(&name("rtpmap"))?;
    let of_rtpmap = rtpmap.and_then(|map| map.split('/').next().map(str::to_owned));
    let pt = section.number(&name("pt"), "a payload type from 0 to 127")?;
    let codec = section.text(&name("codec"))?.or(of_rtpmap);
    let port = section.port(&name("port"))?;
    let mut medium = MediaConfig {
        kind,
        mid,
        label,
        codec: codec.map_or_else(|| codec_of(pt), |codec| codec.to_ascii_lowercase()),
        pt,
        fmtp: section.text(&name("fmtp"))?,
        port: port.unwrap_or_default(),
        rtcpport: section.port(&name("rtcpport"))?,
        mcast: None,
        iface: section.text(&name("iface"))?,
        bind: None,
        bufferkf: section.flag(&name("bufferkf"))?.unwrap_or(false),
        bufferkf_ms: section.number(&name("bufferkf_ms"), "a number of milliseconds")?,
    };
    if let Some(group) = section.text(&name("mcast"))? {
        match group.parse() {
            Ok(group) => medium.mcast = Some(group),
            Err(_) => {
                let reason = format!("`{group}` is no address: the medium is left out");
                import.remarks.add(place, &name("mcast"), reason);
                return Ok(None);
            }
        }
    }
    if port.is_none() {
        import.remarks.add(
            place,
            &name("port"),
            "there is none: the medium is left out",
        );
        return Ok(None);
    }
    if let Err(error) = medium.codec() {
        import.remarks.add(
            place,
            &name("codec"),
            format!("{error}: the medium is left out"),
        );
        return Ok(None);
    }
    Ok(Some(medium))
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
