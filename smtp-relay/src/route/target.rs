//! Targets: hosts to connect to, and the TLS that each must have.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Peer;
use crate::{Name, tlsa::Association};

/// One host to connect to.
///
/// The caller connects to the addresses in their order, one after the other or each some time after the one before (RFC 8305
/// section 5 has 250 ms), and uses the first connection. It never connects to two targets at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The host.
    pub host: Peer,
    /// Its addresses, at least one, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
    /// The port.
    pub port: u16,
    /// The beginning of TLS.
    pub start: TlsStart,
    /// The demand on TLS. The caller fulfils it or reports [`Outcome::TlsFailed`](super::Outcome::TlsFailed).
    pub tls: TlsDemand,
    /// The use of the keyword REQUIRETLS.
    pub require_tls: Keyword,
}

/// The beginning of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum TlsStart {
    /// STARTTLS (RFC 3207).
    StartTls,
    /// TLS from the first octet (RFC 8314 section 3.3).
    Implicit,
}

/// The demand on TLS. Only [`Opportunistic`](Self::Opportunistic), [`Plaintext`](Self::Plaintext) and [`Report`](Self::Report) permit plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that does not know a demand must not compile"
)]
pub enum TlsDemand {
    /// STARTTLS if it is offered, with any certificate; otherwise plaintext (RFC 7435). After a failed handshake the caller
    /// closes the connection and reports it; the route repeats the target with [`TlsDemand::Plaintext`].
    Opportunistic,
    /// No STARTTLS: the handshake has failed before, or the settings of a smart host say so.
    Plaintext,
    /// TLS with any certificate: the host has TLSA records, and none is usable (RFC 7672 section 2.2).
    Encrypted,
    /// TLS with a certificate that matches an association (RFC 7672 section 3).
    Dane {
        /// The associations, at least one.
        associations: Vec<Association>,
        /// The reference identifiers for DANE-TA (RFC 7672 section 3.2.2). The first one is the TLSA base domain, and the
        /// name for SNI (section 8.1).
        names: Vec<Name>,
    },
    /// TLS with a certificate for this name from a trusted authority (RFC 8461 section 4.2). The name is that for SNI, too.
    WebPki {
        /// The name.
        name: Name,
    },
    /// As [`TlsDemand::Opportunistic`], with SNI. The caller checks the certificate as for [`TlsDemand::WebPki`], and reports
    /// a fault beside the outcome: [`Attempted::with_tls_fault`](super::Attempted::with_tls_fault) (RFC 8461 section 5,
    /// mode `testing`).
    Report {
        /// The name.
        name: Name,
    },
}

/// The use of the keyword REQUIRETLS (RFC 8689).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Keyword {
    /// Not sent.
    Omit,
    /// Sent if the host offers it in its reply to EHLO under TLS.
    IfOffered,
    /// Sent. The caller reports [`Outcome::KeywordMissing`](super::Outcome::KeywordMissing) if the host does not offer it in
    /// its reply to EHLO under TLS (section 4.2.1).
    Required,
}

impl TlsDemand {
    /// Returns true if the message may be sent without TLS.
    #[must_use]
    pub const fn permits_plaintext(&self) -> bool {
        matches!(self, Self::Opportunistic | Self::Plaintext | Self::Report { .. })
    }
}
