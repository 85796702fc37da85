//! What can be watched, by id: the camera's stream and sources of RTP.

mod config;

pub(crate) use config::{MediaConfig, MountpointConfig, MountpointConfigError};
