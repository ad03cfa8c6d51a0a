//! Messages of other crates, with the envelope that their header implies.

#[cfg(feature = "lettre")]
mod lettre;
#[cfg(feature = "mail-builder")]
mod mail_builder;

use std::string::String;

use smtp_proto::types::{Envelope, InvalidAddress};

/// A message with its envelope, for [`Mailer::send`](crate::Mailer::send).
///
/// The trait is implemented for `(Envelope, octets)`, and for the messages of two crates, behind features of the same names:
///
/// - `mail-builder`: `MessageBuilder`, and a reference to it, which is cloned. The sender is the address in `Sender`, or else
///   in `From`; the recipients are those in `To`, `Cc` and `Bcc`. The message is sent without its `Bcc` fields (RFC 5322
///   section 3.6.3). `Resent-` fields are ignored.
/// - `lettre`: `Message`, and a reference to it, with the envelope that it contains.
pub trait IntoMessage {
    /// The octets of the message.
    type Content: AsRef<[u8]>;

    /// Returns the envelope and the octets.
    ///
    /// # Errors
    ///
    /// If no envelope can be built from the header.
    fn into_message(self) -> Result<(Envelope, Self::Content), InvalidMessage>;
}

impl<C: AsRef<[u8]>> IntoMessage for (Envelope, C) {
    type Content = C;

    fn into_message(self) -> Result<(Envelope, C), InvalidMessage> {
        Ok(self)
    }
}

/// A fault in a message from which no envelope can be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// There is no sender.
    #[error("message has no sender: add From")]
    NoSender,
    /// Several addresses in From, and no Sender (RFC 5322 section 3.6.2).
    #[error("message has several authors and no sender: add Sender")]
    SeveralAuthors,
    /// There is no recipient.
    #[error("message has no recipient: add To, Cc or Bcc")]
    NoRecipient,
    /// This field contains something other than addresses.
    #[error("field {0} has no parsed addresses: use an address header")]
    NotAddresses(String),
    /// This address is malformed.
    #[error("invalid address {address:?}")]
    #[non_exhaustive]
    Address {
        /// The address.
        address: String,
        /// The fault.
        source: InvalidAddress,
    },
}

#[cfg(test)]
mod tests;
