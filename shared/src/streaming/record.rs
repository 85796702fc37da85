//! What is asked of recordings.

use serde::Serialize;

use super::request::text;
use super::{MediaKind, PluginError, code};
use crate::fields::Object;

/// Begin or end to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum RecordingAction {
    /// Begin.
    Start {
        /// What to record; `None` where the client says nothing of that.
        #[serde(skip_serializing_if = "Option::is_none")]
        media: Option<Vec<Recorded>>,
    },
    /// End.
    Stop {
        /// What to record no more; `None` where the client says nothing of that.
        #[serde(skip_serializing_if = "Option::is_none")]
        media: Option<Vec<Recorded>>,
    },
}

/// One medium of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Its mid; without one, all media of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// The kind, where no mid is given.
    #[serde(skip)]
    pub kind: Option<MediaKind>,
    /// The file, without its ending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

impl RecordingAction {
    pub(super) fn read(body: &Object) -> Result<Self, PluginError> {
        match body.string("action")? {
            "start" => Ok(Self::Start {
                media: read(body, |kind| {
                    let filename = text(body, kind.name())?;
                    Ok(filename.map(|filename| Recorded {
                        kind: Some(kind),
                        filename: Some(filename),
                        mid: None,
                    }))
                })?,
            }),
            "stop" => Ok(Self::Stop {
                media: read(body, |kind| {
                    let stop = body.opt_bool(kind.name())?.unwrap_or(false);
                    Ok(stop.then(|| Recorded {
                        kind: Some(kind),
                        ..Recorded::default()
                    }))
                })?,
            }),
            _ => {
                let reason = "Invalid action (should be start|stop)";
                Err(PluginError::new(code::INVALID_ELEMENT, reason))
            }
        }
    }
}

/// The list `media`, or what the older fields `audio`, `video` and `data` say.
fn read(
    body: &Object,
    older: impl Fn(MediaKind) -> Result<Option<Recorded>, PluginError>,
) -> Result<Option<Vec<Recorded>>, PluginError> {
    if let Some(media) = body.opt_objects("media")? {
        let read = |medium: &Object| {
            Ok(Recorded {
                mid: text(medium, "mid")?,
                kind: None,
                filename: text(medium, "filename")?,
            })
        };
        return media.iter().map(read).collect::<Result<_, _>>().map(Some);
    }
    let kinds = [MediaKind::Audio, MediaKind::Video, MediaKind::Data];
    if !kinds.iter().any(|kind| body.has(kind.name())) {
        return Ok(None);
    }
    kinds
        .into_iter()
        .filter_map(|kind| older(kind).transpose())
        .collect::<Result<_, _>>()
        .map(Some)
}
