//! The decision to send a notification.

use core::fmt;

use smtp_proto::types::{ByMode, DeliverBy, MailParameters, Notify, RcptParameters, ReversePath};

/// The value of the field `Action` (RFC 3464 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3464 section 2.3.3 has these five")]
pub enum Action {
    /// `failed`: this host gives up delivering to the recipient.
    Failed,
    /// `delayed`: this host will try the delivery again.
    Delayed,
    /// `relayed`: the message was sent to a host that sends no notification of success.
    Relayed,
    /// `delivered`: the message is in the mailbox.
    Delivered,
    /// `expanded`: the message was sent to several addresses of the recipient.
    Expanded,
}

impl Action {
    /// Returns the value in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Relayed => "relayed",
            Self::Delivered => "delivered",
            Self::Expanded => "expanded",
        }
    }

    /// Finds an action by its value, ignoring the case of letters. Returns `None` if the value is unknown.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut all = [
            Self::Failed,
            Self::Delayed,
            Self::Relayed,
            Self::Delivered,
            Self::Expanded,
        ]
        .into_iter();
        all.find(|action| value.eq_ignore_ascii_case(action.as_str()))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An event that may cause a notification to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an event without a rule must not compile")]
pub enum Event {
    /// This host gives up delivering to the recipient.
    Failed,
    /// The delivery is delayed, and will be tried again.
    Delayed,
    /// The deadline of `BY` with mode `N` passed, and the delivery will be tried again (RFC 2852).
    DeadlinePassed,
    /// A host accepted the message.
    Relayed {
        /// True if the host offers DSN, so that it got NOTIFY, ORCPT, RET and ENVID.
        dsn: bool,
        /// True if the host offers DELIVERBY, so that it got BY.
        deliver_by: bool,
    },
    /// The message is in the mailbox.
    Delivered,
    /// The recipient is an alias, and the message was sent to its addresses.
    Expanded,
}

/// The notifications that the sender requested about a recipient: NOTIFY of RCPT, and BY of MAIL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "another wish must be decided about")]
pub struct Wish {
    /// The parameter NOTIFY. `None`: the sender is notified of failures and delays (RFC 3461 section 4.1).
    pub notify: Option<Notify>,
    /// The parameter BY.
    pub deliver_by: Option<DeliverBy>,
}

impl Wish {
    /// Returns the wish in these parameters of MAIL and RCPT.
    #[must_use]
    pub fn of(message: &MailParameters<'_>, recipient: &RcptParameters<'_>) -> Self {
        Self {
            notify: recipient.notify(),
            deliver_by: message.deliver_by(),
        }
    }

    /// Decides if the sender gets a notification of an event. Returns its action, or `None` for no notification.
    ///
    /// | event | notification |
    /// |---|---|
    /// | any | none to the null sender, and none with `NEVER` (RFC 5321 section 6.1, RFC 3461 section 4.1) |
    /// | failed | with FAILURE, or without NOTIFY (RFC 3461 section 5.2.6) |
    /// | delayed | with DELAY, or without NOTIFY (section 5.2.5) |
    /// | deadline passed | always (RFC 2852) |
    /// | relayed | with SUCCESS if the host lacks DSN (RFC 3461 section 5.2.2); with a traced `BY`, or with `BY` and mode N if the host lacks DELIVERBY, always (RFC 2852) |
    /// | delivered, expanded | with SUCCESS (RFC 3461 sections 5.2.3 and 5.2.7) |
    #[must_use]
    pub fn action(&self, sender: &ReversePath<'_>, event: Event) -> Option<Action> {
        sender.mailbox()?;
        if self.notify == Some(Notify::NEVER) {
            return None;
        }
        let asked = |what| self.notify.is_some_and(|notify| notify.contains(what));
        let usual = |what| self.notify.is_none() || asked(what);
        let (wanted, action) = match event {
            Event::Failed => (usual(Notify::FAILURE), Action::Failed),
            Event::Delayed => (usual(Notify::DELAY), Action::Delayed),
            Event::DeadlinePassed => (true, Action::Delayed),
            Event::Relayed { dsn, deliver_by } => {
                // A host without DELIVERBY does not know the deadline.
                let lost = |by: DeliverBy| by.mode() == ByMode::Notify && !deliver_by;
                let by = self.deliver_by.is_some_and(|by| by.traces() || lost(by));
                (by || !dsn && asked(Notify::SUCCESS), Action::Relayed)
            }
            Event::Delivered => (asked(Notify::SUCCESS), Action::Delivered),
            Event::Expanded => (asked(Notify::SUCCESS), Action::Expanded),
        };
        wanted.then_some(action)
    }
}

#[cfg(test)]
mod tests;
