//! The next hop of a recipient.

use smtp_proto::types::{ForwardPath, Rejection};
use smtp_relay::route::{Destination, SmartHost};

/// The rejection for a recipient whose domain can be no name in the DNS.
const NO_DOMAIN: Rejection =
    Rejection::from_static(553, (5, 1, 2), "the domain of the recipient is malformed");

/// The way of all mail.
#[derive(Clone, Debug)]
pub(crate) enum Routing {
    /// To the mail exchangers of each domain.
    ByDomain,
    /// To a smart host.
    SmartHost(SmartHost),
}

impl Routing {
    /// The destination of a recipient.
    ///
    /// # Errors
    ///
    /// The rejection for the client, if there can be none.
    pub(crate) fn destination(&self, recipient: &ForwardPath<'_>) -> Result<Destination, Rejection> {
        let own = match recipient.mailbox() {
            Some(mailbox) => Destination::of(&mailbox.host()).map_err(|_| NO_DOMAIN)?,
            // `<Postmaster>` is that of this host, and there are no mailboxes here.
            None => return Err(Rejection::NO_SUCH_USER),
        };
        Ok(match self {
            Self::ByDomain => own,
            Self::SmartHost(host) => Destination::SmartHost(host.clone()),
        })
    }

    /// The name of the next hop in the spool. Recipients that share it are delivered together.
    pub(crate) fn next_hop(&self, recipient: &ForwardPath<'_>) -> Result<String, Rejection> {
        Ok(match self.destination(recipient)? {
            Destination::Domain(name) => name.to_string(),
            Destination::Literal(address) => format!("[{address}]"),
            Destination::SmartHost(host) => format!("{}:{}", host.host, host.port),
            _ => return Err(NO_DOMAIN),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_share_a_next_hop_in_any_case_and_form() {
        let next_hop = |address| Routing::ByDomain.next_hop(&ForwardPath::parse(address).unwrap());
        assert_eq!(next_hop("u@EXAMPLE.org"), Ok("example.org".into()));
        assert_eq!(next_hop("u@bücher.example"), next_hop("u@xn--bcher-kva.example"));
        assert_eq!(next_hop("u@[192.0.2.1]"), Ok("[192.0.2.1]".into()));
        assert_eq!(next_hop("u@[IPv6:2001:db8::1]"), Ok("[2001:db8::1]".into()));
        assert_eq!(next_hop("Postmaster"), Err(Rejection::NO_SUCH_USER));
    }
}
