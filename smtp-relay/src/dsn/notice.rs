//! Notices: the reports about single recipients.

use smtp_proto::types::{EnhancedCode, ForwardPath, Host, OriginalRecipient};

use super::{Action, clean};

/// The report about one recipient (RFC 3464 section 2.3).
///
/// Octets of other hosts need no checks: control characters are dropped, and long texts are cut.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    pub(super) recipient: &'a ForwardPath<'a>,
    pub(super) action: Action,
    pub(super) status: EnhancedCode,
    pub(super) original: Option<&'a OriginalRecipient<'a>>,
    pub(super) remote: Option<&'a Host<'a>>,
    pub(super) reply: Option<&'a [u8]>,
    pub(super) explanation: Option<&'a str>,
    pub(super) last_attempt: Option<u64>,
    pub(super) retried_until: Option<u64>,
}

impl<'a> Notice<'a> {
    /// Creates a notice about a recipient of the envelope. The class of the status should fit the action: 5 or 4 for
    /// failures, 4 for delays, 2 for success.
    #[must_use]
    pub const fn new(recipient: &'a ForwardPath<'a>, action: Action, status: EnhancedCode) -> Self {
        Self {
            recipient,
            action,
            status,
            original: None,
            remote: None,
            reply: None,
            explanation: None,
            last_attempt: None,
            retried_until: None,
        }
    }

    /// Adds ORCPT of the recipient: the field `Original-Recipient` (section 2.3.1).
    #[must_use]
    pub const fn with_original(mut self, original: &'a OriginalRecipient<'a>) -> Self {
        self.original = Some(original);
        self
    }

    /// Adds a host and its last reply, including the code: the fields `Remote-MTA` and `Diagnostic-Code` (sections 2.3.5 and
    /// 2.3.6).
    #[must_use]
    pub const fn with_reply(mut self, host: &'a Host<'a>, reply: &'a [u8]) -> Self {
        self.remote = Some(host);
        self.reply = Some(reply);
        self
    }

    /// Adds the host that accepted the message, without a reply: the field `Remote-MTA`.
    #[must_use]
    pub const fn with_host(mut self, host: &'a Host<'a>) -> Self {
        self.remote = Some(host);
        self
    }

    /// Adds a human-readable sentence about the cause, without a full stop, if no reply of a host explains it.
    #[must_use]
    pub const fn with_explanation(mut self, explanation: &'a str) -> Self {
        self.explanation = Some(explanation);
        self
    }

    /// Adds the time of the last attempt, in seconds since 1970 (section 2.3.7).
    #[must_use]
    pub const fn with_last_attempt(mut self, time: u64) -> Self {
        self.last_attempt = Some(time);
        self
    }

    /// Adds the time at which attempts will end, in seconds since 1970. Only for delays (section 2.3.9).
    #[must_use]
    pub const fn with_retry_until(mut self, time: u64) -> Self {
        self.retried_until = Some(time);
        self
    }

    /// The recipient's address, with its original case (section 2.3.2).
    pub(super) fn address(&self) -> &str {
        match self.recipient.mailbox() {
            // A source route is not part of the address.
            Some(mailbox) => {
                let whole = self.recipient.as_str();
                let start = whole.len().saturating_sub(mailbox.as_str().len());
                whole.get(start..).unwrap_or(whole)
            }
            None => "postmaster",
        }
    }

    /// Returns true if a field needs UTF-8.
    pub(super) fn needs_utf8(&self) -> bool {
        !self.recipient.is_ascii()
            || self
                .original
                .is_some_and(|original| !clean::original_address(original).1.is_ascii())
            || self.remote.is_some_and(|host| !host.as_str().is_ascii())
            || self.reply.is_some_and(|reply| !reply.is_ascii())
            || self.explanation.is_some_and(|text| !text.is_ascii())
    }
}
