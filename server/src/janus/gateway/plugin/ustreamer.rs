//! `janus.plugin.ustreamer`.
//!
//! Every message is answered with success at once. What comes of it is told in an event without a
//! transaction, before that answer where it is known by then.

use std::time::{Duration, Instant};

use fanlight_protocol::message::PluginData;
use fanlight_protocol::streaming::{self, MediaKind, MountpointId};
use fanlight_protocol::ustreamer::{
    Data, FORBIDDEN, Features, Ice, NOT_READY, PluginError, Request, Status, Watch,
};
use fanlight_protocol::{Object, ServerMessage};

use crate::janus::gateway::answer::{Answer, Outcome};
use crate::janus::gateway::{Address, Gateway, Timer};
use crate::janus::media::{Media, OfferFailed, Wishes};
use crate::mountpoint::MountpointError;

/// Who comes before there is a picture waits this long to be told so. There are clients that ask
/// again at once: without the wait, each would keep a processor busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked for a picture while somebody waits for one.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A viewer who came before there was something to offer.
#[derive(Debug)]
pub(in crate::janus::gateway) struct Waiting {
    watch: Watch,
    /// Why there was nothing when it was last tried.
    reason: String,
}

/// Why a viewer gets no offer, in words for people.
enum Refusal {
    /// There may be something to offer soon.
    NotReady(String),
    /// There is nothing that this plugin may give.
    Forbidden(String),
}

impl<M: Media> Gateway<M> {
    pub(super) fn ustreamer_message(
        &mut self,
        now: Instant,
        at: Address,
        body: &Object,
    ) -> Outcome {
        match Request::parse(body) {
            Ok(Request::Features) => {
                let url = self.config.stun_server.clone().unwrap_or_default();
                let ice = Ice { url };
                let (audio, mic) = (self.has_sound(), false);
                self.tell_ustreamer(at, Data::Features(Features { audio, mic, ice }));
            }
            Ok(Request::Watch(watch)) => self.watch(now, at, watch),
            Ok(Request::Start) => self.tell_ustreamer(at, Data::Status(Status::Started)),
            Ok(Request::Stop) => {
                // Media go on until hangup or detach, as the clients of the plugin expect.
                self.stop_waiting(at);
                self.tell_ustreamer(at, Data::Status(Status::Stopped));
            }
            Ok(Request::KeyRequired) => self.request_key_frame(at),
            Err(error) => self.tell_ustreamer(at, Data::Error(error)),
        }
        Answer::Plugin(at.handle, PluginData::Ustreamer(Data::Ok)).into()
    }

    /// Tries again for those who wait, once it may be of use.
    pub(in crate::janus::gateway) fn serve_waiting(&mut self, now: Instant) {
        if self.default_mountpoint().is_ok() {
            let watch = |(at, waiting): (&Address, &Waiting)| (*at, waiting.watch.clone());
            let waiting: Vec<_> = self.waiting.iter().map(watch).collect();
            for (at, watch) in waiting {
                self.watch(now, at, watch);
            }
        }
        if !self.waiting.is_empty() {
            self.timers.set(Timer::Readiness, now + LOOK_AGAIN);
        }
    }

    /// Tells a viewer who has waited why there is nothing to watch yet.
    pub(in crate::janus::gateway) fn tell_not_ready(&mut self, at: Address) {
        let Some(Waiting { reason, .. }) = self.waiting.remove(&at) else {
            return;
        };
        self.stop_waiting(at);
        let reason = self.default_mountpoint().err().unwrap_or(reason);
        let error = PluginError::new(NOT_READY, reason);
        self.tell_ustreamer(at, Data::Error(error));
    }

    /// The viewer at the handle waits no more.
    pub(in crate::janus::gateway) fn stop_waiting(&mut self, at: Address) {
        self.waiting.remove(&at);
        self.timers.cancel(Timer::Waiting(at));
        if self.waiting.is_empty() {
            self.timers.cancel(Timer::Readiness);
        }
    }

    fn watch(&mut self, now: Instant, at: Address, watch: Watch) {
        match self.start_watching(now, at, &watch) {
            Ok(()) => self.stop_waiting(at),
            Err(Refusal::NotReady(reason)) => self.wait(now, at, Waiting { watch, reason }),
            Err(Refusal::Forbidden(reason)) => {
                self.stop_waiting(at);
                let error = PluginError::new(FORBIDDEN, reason);
                self.tell_ustreamer(at, Data::Error(error));
            }
        }
    }

    /// Sends an offer if there is something to offer.
    fn start_watching(&mut self, now: Instant, at: Address, watch: &Watch) -> Result<(), Refusal> {
        let mountpoint = self.default_id().map_err(Refusal::NotReady)?;
        let wanted = streaming::Watch {
            pin: watch.pin.clone(),
            ..streaming::Watch::all(mountpoint)
        };
        self.media
            .mountpoints()
            .admit(&wanted)
            .map_err(not_admitted)?;
        self.media
            .readiness(mountpoint)
            .map_err(Refusal::NotReady)?;
        if !self.may_be_offered(at) {
            let reason = "too many viewers of this connection are on their way";
            return Err(Refusal::NotReady(reason.to_owned()));
        }
        let params = watch.params.unwrap_or_default();
        let media = self.media.mountpoints().media(mountpoint).into_iter();
        let wishes = Wishes {
            mountpoint,
            mids: media
                .filter(|(_, kind)| *kind == MediaKind::Video || params.audio)
                .map(|(mid, _)| mid)
                .collect(),
            orientation: params.orientation,
        };
        let started = PluginData::Ustreamer(Data::Status(Status::Started));
        let sent = self.send_offer(now, at, &wishes, None, started);
        sent.map_err(|OfferFailed(reason)| Refusal::NotReady(reason))
    }

    /// The plugin knows of one stream only. The reason, if there is nothing to see of it.
    fn default_mountpoint(&self) -> Result<MountpointId, String> {
        let mountpoint = self.default_id()?;
        self.media.readiness(mountpoint)?;
        Ok(mountpoint)
    }

    fn default_id(&self) -> Result<MountpointId, String> {
        let mountpoint = self.media.mountpoints().default_id();
        mountpoint.ok_or_else(|| "there is nothing to watch".to_owned())
    }

    fn has_sound(&self) -> bool {
        let mountpoints = self.media.mountpoints();
        let media = mountpoints.default_id().map(|id| mountpoints.media(id));
        let mut media = media.into_iter().flatten();
        media.any(|(_, kind)| kind == MediaKind::Audio)
    }

    fn wait(&mut self, now: Instant, at: Address, waiting: Waiting) {
        if self.waiting.insert(at, waiting).is_none() {
            self.timers.set(Timer::Waiting(at), now + PATIENCE);
        }
        if !self.timers.is_set(Timer::Readiness) {
            self.timers.set(Timer::Readiness, now + LOOK_AGAIN);
        }
    }

    pub(super) fn tell_ustreamer(&mut self, at: Address, data: Data) {
        let event = ServerMessage::Event {
            session_id: at.session,
            transaction: None,
            sender: at.handle,
            plugindata: PluginData::Ustreamer(data),
            jsep: None,
        };
        self.tell(at.session, &event);
    }
}

fn not_admitted(error: MountpointError) -> Refusal {
    match error {
        // They may come, and let viewers in.
        MountpointError::NoSuch(_) | MountpointError::Disabled(_) => {
            Refusal::NotReady(error.to_string())
        }
        MountpointError::WrongPin => Refusal::Forbidden("the PIN is wrong".to_owned()),
        _ => {
            let reason = "there is a PIN: watch it with janus.plugin.streaming";
            Refusal::Forbidden(reason.to_owned())
        }
    }
}
