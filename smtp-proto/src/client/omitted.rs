//! Parameters that are omitted from a message.

use crate::types::{Envelope, Extensions, Keyword, RcptParameters};

/// Extensions whose parameters are omitted if the server does not offer them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Omissible(u8);

impl Omissible {
    /// All of them, in the order of [`Keyword::ALL`].
    pub(super) const KEYWORDS: [Keyword; 6] = [
        Keyword::Dsn,
        Keyword::Auth,
        Keyword::MtPriority,
        Keyword::DeliverBy,
        Keyword::Rrvs,
        Keyword::NoSoliciting,
    ];

    /// The extensions whose parameters are in the envelope.
    pub(super) fn of(envelope: &Envelope) -> Self {
        Self::collect(|keyword| asks(envelope, keyword))
    }

    /// Those of them that the server does not offer.
    pub(super) fn without(self, offered: &Extensions) -> Self {
        Self::collect(|keyword| self.has(keyword) && !offered.has(keyword))
    }

    /// Returns true if the extension is one of them.
    pub(super) fn has(self, keyword: Keyword) -> bool {
        let place = Self::KEYWORDS.iter().position(|other| *other == keyword);
        place.is_some_and(|place| self.0 & (1 << place) != 0)
    }

    fn collect(is_in: impl Fn(Keyword) -> bool) -> Self {
        let bits = Self::KEYWORDS
            .into_iter()
            .enumerate()
            .filter(|(_, keyword)| is_in(*keyword))
            .map(|(place, _)| 1 << place);
        Self(bits.sum())
    }
}

/// Returns true if the envelope has a parameter of the extension.
fn asks(envelope: &Envelope, keyword: Keyword) -> bool {
    let mail = envelope.parameters();
    let any_recipient = |asks: fn(&RcptParameters<'_>) -> bool| {
        envelope
            .recipients()
            .iter()
            .any(|recipient| asks(recipient.parameters()))
    };
    match keyword {
        Keyword::Dsn => {
            mail.ret().is_some()
                || mail.envelope_id().is_some()
                || any_recipient(|rcpt| rcpt.notify().is_some() || rcpt.original_recipient().is_some())
        }
        Keyword::Auth => mail.auth().is_some(),
        Keyword::DeliverBy => mail.deliver_by().is_some(),
        Keyword::MtPriority => mail.priority().is_some(),
        Keyword::NoSoliciting => mail.solicitation().is_some(),
        _ => any_recipient(|rcpt| rcpt.rrvs().is_some()),
    }
}
