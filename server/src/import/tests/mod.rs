//! Whole files of Janus, and what becomes of them.

use std::path::PathBuf;
use std::time::Duration;

use fanlight_protocol::streaming::MediaKind;

use super::*;
use crate::source::rtp::KeyFrameBuffer;

mod access;
mod mistakes;

fn path(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/import/tests");
    here.join(name)
}

fn import(name: &str) -> Import {
    Import::read(&[path(name)]).unwrap()
}

fn remarks(import: &Import) -> Vec<String> {
    import.remarks.lines().collect()
}

/// Imports a file of this name with this text.
fn written(name: &str, text: &str) -> Result<Import, ImportError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, text).unwrap();
    Import::read(&[file])
}

fn streaming(text: &str) -> Import {
    written("janus.plugin.streaming.jcfg", text).unwrap()
}

/// Imports a directory with files of these names and texts.
fn directory(files: &[(&str, &[u8])]) -> Import {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let import = Import::read(&[directory.path().to_owned()]).unwrap();
    let flags = import.options.flags().flat_map(|(_, flags)| flags);
    let line = std::iter::once("fanlight".to_owned()).chain(flags);
    let options = crate::cli::Options::read(line.map(Into::into));
    assert!(options.is_ok(), "the server would not start: {options:?}");
    import
}

fn assert_remark(import: &Import, beginning: &str) {
    let remarks = remarks(import);
    let is_there = remarks.iter().any(|remark| remark.starts_with(beginning));
    assert!(is_there, "{beginning}: {remarks:#?}");
}

#[test]
fn secrets_time_outs_and_addresses_become_options() {
    let import = import("files/janus.jcfg");
    let expected = r#"api-secret = 'open "sesame"'
token-auth-secret = "signet"
server-name = "Doorkeeper"
token-auth = true
session-timeout = 30
reclaim-session-timeout = 5
log = "debug"
stun = "stun:stun.example.org:3479"
public-ip = ["203.0.113.7", "2001:db8::7"]
ice-lite = false
full-trickle = true
"#;
    let text = import.options_toml();
    let (options, _) = text.split_once("\n\n").unwrap();
    assert_eq!(format!("{options}\n"), expected);
}

#[test]
fn what_has_no_counterpart_is_named_with_the_reason() {
    let remarks = remarks(&import("files/janus.jcfg"));
    assert_eq!(
        remarks,
        [
            "janus.jcfg: general: configs_folder, plugins_folder: \
             there is nothing to load: it is one program",
            "janus.jcfg: general: debug_timestamps: the log goes to standard error, with times: \
             systemd or a shell puts it elsewhere",
            "janus.jcfg: general: brand_new: Fanlight does not know it",
            "janus.jcfg: nat: nat_1_1_mapping: `home.example.org` is no address",
            "janus.jcfg: nat: turn_server: viewers need no relay where the UDP port of `rtc` is \
             open; behind a NAT, set `public-ip`",
            "janus.jcfg: nat: ice_ignore_list: the addresses are those of `rtc`",
            "janus.jcfg: certificates: cert_pem, cert_key: \
             each start makes a certificate of its own for the media",
            "janus.jcfg: media: rtp_port_range: all viewers share one UDP port, that of `rtc`",
            "janus.jcfg: media: slowlink_threshold: there is nothing to tune",
            "janus.jcfg: plugins: disable: what is built in stays; what is not asked for costs \
             nothing",
            "janus.jcfg: general: admin_secret: no transport has the admin API switched on, so it \
             stays off",
        ]
    );
}

#[test]
fn a_mountpoint_keeps_all_that_is_said_of_it() {
    let import = import("files/janus.plugin.streaming.jcfg");
    let door = &import.mountpoints[0];
    assert_eq!((door.id.0, door.name()), (16, "front-door".to_owned()));
    assert_eq!(door.description(), "The front door");
    assert_eq!(door.metadata.as_deref(), Some("{\"floor\": 0}"));
    assert!(door.secret.as_ref().unwrap().is("change me"));
    assert!(door.pin.as_ref().unwrap().is("1234"));
    assert!(door.is_private && door.enabled && door.playoutdelay_ext);
    assert_eq!(door.collision, Some(2000));
    assert_eq!(door.srtpsuite.as_deref(), Some("80"));
    assert_eq!(door.abscapturetime_src_ext_id, Some(7));
    assert!(door.rtp().is_ok());
    let [audio, video] = door.media.as_slice() else {
        panic!("{door:?}")
    };
    assert_eq!(
        (audio.kind, audio.mid.as_str(), audio.port),
        (MediaKind::Audio, "a", 5002)
    );
    assert_eq!(audio.label(), "bell");
    assert_eq!(
        (video.port, video.rtcpport, video.pt),
        (5004, Some(5005), Some(96))
    );
    assert_eq!(video.codec, "h264");
    assert_eq!(video.mcast, Some("232.3.4.5".parse().unwrap()));
    assert_eq!(video.iface.as_deref(), Some("eth1"));
    let buffers = door.rtp().unwrap().media.into_iter();
    let buffers: Vec<_> = buffers.map(|medium| medium.key_frame_buffer).collect();
    let buffer = KeyFrameBuffer {
        max_age: Some(Duration::from_secs(8)),
        max_bytes: 1_000_000,
    };
    assert_eq!(buffers, [None, Some(buffer)], "of videos alone");
    assert!(
        video
            .fmtp
            .as_deref()
            .unwrap()
            .starts_with("profile-level-id")
    );
}

#[test]
fn media_that_are_written_one_by_one_are_understood() {
    let import = import("files/janus.plugin.streaming.jcfg");
    let door = &import.mountpoints[1];
    let [audio, video] = door.media.as_slice() else {
        panic!("{door:?}")
    };
    assert_eq!((audio.mid.as_str(), audio.port), ("a", 5012));
    assert_eq!(audio.codec, "pcmu", "by its payload type");
    assert_eq!(
        (video.mid.as_str(), video.port, video.pt),
        ("v", 5014, Some(100))
    );
    assert_eq!(video.codec, "vp8", "by its rtpmap");
    assert_eq!(video.iface.as_deref(), Some("127.0.0.1"));
    assert!(video.bufferkf);
}

#[test]
fn mountpoints_that_are_not_offered_are_left_out_with_the_reason() {
    let import = import("files/janus.plugin.streaming.jcfg");
    let ids: Vec<u64> = import
        .mountpoints
        .iter()
        .map(|mountpoint| mountpoint.id.0)
        .collect();
    assert_eq!(ids, [16, 2, 1], "the hall has the smallest id that is free");
    let remarks = remarks(&import);
    for expected in [
        "general: rtp_port_range: for port 0 the system chooses one that is free",
        "front-door: media 3: type: data are not offered",
        "front-door: media 4: codec: medium `w`: Fanlight does not pass on h265",
        "front-door: media 2: msid: the media of a mountpoint are one stream",
        "front-door: threads: a thread for all viewers suffices",
        "back-door: videosimulcast, videoport2: simulcast is not offered",
        "hall: id: there is none, and Janus would draw lots; here it is 1",
        "radio: type: `live`: files are not played",
        "garden: type: `rtsp`: RTSP is not offered",
        "again: id: there is a mountpoint 2 already",
        "half: media: srtpsuite and srtpcrypto go together: the mountpoint is left out",
        "empty: media: there are none",
    ] {
        let whole = format!("janus.plugin.streaming.jcfg: {expected}");
        assert!(
            remarks.iter().any(|remark| remark.starts_with(&whole)),
            "{expected}: {remarks:#?}"
        );
    }
}

#[test]
fn the_older_syntax_says_the_same() {
    let import = import("old/janus.plugin.streaming.cfg");
    let door = &import.mountpoints[0];
    assert_eq!(door.id.0, 7);
    assert_eq!(door.description(), "The door; and its bell");
    assert!(door.pin.as_ref().unwrap().is("1234"));
    let fmtp = door.media[0].fmtp.as_deref();
    assert_eq!(fmtp, Some("profile-level-id=42e01f;packetization-mode=1"));
    assert_eq!(door.media.len(), 1);
}

#[test]
fn both_spellings_of_ustreamers_plugin_are_understood() {
    for (file, sink, sound) in [
        (
            "files/janus.plugin.ustreamer.jcfg",
            "video: sink",
            "acap: device, tc358743",
        ),
        (
            "old/janus.plugin.ustreamer.jcfg",
            "memsink: object",
            "audio: device",
        ),
    ] {
        let remarks = remarks(&import(file));
        let named = |start: &str| format!("janus.plugin.ustreamer.jcfg: {start}: ");
        assert!(remarks[0].starts_with(&named(sink)), "{remarks:?}");
        assert!(remarks[1].starts_with(&named(sound)), "{remarks:?}");
        assert_eq!(remarks.len(), 2);
    }
}

#[test]
fn a_directory_is_all_that_is_in_it() {
    let import = import("files");
    assert_eq!(import.mountpoints.len(), 3);
    assert!(import.options_toml().contains("api-secret"));
    assert!(import.options_toml().contains("\"0.0.0.0:8188\""));
    let nothing = tempfile::tempdir().unwrap();
    let error = Import::read(&[nothing.path().to_owned()]).unwrap_err();
    assert!(matches!(error, ImportError::Empty(_)));
}

#[test]
fn a_camera_is_looked_for_only_where_there_was_one() {
    let source = |import: Import| import.options_toml().contains("source = \"none\"");
    assert!(source(import("files/janus.plugin.streaming.jcfg")));
    assert!(!source(import("files")));
    assert!(!source(import("files/janus.jcfg")));
}

#[test]
fn what_is_printed_is_read_again() {
    #[derive(serde::Deserialize)]
    struct File {
        mountpoint: Vec<MountpointConfig>,
    }
    let import = import("files");
    let file: File = toml::from_str(&import.mountpoints_toml().unwrap()).unwrap();
    assert_eq!(file.mountpoint, import.mountpoints);
    let options: toml::Table = import.options_toml().parse().unwrap();
    assert_eq!(options["session-timeout"].as_integer(), Some(30));
    assert!(import.to_toml().unwrap().parse::<toml::Table>().is_ok());
}

#[test]
fn a_file_that_is_none_of_janus_is_refused() {
    let error = written("nginx.conf", "").unwrap_err().to_string();
    assert!(
        error.contains("nginx.conf does not have the name"),
        "{error}"
    );
    let error = Import::read(&["/nowhere/janus.jcfg".into()])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot read /nowhere/janus.jcfg"),
        "{error}"
    );
    let error = written("janus.jcfg", "general: {").unwrap_err().to_string();
    assert!(
        error.contains("janus.jcfg:1: expected the name of a setting or `}`"),
        "{error}"
    );
    let long = "#".repeat(5 << 20);
    assert!(matches!(
        written("janus.jcfg", &long),
        Err(ImportError::Length { .. })
    ));
}

#[test]
fn a_text_from_a_file_cannot_end_the_comment_it_is_in() {
    let import = streaming("d: { type = \"a\\nlisten = ['0.0.0.0:1']\" }");
    let text = import.options_toml();
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
}
