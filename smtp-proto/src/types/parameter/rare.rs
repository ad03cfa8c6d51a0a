//! Parameters of MAIL that few clients send.

use crate::types::{AuthIdentity, DeliverBy, Hold, Priority, SolicitationKeywords};

/// The parameters that would enlarge every MAIL command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RareMailParameters<'a> {
    pub(crate) auth: Option<AuthIdentity<'a>>,
    pub(crate) hold: Option<Hold>,
    pub(crate) deliver_by: Option<DeliverBy>,
    pub(crate) priority: Option<Priority>,
    pub(crate) solicitation: Option<SolicitationKeywords<'a>>,
}

impl RareMailParameters<'_> {
    /// Returns true if the message is held for more seconds than it has until its deadline (RFC 4865 section 5.2). A time of
    /// release needs a clock: [`MailParameters::release_time`](super::MailParameters::release_time).
    pub(crate) fn is_held_beyond_deadline(&self) -> bool {
        match (self.hold, self.deliver_by) {
            (Some(Hold::For(held)), Some(by)) => i64::from(held.seconds().get()) > i64::from(by.seconds()),
            _ => false,
        }
    }

    /// Copies borrowed parameters, so that they borrow nothing.
    pub(super) fn into_owned(self) -> RareMailParameters<'static> {
        RareMailParameters {
            auth: self.auth.map(AuthIdentity::into_owned),
            hold: self.hold,
            deliver_by: self.deliver_by,
            priority: self.priority,
            solicitation: self.solicitation.map(SolicitationKeywords::into_owned),
        }
    }
}
