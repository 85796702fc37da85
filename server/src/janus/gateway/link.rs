//! The peer connection of a handle: offer, answer, candidates, hangup.

use std::time::Instant;

use fanlight_protocol::message::PluginData;
use fanlight_protocol::{Candidate, Error, ErrorCode, Jsep, ServerMessage};

use super::answer::{Answer, Outcome, Then};
use super::plugin::Watching;
use super::session::{Holder, Session};
use super::{Address, Gateway, Timer};
use crate::janus::media::{Media, Offer, OfferFailed, PeerNews, SwitchFailed, Wishes};

/// More candidates of a viewer who has not answered yet are not kept.
const EARLY_CANDIDATES: usize = 32;

/// The longest candidate that is taken, in bytes. Those of browsers have about 200.
const MAX_CANDIDATE: usize = 1024;

/// How far a handle's peer connection is.
#[derive(Debug)]
pub(super) enum Link<P> {
    Down,
    Offered {
        offer: Offer<P>,
        wishes: Wishes,
        /// Candidates that came before the answer.
        early: Vec<String>,
    },
    Answered {
        peer: P,
        /// Whether it stands.
        is_up: bool,
        /// Whether a new offer waits for its answer.
        is_restarting: bool,
    },
}

impl<P: Copy> Link<P> {
    pub(super) fn peer(&self) -> Option<P> {
        match self {
            Self::Down => None,
            Self::Offered { offer, .. } => Some(offer.peer),
            Self::Answered { peer, .. } => Some(*peer),
        }
    }

    /// Whether the viewer has yet to show that it is one.
    pub(super) fn is_unproven(&self) -> bool {
        matches!(
            self,
            Self::Offered { .. } | Self::Answered { is_up: false, .. }
        )
    }
}

impl<M: Media> Gateway<M> {
    /// News of a peer connection. Those of one that the gateway has closed concern nobody.
    pub(crate) fn handle_peer(&mut self, peer: M::Peer, news: PeerNews) {
        let Some(at) = self.peers.get(&peer).copied() else {
            return;
        };
        match news {
            PeerNews::Up => {
                self.unproven_over_http.remove(&at);
                if let Some(handle) = self.handle_mut(at)
                    && let Link::Answered { is_up, .. } = &mut handle.link
                {
                    *is_up = true;
                }
                self.tell_streaming_started(at);
                let up = ServerMessage::WebrtcUp {
                    session_id: at.session,
                    sender: at.handle,
                };
                self.tell(at.session, &up);
            }
            PeerNews::SlowLink { mid, kind, lost } => {
                let slow = ServerMessage::SlowLink {
                    session_id: at.session,
                    sender: at.handle,
                    mid: Some(mid),
                    media: Some(kind.to_string()),
                    uplink: true,
                    lost: u64::from(lost),
                };
                self.tell(at.session, &slow);
            }
            PeerNews::Down(ending) => self.hang_up(at, ending.reason()),
        }
    }

    /// Sends an offer with the news of a plugin, which may be the outcome of a request. One that
    /// waits for its answer is sent again as it was: whichever of the two the viewer answers, the
    /// answer fits.
    pub(super) fn send_offer(
        &mut self,
        now: Instant,
        at: Address,
        wishes: &Wishes,
        transaction: Option<String>,
        plugindata: PluginData,
    ) -> Result<(), OfferFailed> {
        let offer = match self.handle(at).map(|handle| &handle.link) {
            Some(Link::Offered {
                offer,
                wishes: before,
                ..
            }) if before == wishes => offer.clone(),
            _ => self.new_offer(at, wishes)?,
        };
        self.tell_offer(now, at, offer, transaction, plugindata);
        Ok(())
    }

    /// Sends a new offer for the peer connection that there is. One that was not answered yet is
    /// sent again.
    pub(super) fn send_restart(
        &mut self,
        now: Instant,
        at: Address,
        transaction: Option<String>,
        plugindata: PluginData,
    ) -> Result<(), OfferFailed> {
        let offer = match self.handle(at).map(|handle| &handle.link) {
            Some(Link::Offered { offer, .. }) => offer.clone(),
            Some(Link::Answered { peer, .. }) => {
                let peer = *peer;
                self.media.restart(peer)?
            }
            Some(Link::Down) | None => {
                return Err(OfferFailed("there is nothing to restart".to_owned()));
            }
        };
        let handle = self.handle_mut(at);
        if let Some(Link::Answered { is_restarting, .. }) = handle.map(|handle| &mut handle.link) {
            *is_restarting = true;
        }
        self.tell_offer(now, at, offer, transaction, plugindata);
        Ok(())
    }

    /// Goes on with the media of another mountpoint over the same peer connection.
    pub(super) fn switch_link(&mut self, at: Address, wishes: Wishes) -> Result<(), SwitchFailed> {
        let peer = self.handle(at).and_then(|handle| handle.link.peer());
        let peer = peer.ok_or_else(|| SwitchFailed("there is no peer connection".to_owned()))?;
        self.media.switch(peer, &wishes)?;
        if let Some(handle) = self.handle_mut(at) {
            if let Some(watching) = &mut handle.watching {
                watching.switch(&wishes);
            }
            if let Link::Offered { wishes: before, .. } = &mut handle.link {
                *before = wishes;
            }
        }
        Ok(())
    }

    fn tell_offer(
        &mut self,
        now: Instant,
        at: Address,
        offer: Offer<M::Peer>,
        transaction: Option<String>,
        plugindata: PluginData,
    ) {
        let deadline = now + self.config.limits.offer_timeout;
        self.timers.set(Timer::Offer(at), deadline);

        let Offer {
            mut sdp,
            candidates,
            ..
        } = offer;
        if !self.config.full_trickle {
            write_candidates(&mut sdp, &candidates);
        }
        self.tell(
            at.session,
            &ServerMessage::Event {
                session_id: at.session,
                transaction,
                sender: at.handle,
                plugindata,
                jsep: Some(Jsep::offer(sdp)),
            },
        );
        if self.config.full_trickle {
            let candidates = candidates
                .into_iter()
                .map(|candidate| Candidate::Candidate {
                    sdp_mid: None,
                    sdp_m_line_index: Some(0),
                    candidate,
                });
            for candidate in candidates.chain([Candidate::COMPLETED]) {
                let trickle = ServerMessage::Trickle {
                    session_id: at.session,
                    sender: at.handle,
                    candidate,
                };
                self.tell(at.session, &trickle);
            }
        }
    }

    /// Whether the client of this session may have one more peer that does not stand yet.
    pub(super) fn may_be_offered(&self, at: Address) -> bool {
        let Some(session) = self.sessions.get(&at.session) else {
            return false;
        };
        let limits = &self.config.limits;
        let unproven = match &session.holder {
            Holder::Connection(connection) => {
                let sessions = self.connections.get(connection).into_iter().flatten();
                let sessions = sessions.filter_map(|id| self.sessions.get(id));
                sessions.map(Session::count_unproven).sum()
            }
            Holder::Polls(_) | Holder::Nobody => session.count_unproven(),
        };
        let is_crowded = !matches!(session.holder, Holder::Connection(_))
            && self.unproven_over_http.len() >= limits.offers_over_http;
        let handle = self.handle(at);
        let again = handle.is_some_and(|handle| handle.link.is_unproven());
        again || (unproven < limits.offers_of_a_connection && !is_crowded)
    }

    /// Takes an answer, once for each offer. A new peer connection that it does not fit is over; one
    /// that was to be restarted goes on as it was.
    pub(super) fn take_answer(&mut self, at: Address, sdp: &str) -> Result<(), Error> {
        let handle = self.handle_mut(at);
        let (peer, early) = match handle.map(|handle| &mut handle.link) {
            Some(Link::Offered { offer, early, .. }) => (offer.peer, std::mem::take(early)),
            Some(Link::Answered {
                peer,
                is_restarting,
                ..
            }) if *is_restarting => (*peer, Vec::new()),
            _ => {
                return Err(Error::new(
                    ErrorCode::UnexpectedAnswer,
                    "Unexpected ANSWER (did we offer?)",
                ));
            }
        };
        if let Err(error) = self.media.answer(peer, sdp) {
            if !self.give_up_restart(at) {
                self.close_link(at);
            }
            return Err(error);
        }
        self.timers.cancel(Timer::Offer(at));
        match self.handle_mut(at).map(|handle| &mut handle.link) {
            Some(Link::Answered { is_restarting, .. }) => *is_restarting = false,
            Some(link) => {
                *link = Link::Answered {
                    peer,
                    is_up: false,
                    is_restarting: false,
                };
            }
            None => {}
        }
        self.set_sending(at);
        for candidate in early {
            if let Err(error) = self.media.add_candidate(peer, &candidate) {
                // The request that brought it has been answered.
                tracing::debug!(session = %at.session, handle = %at.handle, %error, "bad candidate");
            }
        }
        Ok(())
    }

    pub(super) fn trickle(
        &mut self,
        at: Address,
        candidates: Vec<Candidate>,
    ) -> Result<Outcome, Error> {
        if candidates.iter().any(is_too_long) {
            return Err(Error::new(
                ErrorCode::TrickleInvalidStream,
                format!("The candidate is longer than {MAX_CANDIDATE} bytes"),
            ));
        }
        for candidate in candidates {
            // The peer is found by its checks: that there are no more candidates changes nothing.
            let Candidate::Candidate { candidate, .. } = candidate else {
                continue;
            };
            let handle = self
                .sessions
                .get_mut(&at.session)
                .and_then(|session| session.handles.get_mut(&at.handle));
            match handle.map(|handle| &mut handle.link) {
                Some(Link::Answered { peer, .. }) => {
                    self.media.add_candidate(*peer, &candidate)?;
                }
                Some(Link::Offered { early, .. }) if early.len() < EARLY_CANDIDATES => {
                    early.push(candidate);
                }
                _ => {}
            }
        }
        Ok(Answer::Ack.into())
    }

    pub(super) fn hang_up_on_request(&mut self, at: Address) -> Outcome {
        self.stop_waiting(at);
        let closed = self.close_link(at);
        let then = closed.then(|| Then::Event(at.session, hangup(at, "Janus API")));
        Outcome {
            answer: Answer::Success,
            then,
        }
    }

    /// Ends the peer connection and tells the viewer so.
    pub(super) fn hang_up(&mut self, at: Address, reason: &str) {
        if self.close_link(at) {
            self.tell(at.session, &hangup(at, reason));
        }
    }

    pub(super) fn give_up_offer(&mut self, at: Address) {
        tracing::debug!(session = %at.session, handle = %at.handle, "nobody answers the offer");
        if !self.give_up_restart(at) {
            self.hang_up(at, "No answer");
        }
    }

    /// No answer is taken any more to the offer by which the peer connection was to be restarted;
    /// it stays as it is. False if there is no such offer.
    fn give_up_restart(&mut self, at: Address) -> bool {
        let handle = self.handle_mut(at);
        let Some(Link::Answered { is_restarting, .. }) = handle.map(|handle| &mut handle.link)
        else {
            return false;
        };
        let was_restarting = std::mem::take(is_restarting);
        self.timers.cancel(Timer::Offer(at));
        was_restarting
    }

    /// Has sent what the viewer is to get, and nothing else. Before there is an answer, nothing is
    /// sent anyway.
    pub(super) fn set_sending(&mut self, at: Address) {
        let Some(handle) = self.handle(at) else {
            return;
        };
        let (Link::Answered { peer, .. }, Some(watching)) = (&handle.link, &handle.watching) else {
            return;
        };
        let peer = *peer;
        let enabled = self.media.mountpoints().is_enabled(watching.mountpoint);
        for (mid, on) in watching.sent(enabled) {
            self.media.set_sending(peer, &mid, on);
        }
    }

    pub(super) fn request_key_frame(&mut self, at: Address) {
        if let Some(Link::Answered { peer, .. }) = self.handle(at).map(|handle| &handle.link) {
            let peer = *peer;
            self.media.request_key_frame(peer);
        }
    }

    /// Ends the peer connection, if there is one.
    pub(super) fn close_link(&mut self, at: Address) -> bool {
        self.timers.cancel(Timer::Offer(at));
        self.unproven_over_http.remove(&at);
        let Some(handle) = self.handle_mut(at) else {
            return false;
        };
        handle.watching = None;
        let link = std::mem::replace(&mut handle.link, Link::Down);
        let Some(peer) = link.peer() else {
            return false;
        };
        self.peers.remove(&peer);
        self.media.close(peer);
        true
    }

    /// A new peer connection, in place of the one that the handle may have. The viewer is told of
    /// the old one's end, so that its client does not take the new offer for a change of the old.
    fn new_offer(&mut self, at: Address, wishes: &Wishes) -> Result<Offer<M::Peer>, OfferFailed> {
        let offer = self.media.offer(wishes)?;
        self.hang_up(at, "Close PC");
        self.peers.insert(offer.peer, at);
        let session = self.sessions.get(&at.session);
        if session.is_some_and(|session| !matches!(session.holder, Holder::Connection(_))) {
            self.unproven_over_http.insert(at);
        }
        if let Some(handle) = self.handle_mut(at) {
            handle.watching = Some(Watching::new(wishes));
            handle.link = Link::Offered {
                offer: offer.clone(),
                wishes: wishes.clone(),
                early: Vec::new(),
            };
        }
        Ok(offer)
    }
}

fn is_too_long(candidate: &Candidate) -> bool {
    matches!(candidate, Candidate::Candidate { candidate, .. } if candidate.len() > MAX_CANDIDATE)
}

fn hangup(at: Address, reason: &str) -> ServerMessage {
    ServerMessage::Hangup {
        session_id: at.session,
        sender: at.handle,
        reason: reason.to_owned(),
    }
}

/// Adds candidates to the first media section, which all others are bundled with.
fn write_candidates(sdp: &mut String, candidates: &[String]) {
    let mut lines = String::new();
    for candidate in candidates {
        lines.push_str("a=");
        lines.push_str(candidate);
        lines.push_str("\r\n");
    }
    lines.push_str("a=end-of-candidates\r\n");
    let sections = sdp
        .match_indices("\r\nm=")
        .map(|(at, line)| at + line.len());
    let second = sections.map(|at| at - 2).nth(1);
    sdp.insert_str(second.unwrap_or(sdp.len()), &lines);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_go_into_the_first_section() {
        let candidates = ["candidate:1 1 udp 1 192.0.2.1 9 typ host".to_owned()];
        let written = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n";
        for others in ["", "m=audio 9 x 111\r\na=mid:a\r\n"] {
            let head = "v=0\r\ns=-\r\nm=video 9 x 96\r\na=mid:v\r\n";
            let mut sdp = format!("{head}{others}");
            write_candidates(&mut sdp, &candidates);
            assert_eq!(sdp, format!("{head}{written}{others}"));
        }
    }
}
