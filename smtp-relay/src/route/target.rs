//! Targets: hosts to connect to, and the TLS demand on each.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::Peer;
use crate::{Name, tlsa::Association};

/// One host to connect to.
///
/// The caller connects to the addresses in their order, one after the other, or with a new attempt every 250 ms (RFC 8305
/// section 5), and uses the first connection. It connects to only one target at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// The host.
    pub host: Peer,
    /// Its addresses, at least one, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
    /// The port.
    pub port: u16,
    /// The way to begin TLS: STARTTLS or implicit TLS.
    pub start: TlsStart,
    /// The TLS demand on the host. The caller fulfils it or reports [`Outcome::TlsFailed`](super::Outcome::TlsFailed).
    pub tls: TlsDemand,
    /// The use of the keyword REQUIRETLS.
    pub require_tls: Keyword,
}

/// The way to begin TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is nothing else")]
pub enum TlsStart {
    /// STARTTLS (RFC 3207).
    StartTls,
    /// TLS from the first octet (RFC 8314 section 3.3).
    Implicit,
}

/// The TLS demand on a host. Only [`Opportunistic`](Self::Opportunistic), [`Plaintext`](Self::Plaintext) and
/// [`Report`](Self::Report) permit plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "code that does not know a demand must not compile"
)]
pub enum TlsDemand {
    /// STARTTLS with any certificate if the host offers it; otherwise plaintext (RFC 7435). After a failed handshake, close
    /// the connection and report it; the route repeats the target with [`TlsDemand::Plaintext`].
    Opportunistic,
    /// No STARTTLS, because the handshake failed before, or by the settings of a smart host.
    Plaintext,
    /// TLS with any certificate, because the host has TLSA records and none is usable (RFC 7672 section 2.2).
    Encrypted,
    /// TLS with a certificate that matches an association (RFC 7672 section 3).
    Dane {
        /// The associations, at least one.
        associations: Vec<Association>,
        /// The reference identifiers for DANE-TA (RFC 7672 section 3.2.2). The first one is the TLSA base domain, and the
        /// name for SNI (section 8.1).
        names: Vec<Name>,
    },
    /// TLS with a certificate for this name from a trusted authority (RFC 8461 section 4.2). Use the name for SNI, too.
    WebPki {
        /// The name.
        name: Name,
    },
    /// As [`TlsDemand::Opportunistic`], with SNI (RFC 8461 section 5, mode `testing`). Verify the certificate as for
    /// [`TlsDemand::WebPki`], and report a fault with the outcome:
    /// [`Attempted::with_tls_fault`](super::Attempted::with_tls_fault).
    Report {
        /// The name.
        name: Name,
    },
}

/// The use of the keyword REQUIRETLS (RFC 8689).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Keyword {
    /// Do not send the keyword.
    Omit,
    /// Send the keyword if the host offers it in its reply to EHLO under TLS.
    IfOffered,
    /// Send the keyword. If the host does not offer it in its reply to EHLO under TLS, report
    /// [`Outcome::KeywordMissing`](super::Outcome::KeywordMissing) (section 4.2.1).
    Required,
}

impl TlsDemand {
    /// Returns true if the message may be sent without TLS.
    #[must_use]
    pub const fn permits_plaintext(&self) -> bool {
        matches!(self, Self::Opportunistic | Self::Plaintext | Self::Report { .. })
    }
}
