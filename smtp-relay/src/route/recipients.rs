//! The recipients of a route, and the current result of each.

use alloc::{sync::Arc, vec::Vec};

use smtp_proto::{client::Retry, types::Reply};

use super::{Fate, Final, Peer, Reason, Refusal, fate::Trouble};

/// The recipients, by index.
#[derive(Debug)]
pub(super) struct Recipients(Vec<Recipient>);

#[derive(Debug)]
enum Recipient {
    /// No result: the next host gets the recipient.
    Open(Option<Trouble>),
    Done(Final),
}

/// The effect of a refusal by policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PolicyRefusal {
    /// The code decides if it is permanent.
    AsSaid,
    /// It counts as temporary, because the host may accept the other address family.
    Temporary,
}

impl Recipients {
    pub(super) fn new(number: usize) -> Self {
        Self((0..number).map(|_| Recipient::Open(None)).collect())
    }

    /// The indices of the recipients that have no result.
    pub(super) fn open(&self) -> Vec<usize> {
        let open = self.0.iter().enumerate();
        open.filter(|(_, recipient)| matches!(recipient, Recipient::Open(_)))
            .map(|(index, _)| index)
            .collect()
    }

    /// Returns true if every recipient has a result.
    pub(super) fn are_done(&self) -> bool {
        self.0
            .iter()
            .all(|recipient| matches!(recipient, Recipient::Done(_)))
    }

    /// Records a reason against all recipients without a result.
    pub(super) fn trouble(&mut self, trouble: &Trouble) {
        for recipient in &mut self.0 {
            recipient.trouble(trouble.clone());
        }
    }

    /// Records the fates at one host. Missing fates mean: not sent.
    pub(super) fn record<'o>(
        &mut self,
        offered: impl Iterator<Item = &'o usize>,
        fates: Vec<Fate>,
        host: &Peer,
        policy: PolicyRefusal,
    ) {
        let mut fates = fates.into_iter();
        for index in offered {
            let fate = fates.next().unwrap_or(Fate::NotSent);
            if let Some(recipient) = self.0.get_mut(*index) {
                recipient.record(fate, host, policy);
            }
        }
    }

    /// Returns the results. Recipients without a result get one from the reasons against them.
    pub(super) fn finish(&mut self) -> Vec<Final> {
        let recipients = core::mem::take(&mut self.0);
        let finish = |recipient| match recipient {
            Recipient::Done(result) => result,
            Recipient::Open(Some(trouble)) => trouble.into(),
            Recipient::Open(None) => Final::Deferred(Reason::Unreachable),
        };
        recipients.into_iter().map(finish).collect()
    }

    /// Replaces the permanent reason `NoAddress` by a temporary one, because a better host than this relay may return.
    pub(super) fn blame_primary(&mut self) {
        for recipient in &mut self.0 {
            if matches!(recipient, Recipient::Open(Some(Trouble::Hard(Reason::NoAddress)))) {
                *recipient = Recipient::Open(Some(Trouble::Soft(Reason::PrimaryUnknown)));
            }
        }
    }
}

impl Recipient {
    fn trouble(&mut self, later: Trouble) {
        if let Self::Open(trouble) = self {
            *trouble = Some(match trouble.take() {
                Some(earlier) => earlier.then(later),
                None => later,
            });
        }
    }

    fn record(&mut self, fate: Fate, host: &Peer, policy: PolicyRefusal) {
        if !matches!(self, Self::Open(_)) {
            return;
        }
        match fate {
            Fate::Accepted(reply) => {
                *self = Self::Done(Final::Delivered {
                    by: host.clone(),
                    reply,
                });
            }
            Fate::Unknown => *self = Self::Done(Final::Deferred(Reason::Lost)),
            Fate::NotSent => self.trouble(Trouble::Soft(Reason::Lost)),
            Fate::Refused { to, reply, retry } => {
                let is_policy = policy == PolicyRefusal::Temporary && is_policy(&reply);
                let host = host.clone();
                let why = Reason::Reply(Arc::new(Refusal { host, to, reply }));
                match retry {
                    Retry::Never if is_policy => *self = Self::Done(Final::Deferred(why)),
                    Retry::Never => *self = Self::Done(Final::Failed(why)),
                    Retry::Unknown => *self = Self::Done(Final::Deferred(why)),
                    Retry::Now | Retry::Later => self.trouble(Trouble::Soft(why)),
                }
            }
        }
    }
}

/// Returns true if the reply has a status of security or policy (x.7.z, RFC 3463 section 3.8).
fn is_policy(reply: &Reply<'_>) -> bool {
    reply.enhanced().is_some_and(|code| code.subject() == 7)
}
