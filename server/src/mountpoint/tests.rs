//! The registry and its file, with sources that take no ports.

mod disabled;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fanlight_protocol::streaming::{MAX_MEDIA, Recorded, Request, code};
use fanlight_protocol::{Hidden, Object};
use serde_json::{Value, json};

use super::testing::{TAKEN_PORT, mountpoints, silent};
use super::*;

const FILE: &str = r#"# The gate's camera.
[[mountpoint]]
id = 2
description = "Gate" # for people
secret = "s"

[[mountpoint.media]]
type = "video"
mid = "v"
codec = "H264"
pt = 96
port = 5004

# The yard's.
[[mountpoint]]
id = 1
is_private = true
media = [{ type = "audio", mid = "a", codec = "pcmu", port = 5006 }]
"#;

/// A directory that goes with the test.
struct Directory(tempfile::TempDir);

impl Directory {
    fn new() -> Directory {
        Directory(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("mountpoints.toml")
    }

    fn with(text: &str) -> (Directory, Mountpoints) {
        let directory = Directory::new();
        fs::write(directory.file(), text).unwrap();
        let mountpoints = open(&directory.file()).unwrap();
        (directory, mountpoints)
    }
}

fn open(file: &Path) -> Result<Mountpoints, MountpointsError> {
    let config = MountpointsConfig {
        file: Some(file.to_owned()),
        ..MountpointsConfig::default()
    };
    Mountpoints::with_sources(config, silent())
}

fn ids(mountpoints: &Mountpoints) -> Vec<u64> {
    mountpoints.lock().by_id.keys().map(|id| id.0).collect()
}

fn target(id: u64, secret: Option<&str>) -> Target {
    Target {
        id: MountpointId(id),
        secret: secret.map(Hidden::from),
        admin_key: None,
    }
}

fn create(mountpoints: &Mountpoints, body: Value) -> Result<String, String> {
    let mut body = body;
    body["request"] = "create".into();
    body["type"] = "rtp".into();
    match Request::parse(&Object::from_serialize(&body).unwrap()) {
        Ok(Request::Create(create)) => mountpoints
            .create(Instant::now(), &create)
            .map(|(name, _)| name)
            .map_err(|error| error.to_string()),
        other => panic!("{other:?}"),
    }
}

fn edit(mountpoints: &Mountpoints, mut body: Value) -> Result<(), String> {
    body["request"] = "edit".into();
    match Request::parse(&Object::from_serialize(&body).unwrap()) {
        Ok(Request::Edit(edit)) => mountpoints.edit(&edit).map_err(|e| e.to_string()),
        other => panic!("{other:?}"),
    }
}

fn video(port: u16) -> Value {
    json!([{"type": "video", "mid": "v", "codec": "vp8", "pt": 100, "port": port}])
}

#[test]
fn mountpoints_come_from_a_file() {
    let (_directory, mountpoints) = Directory::with(FILE);
    assert_eq!(ids(&mountpoints), [1, 2]);
    let listed = mountpoints.list(Instant::now());
    assert_eq!(listed.len(), 1, "private ones are left out");
    assert_eq!(listed[0].description, "Gate");
    let now = Instant::now();
    let sound = mountpoints.info(now, &target(1, None), 0).unwrap();
    assert_eq!(sound.media[0].pt, Some(0), "RFC 3551's");
}

#[test]
fn the_file_wins_over_what_is_configured_besides() {
    let directory = Directory::new();
    fs::write(directory.file(), FILE).unwrap();
    let besides: Vec<MountpointConfig> = [2, 3]
        .map(|id| {
            let text = format!(
                "id = {id}\ndescription = \"Besides\"\n\
                 media = [{{ type = \"audio\", mid = \"a\", codec = \"pcmu\", port = 0 }}]"
            );
            toml::from_str(&text).unwrap()
        })
        .into();
    let config = MountpointsConfig {
        file: Some(directory.file()),
        mountpoints: besides,
        ..MountpointsConfig::default()
    };
    let mountpoints = Mountpoints::with_sources(config, silent()).unwrap();
    let listed = mountpoints.list(Instant::now());
    let listed: Vec<_> = listed
        .iter()
        .map(|one| (one.id.0, one.description.as_str()))
        .collect();
    assert_eq!(listed, [(2, "Gate"), (3, "Besides")]);
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_place() {
    let directory = Directory::new();
    for (text, named) in [
        ("[[mountpoint]]\nid = 1\n", "missing field `media`"),
        (
            "[[mountpoint]]\nid = 1\nmedia = []\nfoo = 1\n",
            "unknown field `foo`",
        ),
        ("[[mountpoint]]\nid = 'x'\nmedia = []\n", ".toml:2: "),
        ("mountpoint", ".toml:1: "),
    ] {
        fs::write(directory.file(), text).unwrap();
        let error = open(&directory.file()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(error.contains("mountpoints.toml"), "{error}");
    }
}

#[test]
fn a_bad_mountpoint_is_named_with_what_is_wrong() {
    let directory = Directory::new();
    for (medium, named) in [
        ("type = 'video', mid = 'v', codec = 'h265', pt = 96", "h265"),
        ("type = 'audio', mid = 'v', codec = 'vp8', pt = 96", "audio"),
        (
            "type = 'video', mid = 'v', codec = 'vp8'",
            "`pt` is missing",
        ),
        (
            "type = 'data', mid = 'd', codec = ''",
            "data are not offered",
        ),
        (
            "type = 'video', mid = 'a b', codec = 'vp8', pt = 96",
            "no mid",
        ),
        (
            "type = 'video', mid = 'v', codec = 'vp8', pt = 96, fmtp = \"x\\r\\na=y\"",
            "fmtp",
        ),
    ] {
        let text = format!("[[mountpoint]]\nid = 7\nmedia = [{{ {medium}, port = 0 }}]");
        fs::write(directory.file(), text).unwrap();
        let error = open(&directory.file()).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("mountpoint 7: "), "{error}");
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn what_is_made_for_good_is_there_again_and_what_is_not_is_not() {
    let (directory, mountpoints) = Directory::with(FILE);
    create(&mountpoints, json!({"id": 8, "media": video(0)})).unwrap();
    let kept = json!({"id": 9, "secret": "x", "permanent": true, "media": video(0)});
    create(&mountpoints, kept).unwrap();
    let again = open(&directory.file()).unwrap();
    assert_eq!(ids(&again), [1, 2, 9]);
    // With the port that was chosen, so that whoever feeds it finds it.
    let info = again.info(Instant::now(), &target(9, Some("x")), 0);
    assert_eq!(info.unwrap().media[0].port, Some(10_001));
}

#[test]
fn the_file_keeps_what_people_wrote() {
    let (directory, mountpoints) = Directory::with(FILE);
    let body = json!({"id": 2, "secret": "s", "new_pin": "p", "permanent": true});
    edit(&mountpoints, body).unwrap();
    let kept = json!({"id": 9, "permanent": true, "media": video(5008)});
    create(&mountpoints, kept).unwrap();
    let text = fs::read_to_string(directory.file()).unwrap();
    for written in [
        "# The gate's camera.",
        "# The yard's.",
        "pin = \"p\"",
        "id = 9",
    ] {
        assert!(text.contains(written), "{text}");
    }
    let order: Vec<_> = ["id = 2", "id = 1", "id = 9"]
        .map(|id| text.find(id))
        .to_vec();
    assert!(order.is_sorted(), "{text}");
    assert_eq!(ids(&open(&directory.file()).unwrap()), [1, 2, 9]);
}

#[test]
fn what_people_write_while_the_server_runs_is_kept() {
    let (directory, mountpoints) = Directory::with(FILE);
    let third = "\n# The shed's.\n[[mountpoint]]\nid = 3\nmedia = [{ type = \"audio\", mid = \"a\", codec = \"pcmu\", port = 5010 }]\n";
    fs::write(directory.file(), [FILE, third].concat()).unwrap();
    mountpoints.destroy(&target(1, None), true).unwrap();
    let kept = json!({"id": 9, "permanent": true, "media": video(5008)});
    create(&mountpoints, kept).unwrap();
    let text = fs::read_to_string(directory.file()).unwrap();
    assert!(text.contains("# The shed's."), "{text}");
    assert_eq!(ids(&open(&directory.file()).unwrap()), [2, 3, 9]);
}

#[test]
fn a_file_with_a_new_mistake_is_not_written_over() {
    let (directory, mountpoints) = Directory::with(FILE);
    let broken = FILE.replace("id = 1", "id = ");
    fs::write(directory.file(), &broken).unwrap();
    let error = mountpoints.destroy(&target(1, None), true).unwrap_err();
    assert!(error.to_string().contains("mountpoints.toml"), "{error}");
    assert_eq!(ids(&mountpoints), [1, 2], "as it was");
    assert_eq!(fs::read_to_string(directory.file()).unwrap(), broken);
}

#[test]
fn only_the_keys_change_whose_values_do() {
    let text = FILE.replace("id = 1\n", "id = 1 # the first\nPIN\n");
    let pin = |pin| text.replace("PIN", pin);
    let (directory, mountpoints) = Directory::with(&pin("pin = \"p\" # four digits"));
    let body = json!({"id": 1, "new_description": "d", "permanent": true});
    edit(&mountpoints, body).unwrap();
    let written = fs::read_to_string(directory.file()).unwrap();
    let written = written.replacen("description = \"d\"\n", "", 1);
    let media = text.lines().last().unwrap();
    let (before, after) = written.split_once("media = ").unwrap();
    let (wanted, _) = text.split_once(media).unwrap();
    assert_eq!(
        before,
        wanted.replace("PIN", "pin = \"p\" # four digits"),
        "{after}"
    );
}

#[test]
fn a_mistake_is_told_with_its_line_and_without_what_is_written_there() {
    let directory = Directory::new();
    for (mistake, reason) in [
        ("pin = 4711", "secrets and PINs are texts in quotes"),
        ("pin = hunter2", "value"),
        ("pinn = \"hunter2\"", "unknown field `pinn`"),
    ] {
        fs::write(
            directory.file(),
            FILE.replace("id = 1\n", &format!("id = 1\n{mistake}\n")),
        )
        .unwrap();
        let error = open(&directory.file()).map(|_| ()).unwrap_err().to_string();
        let line = 1 + FILE.lines().position(|line| line == "id = 1").unwrap() + 1;
        assert!(
            error.contains(&format!("mountpoints.toml:{line}: ")),
            "{error}"
        );
        assert!(error.contains(reason), "{error}");
        assert!(
            !error.contains("4711") && !error.contains("hunter2"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let directory = Directory::new();
    let real = directory.0.path().join("real.toml");
    fs::write(&real, FILE).unwrap();
    std::os::unix::fs::symlink(&real, directory.file()).unwrap();
    let mountpoints = open(&directory.file()).unwrap();
    mountpoints.destroy(&target(1, None), true).unwrap();
    assert!(directory.file().is_symlink());
    assert_eq!(ids(&open(&real).unwrap()), [2]);
}

#[test]
fn what_is_destroyed_for_good_does_not_come_back() {
    let (directory, mountpoints) = Directory::with(FILE);
    mountpoints.destroy(&target(1, None), false).unwrap();
    assert_eq!(ids(&mountpoints), [2]);
    assert_eq!(ids(&open(&directory.file()).unwrap()), [1, 2]);
    mountpoints.destroy(&target(2, Some("s")), true).unwrap();
    let again = open(&directory.file()).unwrap();
    assert_eq!(ids(&again), [1]);
}

#[test]
fn the_file_is_for_the_server_alone() {
    let (directory, mountpoints) = Directory::with(FILE);
    let kept = json!({"id": 9, "secret": "x", "permanent": true, "media": video(0)});
    create(&mountpoints, kept).unwrap();
    let mode = fs::metadata(directory.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let files = fs::read_dir(directory.0.path()).unwrap().count();
    assert_eq!(files, 1, "no draft is left");
}

#[test]
fn a_file_that_cannot_be_written_leaves_everything_as_it_was() {
    let directory = Directory::new();
    let nowhere = directory.0.path().join("nowhere").join("mountpoints.toml");
    let mountpoints = open(&nowhere).unwrap();
    let kept = json!({"id": 9, "permanent": true, "media": video(0)});
    let error = create(&mountpoints, kept).unwrap_err();
    assert!(error.contains("cannot write"), "{error}");
    assert_eq!(ids(&mountpoints), [] as [u64; 0]);

    create(&mountpoints, json!({"id": 8, "media": video(0)})).unwrap();
    let body = json!({"id": 8, "new_pin": "p", "permanent": true});
    let error = edit(&mountpoints, body).unwrap_err();
    assert!(error.contains("cannot write"), "{error}");
    let watch = Watch::all(MountpointId(8));
    assert_eq!(mountpoints.admit(&watch).unwrap(), ["v"], "no PIN");
}

#[test]
fn without_a_file_nothing_is_for_good() {
    let mountpoints = mountpoints(MountpointsConfig::default());
    let kept = json!({"id": 9, "permanent": true, "media": video(0)});
    let error = create(&mountpoints, kept).unwrap_err();
    assert!(error.contains("No mountpoints file"), "{error}");
    assert_eq!(ids(&mountpoints), [] as [u64; 0]);
}

#[test]
fn a_port_that_cannot_be_had_is_named() {
    let mountpoints = mountpoints(MountpointsConfig::default());
    let error = create(&mountpoints, json!({"media": video(TAKEN_PORT)})).unwrap_err();
    assert!(error.contains("0.0.0.0:7"), "{error}");
}

#[test]
fn there_are_only_so_many() {
    let mountpoints = mountpoints(MountpointsConfig::default());
    for _ in 0..MAX_MOUNTPOINTS {
        create(&mountpoints, json!({"media": video(0)})).unwrap();
    }
    let error = create(&mountpoints, json!({"media": video(0)})).unwrap_err();
    assert!(error.contains("256"), "{error}");
}

#[test]
fn a_mountpoint_has_only_so_many_media() {
    let media = |count: usize| -> Vec<Value> {
        let medium =
            |n| json!({"type": "audio", "mid": format!("a{n}"), "codec": "pcmu", "port": 0});
        (0..count).map(medium).collect()
    };
    let mountpoints = mountpoints(MountpointsConfig::default());
    create(&mountpoints, json!({"media": media(MAX_MEDIA)})).unwrap();
    let asked = json!({"request": "create", "type": "rtp", "media": media(MAX_MEDIA + 1)});
    let refused = Request::parse(&Object::from_serialize(&asked).unwrap()).unwrap_err();
    assert_eq!(refused.error.code, code::CANNOT_CREATE);

    let medium = |n| format!("{{ type = 'audio', mid = 'a{n}', codec = 'pcmu', port = 0 }}");
    let of_file: Vec<_> = (0..=MAX_MEDIA).map(medium).collect();
    let text = format!("[[mountpoint]]\nid = 7\nmedia = [{}]", of_file.join(", "));
    let directory = Directory::new();
    fs::write(directory.file(), text).unwrap();
    let error = open(&directory.file()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("17 media"), "{error}");
}

#[test]
fn what_all_mountpoints_say_fits_into_a_list() {
    let mountpoints = mountpoints(MountpointsConfig::default());
    let metadata = "x".repeat(16 << 10);
    let refused = (1..=MAX_MOUNTPOINTS).find_map(|id| {
        let asked = json!({"id": id, "metadata": metadata, "media": video(0)});
        create(&mountpoints, asked).err()
    });
    assert!(refused.is_some_and(|reason| reason.contains("no room")));
    let said = |mountpoints: &Mountpoints| mountpoints.lock().said();
    assert!(said(&mountpoints) <= MAX_TEXTS);

    let id = 1000;
    create(&mountpoints, json!({"id": id, "media": video(0)})).unwrap();
    let longer = json!({"id": id, "new_metadata": metadata});
    edit(&mountpoints, longer).unwrap_err();
    edit(&mountpoints, json!({"id": 1, "new_metadata": ""})).unwrap();
    edit(&mountpoints, json!({"id": id, "new_metadata": metadata})).unwrap();
    assert!(said(&mountpoints) <= MAX_TEXTS);
}

#[test]
fn an_empty_pin_or_secret_is_none() {
    let (_directory, mountpoints) = Directory::with(FILE);
    edit(
        &mountpoints,
        json!({"id": 2, "secret": "s", "new_pin": "p"}),
    )
    .unwrap();
    let watch = |pin: Option<&str>| {
        let pin = pin.map(Hidden::from);
        let all = Watch::all(MountpointId(2));
        mountpoints
            .admit(&Watch { pin, ..all })
            .map_err(|e| e.to_string())
    };
    assert_eq!(watch(None), Err("Missing mandatory element (pin)".into()));
    assert_eq!(watch(Some("q")), Err("Unauthorized (wrong pin)".into()));
    assert_eq!(watch(Some("p")), Ok(vec!["v".into()]));
    let body = json!({"id": 2, "secret": "s", "new_pin": "", "new_secret": ""});
    edit(&mountpoints, body).unwrap();
    assert_eq!(watch(None), Ok(vec!["v".into()]));
    edit(&mountpoints, json!({"id": 2, "new_description": "open"})).unwrap();
}

#[test]
fn with_a_key_only_its_holders_manage_what_has_no_secret() {
    let mountpoints = mountpoints(MountpointsConfig {
        admin_key: Some(Secret::new("k")),
        ..MountpointsConfig::default()
    });
    let error = create(&mountpoints, json!({"media": video(0)})).unwrap_err();
    assert_eq!(error, "Missing mandatory element (admin_key)");
    create(
        &mountpoints,
        json!({"id": 3, "admin_key": "k", "media": video(0)}),
    )
    .unwrap();
    let error = mountpoints.destroy(&target(3, None), false).unwrap_err();
    assert_eq!(error.to_string(), "Missing mandatory element (admin_key)");
    let key = Some(Hidden::from("k"));
    let target = Target {
        admin_key: key,
        ..target(3, None)
    };
    mountpoints.destroy(&target, false).unwrap();
}

#[test]
fn with_a_key_only_its_holders_are_told_the_pin_and_the_ports() {
    let mountpoints = mountpoints(MountpointsConfig {
        admin_key: Some(Secret::new("k")),
        ..MountpointsConfig::default()
    });
    let asked = json!({"id": 3, "admin_key": "k", "pin": "p", "media": video(0)});
    create(&mountpoints, asked).unwrap();
    let told = |admin_key: Option<&str>| {
        let admin_key = admin_key.map(Hidden::from);
        let target = Target {
            admin_key,
            ..target(3, None)
        };
        let info = mountpoints.info(Instant::now(), &target, 0).unwrap();
        (info.pin, info.name, info.media[0].port)
    };
    assert_eq!(told(None), (None, None, None));
    assert_eq!(told(Some("x")), (None, None, None));
    let name = Some("mp-3".to_owned());
    assert_eq!(told(Some("k")), (Some("p".into()), name, Some(10_000)));
}

#[test]
fn a_medium_goes_to_one_file_and_no_request_to_more() {
    let directory = Directory::new();
    let recordings = directory.0.path().to_owned();
    let mountpoints = mountpoints(MountpointsConfig {
        recordings: Some(recordings.clone()),
        ..MountpointsConfig::default()
    });
    create(&mountpoints, json!({"id": 3, "media": video(0)})).unwrap();
    for filenames in [["a", "b"], ["a", "a"]] {
        let media = filenames.map(|filename| Recorded {
            mid: Some("v".to_owned()),
            kind: None,
            filename: Some(filename.to_owned()),
        });
        let media = Some(media.to_vec());
        let twice = mountpoints.record(&target(3, None), &RecordingAction::Start { media });
        assert!(matches!(twice, Err(MountpointError::Recorded)), "{twice:?}");
        assert_eq!(fs::read_dir(&recordings).unwrap().count(), 0);
    }
}

#[test]
fn the_first_that_is_for_everybody_is_the_default_unless_another_is_named() {
    let (directory, mountpoints) = Directory::with(FILE);
    let gate = Some(MountpointId(2));
    assert_eq!(mountpoints.default_id(), gate, "1 is private");
    let pin = json!({"id": 2, "secret": "s", "new_pin": "p"});
    edit(&mountpoints, pin).unwrap();
    assert_eq!(mountpoints.default_id(), gate, "there is no other");
    let with_default = |id| MountpointsConfig {
        file: Some(directory.file()),
        default: Some(MountpointId(id)),
        ..MountpointsConfig::default()
    };
    let named = Mountpoints::with_sources(with_default(1), silent()).unwrap();
    named.complete(None);
    assert_eq!(named.default_id(), Some(MountpointId(1)));
    fs::write(directory.file(), FILE).unwrap();
    let missing = Mountpoints::with_sources(with_default(5), silent()).unwrap();
    missing.complete(None);
    assert_eq!(missing.default_id(), Some(MountpointId(2)), "as without");
}

#[test]
fn a_mountpoint_whose_port_is_taken_is_left_out_and_stays_in_the_file() {
    let text = FILE.replace("port = 5006", &format!("port = {TAKEN_PORT}"));
    let (directory, mountpoints) = Directory::with(&text);
    assert_eq!(ids(&mountpoints), [2]);
    let error = create(&mountpoints, json!({"id": 1, "media": video(0)})).unwrap_err();
    assert!(error.contains("already exists"), "{error}");
    let kept = json!({"id": 9, "permanent": true, "media": video(0)});
    create(&mountpoints, kept).unwrap();
    let written = fs::read_to_string(directory.file()).unwrap();
    let mended = written.replace(&format!("port = {TAKEN_PORT} "), "port = 5006 ");
    fs::write(directory.file(), mended).unwrap();
    assert_eq!(ids(&open(&directory.file()).unwrap()), [1, 2, 9]);
}

#[test]
fn a_file_with_too_many_mountpoints_keeps_no_server_from_starting() {
    let table = |id| {
        let media = "{ type = 'audio', mid = 'a', codec = 'pcmu', port = 5004 }";
        format!("[[mountpoint]]\nid = {id}\nmedia = [{media}]\n")
    };
    let text: String = (1..=MAX_MOUNTPOINTS + 1).map(table).collect();
    let (_directory, mountpoints) = Directory::with(&text);
    assert_eq!(ids(&mountpoints).len(), MAX_MOUNTPOINTS);
}
