//! The settings of a relay, and the facts of one message for its route.

use alloc::vec::Vec;
use core::net::IpAddr;

use smtp_proto::types::{AddressLiteral, Envelope, Host};

use super::Family;
use crate::{InvalidName, Name};

/// The settings of a relay, shared by its routes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The names of this relay in MX records. The relay uses neither these hosts nor hosts with the same or a worse
    /// preference (RFC 5321 section 5.1).
    pub own_names: Vec<Name>,
    /// The addresses of this relay, with the same effect.
    pub own_addresses: Vec<IpAddr>,
    /// The port of mail exchangers and literals. Default: 25. TLSA names contain it.
    pub port: u16,
    /// Maximum hosts of one route. Default: 20, so that a list of dead names ends.
    pub max_hosts: usize,
    /// Maximum addresses of one route to which connections are made. Default: 5 (`smtp_mx_address_limit` of Postfix; RFC 5321
    /// section 5.1 wants at least 2).
    pub max_addresses: usize,
    /// Maximum sessions of one route. Default: 2 (`smtp_mx_session_limit` of Postfix). Connections that fail, and sessions that
    /// end with a TLS failure, do not count.
    pub max_sessions: usize,
    /// The address families of this relay. Default: both.
    pub families: Families,
    /// The use of DANE (RFC 7672). Default: [`Dane::Verify`]. Set [`Dane::Ignore`] if the resolver does not validate DNSSEC.
    pub dane: Dane,
    /// The effect of a failed handshake with a host that has no policy. Default: [`Fallback::Plaintext`].
    pub fallback: Fallback,
}

/// The address families that a relay can connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two families")]
pub enum Families {
    /// Both, alternating, so that a broken family leaves attempts for the other.
    Both,
    /// Only this family.
    Only(Family),
}

/// The use of DANE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Dane {
    /// Look up TLSA records where the DNS is signed.
    Verify,
    /// Look up no TLSA records.
    Ignore,
}

/// The effect of a failed TLS handshake with a host that has no policy (RFC 7435 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Fallback {
    /// Try the host once more, in plaintext, on a new connection.
    Plaintext,
    /// Try the next host.
    NextHost,
}

/// The destination of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// A domain, whose mail exchangers the DNS lists.
    Domain(Name),
    /// An address literal, which needs no lookup.
    Literal(IpAddr),
    /// A relay that accepts mail for all domains.
    SmartHost(SmartHost),
}

/// A relay that accepts mail for all domains.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SmartHost {
    /// Its name or address.
    pub host: Peer,
    /// Its port.
    pub port: u16,
    /// The lookup of its hosts.
    pub lookup: HostLookup,
    /// The TLS policy for it.
    pub tls: SmartHostTls,
}

/// The lookup of the hosts of a smart host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two ways")]
pub enum HostLookup {
    /// The name is a host: look up its addresses. DANE applies. MTA-STS does not, because it concerns MX records.
    Address,
    /// Look up the MX records of the name.
    Mx,
}

/// The TLS policy for a smart host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum SmartHostTls {
    /// Plaintext: no TLS.
    Plaintext,
    /// As for any other host: the policies that it publishes, or else opportunistic TLS.
    Opportunistic,
    /// STARTTLS, and a certificate for its name.
    StartTls,
    /// TLS from the first octet (RFC 8314), and a certificate for its name.
    Implicit,
}

/// A host: by its name, or by its address if it has no name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum Peer {
    /// A host with a name.
    Name(Name),
    /// A host that is known only by its address.
    Address(IpAddr),
}

/// The sender's TLS requirement for a message (RFC 8689).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Need {
    /// No requirement: the policies of the receiver apply.
    #[default]
    Usual,
    /// REQUIRETLS: use only hosts with a verified name and certificate that offer the keyword (section 4.2.1).
    RequireTls,
    /// REQUIRETLS with a null reverse-path: send the keyword if the host offers it, and the message in any case. Otherwise
    /// the notification would be lost unnoticed (section 5).
    RequireTlsIfOffered,
    /// `TLS-Required: No`: the policies of the receiver do not apply (section 4.1).
    Optional,
}

/// The header field `TLS-Required` of a message (RFC 8689 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 8689 section 3 has one value")]
pub enum TlsRequiredField {
    /// The field is missing, or has another value.
    Absent,
    /// `TLS-Required: No`.
    No,
}

/// Earlier attempts for the same recipients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Past {
    /// There were no attempts. A refusal by policy (5.7.z) of a host with IPv4 and IPv6 addresses counts as temporary,
    /// because its policies for the two may differ: for example, some hosts refuse IPv6 clients without a reverse name.
    #[default]
    None,
    /// There were attempts. The last attempt began with this family, so this attempt begins with the other one.
    Over(Family),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            own_names: Vec::new(),
            own_addresses: Vec::new(),
            port: 25,
            max_hosts: 20,
            max_addresses: 5,
            max_sessions: 2,
            families: Families::Both,
            dane: Dane::Verify,
            fallback: Fallback::Plaintext,
        }
    }
}

impl Destination {
    /// Returns the destination of a recipient from the part of the address after the `@`. Converts U-labels to A-labels.
    ///
    /// # Errors
    /// Returns [`InvalidName`] if the domain cannot be a name in the DNS, or the literal is not an IP address. Fail the
    /// recipient with status 5.1.2.
    pub fn of(host: &Host<'_>) -> Result<Self, InvalidName> {
        match host {
            Host::Domain(domain) => Name::try_from(domain).map(Self::Domain),
            Host::Literal(literal) => literal.address().map(Self::Literal).ok_or(InvalidName::Character),
        }
    }
}

impl Destination {
    /// The name whose policies apply (RFC 8461 section 3.4).
    pub(super) const fn name(&self) -> Option<&Name> {
        match self {
            Self::Domain(name)
            | Self::SmartHost(SmartHost {
                host: Peer::Name(name),
                ..
            }) => Some(name),
            Self::SmartHost(_) | Self::Literal(_) => None,
        }
    }
}

impl SmartHost {
    /// Creates a smart host with opportunistic TLS; its addresses are looked up.
    #[must_use]
    pub const fn new(host: Peer, port: u16) -> Self {
        Self {
            host,
            port,
            lookup: HostLookup::Address,
            tls: SmartHostTls::Opportunistic,
        }
    }

    /// Sets the lookup of its hosts.
    #[must_use]
    pub const fn with_lookup(mut self, lookup: HostLookup) -> Self {
        self.lookup = lookup;
        self
    }

    /// Sets the TLS policy for it.
    #[must_use]
    pub const fn with_tls(mut self, tls: SmartHostTls) -> Self {
        self.tls = tls;
        self
    }
}

impl Peer {
    /// The host as written in a notification. Returns `None` if the name contains `_`, which SMTP does not allow.
    #[must_use]
    pub fn to_host(&self) -> Option<Host<'static>> {
        match self {
            Self::Name(name) => Host::parse(name.as_str()).ok().map(Host::into_owned),
            Self::Address(address) => Some(AddressLiteral::from(*address).into()),
        }
    }
}

impl Need {
    /// Returns the TLS requirement of a message. REQUIRETLS takes precedence over the header field (RFC 8689 section 4.1).
    #[must_use]
    pub fn of(envelope: &Envelope, field: TlsRequiredField) -> Self {
        match (envelope.parameters().require_tls(), field) {
            (true, _) if envelope.reverse_path().is_null() => Self::RequireTlsIfOffered,
            (true, _) => Self::RequireTls,
            (false, TlsRequiredField::No) => Self::Optional,
            (false, TlsRequiredField::Absent) => Self::Usual,
        }
    }
}

impl core::fmt::Display for Peer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}
