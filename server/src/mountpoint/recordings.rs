//! Which media of a mountpoint are recorded, and where to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use fanlight_protocol::streaming::{MediaKind, MountpointId, Recorded};

use super::MountpointError;
use crate::recording::Recording;
use crate::stream::Track;

/// What every file ends with.
const ENDING: &str = ".mp4";

/// What is recorded of one mountpoint. Dropping it ends the recordings, whose files
/// are complete a moment later.
#[derive(Default)]
pub(super) struct Recordings(Vec<Running>);

struct Running {
    mids: Vec<String>,
    /// The file's name without its directory.
    name: String,
    recording: Recording,
}

/// A medium that may be recorded.
pub(super) struct Recordable<'a> {
    pub(super) mid: &'a str,
    pub(super) kind: MediaKind,
    pub(super) track: &'a Arc<dyn Track>,
}

impl Recordings {
    /// The file that a medium is recorded to.
    pub(super) fn of(&self, mid: &str) -> Option<String> {
        let is_of = |running: &&Running| {
            !running.recording.has_ended() && running.mids.iter().any(|recorded| recorded == mid)
        };
        self.0
            .iter()
            .find(is_of)
            .map(|running| running.name.clone())
    }

    /// Begins to record. Media that are to go to the same file become one recording; those that are
    /// not there are passed over, as in Janus. Each medium goes to one file, so that no request
    /// takes more threads and files than there are media.
    pub(super) fn start(
        &mut self,
        directory: Option<&Path>,
        mountpoint: MountpointId,
        media: &[Recordable<'_>],
        asked: &[Recorded],
    ) -> Result<(), MountpointError> {
        let mut files: Vec<(PathBuf, Vec<&Recordable<'_>>)> = Vec::new();
        for asked in asked {
            for medium in media.iter().filter(|medium| is_meant(asked, medium)) {
                let is_medium = |other: &&Recordable<'_>| other.mid == medium.mid;
                let is_named_before = files.iter().any(|(_, media)| media.iter().any(is_medium));
                if is_named_before || self.of(medium.mid).is_some() {
                    return Err(MountpointError::Recorded);
                }
                let directory = directory.ok_or(MountpointError::NoRecordings)?;
                let name = asked.filename.clone();
                let name = name.unwrap_or_else(|| chosen_name(mountpoint, medium.mid));
                let file = within(directory, &name)?;
                match files.iter_mut().find(|(other, _)| *other == file) {
                    Some((_, media)) => media.push(medium),
                    None => files.push((file, vec![medium])),
                }
            }
        }
        // All or nothing.
        let mut started = Vec::new();
        for (file, media) in files {
            match Running::start(&file, &media) {
                Ok(running) => started.push(running),
                Err(error) => {
                    for running in started {
                        running.recording.abandon();
                    }
                    return Err(error);
                }
            }
            tracing::info!(%mountpoint, file = %file.display(), "recording");
        }
        self.0.retain(|running| !running.recording.has_ended());
        self.0.append(&mut started);
        Ok(())
    }

    /// Ends the recordings that these media are in.
    pub(super) fn stop(&mut self, media: &[Recordable<'_>], asked: &[Recorded]) {
        let is_meant = |mid: &String| {
            let medium = media.iter().find(|medium| medium.mid == mid);
            medium.is_some_and(|medium| asked.iter().any(|asked| is_meant(asked, medium)))
        };
        self.0.retain(|running| !running.mids.iter().any(is_meant));
    }

    pub(super) fn stop_all(&mut self) {
        self.0.clear();
    }

    /// Ends all and waits until their files are complete.
    pub(super) fn finish(&mut self) {
        for running in self.0.drain(..) {
            running.recording.stop();
        }
    }
}

impl Running {
    fn start(file: &Path, media: &[&Recordable<'_>]) -> Result<Running, MountpointError> {
        let tracks: Vec<_> = media
            .iter()
            .map(|medium| (medium.mid.to_owned(), medium.track.clone()))
            .collect();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(Running {
            name: name.into_owned(),
            recording: Recording::start(file, &tracks)?,
            mids: tracks.into_iter().map(|(mid, _)| mid).collect(),
        })
    }
}

fn is_meant(asked: &Recorded, medium: &Recordable<'_>) -> bool {
    match &asked.mid {
        Some(mid) => mid == medium.mid,
        None => asked.kind == Some(medium.kind),
    }
}

fn chosen_name(mountpoint: MountpointId, mid: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    format!(
        "mountpoint-{mountpoint}-{mid}-{}",
        now.unwrap_or_default().as_millis()
    )
}

/// The file in the directory that somebody calls `name`, with our ending. It may be in a directory
/// in that one, and nowhere else. Names are shown in logs, so they are of printable characters.
fn within(directory: &Path, name: &str) -> Result<PathBuf, MountpointError> {
    let outside = || MountpointError::OutsideRecordings(name.to_owned());
    let path = Path::new(name);
    let path = path.strip_prefix(directory).unwrap_or(path);
    let name = path.to_str().ok_or_else(outside)?;
    // The ending becomes part of the last name, so that has to be one.
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(char::is_control);
    let parts = name.split(std::path::MAIN_SEPARATOR);
    if !parts.into_iter().all(is_name) {
        return Err(outside());
    }
    Ok(directory.join(format!("{name}{ENDING}")))
}

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::time::{Duration, Instant};

    use bytes::Bytes;

    use super::*;
    use crate::picture::Captured;
    use crate::stream::{Codec, Format, Frame, FrameSink};

    #[test]
    fn recordings_stay_in_their_directory() {
        let directory = Path::new("/srv/recordings");
        let file = |name: &str| within(directory, name).ok();
        assert_eq!(file("gate"), Some(directory.join("gate.mp4")));
        assert_eq!(file("a/gate.v"), Some(directory.join("a/gate.v.mp4")));
        assert_eq!(
            file("/srv/recordings/gate"),
            Some(directory.join("gate.mp4"))
        );
        for outside in [
            "",
            "..",
            "../gate",
            "a/../../gate",
            "/etc/passwd",
            "/srv/recordings",
            "/srv/recordings/../gate",
            "/srv/recordings-2/gate",
            "a/",
            "a/.",
            "a//gate",
            "./gate",
            "gate\n2026-01-01 ERROR",
            "gate\u{1b}[2J",
        ] {
            assert_eq!(file(outside), None, "{outside}");
        }
    }

    /// A track that gives one packet at once. Asking it for a key frame ends whoever does.
    struct Bell {
        format: Format,
        first: Vec<Arc<Frame>>,
    }

    impl Bell {
        fn track(codec: Codec, idr: bool) -> Arc<dyn Track> {
            let frame = Frame {
                number: 1,
                first_packet: 0,
                packets: vec![Bytes::from_static(&[0xf8, 0xff, 0xfe])],
                timestamp: 0,
                captured: Captured::now(),
                idr,
            };
            Arc::new(Bell {
                format: Format {
                    codec,
                    fmtp: String::new(),
                },
                first: vec![Arc::new(frame)],
            })
        }
    }

    impl Track for Bell {
        fn name(&self) -> &'static str {
            "bell"
        }

        fn format(&self) -> &Format {
            &self.format
        }

        fn subscribe(&self, _: Arc<dyn FrameSink>) -> Box<dyn Any + Send> {
            Box::new(())
        }

        fn first_frames(&self) -> Vec<Arc<Frame>> {
            self.first.clone()
        }

        fn request_key_frame(&self) {
            panic!("this test's track has no key frames")
        }
    }

    fn start(
        recordings: &mut Recordings,
        directory: &Path,
        media: &[(&str, Arc<dyn Track>)],
    ) -> Result<(), MountpointError> {
        let recordable = media.iter().map(|(mid, track)| Recordable {
            mid,
            kind: MediaKind::Audio,
            track,
        });
        let asked = media.iter().map(|(mid, _)| Recorded {
            kind: None,
            mid: Some((*mid).to_owned()),
            filename: Some(format!("of-{mid}")),
        });
        recordings.start(
            Some(directory),
            MountpointId(1),
            &recordable.collect::<Vec<_>>(),
            &asked.collect::<Vec<_>>(),
        )
    }

    fn files(directory: &Path) -> usize {
        std::fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn a_request_that_fails_leaves_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut recordings = Recordings::default();
        let media = [
            ("a", Bell::track(Codec::Opus, true)),
            ("b", Bell::track(Codec::G722, true)),
        ];
        let [good, _] = &media;
        assert!(start(&mut recordings, directory.path(), &media).is_err());
        assert_eq!(files(directory.path()), 0);
        assert_eq!(recordings.of("a"), None);
        // So it may be asked for again.
        start(
            &mut recordings,
            directory.path(),
            std::slice::from_ref(good),
        )
        .unwrap();
        assert_eq!(recordings.of("a").as_deref(), Some("of-a.mp4"));
        recordings.finish();
        assert_eq!(files(directory.path()), 1);
    }

    #[test]
    fn a_recording_that_ended_by_itself_is_none_and_may_begin_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut recordings = Recordings::default();
        let broken = [("v", Bell::track(Codec::Vp8, false))];
        start(&mut recordings, directory.path(), &broken).unwrap();
        let begun = Instant::now();
        while recordings.of("v").is_some() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
        std::fs::remove_file(directory.path().join("of-v.mp4")).unwrap();
        let good = [("v", Bell::track(Codec::Opus, true))];
        start(&mut recordings, directory.path(), &good).unwrap();
        assert!(recordings.of("v").is_some());
        recordings.finish();
    }
}
