//! `janus.plugin.streaming`.
//!
//! What is asked about mountpoints is answered at once. What viewers ask for themselves is taken
//! with an `ack`, and what comes of it is told in an event after that. Janus itself may send the
//! two in either order.

mod error;
mod info;
mod viewer;

use std::time::Instant;

use fanlight_protocol::message::PluginData;
use fanlight_protocol::streaming::{
    Data, Edit, Malformed, MountpointId, Request, RequestName, Status,
};
use fanlight_protocol::{Object, PluginError, ServerMessage};

use crate::janus::gateway::answer::{Answer, Outcome, Then};
use crate::janus::gateway::{Address, Gateway};
use crate::janus::media::Media;

/// What the plugin does once an answer is out.
#[derive(Debug)]
pub(in crate::janus::gateway) enum StreamingWork {
    /// What a viewer asked for.
    Request {
        at: Address,
        transaction: String,
        request: Result<Request, Malformed>,
    },
    /// A mountpoint has ended, or wants to be rid of its viewers.
    SendAway(MountpointId, Status),
    /// A mountpoint lets its viewers have media, or not any more.
    SetSending(MountpointId),
    /// A mountpoint has new metadata.
    Metadata(MountpointId, String),
}

impl<M: Media> Gateway<M> {
    pub(super) fn streaming_message(
        &mut self,
        now: Instant,
        at: Address,
        transaction: &str,
        body: &Object,
    ) -> Outcome {
        let request = Request::parse(body);
        let name = match &request {
            Ok(request) => Some(request.name()),
            Err(malformed) => malformed.request,
        };
        if name.is_some_and(RequestName::is_asynchronous) {
            return Outcome {
                answer: Answer::Ack,
                then: Some(Then::Streaming(StreamingWork::Request {
                    at,
                    transaction: transaction.to_owned(),
                    request,
                })),
            };
        }
        let (data, work) = self.manage(now, request);
        Outcome {
            answer: Answer::Plugin(at.handle, PluginData::Streaming(data)),
            then: work.map(Then::Streaming),
        }
    }

    /// What is asked about mountpoints, and what has to follow the answer.
    pub(in crate::janus::gateway) fn manage(
        &mut self,
        now: Instant,
        request: Result<Request, Malformed>,
    ) -> (Data, Option<StreamingWork>) {
        let done = request
            .map_err(|malformed| malformed.error)
            .and_then(|request| self.try_manage(now, request));
        done.unwrap_or_else(|error| (Data::Error(error), None))
    }

    fn try_manage(
        &mut self,
        now: Instant,
        request: Request,
    ) -> Result<(Data, Option<StreamingWork>), PluginError> {
        let mountpoints = self.media.mountpoints().clone();
        Ok(match request {
            Request::List => (Data::List(mountpoints.list(now)), None),
            Request::Info(target) => {
                let viewers = self.viewers(target.id).len();
                let info = mountpoints.info(now, &target, viewers)?;
                (Data::Info(Box::new(info)), None)
            }
            Request::Create(create) => {
                let (name, stream) = mountpoints.create(now, &create)?;
                let created = Data::Created {
                    name,
                    permanent: create.permanent,
                    is_old_style: stream.ports.is_empty(),
                    stream: Box::new(stream),
                };
                (created, None)
            }
            Request::Edit(edit) => {
                mountpoints.edit(&edit).map_err(error::of_edit)?;
                let Edit {
                    target,
                    metadata,
                    permanent,
                    edited_event,
                    ..
                } = edit;
                let id = target.id;
                let told = metadata.filter(|_| edited_event);
                let work = told.map(|metadata| StreamingWork::Metadata(id, metadata));
                (Data::Edited { id, permanent }, work)
            }
            Request::Destroy { target, permanent } => {
                mountpoints.destroy(&target, permanent)?;
                let work = StreamingWork::SendAway(target.id, Status::Stopped);
                (Data::Destroyed(target.id), Some(work))
            }
            Request::Enable(target) => {
                mountpoints.set_enabled(&target, true)?;
                (Data::Ok, Some(StreamingWork::SetSending(target.id)))
            }
            Request::Disable {
                target,
                stop_recording,
            } => {
                mountpoints.set_enabled(&target, false)?;
                if stop_recording {
                    mountpoints.stop_recordings(target.id);
                }
                (Data::Ok, Some(StreamingWork::SetSending(target.id)))
            }
            Request::KickAll(target) => {
                mountpoints.authorise(&target)?;
                let work = StreamingWork::SendAway(target.id, Status::KickedAll);
                (Data::KickedAll, Some(work))
            }
            Request::Recording { target, action } => {
                mountpoints.record(&target, &action)?;
                (Data::Ok, None)
            }
            Request::Watch(_)
            | Request::Start
            | Request::Pause
            | Request::Configure(_)
            | Request::Switch { .. }
            | Request::Stop => return Err(error::not_here(request.name())),
        })
    }

    /// Does what follows an answer.
    pub(in crate::janus::gateway) fn streaming_work(&mut self, now: Instant, work: StreamingWork) {
        match work {
            StreamingWork::Request {
                at,
                transaction,
                request,
            } => self.streaming_request(now, at, transaction, request),
            StreamingWork::SendAway(mountpoint, status) => self.send_away(mountpoint, status),
            StreamingWork::SetSending(mountpoint) => {
                for at in self.viewers(mountpoint) {
                    self.set_sending(at);
                }
            }
            StreamingWork::Metadata(id, metadata) => {
                for at in self.viewers(id) {
                    if self.is_streaming(at) {
                        let metadata = metadata.clone();
                        self.tell_streaming(at, None, Data::NewMetadata { id, metadata });
                    }
                }
            }
        }
    }

    /// Media flow to the viewer, which the plugin says before Janus does.
    pub(in crate::janus::gateway) fn tell_streaming_started(&mut self, at: Address) {
        if self.is_streaming(at) {
            self.tell_streaming(at, None, Data::Status(Status::Started));
        }
    }

    fn is_streaming(&self, at: Address) -> bool {
        let plugin = self.handle(at).map(|handle| handle.plugin);
        plugin == Some(super::Plugin::Streaming)
    }

    /// Sends an event of the plugin, which may be the outcome of a request.
    pub(super) fn tell_streaming(&mut self, at: Address, transaction: Option<String>, data: Data) {
        let event = ServerMessage::Event {
            session_id: at.session,
            transaction,
            sender: at.handle,
            plugindata: PluginData::Streaming(data),
            jsep: None,
        };
        self.tell(at.session, &event);
    }
}
