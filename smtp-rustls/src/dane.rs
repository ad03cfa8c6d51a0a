//! DANE: the certificate of a server, authenticated by the DNS (RFC 7672, RFC 7671).

use std::{fmt, sync::Arc};

use rustls::{
    client::danger::ServerCertVerifier,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName},
};
use sha2::{Digest, Sha256, Sha512};

use crate::{Error, dane::verifier::Verifier};

mod issuer;
mod verifier;

/// A TLSA record: a digest or a copy of a certificate or key (RFC 6698 section 2.1).
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Tlsa {
    /// The certificate usage: 2 for an issuer (DANE-TA), 3 for the server's own certificate (DANE-EE).
    pub usage: u8,
    /// The selector, which is the compared part: 0 for the certificate, 1 for its public key.
    pub selector: u8,
    /// The matching type: 0 for the whole, 1 for SHA-256, 2 for SHA-512.
    pub matching: u8,
    /// The certificate association data.
    pub data: Vec<u8>,
}

impl Tlsa {
    /// Creates a record from its four fields.
    #[must_use]
    pub fn new(usage: u8, selector: u8, matching: u8, data: impl Into<Vec<u8>>) -> Self {
        Self {
            usage,
            selector,
            matching,
            data: data.into(),
        }
    }

    /// Returns true if an SMTP client can use the record.
    ///
    /// PKIX-TA(0), PKIX-EE(1), unknown values, and digests of a wrong length are unusable (RFC 7672 section 3.1.3,
    /// RFC 7671 section 10.1.2).
    #[must_use]
    pub fn is_usable(&self) -> bool {
        let length = match self.matching {
            FULL => !self.data.is_empty(),
            SHA_256 => self.data.len() == 32,
            SHA_512 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, TRUST_ANCHOR | END_ENTITY)
            && matches!(self.selector, CERTIFICATE | PUBLIC_KEY)
            && length
    }

    /// Returns true if the record matches this certificate or its public key.
    fn matches(&self, certificate: &[u8], public_key: &[u8]) -> bool {
        let selected = match self.selector {
            CERTIFICATE => certificate,
            PUBLIC_KEY => public_key,
            _ => return false,
        };
        match self.matching {
            FULL => selected == self.data,
            SHA_256 => Sha256::digest(selected)[..] == self.data,
            SHA_512 => Sha512::digest(selected)[..] == self.data,
            _ => false,
        }
    }
}

/// Shows the record as in a zone file: `3 1 1 8cb2..`.
impl fmt::Debug for Tlsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.usage, self.selector, self.matching)?;
        self.data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// The data for authenticating a server by DANE: its TLSA records, and the permitted names of its certificate (RFC 7672
/// sections 2.2 and 3).
///
/// A server passes if one record matches:
///
/// - DANE-EE(3): the record matches the server's own certificate or key. Names and dates are not checked (section 3.1.1).
/// - DANE-TA(2): the server's certificate is valid, chains to an issuer that the record matches, and has one of the names
///   (section 3.1.2). The issuer must be a certificate authority and valid. The server sends it, or it is the data of a
///   record `2 0 0`. The platform's trust store is not used.
///
/// Of several digests of the same usage and selector, only the strongest is used (RFC 7671 section 9). Names are compared
/// only with the subject alternative names, not with a common name.
#[derive(Clone, Debug)]
pub struct Dane {
    records: Vec<Tlsa>,
    base: ServerName<'static>,
    /// Other names that the certificate may have.
    names: Vec<ServerName<'static>>,
}

impl Dane {
    /// Creates a value from the TLSA records of a server and their base domain. The client requests the base domain as server
    /// name (RFC 7672 section 2.2.3). Drops unusable records.
    ///
    /// # Errors
    ///
    /// [`Error::UnusableTlsa`] if no record is usable: then the client must encrypt without authentication (RFC 7672 section
    /// 2.2, [`ClientSettings::encrypted_unverified`](crate::ClientSettings::encrypted_unverified)). [`Error::Name`] if the
    /// base domain is not a domain.
    pub fn new(records: impl IntoIterator<Item = Tlsa>, base: &str) -> Result<Self, Error> {
        let mut records: Vec<_> = records.into_iter().filter(Tlsa::is_usable).collect();
        let strong: Vec<_> = records
            .iter()
            .filter(|record| record.matching == SHA_512)
            .map(|record| (record.usage, record.selector))
            .collect();
        records.retain(|record| {
            record.matching != SHA_256 || !strong.contains(&(record.usage, record.selector))
        });
        if records.is_empty() {
            return Err(Error::UnusableTlsa);
        }
        Ok(Self {
            records,
            base: domain(base)?,
            names: Vec::new(),
        })
    }

    /// Adds a name that a certificate with a DANE-TA(2) issuer may have instead of the base domain: the next-hop domain, and
    /// the domain of which it is an alias (RFC 7672 section 3.2.2).
    ///
    /// # Errors
    ///
    /// [`Error::Name`] if the name is not a domain.
    pub fn or_name(mut self, name: &str) -> Result<Self, Error> {
        self.names.push(domain(name)?);
        Ok(self)
    }

    /// The usable records.
    #[must_use]
    pub fn records(&self) -> &[Tlsa] {
        &self.records
    }

    /// The TLSA base domain, which the client requests (SNI, RFC 7672 section 8.1).
    #[must_use]
    pub const fn base(&self) -> &ServerName<'static> {
        &self.base
    }

    /// Creates a verifier of servers for settings of rustls. It uses the names of this value, and ignores the server name of
    /// the session.
    #[must_use]
    pub fn verifier(self, provider: &CryptoProvider) -> Arc<dyn ServerCertVerifier> {
        Arc::new(Verifier::new(self, provider.signature_verification_algorithms))
    }

    /// Returns true if a record of this usage matches the certificate.
    fn matches(&self, usage: u8, certificate: &CertificateDer<'_>, public_key: &[u8]) -> bool {
        let mut records = self.records.iter().filter(|record| record.usage == usage);
        records.any(|record| record.matches(certificate, public_key))
    }

    /// The issuers whose whole certificates are in the DNS, so that the server need not send them (RFC 7671 section 5.2).
    fn whole_issuers(&self) -> impl Iterator<Item = CertificateDer<'_>> {
        self.records
            .iter()
            .filter(|record| {
                (record.usage, record.selector, record.matching) == (TRUST_ANCHOR, CERTIFICATE, FULL)
            })
            .map(|record| CertificateDer::from(&record.data[..]))
    }
}

fn domain(name: &str) -> Result<ServerName<'static>, Error> {
    // Names in the DNS may end with the root dot; names in certificates do not.
    let relative = name.strip_suffix('.').unwrap_or(name);
    match ServerName::try_from(relative) {
        Ok(domain @ ServerName::DnsName(_)) => Ok(domain.to_owned()),
        _ => Err(Error::Name(name.to_owned())),
    }
}

/// Certificate usages (RFC 7218 section 2.1).
const TRUST_ANCHOR: u8 = 2;
const END_ENTITY: u8 = 3;

/// Selectors (RFC 7218 section 2.2).
const CERTIFICATE: u8 = 0;
const PUBLIC_KEY: u8 = 1;

/// Matching types (RFC 7218 section 2.3).
const FULL: u8 = 0;
const SHA_256: u8 = 1;
const SHA_512: u8 = 2;
