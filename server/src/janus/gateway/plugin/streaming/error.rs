//! Errors as the plugin numbers and words them.

use fanlight_protocol::PluginError;
use fanlight_protocol::streaming::{RequestName, code};

use crate::mountpoint::MountpointError;

impl From<MountpointError> for PluginError {
    fn from(error: MountpointError) -> Self {
        let code = match &error {
            MountpointError::NoSuch(_) | MountpointError::Disabled(_) => code::NO_SUCH_MOUNTPOINT,
            MountpointError::Missing(_) => code::MISSING_ELEMENT,
            MountpointError::WrongSecret
            | MountpointError::WrongPin
            | MountpointError::WrongAdminKey
            | MountpointError::Camera => code::UNAUTHORIZED,
            MountpointError::CameraStays => code::INVALID_STATE,
            MountpointError::Exists
            | MountpointError::TooMany
            | MountpointError::TooMuchText
            | MountpointError::NotOffered(_)
            | MountpointError::Config(_)
            | MountpointError::Source(_) => code::CANNOT_CREATE,
            MountpointError::NoFile(_) | MountpointError::Store(_) => code::UNKNOWN,
            MountpointError::NothingNamed(_) | MountpointError::Recorded => code::INVALID_REQUEST,
            MountpointError::NoRecordings
            | MountpointError::OutsideRecordings(_)
            | MountpointError::Recording(_) => code::CANNOT_RECORD,
        };
        PluginError::new(code, error.to_string())
    }
}

/// What Janus says of `edit` for a mountpoint that is not there is said in other words than
/// elsewhere.
pub(super) fn of_edit(error: MountpointError) -> PluginError {
    match error {
        MountpointError::NoSuch(id) => {
            let reason = format!("No such mountpoint ({id})");
            PluginError::new(code::NO_SUCH_MOUNTPOINT, reason)
        }
        other => other.into(),
    }
}

/// The answer to what a viewer may ask, from somebody who is none.
pub(super) fn not_here(request: RequestName) -> PluginError {
    let reason = format!("Unknown request '{}'", request.name());
    PluginError::new(code::INVALID_REQUEST, reason)
}
