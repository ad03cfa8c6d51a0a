//! Messages of the crate `mail-builder`.

use std::{borrow::ToOwned, collections::BTreeSet, string::ToString, vec::Vec};

use mail_builder::{
    MessageBuilder,
    headers::{HeaderType, address::Address},
};
use smtp_proto::types::{Envelope, Mailbox};

use super::{IntoMessage, InvalidMessage};

impl IntoMessage for MessageBuilder<'_> {
    type Content = Vec<u8>;

    fn into_message(mut self) -> Result<(Envelope, Vec<u8>), InvalidMessage> {
        let envelope = envelope(&self)?;
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Bcc"));
        let mut octets = Vec::new();
        self.serialize(&mut octets);
        Ok((envelope, octets))
    }
}

impl IntoMessage for &MessageBuilder<'_> {
    type Content = Vec<u8>;

    fn into_message(self) -> Result<(Envelope, Vec<u8>), InvalidMessage> {
        self.clone().into_message()
    }
}

fn envelope(message: &MessageBuilder<'_>) -> Result<Envelope, InvalidMessage> {
    let sender = match addresses(message, &["Sender"])?.first() {
        Some(sender) => *sender,
        None => match *addresses(message, &["From"])? {
            [] => return Err(InvalidMessage::NoSender),
            [author] => author,
            _ => return Err(InvalidMessage::SeveralAuthors),
        },
    };
    let mut envelope = Envelope::new(mailbox(sender)?);
    let mut known = BTreeSet::new();
    for recipient in addresses(message, &["To", "Cc", "Bcc"])? {
        if known.insert(recipient) {
            envelope = envelope.recipient(mailbox(recipient)?);
        }
    }
    if known.is_empty() {
        return Err(InvalidMessage::NoRecipient);
    }
    Ok(envelope)
}

/// Returns the addresses in the fields with these names.
fn addresses<'m>(message: &'m MessageBuilder<'_>, names: &[&str]) -> Result<Vec<&'m str>, InvalidMessage> {
    let mut found = Vec::new();
    for (name, value) in &message.headers {
        if names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) {
            match value {
                HeaderType::Address(address) => collect(address, &mut found),
                _ => return Err(InvalidMessage::NotAddresses(name.to_string())),
            }
        }
    }
    Ok(found)
}

fn collect<'m>(address: &'m Address<'_>, found: &mut Vec<&'m str>) {
    match address {
        Address::Address(address) => found.push(&address.email),
        Address::Group(group) => group.addresses.iter().for_each(|address| collect(address, found)),
        Address::List(list) => list.iter().for_each(|address| collect(address, found)),
    }
}

fn mailbox(address: &str) -> Result<Mailbox<'_>, InvalidMessage> {
    Mailbox::parse(address).map_err(|source| InvalidMessage::Address {
        address: address.to_owned(),
        source,
    })
}
