//! Which tracks a viewer watches.
use super::{
    super::{PeerId, feed::Watcher},
    Set,
};

impl Set {
    /// The viewer is connected: what it watches begins.
    pub(super) fn begin_all(&mut self, peer: PeerId) {
        let media = self.connections.get(&peer).map_or(0, |m| m.watched.len());
        for medium in 0..media {
            self.begin(peer, medium);
        }
    }

    fn begin(&mut self, peer: PeerId, medium: usize) {
        let Some(member) = self.connections.get_mut(&peer) else {
            return;
        };
        if let Some(watched) = member.watched.get(medium).filter(|watched| watched.on) {
            let watcher = Watcher { peer, medium };
            let frames = self.feeds.begin(watched.track.name(), watcher);
            // What cannot be sent now will fail again with the next frame, and be told there.
            let _ = member.connection.start(medium, &frames, &mut self.out);
        }
    }
}
