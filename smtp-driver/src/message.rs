//! Messages of other crates, with the envelope that their header implies.

#[cfg(feature = "lettre")]
mod lettre;
#[cfg(feature = "mail-builder")]
mod mail_builder;

use std::string::String;

use smtp_proto::types::{Envelope, InvalidAddress};

/// A message with its envelope, for [`Mailer::send`](crate::Mailer::send).
///
/// It is implemented for an envelope with octets, and for the messages of two crates, if the feature of the same name is
/// enabled:
///
/// - `mail-builder`: `MessageBuilder` and a reference to it, which is cloned. The sender is the address of Sender, or the
///   one of From; the recipients are those of To, Cc and Bcc. The `Bcc` fields are left out of the message (RFC 5322 section
///   3.6.3). `Resent-` fields are ignored.
/// - `lettre`: `Message` and a reference to it, with its own envelope.
pub trait IntoMessage {
    /// The octets of the message.
    type Content: AsRef<[u8]>;

    /// Returns the envelope and the octets.
    ///
    /// # Errors
    ///
    /// If the header has no envelope.
    fn into_message(self) -> Result<(Envelope, Self::Content), InvalidMessage>;
}

impl<C: AsRef<[u8]>> IntoMessage for (Envelope, C) {
    type Content = C;

    fn into_message(self) -> Result<(Envelope, C), InvalidMessage> {
        Ok(self)
    }
}

/// A fault in a message from which no envelope can be made.
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
    /// A field has something else than addresses.
    #[error("field {0} has no parsed addresses: use an address header")]
    NotAddresses(String),
    /// An address is malformed.
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
