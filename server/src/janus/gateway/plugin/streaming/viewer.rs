//! What viewers ask for themselves: watch, start, pause, configure, switch and stop.

use std::time::Instant;

use fanlight_protocol::message::PluginData;
use fanlight_protocol::streaming::{
    Configure, Data, Malformed, MediaKind, MountpointId, Request, RequestName, Status, Watch, code,
};
use fanlight_protocol::{Hidden, PluginError};

use crate::janus::gateway::link::Link;
use crate::janus::gateway::plugin::Watching;
use crate::janus::gateway::{Address, Gateway};
use crate::janus::media::{Ending, Media, OfferFailed, SwitchFailed, Wishes};

impl<M: Media> Gateway<M> {
    /// Does what a viewer asks, and tells what came of it.
    pub(super) fn streaming_request(
        &mut self,
        now: Instant,
        at: Address,
        transaction: String,
        request: Result<Request, Malformed>,
    ) {
        let told = match request {
            Ok(Request::Watch(watch)) => {
                match self.watch_mountpoint(now, at, &transaction, watch) {
                    // With the offer.
                    Ok(()) => return,
                    Err(error) => Err(error),
                }
            }
            Ok(Request::Start) => self.start(at).map(Data::Status),
            Ok(Request::Pause) => self.pause(at).map(Data::Status),
            Ok(Request::Configure(configure)) => {
                self.configure(at, configure).map(|()| Data::Configured)
            }
            Ok(Request::Switch { id, pin }) => self
                .switch_mountpoint(at, id, pin)
                .map(|()| Data::Switched(id)),
            Ok(Request::Stop) => {
                self.stop_streaming(at, transaction);
                return;
            }
            // The others are answered at once.
            Ok(_) => return,
            Err(malformed) => Err(self.malformed(at, malformed)),
        };
        let data = told.unwrap_or_else(Data::Error);
        self.tell_streaming(at, Some(transaction), data);
    }

    /// Sends an offer for what somebody wishes for.
    fn watch_mountpoint(
        &mut self,
        now: Instant,
        at: Address,
        transaction: &str,
        watch: Watch,
    ) -> Result<(), PluginError> {
        let mids = self.media.mountpoints().admit(&watch)?;
        let transaction = Some(transaction.to_owned());
        if let Some(watching) = self.watching(at) {
            let mountpoint = watching.mountpoint;
            if !watch.restart {
                let reason = format!("Already watching mountpoint {mountpoint}");
                return Err(PluginError::new(code::INVALID_STATE, reason));
            }
            let updating = PluginData::Streaming(Data::Status(Status::Updating));
            let sent = self.send_restart(now, at, transaction, updating);
            return sent.map_err(offer_failed);
        }
        if mids.is_empty() {
            let reason = format!("Mountpoint/stream {} has none of these media", watch.id);
            return Err(PluginError::new(code::INVALID_ELEMENT, reason));
        }
        if !self.may_be_offered(at) {
            let reason = "Too many viewers of this connection are on their way";
            return Err(PluginError::new(code::UNKNOWN, reason));
        }
        let wishes = Wishes {
            mountpoint: watch.id,
            mids,
            orientation: 0,
        };
        let preparing = PluginData::Streaming(Data::Status(Status::Preparing));
        let sent = self.send_offer(now, at, &wishes, transaction, preparing);
        sent.map_err(offer_failed)
    }

    /// Goes on after a pause, or says that the answer to the offer was taken.
    fn start(&mut self, at: Address) -> Result<Status, PluginError> {
        let watching = self.watching_mut(at).ok_or_else(not_started)?;
        watching.is_paused = false;
        self.set_sending(at);
        let link = self.handle(at).map(|handle| &handle.link);
        Ok(match link {
            Some(Link::Answered { is_up: true, .. }) => Status::Started,
            _ => Status::Starting,
        })
    }

    fn pause(&mut self, at: Address) -> Result<Status, PluginError> {
        let watching = self.watching_mut(at).ok_or_else(not_started)?;
        watching.is_paused = true;
        self.set_sending(at);
        Ok(Status::Pausing)
    }

    fn configure(&mut self, at: Address, configure: Configure) -> Result<(), PluginError> {
        let mountpoint = self.watching(at).ok_or_else(not_configurable)?.mountpoint;
        let media = self.media.mountpoints().media(mountpoint);
        let Some(watching) = self.watching_mut(at) else {
            return Err(not_configurable());
        };
        for (mid, kind) in media {
            let of_kind = match kind {
                MediaKind::Audio => configure.audio,
                MediaKind::Video => configure.video,
                MediaKind::Data => None,
            };
            let is_meant = configure.mid.as_ref().is_none_or(|meant| *meant == mid);
            match configure.send.filter(|_| is_meant).or(of_kind) {
                Some(true) => watching.muted.remove(&mid),
                Some(false) => watching.muted.insert(mid),
                None => continue,
            };
        }
        self.set_sending(at);
        Ok(())
    }

    /// Goes on with the media of another mountpoint.
    fn switch_mountpoint(
        &mut self,
        at: Address,
        id: MountpointId,
        pin: Option<Hidden>,
    ) -> Result<(), PluginError> {
        let watching = self.watching(at).ok_or_else(not_switchable)?;
        let watch = Watch {
            pin,
            media: watching.offered.clone(),
            ..Watch::all(id)
        };
        let mids = self.media.mountpoints().admit(&watch)?;
        if mids.is_empty() {
            let reason = format!("Can't switch: mountpoint/stream {id} has none of these media");
            return Err(PluginError::new(code::CANNOT_SWITCH, reason));
        }
        let wishes = Wishes {
            mountpoint: id,
            mids,
            orientation: 0,
        };
        self.switch_link(at, wishes)
            .map_err(|SwitchFailed(reason)| {
                PluginError::new(code::CANNOT_SWITCH, format!("Can't switch: {reason}"))
            })?;
        self.set_sending(at);
        Ok(())
    }

    /// Ends the peer connection.
    fn stop_streaming(&mut self, at: Address, transaction: String) {
        let status = match self.watching(at) {
            Some(_) => Status::Stopping,
            None => Status::Idle,
        };
        self.tell_streaming(at, Some(transaction), Data::Status(status));
        self.hang_up(at, Ending::Server.reason());
    }

    /// The answer to a request that cannot be understood. That there is nothing to configure or to
    /// switch from is seen first.
    fn malformed(&self, at: Address, malformed: Malformed) -> PluginError {
        match (malformed.request, self.watching(at)) {
            (Some(RequestName::Configure), None) => not_configurable(),
            (Some(RequestName::Switch), None) => not_switchable(),
            _ => malformed.error,
        }
    }

    fn watching(&self, at: Address) -> Option<&Watching> {
        self.handle(at)?.watching.as_ref()
    }

    fn watching_mut(&mut self, at: Address) -> Option<&mut Watching> {
        self.handle_mut(at)?.watching.as_mut()
    }
}

fn not_started() -> PluginError {
    PluginError::new(code::NO_SUCH_MOUNTPOINT, "Can't start: no mountpoint set")
}

fn not_configurable() -> PluginError {
    let reason = "Can't configure: not on a mountpoint";
    PluginError::new(code::NO_SUCH_MOUNTPOINT, reason)
}

fn not_switchable() -> PluginError {
    let reason = "Can't switch: not on a mountpoint";
    PluginError::new(code::NO_SUCH_MOUNTPOINT, reason)
}

fn offer_failed(OfferFailed(reason): OfferFailed) -> PluginError {
    PluginError::new(code::UNKNOWN, reason)
}
