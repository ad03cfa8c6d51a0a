//! Clients that may relay.

use smtp_driver::{IpNetwork, Peer};
use smtp_proto::types::{ForwardPath, Rejection};
use smtp_relay::{Name, route::Destination};

/// The networks of own clients, and the domains to which every client may send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Who {
    networks: Vec<IpNetwork>,
    domains: Vec<Name>,
}

/// A client that sends a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    pub(crate) peer: Peer,
    pub(crate) identity: Option<&'a str>,
    /// True if own clients may use the listener without a login.
    pub(crate) network_counts: bool,
}

impl Who {
    /// # Errors
    ///
    /// If a domain cannot be a name in the DNS.
    pub(crate) fn new(networks: &[IpNetwork], domains: &[String]) -> Result<Self, String> {
        let domains = domains.iter().map(|domain| {
            let path = ForwardPath::parse(&format!("postmaster@{domain}")).map(ForwardPath::into_owned);
            let destination = path
                .ok()
                .and_then(|path| Destination::of(&path.mailbox()?.host()).ok());
            match destination {
                Some(Destination::Domain(name)) => Ok(name),
                _ => Err(format!("--relay-domain {domain:?}: not a domain")),
            }
        });
        Ok(Self {
            networks: networks.to_vec(),
            domains: domains.collect::<Result<_, _>>()?,
        })
    }

    /// Checks a recipient.
    ///
    /// # Errors
    ///
    /// The rejection for the recipient.
    pub(crate) fn check(&self, client: Client<'_>, recipient: &ForwardPath<'_>) -> Result<(), Rejection> {
        let in_network = |network: &IpNetwork| client.peer.ip().is_some_and(|peer| network.contains(peer));
        if client.identity.is_some() || client.network_counts && self.networks.iter().any(in_network) {
            return Ok(());
        }
        let mailbox = recipient.mailbox().ok_or(Rejection::RELAY_DENIED)?;
        // A local part with the name of another host requests relaying: user%host, host!user, "user@host".
        let names_host = mailbox.local_part().contains(['%', '!', '@'])
            || recipient.as_str().contains(':') && recipient.as_str().starts_with('@');
        match Destination::of(&mailbox.host()) {
            Ok(Destination::Domain(name)) if !names_host && self.domains.contains(&name) => Ok(()),
            _ => Err(Rejection::RELAY_DENIED),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use super::*;

    fn check(peer: &str, identity: Option<&str>, network_counts: bool, recipient: &str) -> bool {
        let who = Who::new(&["192.0.2.0/24".parse().unwrap()], &["Example.org".into()]).unwrap();
        let peer = Peer::Ip(SocketAddr::new(peer.parse::<IpAddr>().unwrap(), 40_000));
        let client = Client {
            peer,
            identity,
            network_counts,
        };
        who.check(client, &ForwardPath::parse(recipient).unwrap()).is_ok()
    }

    #[test]
    fn own_clients_may_send_anywhere() {
        assert!(check("192.0.2.5", None, true, "u@other.example"));
        assert!(check("::ffff:192.0.2.5", None, true, "u@other.example"));
        assert!(!check("192.0.2.5", None, false, "u@other.example"));
        assert!(!check("198.51.100.1", None, true, "u@other.example"));
        assert!(check("198.51.100.1", Some("joe"), false, "u@other.example"));
    }

    #[test]
    fn everybody_may_send_to_a_relay_domain_and_to_nothing_like_it() {
        assert!(check("198.51.100.1", None, true, "u@EXAMPLE.org"));
        for recipient in [
            "u@sub.example.org",
            "u@evilexample.org",
            "u@example.org.evil.example",
            "u%other.example@example.org",
            "other.example!u@example.org",
            "\"u@other.example\"@example.org",
            "u@[192.0.2.1]",
            "Postmaster",
        ] {
            assert!(!check("198.51.100.1", None, true, recipient), "{recipient}");
        }
    }
}
