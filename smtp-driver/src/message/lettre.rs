//! Messages of the crate `lettre`.

use std::{borrow::ToOwned, vec::Vec};

use lettre::{Address, Message};
use smtp_proto::types::{Envelope, Mailbox, ReversePath};

use super::{IntoMessage, InvalidMessage};

impl IntoMessage for Message {
    type Content = Vec<u8>;

    fn into_message(self) -> Result<(Envelope, Vec<u8>), InvalidMessage> {
        (&self).into_message()
    }
}

impl IntoMessage for &Message {
    type Content = Vec<u8>;

    fn into_message(self) -> Result<(Envelope, Vec<u8>), InvalidMessage> {
        let envelope = match self.envelope().from() {
            Some(sender) => Envelope::new(mailbox(sender)?),
            None => Envelope::new(ReversePath::Null),
        };
        let recipients = self.envelope().to().iter();
        let envelope = recipients
            .map(mailbox)
            .try_fold(envelope, |envelope, recipient| Ok(envelope.recipient(recipient?)))?;
        Ok((envelope, self.formatted()))
    }
}

fn mailbox(address: &Address) -> Result<Mailbox<'_>, InvalidMessage> {
    Mailbox::parse(address.as_ref()).map_err(|source| InvalidMessage::Address {
        address: AsRef::<str>::as_ref(address).to_owned(),
        source,
    })
}
