//! Parameters of RCPT.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::{Notify, OriginalRecipient, OtherParameters, Parameter, Rrvs, write_without_blank};
use crate::syntax::parameter;
use crate::types::{InvalidParameter, ParameterFault};

/// The parameters of RCPT: `Rcpt-parameters = esmtp-param *(SP esmtp-param)` (RFC 5321 section 4.1.2).
///
/// `Display` shows them as they are sent, and [`RcptParameters::parse`] reads that back.
///
/// ```
/// use smtp_proto::types::{Notify, RcptParameters};
///
/// let parameters = RcptParameters::default().with_notify(Notify::FAILURE | Notify::DELAY);
/// assert_eq!(parameters.to_string(), "NOTIFY=FAILURE,DELAY");
/// assert_eq!(RcptParameters::parse("notify=delay,failure")?, parameters);
/// # Ok::<(), smtp_proto::types::InvalidParameter>(())
/// ```
#[derive(Clone, Default)]
pub struct RcptParameters<'a> {
    pub(crate) notify: Option<Notify>,
    pub(crate) original_recipient: Option<OriginalRecipient<'a>>,
    /// Boxed, because it is rare and would enlarge every RCPT command.
    pub(crate) rrvs: Option<Box<Rrvs>>,
    pub(crate) others: OtherParameters<'a>,
}

impl<'a> RcptParameters<'a> {
    /// Parses a list of RCPT parameters, as it follows the path (RFC 5321 section 4.1.2).
    ///
    /// ```abnf
    /// Rcpt-parameters = esmtp-param *(SP esmtp-param)
    /// esmtp-param     = esmtp-keyword ["=" esmtp-value]
    /// ```
    /// Accepts an empty list, and spaces around it.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if a parameter is malformed or given twice, or its value is out of range.
    ///
    /// ```
    /// use smtp_proto::types::{Notify, RcptParameters};
    ///
    /// let parameters = RcptParameters::parse("NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@example.org")?;
    /// assert_eq!(parameters.notify(), Some(Notify::SUCCESS | Notify::DELAY));
    /// # Ok::<_, smtp_proto::types::InvalidParameter>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidParameter> {
        parameter::parse_rcpt_parameters(text)
    }

    /// `NOTIFY`: the events for which the sender wants a notification (RFC 3461 section 4.1).
    #[must_use]
    pub const fn notify(&self) -> Option<Notify> {
        self.notify
    }

    /// `ORCPT`: the recipient as the sender named it originally (RFC 3461 section 4.2).
    #[must_use]
    pub const fn original_recipient(&self) -> Option<&OriginalRecipient<'a>> {
        self.original_recipient.as_ref()
    }

    /// `RRVS`: the time since which the mailbox must have had one owner (RFC 7293 section 3.1).
    #[must_use]
    pub fn rrvs(&self) -> Option<Rrvs> {
        self.rrvs.as_deref().copied()
    }

    /// Iterates over the parameters without a type in this crate, in their order.
    pub fn others(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.others.iter(parameter::is_rcpt_keyword)
    }

    /// Returns true if all values are ASCII.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.original_recipient
            .as_ref()
            .is_none_or(|original| !original.needs_smtputf8())
            && self.others().all(|other| other.value().is_none_or(str::is_ascii))
    }

    /// Sets `NOTIFY`.
    #[must_use]
    pub fn with_notify(mut self, notify: Notify) -> Self {
        self.notify = Some(notify);
        self
    }

    /// Sets `ORCPT`.
    #[must_use]
    pub fn with_original_recipient(mut self, original: OriginalRecipient<'a>) -> Self {
        self.original_recipient = Some(original);
        self
    }

    /// Sets `RRVS`.
    #[must_use]
    pub fn with_rrvs(mut self, rrvs: Rrvs) -> Self {
        self.rrvs = Some(Box::new(rrvs));
        self
    }

    /// Adds a parameter without a type in this crate.
    ///
    /// # Errors
    /// Returns [`InvalidParameter`] if the keyword or the value is malformed, or the keyword has its own method.
    pub fn with_other(mut self, keyword: &str, value: Option<&str>) -> Result<Self, InvalidParameter> {
        if parameter::is_rcpt_keyword(keyword) {
            return Err(InvalidParameter::new(keyword, 0, ParameterFault::Known));
        }
        self.others.push(keyword, value)?;
        Ok(self)
    }

    /// Copies borrowed parameters, so that they borrow nothing.
    #[must_use]
    pub fn into_owned(self) -> RcptParameters<'static> {
        RcptParameters {
            notify: self.notify,
            original_recipient: self.original_recipient.map(OriginalRecipient::into_owned),
            rrvs: self.rrvs,
            others: self.others.into_owned(),
        }
    }
}

impl PartialEq<RcptParameters<'_>> for RcptParameters<'_> {
    fn eq(&self, other: &RcptParameters<'_>) -> bool {
        self.notify == other.notify
            && self.original_recipient == other.original_recipient
            && self.rrvs == other.rrvs
            && self.others().eq(other.others())
    }
}

impl Eq for RcptParameters<'_> {}

impl Hash for RcptParameters<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.notify.hash(state);
        self.original_recipient.hash(state);
        self.rrvs.hash(state);
        self.others().for_each(|other| other.hash(state));
    }
}

impl fmt::Display for RcptParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_without_blank(f, |line| self.write(line))
    }
}

impl fmt::Debug for RcptParameters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RcptParameters")
            .field("notify", &self.notify)
            .field("original_recipient", &self.original_recipient)
            .field("rrvs", &self.rrvs)
            .field("others", &self.others().collect::<Vec<_>>())
            .finish()
    }
}
