//! Envelopes.

use alloc::vec::Vec;

use super::{Body, ForwardPath, MailParameters, RcptParameters, ReversePath};
use crate::data::Content;

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
    pub fn for_content(mut self, content: &Content) -> Self {
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

    /// Whether it can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.forward_path.is_ascii() && self.parameters.is_ascii()
    }
}

#[cfg(test)]
mod tests;
