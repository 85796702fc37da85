//! What the server's messages mean to an attempt.
//!
//! Answers are told apart by their transaction, events by session and handle. An event may come
//! before the acknowledgement of the request that it is the outcome of, and µStreamer's own plugin
//! sends events without any transaction: so outcomes are taken by what they say, and
//! acknowledgements only stop the clock of their request. What does not fit, comes twice or cannot
//! be read is ignored; if something is missing for that, a deadline notices.

use super::Problem;
use super::context::Context;
use super::conversation::{Conversation, Features, Phase};
use super::requests::Asked;
use crate::error::Error;
use crate::jsep::{Jsep, JsepKind};
use crate::message::{Created, PluginData};
use crate::request::RequestKind;
use crate::ustreamer::{self, Data, PluginError};
use crate::{HandleId, ServerMessage, SessionId};

impl Conversation {
    /// Takes in a message of the server.
    pub(super) fn message(&mut self, cx: &mut Context, text: &str) -> Result<(), Problem> {
        let Ok(Some(message)) = ServerMessage::parse(text) else {
            return Ok(());
        };
        match message {
            ServerMessage::Success {
                transaction,
                data,
                plugindata,
                ..
            } => match self.requests.answered(&transaction) {
                Some(asked) => self.success(cx, asked, transaction, data, plugindata),
                None => Ok(()),
            },
            ServerMessage::Ack { transaction, .. } => {
                self.requests.acknowledged(&transaction);
                Ok(())
            }
            ServerMessage::Error {
                transaction: Some(transaction),
                error,
                ..
            } => match self.requests.answered(&transaction) {
                Some(asked) => self.error(cx, asked, error),
                None => Ok(()),
            },
            ServerMessage::Event {
                session_id,
                sender,
                transaction,
                plugindata: PluginData::Ustreamer(data),
                jsep,
            } if self.is_mine(session_id, sender) => self.news(cx, transaction, data, jsep),
            ServerMessage::Trickle {
                session_id,
                sender,
                candidate,
            } if self.is_mine(session_id, sender) => {
                self.remote_candidate(cx, candidate);
                Ok(())
            }
            ServerMessage::Hangup {
                session_id,
                sender,
                reason,
            } if self.is_mine(session_id, sender) => Err(Problem::HungUp(reason)),
            ServerMessage::Detached { session_id, sender } if self.is_mine(session_id, sender) => {
                Err(Problem::SessionGone)
            }
            ServerMessage::Timeout { session_id } if self.session == Some(session_id) => {
                Err(Problem::SessionGone)
            }
            _ => Ok(()),
        }
    }

    fn is_mine(&self, session: SessionId, handle: HandleId) -> bool {
        self.session == Some(session) && self.handle == Some(handle)
    }

    fn success(
        &mut self,
        cx: &mut Context,
        asked: Asked,
        transaction: String,
        data: Option<Created>,
        plugindata: Option<PluginData>,
    ) -> Result<(), Problem> {
        match asked {
            Asked::Create => {
                self.session = Some(SessionId(made(asked, data)?));
                self.phase = Phase::Attaching;
                let attach = RequestKind::Attach {
                    plugin: ustreamer::PLUGIN.to_owned(),
                    opaque_id: cx.config.opaque_id.clone(),
                };
                self.send(cx, Asked::Attach, attach);
            }
            Asked::Attach => {
                self.handle = Some(HandleId(made(asked, data)?));
                // Neither needs the other's answer, so they go together: a round trip less.
                let features = ustreamer::Request::Features;
                let transaction = self.send_body(cx, Asked::Features, &features, None);
                self.features = Features::Awaited { transaction };
                self.watch(cx);
            }
            _ => {
                if let Some(PluginData::Ustreamer(data)) = plugindata {
                    return self.news(cx, Some(transaction), data, None);
                }
            }
        }
        Ok(())
    }

    fn error(&mut self, cx: &mut Context, asked: Asked, error: Error) -> Result<(), Problem> {
        match Problem::from(error) {
            Problem::Refused(_) if asked.is_optional() => {
                if asked == Asked::Features {
                    self.features_told(cx, None);
                }
                Ok(())
            }
            problem => Err(problem),
        }
    }

    /// The plugin says something.
    fn news(
        &mut self,
        cx: &mut Context,
        transaction: Option<String>,
        data: Data,
        jsep: Option<Jsep>,
    ) -> Result<(), Problem> {
        match data {
            Data::Features(features) => {
                let url = Some(features.ice.url).filter(|url| !url.is_empty());
                self.features_told(cx, url);
            }
            Data::Error(error) => return self.plugin_error(cx, transaction, error),
            Data::Ok | Data::Status(_) => {
                if let Some(Jsep {
                    kind: JsepKind::Offer,
                    sdp,
                }) = jsep
                    && let Phase::Asking { .. } | Phase::NotReady { .. } = self.phase
                {
                    self.offered(cx, sdp);
                }
            }
        }
        Ok(())
    }

    fn features_told(&mut self, cx: &mut Context, ice_url: Option<String>) {
        if let Features::Awaited { .. } = self.features {
            self.features = Features::Told { ice_url };
            self.apply_offer(cx);
        }
    }

    fn plugin_error(
        &mut self,
        cx: &mut Context,
        transaction: Option<String>,
        error: PluginError,
    ) -> Result<(), Problem> {
        match self.phase {
            Phase::Asking { .. } if error.code == ustreamer::NOT_READY => {
                self.source_is_not_ready(cx, error.reason);
            }
            _ if error.code == ustreamer::NOT_READY => {}
            _ if self.is_about_features(transaction) => self.features_told(cx, None),
            Phase::Asking { .. } | Phase::Joining { .. } => {
                return Err(Problem::WatchRefused(error));
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether an error with this transaction is the answer to `features`. Plugins older than that
    /// request refuse it, and without a transaction; it was sent first, so it is refused first.
    fn is_about_features(&self, transaction: Option<String>) -> bool {
        match (&self.features, transaction) {
            (Features::Awaited { .. }, None) => true,
            (Features::Awaited { transaction }, Some(of_error)) => *transaction == of_error,
            (Features::Told { .. }, _) => false,
        }
    }
}

/// The id of what was made. A success that made nothing is no answer.
fn made(asked: Asked, data: Option<Created>) -> Result<u64, Problem> {
    data.map(|created| created.id)
        .filter(|id| *id != 0)
        .ok_or(Problem::NoAnswer(asked.name()))
}
