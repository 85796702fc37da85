//! Requests that the server has still to answer.

use std::time::Duration;

use super::{Attempt, Time};

/// What was asked, as far as the answer is dealt with differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Create,
    Attach,
    Features,
    Watch,
    Start,
    Pause,
    Resume,
    Switch,
    KeyRequired,
    AttachLister,
    List,
    Trickle,
    Keepalive,
    Stop,
    /// What is said when leaving. Nobody waits for the answer.
    Goodbye,
}

impl Asked {
    /// The request's name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Attach => "attach",
            Self::Features => "features",
            Self::Watch => "watch",
            Self::Start | Self::Resume => "start",
            Self::Pause => "pause",
            Self::Switch => "switch",
            Self::KeyRequired => "key_required",
            Self::AttachLister => "attach",
            Self::List => "list",
            Self::Trickle => "trickle",
            Self::Keepalive => "keepalive",
            Self::Stop => "stop",
            Self::Goodbye => "destroy",
        }
    }

    /// Whether the viewer can do without.
    pub(super) fn is_optional(self) -> bool {
        matches!(
            self,
            Self::Features | Self::KeyRequired | Self::AttachLister | Self::List | Self::Trickle
        )
    }

    /// Whether an acknowledgement is all the answer there is, or the rest of it has a deadline of
    /// its own.
    fn is_answered_by_ack(self) -> bool {
        !matches!(self, Self::Create | Self::Attach | Self::AttachLister)
    }
}

/// Requests that the server has still to answer.
#[derive(Debug)]
pub(super) struct Requests {
    attempt: Attempt,
    sent: u64,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    transaction: String,
    asked: Asked,
    sent: Time,
    until: Time,
}

/// A request that was not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overdue {
    pub(super) asked: Asked,
    /// When it was sent.
    pub(super) sent: Time,
}

impl Requests {
    pub(super) fn new(attempt: Attempt) -> Self {
        Self {
            attempt,
            sent: 0,
            open: Vec::new(),
        }
    }

    /// Notes a request and returns its transaction, which no other request of the viewer has.
    pub(super) fn note(&mut self, asked: Asked, now: Time, patience: Duration) -> String {
        self.sent += 1;
        let transaction = format!("{}.{}", self.attempt.0, self.sent);
        self.open.push(Open {
            transaction: transaction.clone(),
            asked,
            sent: now,
            until: now + patience,
        });
        transaction
    }

    /// The request with this transaction has its answer: success or error. `None` when none waits
    /// for one.
    pub(super) fn answered(&mut self, transaction: &str) -> Option<Asked> {
        let found = self.open.iter().position(|o| o.transaction == transaction);
        found.map(|index| self.open.swap_remove(index).asked)
    }

    /// The request with this transaction was acknowledged.
    pub(super) fn acknowledged(&mut self, transaction: &str) {
        self.open
            .retain(|o| o.transaction != transaction || !o.asked.is_answered_by_ack());
    }

    /// When the server's time for the most urgent answer is up.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.open.iter().map(|open| open.until).min()
    }

    /// A request whose answer is overdue. It is not waited for any more.
    pub(super) fn overdue(&mut self, now: Time) -> Option<Overdue> {
        let index = self.open.iter().position(|open| open.until <= now)?;
        let Open { asked, sent, .. } = self.open.swap_remove(index);
        Some(Overdue { asked, sent })
    }
}
