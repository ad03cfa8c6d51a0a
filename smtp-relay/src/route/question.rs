//! Questions of a route, and their answers.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, net::IpAddr};

use super::findings::PolicyFault;
use crate::{Name, sts::Policy, tlsa::Tlsa};

/// A question to the DNS, or to a cache of MTA-STS policies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Question {
    /// The MX records of a domain. The caller follows aliases.
    Mx(Name),
    /// The addresses of a host, of one family. The caller follows aliases.
    Addresses(Name, Family),
    /// The CNAME record of a name that is an alias. Do not follow it: the route needs only its security (RFC 7672 section
    /// 2.1.3).
    Cname(Name),
    /// The TLSA records of a port of a host. The caller follows aliases.
    Tlsa {
        /// The port.
        port: u16,
        /// The TLSA base domain (RFC 7672 section 2.2.3).
        host: Name,
    },
    /// The MTA-STS policy in force for a domain: see [`sts`](crate::sts).
    Sts(Name),
}

/// An address family, and its record type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two families")]
pub enum Family {
    /// IPv4: A.
    V4,
    /// IPv6: AAAA.
    V6,
}

/// The result of DNSSEC validation (RFC 4035 section 4.3). Bogus and indeterminate answers are [`Answer::Failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 4035 section 4.3")]
pub enum Security {
    /// The zone is provably unsigned, or the resolver does not validate.
    Insecure,
    /// The whole chain of aliases and records was validated.
    Secure,
}

/// An answer to a question. `name` is the name at the end of all aliases; `security` is that of the whole chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// MX records, in any order.
    Mx {
        /// The name at the end of the aliases.
        name: Name,
        /// The records.
        records: Vec<Mx>,
        /// The security of the whole chain.
        security: Security,
    },
    /// Addresses of the requested family, in the order in which they should be tried.
    Addresses {
        /// The name at the end of the aliases.
        name: Name,
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// The security of the whole chain.
        security: Security,
    },
    /// The name is an alias.
    Cname {
        /// The security of the CNAME record alone.
        security: Security,
    },
    /// TLSA records.
    Tlsa {
        /// The records.
        records: Vec<Tlsa>,
        /// The security of the whole chain.
        security: Security,
    },
    /// The MTA-STS policy in force, and a fault to report. A policy of mode `none` is the same as no policy.
    Sts {
        /// The policy in force.
        policy: Option<Policy>,
        /// The reason why the policy could not be fetched, or a new policy could not be used.
        fault: Option<PolicyFault>,
    },
    /// There are no records of this type.
    None {
        /// The extent of the denial.
        denied: Denied,
        /// The security of the denial.
        security: Security,
    },
    /// The lookup failed.
    Failed(DnsFault),
}

/// An MX record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "RFC 1035 section 3.3.9 has these two")]
pub struct Mx {
    /// The preference: hosts with lower numbers come first.
    pub preference: u16,
    /// The mail exchanger.
    pub exchange: Exchange,
}

/// The mail exchanger of an MX record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Exchange {
    /// A host.
    Host(Name),
    /// An address in place of a name. RFC 5321 section 5.1 forbids it, but some domains publish it. No policy can name such a
    /// host.
    Address(IpAddr),
    /// The root: a null MX if it is the only record (RFC 7505 section 3).
    Root,
    /// A text that cannot be the name of a host.
    Malformed,
}

/// The extent of a denial: the name, or the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 2308 section 2 has these two")]
pub enum Denied {
    /// NXDOMAIN: the name does not exist.
    Name,
    /// NODATA: the name has no record of this type.
    Type,
}

/// The reason why a lookup failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum DnsFault {
    /// SERVFAIL, a timeout, a malformed answer, or too many aliases.
    Unavailable,
    /// Validation failed or was impossible: the answer is bogus or indeterminate (RFC 4035 section 4.3).
    Bogus,
}

impl Question {
    /// The name to look up, without the root dot. For [`Question::Sts`] it is the name of the TXT record.
    ///
    /// ```
    /// use smtp_relay::{Name, route::Question};
    ///
    /// let host = Name::parse("mx1.example.org")?;
    /// assert_eq!(Question::Tlsa { port: 25, host }.owner(), "_25._tcp.mx1.example.org");
    /// # Ok::<(), smtp_relay::InvalidName>(())
    /// ```
    #[must_use]
    pub fn owner(&self) -> String {
        match self {
            Self::Mx(name) | Self::Addresses(name, _) | Self::Cname(name) => name.as_str().into(),
            Self::Tlsa { port, host } => format!("_{port}._tcp.{host}"),
            Self::Sts(domain) => format!("_mta-sts.{domain}"),
        }
    }

    /// The record type to look up.
    #[must_use]
    pub const fn record_type(&self) -> &'static str {
        match self {
            Self::Mx(_) => "MX",
            Self::Addresses(_, Family::V4) => "A",
            Self::Addresses(_, Family::V6) => "AAAA",
            Self::Cname(_) => "CNAME",
            Self::Tlsa { .. } => "TLSA",
            Self::Sts(_) => "TXT",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.owner(), self.record_type())
    }
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The other family.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }
}

impl Mx {
    /// Creates a record from the text of the name, with or without the root dot.
    #[must_use]
    pub fn new(preference: u16, exchange: &str) -> Self {
        Self {
            preference,
            exchange: Exchange::parse(exchange),
        }
    }
}

impl Exchange {
    /// Parses the name of a mail exchanger. Never fails: see [`Exchange::Malformed`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Self::Root;
        }
        if let Ok(address) = name.parse() {
            return Self::Address(address);
        }
        Name::parse(name).map_or(Self::Malformed, Self::Host)
    }
}
