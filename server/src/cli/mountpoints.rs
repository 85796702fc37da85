//! Options of what can be watched besides the camera, and of who may change it.

use std::path::PathBuf;

use clap::Args;
use fanlight_protocol::streaming::MountpointId;

use super::access::secret;
use crate::mountpoint::MountpointsConfig;
use crate::secret::Secret;

/// What can be watched besides the camera, and who may change it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mountpoints")]
pub(crate) struct MountpointOptions {
    /// TOML file with a table `[[mountpoint]]` for each source of RTP that can be watched
    ///
    /// Mountpoints that clients make or change with `permanent` are written to it.
    #[arg(long, value_name = "FILE")]
    mountpoints: Option<PathBuf>,

    /// Mountpoint of the page and of clients that cannot choose; without it the camera, or the first
    ///
    /// Those that are private are left out unless they are named here, and those without a PIN come
    /// before others.
    #[arg(long, value_name = "ID", value_parser = id)]
    default_mountpoint: Option<MountpointId>,

    /// Key for making mountpoints, and for managing those without a secret (`admin_key`)
    ///
    /// Without it everybody may who may use the Janus API, but nobody may manage the camera's.
    #[arg(long, value_name = "KEY", value_parser = secret)]
    admin_key: Option<Secret>,

    /// Directory for recordings; without it nothing is recorded
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,
}

impl From<MountpointOptions> for MountpointsConfig {
    fn from(options: MountpointOptions) -> MountpointsConfig {
        MountpointsConfig {
            file: options.mountpoints,
            mountpoints: Vec::new(),
            default: options.default_mountpoint,
            admin_key: options.admin_key,
            recordings: options.recordings,
        }
    }
}

fn id(text: &str) -> Result<MountpointId, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a number from 1".to_owned()),
        Ok(id) => Ok(MountpointId(id)),
    }
}
