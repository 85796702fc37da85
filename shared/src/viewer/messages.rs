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
use super::mountpoints::Lister;
use super::plugin::{News, Refusal};
use super::requests::Asked;
use crate::error::{Error, ErrorCode};
use crate::jsep::{Jsep, JsepKind};
use crate::message::{Created, PluginData};
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
                plugindata,
                jsep,
            } if self.is_mine(session_id, sender) => {
                self.news(cx, transaction, News::of(plugindata), jsep)
            }
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
            ServerMessage::Detached { session_id, sender } if self.session == Some(session_id) => {
                self.lister.detached(sender);
                Ok(())
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
                self.attach(cx);
            }
            Asked::Attach => {
                self.handle = Some(HandleId(made(asked, data)?));
                self.attached(cx);
            }
            Asked::AttachLister => match made(asked, data) {
                Ok(handle) => self.lister_attached(cx, HandleId(handle)),
                Err(_) => self.lister_refused(cx),
            },
            _ => match plugindata.map(News::of) {
                // The picture does not need it.
                Some(News::Refused(_)) if asked == Asked::List => {}
                Some(news) => return self.news(cx, Some(transaction), news, None),
                None => {}
            },
        }
        Ok(())
    }

    fn error(&mut self, cx: &mut Context, asked: Asked, error: Error) -> Result<(), Problem> {
        let is_lost = asked == Asked::List && error.code == ErrorCode::HandleNotFound;
        if let (Lister::Ready(handle), true) = (&self.lister, is_lost) {
            self.lister.detached(*handle);
            return Ok(());
        }
        match Problem::of(error, self.watch.plugin()) {
            Problem::NoSuchPlugin(_) | Problem::Refused(_) if asked.is_optional() => {
                self.do_without(cx, asked);
                Ok(())
            }
            problem => Err(problem),
        }
    }

    /// There is no answer to a request that the viewer can do without.
    pub(super) fn do_without(&mut self, cx: &mut Context, asked: Asked) {
        match asked {
            Asked::Features => self.features_told(cx, None),
            Asked::AttachLister => self.lister_refused(cx),
            _ => {}
        }
    }

    /// The plugin says something.
    fn news(
        &mut self,
        cx: &mut Context,
        transaction: Option<String>,
        news: News,
        jsep: Option<Jsep>,
    ) -> Result<(), Problem> {
        match news {
            News::Features { ice_url } => self.features_told(cx, ice_url),
            News::Mountpoints(mountpoints) => cx.listed(mountpoints),
            News::Refused(error) => {
                let refusal = match self.watch.refusal(error) {
                    Refusal::For(Problem::NoSuchStream(id)) if cx.is_disabled(id) => {
                        Refusal::For(Problem::StreamDisabled)
                    }
                    refusal => refusal,
                };
                return self.refused(cx, transaction, refusal);
            }
            News::Ended(problem) if self.has_offer() => return Err(problem),
            News::Switched if self.is_about_switch(&transaction) => self.switched(cx),
            News::Nothing | News::Ended(_) | News::Switched => {}
        }
        if let Some(Jsep {
            kind: JsepKind::Offer,
            sdp,
        }) = jsep
            && let Phase::Asking { .. } | Phase::NotReady { .. } = self.phase
        {
            self.offered(cx, sdp);
        }
        Ok(())
    }

    fn features_told(&mut self, cx: &mut Context, ice_url: Option<String>) {
        if let Features::Awaited { .. } = self.features {
            self.features = Features::Told { ice_url };
            self.apply_offer(cx);
        }
    }

    fn refused(
        &mut self,
        cx: &mut Context,
        transaction: Option<String>,
        refusal: Refusal,
    ) -> Result<(), Problem> {
        match (&self.phase, refusal) {
            (Phase::Asking { .. }, Refusal::NotReady(reason)) => {
                self.source_is_not_ready(cx, reason);
                Ok(())
            }
            (_, Refusal::NotReady(_)) => Ok(()),
            (_, Refusal::For(_)) if self.is_about_features(&transaction) => {
                self.features_told(cx, None);
                Ok(())
            }
            (Phase::Asking { .. } | Phase::Joining { .. }, Refusal::For(problem)) => Err(problem),
            (_, Refusal::For(problem)) if self.is_about_switch(&transaction) => Err(problem),
            (_, Refusal::For(_)) => Ok(()),
        }
    }

    /// Whether an error with this transaction is the answer to `features`. Plugins older than that
    /// request refuse it, and without a transaction; it was sent first, so it is refused first.
    fn is_about_features(&self, transaction: &Option<String>) -> bool {
        match (&self.features, transaction) {
            (Features::Awaited { .. }, None) => true,
            (Features::Awaited { transaction }, Some(of_error)) => transaction == of_error,
            (Features::Told { .. }, _) => false,
        }
    }

    fn is_about_switch(&self, transaction: &Option<String>) -> bool {
        let switching = self.switching.as_ref();
        switching.is_some_and(|switching| transaction.as_ref() == Some(&switching.transaction))
    }
}

/// The id of what was made. A success that made nothing is no answer.
fn made(asked: Asked, data: Option<Created>) -> Result<u64, Problem> {
    data.map(|created| created.id)
        .filter(|id| *id != 0)
        .ok_or(Problem::NoAnswer(asked.name()))
}
