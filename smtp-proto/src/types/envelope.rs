//! Envelopes.

use alloc::{string::String, vec::Vec};
use core::{iter, num::NonZeroU32};

use super::{AnnouncedLimits, Body, ForwardPath, MailParameters, Rcpt, RcptParameters, ReversePath};
use crate::data::ContentSummary;

/// Whom a message is from and for: all that travels outside of it (RFC 5321 section 2.3.1).
///
/// ```
/// use smtp_proto::types::{Envelope, Mailbox};
///
/// let from = Mailbox::parse("ann@example.org")?;
/// let envelope = Envelope::new(from).to(Mailbox::parse("bob@example.net")?);
/// assert_eq!(envelope.recipients().len(), 1);
/// # Ok::<_, smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    reverse_path: ReversePath<'static>,
    parameters: MailParameters<'static>,
    recipients: Vec<Recipient>,
}

impl Envelope {
    /// An envelope from `reverse_path` (notices are from [`ReversePath::Null`]) for nobody yet.
    #[must_use]
    pub fn new<'a>(reverse_path: impl Into<ReversePath<'a>>) -> Self {
        Self {
            reverse_path: reverse_path.into().into_owned(),
            parameters: MailParameters::default(),
            recipients: Vec::new(),
        }
    }

    /// Sets the MAIL parameters.
    #[must_use]
    pub fn with_parameters(mut self, parameters: MailParameters<'_>) -> Self {
        self.parameters = parameters.into_owned();
        self
    }

    /// Says in the parameters what this content needs, where they do not say it already: SIZE, BODY=8BITMIME for
    /// octets above 127 (RFC 6152 section 3), SMTPUTF8 for a header that is not ASCII (RFC 6531 section 3.4).
    #[must_use]
    pub fn for_content(mut self, content: &ContentSummary) -> Self {
        self.parameters.size.get_or_insert(content.size);
        if content.eight_bit && self.parameters.body != Some(Body::BinaryMime) {
            self.parameters.body = Some(Body::EightBitMime);
        }
        self.parameters.smtputf8 |= content.utf8_header;
        self
    }

    /// Adds a recipient without parameters.
    #[must_use]
    pub fn to<'a>(self, forward_path: impl Into<ForwardPath<'a>>) -> Self {
        self.to_with(forward_path, RcptParameters::default())
    }

    /// Adds a recipient with RCPT parameters.
    #[must_use]
    pub fn to_with<'a>(
        mut self,
        forward_path: impl Into<ForwardPath<'a>>,
        parameters: RcptParameters<'_>,
    ) -> Self {
        self.recipients.push(Recipient {
            forward_path: forward_path.into().into_owned(),
            parameters: parameters.into_owned(),
        });
        self
    }

    /// Adds a recipient.
    pub(crate) fn push(&mut self, recipient: Recipient) {
        self.recipients.push(recipient);
    }

    /// The sender.
    #[must_use]
    pub const fn reverse_path(&self) -> &ReversePath<'static> {
        &self.reverse_path
    }

    /// The MAIL parameters.
    #[must_use]
    pub const fn parameters(&self) -> &MailParameters<'static> {
        &self.parameters
    }

    /// The recipients, in the order they were added.
    #[must_use]
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Whether a path or a parameter is not ASCII, or SMTPUTF8 was asked for: the server has to offer it (RFC 6531
    /// section 3.2).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.parameters.smtputf8()
            || !self.reverse_path.is_ascii()
            || !self.parameters.is_ascii()
            || !self.recipients.iter().all(Recipient::is_ascii)
    }

    /// The envelopes that together are this one, each with no more recipients (RCPTMAX) and recipient domains
    /// (RCPTDOMAINMAX) than a server with these limits takes in one transaction (RFC 9422 section 4).
    ///
    /// Recipients keep their order, but where there are too many domains those of one domain come together. An
    /// envelope within the limits, or for nobody, comes as it is.
    ///
    /// ```
    /// use core::num::NonZeroU32;
    /// use smtp_proto::types::{AnnouncedLimits, Envelope, Mailbox};
    ///
    /// let mut envelope = Envelope::new(Mailbox::parse("ann@example.org")?);
    /// for name in ["a@example.net", "b@example.net", "c@example.net"] {
    ///     envelope = envelope.to(Mailbox::parse(name)?);
    /// }
    /// let limits = AnnouncedLimits::default().with_rcpt_max(NonZeroU32::new(2).unwrap());
    /// let sizes: Vec<_> = envelope.split(limits).map(|part| part.recipients().len()).collect();
    /// assert_eq!(sizes, [2, 1]);
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn split(&self, limits: AnnouncedLimits) -> impl Iterator<Item = Self> {
        let most = |limit: Option<NonZeroU32>| {
            limit.map_or(usize::MAX, |most| {
                usize::try_from(most.get()).unwrap_or(usize::MAX)
            })
        };
        let most_recipients = most(limits.rcpt_max());
        let most_domains = Some(most(limits.rcpt_domain_max())).filter(|most| self.domains() > *most);
        let mut recipients: Vec<&Recipient> = self.recipients.iter().collect();
        if most_domains.is_some() {
            group_by_domain(&mut recipients);
        }
        let mut rest = recipients.into_iter().peekable();
        let mut first = true;
        iter::from_fn(move || {
            if rest.peek().is_none() && !core::mem::take(&mut first) {
                return None;
            }
            first = false;
            let mut part = Self {
                reverse_path: self.reverse_path.clone(),
                parameters: self.parameters.clone(),
                recipients: Vec::new(),
            };
            let mut domains = 0;
            while let Some(next) = rest.peek() {
                let last = part.recipients.last();
                domains += usize::from(!last.is_some_and(|last: &Recipient| last.shares_domain(next)));
                if part.recipients.len() >= most_recipients || most_domains.is_some_and(|most| domains > most)
                {
                    break;
                }
                part.recipients.extend(rest.next().cloned());
            }
            Some(part)
        })
    }

    /// How many different domains the recipients have.
    pub(crate) fn domains(&self) -> usize {
        let mut domains: Vec<String> = self.recipients.iter().map(Recipient::folded_domain).collect();
        domains.sort_unstable();
        domains.dedup();
        domains.len()
    }
}

/// Puts recipients of one domain behind the first of them.
fn group_by_domain(recipients: &mut Vec<&Recipient>) {
    let mut keyed: Vec<_> = recipients
        .iter()
        .enumerate()
        .map(|(index, recipient)| (recipient.folded_domain(), index, *recipient))
        .collect();
    keyed.sort_unstable_by(|(domain, index, _), (other, then, _)| (domain, index).cmp(&(other, then)));
    let mut grouped: Vec<_> = keyed
        .chunk_by(|(domain, ..), (other, ..)| domain == other)
        .collect();
    grouped.sort_unstable_by_key(|group| group.first().map(|(_, index, _)| *index));
    *recipients = grouped
        .into_iter()
        .flatten()
        .map(|(.., recipient)| *recipient)
        .collect();
}

impl From<Rcpt<'_>> for Recipient {
    fn from(rcpt: Rcpt<'_>) -> Self {
        let (forward_path, parameters) = rcpt.into_parts();
        Self {
            forward_path: forward_path.into_owned(),
            parameters: parameters.into_owned(),
        }
    }
}

/// One recipient of an [`Envelope`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    forward_path: ForwardPath<'static>,
    parameters: RcptParameters<'static>,
}

impl Recipient {
    /// The recipient's path.
    #[must_use]
    pub const fn forward_path(&self) -> &ForwardPath<'static> {
        &self.forward_path
    }

    /// The RCPT parameters.
    #[must_use]
    pub const fn parameters(&self) -> &RcptParameters<'static> {
        &self.parameters
    }

    /// What stands behind the `@`; nothing for `<Postmaster>`.
    fn domain(&self) -> &str {
        let path = self.forward_path.as_str();
        path.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The domain in lower case, as ASCII letters have no case in it.
    fn folded_domain(&self) -> String {
        self.domain().to_ascii_lowercase()
    }

    fn shares_domain(&self, other: &Self) -> bool {
        self.domain().eq_ignore_ascii_case(other.domain())
    }

    /// Whether it can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.forward_path.is_ascii() && self.parameters.is_ascii()
    }
}

#[cfg(test)]
mod tests;
