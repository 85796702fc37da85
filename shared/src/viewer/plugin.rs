//! The plugins that have something to watch: what each is asked, and what it means by its answers.

use super::requests::Asked;
use super::{Problem, Watch};
use crate::message::PluginData;
use crate::streaming::{self, Listed};
use crate::{Hidden, Object, PluginError, ustreamer};

impl Watch {
    /// What the plugin is sent for this to be asked; `None` where it cannot be asked.
    pub(super) fn body(&self, asked: Asked) -> Option<Object> {
        let body = match self {
            Self::Ustreamer { params, pin } => Object::from_serialize(&match asked {
                Asked::Features => ustreamer::Request::Features,
                Asked::Watch => ustreamer::Request::Watch(ustreamer::Watch {
                    params: *params,
                    pin: pin.as_deref().map(Hidden::from),
                }),
                Asked::Start => ustreamer::Request::Start,
                Asked::KeyRequired => ustreamer::Request::KeyRequired,
                Asked::Stop => ustreamer::Request::Stop,
                _ => return None,
            }),
            Self::Mountpoint { id, pin } => Object::from_serialize(&match asked {
                Asked::Watch => streaming::Request::Watch(streaming::Watch {
                    pin: pin.as_deref().map(Hidden::from),
                    ..streaming::Watch::all(*id)
                }),
                Asked::Start | Asked::Resume => streaming::Request::Start,
                Asked::Pause => streaming::Request::Pause,
                Asked::Switch => streaming::Request::Switch {
                    id: *id,
                    pin: pin.as_deref().map(Hidden::from),
                },
                Asked::Stop => streaming::Request::Stop,
                _ => return None,
            }),
            Self::Nothing => return None,
        };
        // Every request of a plugin is written as an object.
        body.ok()
    }

    /// What it means that the plugin refuses this.
    pub(super) fn refusal(&self, error: PluginError) -> Refusal {
        Refusal::For(match (self, error.code) {
            (Self::Ustreamer { .. }, ustreamer::NOT_READY) => {
                return Refusal::NotReady(error.reason);
            }
            (Self::Ustreamer { pin: None, .. }, ustreamer::FORBIDDEN) => Problem::PinRequired,
            (Self::Ustreamer { .. }, ustreamer::FORBIDDEN) => Problem::WrongPin,
            (Self::Mountpoint { id, .. }, streaming::code::NO_SUCH_MOUNTPOINT) => {
                Problem::NoSuchStream(*id)
            }
            // All else that has to be there is.
            (Self::Mountpoint { pin: None, .. }, streaming::code::MISSING_ELEMENT) => {
                Problem::PinRequired
            }
            (Self::Mountpoint { .. }, streaming::code::UNAUTHORIZED) => Problem::WrongPin,
            _ => Problem::WatchRefused(error),
        })
    }
}

/// What a plugin says, as far as it matters to a viewer.
#[derive(Debug)]
pub(super) enum News {
    /// Nothing follows from it; what matters is what comes with it, if anything does.
    Nothing,
    /// What the server recommends.
    Features {
        /// A STUN server.
        ice_url: Option<String>,
    },
    /// What there is to watch.
    Mountpoints(Vec<Listed>),
    /// The viewer gets the other mountpoint's media from now on.
    Switched,
    /// There is nothing to watch any more.
    Ended(Problem),
    /// The plugin does not do what it was asked.
    Refused(PluginError),
}

/// What a refusal means.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The source has no picture yet, for this reason: to be asked again.
    NotReady(String),
    /// The attempt has failed, if it depends on it.
    For(Problem),
}

impl News {
    pub(super) fn of(data: PluginData) -> Self {
        match data {
            PluginData::Ustreamer(data) => match data {
                ustreamer::Data::Features(features) => Self::Features {
                    ice_url: Some(features.ice.url).filter(|url| !url.is_empty()),
                },
                ustreamer::Data::Error(error) => Self::Refused(error),
                ustreamer::Data::Ok | ustreamer::Data::Status(_) => Self::Nothing,
            },
            PluginData::Streaming(data) => match data {
                streaming::Data::List(list) => Self::Mountpoints(list),
                streaming::Data::Switched(_) => Self::Switched,
                streaming::Data::Status(streaming::Status::Stopped) => {
                    Self::Ended(Problem::StreamEnded)
                }
                streaming::Data::Status(streaming::Status::KickedAll) => {
                    Self::Ended(Problem::Kicked)
                }
                streaming::Data::Error(error) => Self::Refused(error),
                _ => Self::Nothing,
            },
        }
    }
}
