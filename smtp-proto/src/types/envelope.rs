//! Envelopes.

use alloc::{string::String, vec::Vec};
use core::{iter, num::NonZeroU32};

use super::{
    AnnouncedLimits, Body, ForwardPath, Host, InvalidAddress, MailParameters, Rcpt, RcptParameters,
    ReversePath,
};
use crate::data::ContentSummary;

/// The sender and the recipients of a message, with their parameters (RFC 5321 section 2.3.1).
///
/// ```
/// use smtp_proto::types::{Envelope, Mailbox};
///
/// let envelope = Envelope::parse("ann@example.org", ["bob@example.net"])?;
/// let from = Mailbox::parse("ann@example.org")?;
/// assert_eq!(envelope, Envelope::new(from).recipient(Mailbox::parse("bob@example.net")?));
/// # Ok::<_, smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Envelope {
    reverse_path: ReversePath<'static>,
    #[cfg_attr(feature = "serde", serde(default))]
    parameters: MailParameters<'static>,
    recipients: Vec<Recipient>,
}

impl Envelope {
    /// Creates an envelope from a sender, without recipients. The sender of a delivery status notification is
    /// [`ReversePath::Null`].
    #[must_use]
    pub fn new<'a>(reverse_path: impl Into<ReversePath<'a>>) -> Self {
        Self {
            reverse_path: reverse_path.into().into_owned(),
            parameters: MailParameters::default(),
            recipients: Vec::new(),
        }
    }

    /// Creates an envelope from the texts of a sender and recipients. `<>` or the empty text is the null sender.
    ///
    /// ```
    /// # use smtp_proto::types::{Envelope, InvalidAddress};
    /// let envelope = Envelope::parse("ann@example.org", ["bob@example.net", "<carl@example.com>"])?;
    /// assert_eq!(envelope.recipients().len(), 2);
    /// assert!(Envelope::parse("<>", [""]).is_err());
    /// # Ok::<_, InvalidAddress>(())
    /// ```
    ///
    /// # Errors
    /// Returns the error of the first address that is not valid.
    pub fn parse<T: AsRef<str>>(
        reverse_path: &str,
        recipients: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidAddress> {
        let envelope = Self::new(ReversePath::parse(reverse_path)?);
        recipients.into_iter().try_fold(envelope, |envelope, recipient| {
            Ok(envelope.recipient(ForwardPath::parse(recipient.as_ref())?))
        })
    }

    /// Sets the MAIL parameters.
    #[must_use]
    pub fn with_parameters(mut self, parameters: MailParameters<'_>) -> Self {
        self.parameters = parameters.into_owned();
        self
    }

    /// Adds the MAIL parameters that this content needs, unless they are set: SIZE; BODY=8BITMIME for octets above 127
    /// (RFC 6152 section 3); SMTPUTF8 for a header section that is not ASCII (RFC 6531 section 3.4).
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
    pub fn recipient<'a>(self, forward_path: impl Into<ForwardPath<'a>>) -> Self {
        self.recipient_with(forward_path, RcptParameters::default())
    }

    /// Adds a recipient with RCPT parameters.
    #[must_use]
    pub fn recipient_with<'a>(
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

    /// Returns the sender.
    #[must_use]
    pub const fn reverse_path(&self) -> &ReversePath<'static> {
        &self.reverse_path
    }

    /// Returns the MAIL parameters.
    #[must_use]
    pub const fn parameters(&self) -> &MailParameters<'static> {
        &self.parameters
    }

    /// Returns the recipients, in the order in which they were added.
    #[must_use]
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Returns true if a path or a parameter is not ASCII, or SMTPUTF8 is set. The server must then offer SMTPUTF8 (RFC
    /// 6531 section 3.2).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        self.parameters.smtputf8()
            || !self.reverse_path.is_ascii()
            || !self.parameters.is_ascii()
            || !self.recipients.iter().all(Recipient::is_ascii)
    }

    /// Returns the envelope with only the recipients at these indices of [`Envelope::recipients`], in this order.
    /// Ignores an index without a recipient.
    ///
    /// To retry, select the recipients whose outcome was not final:
    ///
    /// ```
    /// # use smtp_proto::types::{Code, Envelope, InvalidAddress};
    /// let envelope = Envelope::parse("ann@example.org", ["a@example.net", "b@example.net", "c@example.net"])?;
    /// let codes = [Code::OK, Code::BUSY, Code::UNAVAILABLE];
    /// let busy = (0..).zip(codes).filter(|(_, code)| *code == Code::BUSY).map(|(index, _)| index);
    /// assert_eq!(envelope.only(busy), Envelope::parse("ann@example.org", ["b@example.net"])?);
    /// # Ok::<_, InvalidAddress>(())
    /// ```
    #[must_use]
    pub fn only(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let recipients = indices.into_iter().filter_map(|index| self.recipients.get(index));
        self.with_recipients(recipients.cloned().collect())
    }

    /// Splits the envelope into one for each host of the recipients, in the order of each host's first recipient.
    ///
    /// The recipients of a host keep their order and parameters. The case of letters in a domain does not matter. Each
    /// address literal is a host. The host is `None` for `<Postmaster>` without a domain: the caller chooses the
    /// server. An envelope without recipients yields nothing.
    ///
    /// ```
    /// # use smtp_proto::types::{Envelope, InvalidAddress};
    /// let envelope = Envelope::parse("ann@example.org", ["a@x.example", "b@y.example", "c@X.example"])?;
    /// for (host, part) in envelope.by_domain() {
    ///     match host.unwrap().as_str() {
    ///         "x.example" => assert_eq!(part, envelope.only([0, 2])),
    ///         _ => assert_eq!(part, envelope.only([1])),
    ///     }
    /// }
    /// # Ok::<_, InvalidAddress>(())
    /// ```
    pub fn by_domain(&self) -> impl Iterator<Item = (Option<Host<'static>>, Self)> {
        let mut recipients: Vec<&Recipient> = self.recipients.iter().collect();
        group_by_domain(&mut recipients);
        let mut rest = recipients.into_iter().peekable();
        iter::from_fn(move || {
            let first = rest.next()?;
            let mut part = self.with_recipients(Vec::from([first.clone()]));
            while let Some(next) = rest.next_if(|next| first.shares_domain(next)) {
                part.recipients.push(next.clone());
            }
            let host = first
                .forward_path
                .mailbox()
                .map(|mailbox| mailbox.host().into_owned());
            Some((host, part))
        })
    }

    /// Splits the envelope for a server with these limits (RFC 9422 section 4): no part has more recipients (RCPTMAX)
    /// or recipient domains (RCPTDOMAINMAX).
    ///
    /// Recipients keep their order. If there are too many domains, the recipients of a domain come together. An
    /// envelope within the limits, or without recipients, is the only part.
    ///
    /// RCPTDOMAINMAX counts the domains of a whole session: a part whose domains differ from those of the first part
    /// needs another session.
    ///
    /// ```
    /// use core::num::NonZeroU32;
    /// use smtp_proto::types::{AnnouncedLimits, Envelope};
    ///
    /// let envelope = Envelope::parse("ann@example.org", ["a@example.net", "b@example.net", "c@example.net"])?;
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
        let most_domains = Some(most(limits.rcpt_domain_max())).filter(|most| self.domains().len() > *most);
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
            let mut part = self.with_recipients(Vec::new());
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

    /// Returns an envelope with the same sender and parameters.
    fn with_recipients(&self, recipients: Vec<Recipient>) -> Self {
        Self {
            reverse_path: self.reverse_path.clone(),
            parameters: self.parameters.clone(),
            recipients,
        }
    }

    /// Adds PRDR to the parameters.
    pub(crate) fn with_prdr(mut self) -> Self {
        self.parameters = self.parameters.with_prdr();
        self
    }

    /// Returns the different domains of the recipients, in lower case and in order.
    pub(crate) fn domains(&self) -> Vec<String> {
        let mut domains: Vec<String> = self.recipients.iter().map(Recipient::folded_domain).collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }
}

/// Moves the recipients of each domain to its first recipient.
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

/// One recipient of an [`Envelope`], with its RCPT parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Recipient {
    forward_path: ForwardPath<'static>,
    #[cfg_attr(feature = "serde", serde(default))]
    parameters: RcptParameters<'static>,
}

impl Recipient {
    /// Returns the path of the recipient.
    #[must_use]
    pub const fn forward_path(&self) -> &ForwardPath<'static> {
        &self.forward_path
    }

    /// Returns the RCPT parameters.
    #[must_use]
    pub const fn parameters(&self) -> &RcptParameters<'static> {
        &self.parameters
    }

    /// Returns the text after the `@`: empty for `<Postmaster>`.
    fn domain(&self) -> &str {
        let path = self.forward_path.as_str();
        path.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Returns the domain with ASCII letters in lower case.
    pub(crate) fn folded_domain(&self) -> String {
        self.domain().to_ascii_lowercase()
    }

    fn shares_domain(&self, other: &Self) -> bool {
        self.domain().eq_ignore_ascii_case(other.domain())
    }

    /// Returns true if the recipient can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.forward_path.is_ascii() && self.parameters.is_ascii()
    }
}

#[cfg(test)]
mod tests;
