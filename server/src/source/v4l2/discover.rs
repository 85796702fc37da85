//! Which device `auto` means.

use std::path::{Path, PathBuf};

use super::{device_error, modes, open_device};
use crate::source::SourceError;

/// The first capture device of this machine that gives pictures Fanlight can use, `None` if there
/// is none. A device that cannot be opened now but perhaps later is an error, unless another can be
/// used.
pub(in crate::source) fn first_device() -> Result<Option<PathBuf>, SourceError> {
    // 64 is the number of nodes that the kernel makes by default.
    let nodes = (0..64).map(|n| PathBuf::from(format!("/dev/video{n}")));
    first_of(nodes.filter(|path| path.exists()), look_at)
}

/// Whether a device can be used, and if not, why.
fn look_at(path: &Path) -> Result<(), SourceError> {
    let device = open_device(path)?;
    let modes = modes::list(&device).map_err(|error| device_error(path, "list formats", error))?;
    if modes.is_empty() {
        return Err(SourceError::NoFormat {
            device: path.to_owned(),
            offers: modes::names(&device),
        });
    }
    Ok(())
}

fn first_of(
    paths: impl Iterator<Item = PathBuf>,
    look_at: impl Fn(&Path) -> Result<(), SourceError>,
) -> Result<Option<PathBuf>, SourceError> {
    let mut passed_over = Vec::new();
    let mut found = None;
    for path in paths {
        match look_at(&path) {
            Ok(()) => {
                found = Some(path);
                break;
            }
            Err(error) => passed_over.push(error),
        }
    }
    // The stream's state tells of what is waited for. The rest is told here, once.
    let may_come = passed_over.iter().position(may_pass);
    if let (None, Some(index)) = (&found, may_come) {
        return Err(passed_over.swap_remove(index));
    }
    for error in passed_over {
        match error {
            // Most cameras have a second node for metadata, and codecs have nodes, too.
            SourceError::NotACamera(_) => tracing::debug!("passed over: {error}"),
            _ => tracing::warn!("passed over: {error}"),
        }
    }
    Ok(found)
}

/// Whether it may be better in a while: at boot, nodes are there before their permissions.
fn may_pass(error: &SourceError) -> bool {
    matches!(error, SourceError::Permission(_) | SourceError::Busy(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of devices that are `y`es, `p`ermission missing, `b`usy, `n`o camera or of no
    /// usable `f`ormat.
    fn first(devices: &str) -> String {
        let paths = devices
            .char_indices()
            .map(|(n, what)| PathBuf::from(format!("/dev/{what}{n}")));
        let found = first_of(paths, |path| {
            let device = path.to_owned();
            Err(match path.to_str().unwrap().as_bytes()[5] {
                b'y' => return Ok(()),
                b'p' => SourceError::Permission(device),
                b'b' => SourceError::Busy(device),
                b'n' => SourceError::NotACamera(device),
                _ => SourceError::NoFormat {
                    device,
                    offers: "RGB3".to_owned(),
                },
            })
        });
        match found {
            Ok(Some(path)) => path.display().to_string(),
            Ok(None) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_first_device_that_can_be_used_is_taken_whatever_is_before_it() {
        assert_eq!(first("yy"), "/dev/y0");
        assert_eq!(first("nfpbyy"), "/dev/y4");
    }

    #[test]
    fn without_a_device_that_could_ever_be_used_there_is_none() {
        assert_eq!(first(""), "none");
        assert_eq!(first("nfn"), "none");
    }

    #[test]
    fn a_device_that_cannot_be_opened_now_is_waited_for() {
        assert_eq!(
            first("nfp"),
            "no permission to open /dev/p2: add the user to the group `video`"
        );
        assert_eq!(first("bp"), "/dev/b0 is in use by another program");
    }
}
