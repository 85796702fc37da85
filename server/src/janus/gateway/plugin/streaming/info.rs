//! What administrators are shown of a viewer.

use fanlight_protocol::admin::info::{WatchedMedium, Watching};

use crate::janus::gateway::Gateway;
use crate::janus::gateway::handle::Handle;
use crate::janus::gateway::link::Link;
use crate::janus::media::Media;

impl<M: Media> Gateway<M> {
    pub(in crate::janus::gateway::plugin) fn streaming_info(
        &self,
        handle: &Handle<M::Peer>,
    ) -> Watching {
        let started = matches!(handle.link, Link::Answered { is_up: true, .. });
        let Some(watching) = &handle.watching else {
            return Watching {
                state: "idle",
                mountpoint_id: None,
                mountpoint_name: None,
                mountpoint_viewers: None,
                media: Vec::new(),
                started: 0,
                paused: 0,
            };
        };
        let id = watching.mountpoint;
        let viewers = self.viewers(id).len();
        let kinds = self.media.mountpoints().media(id);
        let medium = |(mindex, mid): (usize, &String)| {
            let (_, kind) = kinds.iter().find(|(known, _)| known == mid)?;
            Some(WatchedMedium {
                kind: *kind,
                mindex,
                mid: mid.clone(),
            })
        };
        Watching {
            state: "watching",
            mountpoint_id: Some(id),
            mountpoint_name: self.media.mountpoints().name(id),
            mountpoint_viewers: Some(viewers),
            media: watching
                .offered
                .iter()
                .enumerate()
                .filter_map(medium)
                .collect(),
            started: started.into(),
            paused: watching.is_paused.into(),
        }
    }
}
