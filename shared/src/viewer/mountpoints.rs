//! Asking what else there is to watch.

use super::context::Context;
use super::conversation::Conversation;
use super::requests::Asked;
use crate::request::RequestKind;
use crate::{HandleId, Object, streaming};

/// The handle that the list of mountpoints is asked for on, where that is not the one that is
/// watched on: µStreamer's plugin has no list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lister {
    /// None was asked for.
    None,
    /// It is being made.
    Attaching,
    /// It is there.
    Ready(HandleId),
    /// The server lacks the plugin.
    Missing,
}

impl Lister {
    /// A handle is gone. If it is this one, another is made when it is next needed.
    pub(super) fn detached(&mut self, handle: HandleId) {
        if *self == Self::Ready(handle) {
            *self = Self::None;
        }
    }
}

impl Conversation {
    /// Asks what there is to watch, as soon as there is somebody to ask.
    pub(super) fn list(&mut self, cx: &mut Context) {
        let Some(handle) = self.handle else {
            return;
        };
        if self.watch.plugin() == streaming::PLUGIN {
            return self.ask_for_list(cx, handle);
        }
        match self.lister {
            Lister::None => {
                self.lister = Lister::Attaching;
                let attach = RequestKind::Attach {
                    plugin: streaming::PLUGIN.to_owned(),
                    opaque_id: cx.config.opaque_id.clone(),
                };
                self.send(cx, Asked::AttachLister, attach);
            }
            Lister::Attaching => {}
            Lister::Ready(handle) => self.ask_for_list(cx, handle),
            Lister::Missing => cx.listed(Vec::new()),
        }
    }

    /// The same, unless it was asked just now.
    pub(super) fn list_again(&mut self, cx: &mut Context) {
        let patience = cx.config.timing.no_packets;
        if self.listed_at.is_none_or(|at| cx.now.since(at) >= patience) {
            self.list(cx);
        }
    }

    /// The handle for the list is there.
    pub(super) fn lister_attached(&mut self, cx: &mut Context, handle: HandleId) {
        self.lister = Lister::Ready(handle);
        self.ask_for_list(cx, handle);
    }

    /// There is no handle for the list.
    pub(super) fn lister_refused(&mut self, cx: &mut Context) {
        self.lister = Lister::Missing;
        cx.listed(Vec::new());
    }

    fn ask_for_list(&mut self, cx: &mut Context, handle: HandleId) {
        self.listed_at = Some(cx.now);
        let body = Object::from_serialize(&streaming::Request::List).unwrap_or_default();
        let message = RequestKind::Message { body, jsep: None };
        self.send_to(Some(handle), cx, Asked::List, message);
    }
}
