//! `janus.plugin.ustreamer`.
//!
//! Every message is answered with success at once. What comes of it is told in an event without a
//! transaction, before that answer where it is known by then.

use std::time::{Duration, Instant};

use fanlight_protocol::message::PluginData;
use fanlight_protocol::ustreamer::{
    Data, Features, Ice, NOT_READY, PluginError, Request, Status, WatchParams,
};
use fanlight_protocol::{Object, ServerMessage};

use crate::janus::gateway::answer::{Answer, Outcome};
use crate::janus::gateway::{Address, Gateway, Timer};
use crate::janus::media::{Media, OfferFailed, Wishes};

/// Who comes before there is a picture waits this long to be told so. There are clients that ask
/// again at once: without the wait, each would keep a processor busy.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is looked for a picture while somebody waits for one.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A viewer who came before there was something to offer.
#[derive(Debug)]
pub(in crate::janus::gateway) struct Waiting {
    wishes: Wishes,
    /// Why there was nothing when it was last tried.
    reason: String,
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
                let (audio, mic) = (false, false);
                self.tell_ustreamer(at, Data::Features(Features { audio, mic, ice }));
            }
            Ok(Request::Watch { params }) => self.watch(now, at, params.unwrap_or_default()),
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
        if self.media.readiness().is_ok() {
            let waiting: Vec<_> = self.waiting.iter().map(|(at, w)| (*at, w.wishes)).collect();
            for (at, wishes) in waiting {
                match self.start_watching(now, at, wishes) {
                    Ok(()) => self.stop_waiting(at),
                    Err(reason) => self.wait(now, at, wishes, reason),
                }
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
        let reason = self.media.readiness().err().unwrap_or(reason);
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

    fn watch(&mut self, now: Instant, at: Address, params: WatchParams) {
        let wishes = Wishes {
            orientation: params.orientation,
        };
        match self.start_watching(now, at, wishes) {
            Ok(()) => self.stop_waiting(at),
            Err(reason) => self.wait(now, at, wishes, reason),
        }
    }

    /// Sends an offer if there is something to offer; returns the reason if not.
    fn start_watching(&mut self, now: Instant, at: Address, wishes: Wishes) -> Result<(), String> {
        self.media.readiness()?;
        if !self.may_be_offered(at) {
            return Err("too many viewers of this connection are on their way".to_owned());
        }
        let started = PluginData::Ustreamer(Data::Status(Status::Started));
        let sent = self.send_offer(now, at, wishes, started);
        sent.map_err(|OfferFailed(reason)| reason)
    }

    fn wait(&mut self, now: Instant, at: Address, wishes: Wishes, reason: String) {
        let waiting = Waiting { wishes, reason };
        if self.waiting.insert(at, waiting).is_none() {
            self.timers.set(Timer::Waiting(at), now + PATIENCE);
        }
        if !self.timers.is_set(Timer::Readiness) {
            self.timers.set(Timer::Readiness, now + LOOK_AGAIN);
        }
    }

    fn tell_ustreamer(&mut self, at: Address, data: Data) {
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
