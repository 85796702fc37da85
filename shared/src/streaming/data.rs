//! What the plugin says.

use serde::Serialize;

use super::request::text;
use super::{Created, Info, Listed, MountpointId, PluginError};
use crate::error::Error;
use crate::fields::Object;

/// What the plugin says: `data` of an event or of the answer to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// The mountpoints.
    List(Vec<Listed>),
    /// All that is known of one.
    Info(Box<Info>),
    /// One was made.
    Created {
        /// Its name.
        name: String,
        /// Whether it is there when the server starts again.
        permanent: bool,
        /// What it is.
        stream: Box<Created>,
        /// Whether it was made with fields that Janus calls deprecated.
        is_old_style: bool,
    },
    /// One was changed.
    Edited {
        /// The mountpoint.
        id: MountpointId,
        /// Whether it is the same when the server starts again.
        permanent: bool,
    },
    /// One has ended.
    Destroyed(MountpointId),
    /// The request was done.
    Ok,
    /// All viewers were sent away.
    KickedAll,
    /// How far the viewer's peer connection is.
    Status(Status),
    /// The viewer gets the media of this mountpoint now.
    Switched(MountpointId),
    /// The viewer gets what it wished for.
    Configured,
    /// The mountpoint that the viewer watches has new metadata.
    NewMetadata {
        /// The mountpoint.
        id: MountpointId,
        /// For programs.
        metadata: String,
    },
    /// A request failed.
    Error(PluginError),
}

/// How far a viewer's peer connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// With an offer: the answer to watch.
    Preparing,
    /// With an offer: the answer to watch with restart.
    Updating,
    /// The answer to the offer was taken.
    Starting,
    /// Media flow.
    Started,
    /// Nothing is sent until start.
    Pausing,
    /// The viewer asked for the end.
    Stopping,
    /// The mountpoint has ended.
    Stopped,
    /// All viewers were sent away.
    KickedAll,
    /// The viewer asked for the end and there was nothing to end (Janus 1.4).
    Idle,
}

const STATUSES: [(&str, Status); 9] = [
    ("preparing", Status::Preparing),
    ("updating", Status::Updating),
    ("starting", Status::Starting),
    ("started", Status::Started),
    ("pausing", Status::Pausing),
    ("stopping", Status::Stopping),
    ("stopped", Status::Stopped),
    ("kicked_all", Status::KickedAll),
    ("idle", Status::Idle),
];

impl Data {
    /// What the plugin tells viewers; `None` for all else, be it for managers or not known.
    pub(crate) fn read(data: &Object) -> Result<Option<Self>, Error> {
        if data.has("error_code") {
            let code = u32::try_from(data.unsigned("error_code")?).unwrap_or(u32::MAX);
            let reason = data.string("error")?;
            return Ok(Some(Self::Error(PluginError::new(code, reason))));
        }
        if data.opt_string("event").unwrap_or(None) == Some("edited") {
            return Ok(Some(Self::NewMetadata {
                id: id(data, "id")?,
                metadata: text(data, "metadata")?.unwrap_or_default(),
            }));
        }
        Ok(Some(match data.string("streaming")? {
            "list" => {
                let list = data.opt_objects("list")?.unwrap_or_default();
                Self::List(list.iter().map(Listed::read).collect::<Result<_, _>>()?)
            }
            "event" => return Self::read_result(&data.object("result")?),
            _ => return Ok(None),
        }))
    }

    fn read_result(result: &Object) -> Result<Option<Self>, Error> {
        if result.has("switched") {
            return Ok(Some(Self::Switched(id(result, "id")?)));
        }
        if result.opt_string("event").unwrap_or(None) == Some("configured") {
            return Ok(Some(Self::Configured));
        }
        let Some(status) = result.opt_string("status")? else {
            return Ok(None);
        };
        let known = STATUSES.iter().find(|(name, _)| *name == status);
        Ok(known.map(|(_, status)| Self::Status(*status)))
    }
}

fn id(data: &Object, field: &str) -> Result<MountpointId, Error> {
    data.unsigned(field).map(MountpointId)
}

impl Serialize for Data {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = match self {
            Self::List(list) => Shape::Answer(Answer::List { list }),
            Self::Info(info) => Shape::Answer(Answer::Info { info }),
            Self::Created {
                name,
                permanent,
                stream,
                is_old_style,
            } => Shape::Answer(Answer::Created {
                created: name,
                permanent: *permanent,
                stream,
                warning: is_old_style.then_some("deprecated_api"),
            }),
            Self::Edited { id, permanent } => Shape::Answer(Answer::Edited {
                id: *id,
                permanent: *permanent,
            }),
            Self::Destroyed(id) => Shape::Answer(Answer::Destroyed { destroyed: *id }),
            Self::Ok => Shape::Answer(Answer::Ok),
            Self::KickedAll => Shape::Answer(Answer::KickedAll),
            Self::Status(status) => {
                Shape::Answer(Answer::event(Outcome::Status { status: *status }))
            }
            Self::Switched(id) => Shape::Answer(Answer::event(Outcome::Switched {
                switched: "ok",
                id: *id,
            })),
            Self::Configured => Shape::Answer(Answer::event(Outcome::Configured {
                event: "configured",
            })),
            Self::NewMetadata { id, metadata } => Shape::NewMetadata {
                event: "edited",
                id: *id,
                metadata,
            },
            Self::Error(error) => Shape::Error {
                streaming: "event",
                error_code: error.code,
                error: &error.reason,
            },
        };
        shape.serialize(serializer)
    }
}

/// What is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Shape<'a> {
    Answer(Answer<'a>),
    NewMetadata {
        event: &'static str,
        id: MountpointId,
        metadata: &'a str,
    },
    Error {
        streaming: &'static str,
        error_code: u32,
        error: &'a str,
    },
}

#[derive(Serialize)]
#[serde(tag = "streaming", rename_all = "snake_case")]
enum Answer<'a> {
    List {
        list: &'a [Listed],
    },
    Info {
        info: &'a Info,
    },
    Created {
        created: &'a str,
        permanent: bool,
        stream: &'a Created,
        #[serde(skip_serializing_if = "Option::is_none")]
        warning: Option<&'static str>,
    },
    Edited {
        id: MountpointId,
        permanent: bool,
    },
    Destroyed {
        destroyed: MountpointId,
    },
    Ok,
    KickedAll,
    Event {
        result: Outcome,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Status {
        status: Status,
    },
    Switched {
        switched: &'static str,
        id: MountpointId,
    },
    Configured {
        event: &'static str,
    },
}

impl Answer<'_> {
    fn event(result: Outcome) -> Self {
        Self::Event { result }
    }
}
