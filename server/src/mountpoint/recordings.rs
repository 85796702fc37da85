//! Which media of a mountpoint are recorded, and where to.

use std::path::{Component, Path, PathBuf};
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
        let is_of = |running: &&Running| running.mids.iter().any(|recorded| recorded == mid);
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
            let tracks: Vec<_> = media
                .iter()
                .map(|medium| (medium.mid.to_owned(), medium.track.clone()))
                .collect();
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            started.push(Running {
                name: name.into_owned(),
                recording: Recording::start(&file, &tracks)?,
                mids: tracks.into_iter().map(|(mid, _)| mid).collect(),
            });
            tracing::info!(%mountpoint, file = %file.display(), "recording");
        }
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
/// in that one, and nowhere else.
fn within(directory: &Path, name: &str) -> Result<PathBuf, MountpointError> {
    let outside = || MountpointError::OutsideRecordings(name.to_owned());
    let path = Path::new(name);
    let path = path.strip_prefix(directory).unwrap_or(path);
    let is_plain = |part| matches!(part, Component::Normal(_));
    if path.file_name().is_none() || !path.components().all(is_plain) {
        return Err(outside());
    }
    let name = path.to_str().ok_or_else(outside)?;
    Ok(directory.join(format!("{name}{ENDING}")))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert_eq!(file(outside), None, "{outside}");
        }
    }
}
