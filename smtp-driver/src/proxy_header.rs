//! The header of the PROXY protocol, read and written without I/O.

mod read;
mod write;

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr, SocketAddrV6};

use crc::{CRC_32_ISCSI, Crc};

/// The header of the PROXY protocol: the first octets of a proxy's connection, with the address of its client.
///
/// The [specification](https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt) is HAProxy's. Version 1 is a line of
/// text. Version 2 is binary, and may contain further values.
///
/// ```
/// use smtp_driver::{ProxyHeader, ProxyVersion};
///
/// let (source, destination) = ("192.0.2.7:40000".parse()?, "192.0.2.25:25".parse()?);
/// let header = ProxyHeader::new(ProxyVersion::V1, source, destination);
/// assert_eq!(header.to_octets(), b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\n");
///
/// let input = b"PROXY TCP4 192.0.2.7 192.0.2.25 40000 25\r\nEHLO client.example\r\n";
/// let (read, octets) = ProxyHeader::parse(input)?.ok_or("incomplete")?;
/// assert_eq!(read.source(), Some(source));
/// assert_eq!(&input[octets..], b"EHLO client.example\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProxyHeader {
    version: ProxyVersion,
    addresses: ProxyAddresses,
    has_checksum: bool,
    /// The values as sent, one after the other, without the checksum.
    tlvs: Vec<u8>,
}

/// The version of a [`ProxyHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a version 3 would be another protocol")]
pub enum ProxyVersion {
    /// A line of text (section 2.1).
    V1,
    /// Binary (section 2.2).
    V2,
}

/// The addresses in a [`ProxyHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyAddresses {
    /// The proxy connected for itself, for example to check if the server is alive: `LOCAL` of version 2. Use the addresses
    /// of the connection.
    Local,
    /// The proxy does not know its client, or the client did not connect by TCP: `UNKNOWN` of version 1, `AF_UNSPEC` of
    /// version 2. Use the addresses of the connection.
    Unknown,
    /// A client connected to the proxy by TCP: `TCP4` and `TCP6`.
    Tcp {
        /// The address of the client.
        source: SocketAddr,
        /// The address that the client connected to.
        destination: SocketAddr,
    },
}

impl ProxyHeader {
    /// Maximum octets of a header of version 1, with its line end (section 2.1).
    pub const MAX_V1: usize = 107;

    /// Maximum octets of a header of version 2 after its first 16. The protocol allows 65,535, but proxies send far fewer.
    pub const MAX_V2: usize = 4096;

    /// The kind of the value with the protocol that the client selected by ALPN, such as `smtp`.
    pub const ALPN: u8 = 0x01;

    /// The kind of the value with the host name that the client requested in the TLS handshake.
    pub const AUTHORITY: u8 = 0x02;

    /// The kind of the value that identifies the connection, up to 128 octets.
    pub const UNIQUE_ID: u8 = 0x05;

    /// The kind of the value about TLS between client and proxy (section 2.2.5). It is a claim of the proxy; this connection
    /// may be plaintext.
    pub const SSL: u8 = 0x20;

    /// Creates a header for a client that connected by TCP. If one address is IPv4 and the other IPv6, the IPv4 address
    /// becomes an IPv4-mapped IPv6 address.
    #[must_use]
    pub fn new(version: ProxyVersion, source: SocketAddr, destination: SocketAddr) -> Self {
        let (source, destination) = match (source, destination) {
            (SocketAddr::V4(_), SocketAddr::V4(_)) | (SocketAddr::V6(_), SocketAddr::V6(_)) => {
                (source, destination)
            }
            _ => (mapped(source), mapped(destination)),
        };
        Self::of(version, ProxyAddresses::Tcp { source, destination })
    }

    /// Creates a header for a connection of the proxy itself. Version 1 writes it as `UNKNOWN`.
    #[must_use]
    pub const fn local(version: ProxyVersion) -> Self {
        match version {
            ProxyVersion::V1 => Self::unknown(version),
            ProxyVersion::V2 => Self::of(version, ProxyAddresses::Local),
        }
    }

    /// Creates a header for a client whose address is not known.
    #[must_use]
    pub const fn unknown(version: ProxyVersion) -> Self {
        Self::of(version, ProxyAddresses::Unknown)
    }

    const fn of(version: ProxyVersion, addresses: ProxyAddresses) -> Self {
        Self {
            version,
            addresses,
            has_checksum: false,
            tlvs: Vec::new(),
        }
    }

    /// Adds a value (TLV) to a header of version 2, such as [`ALPN`](Self::ALPN) or one of your own from 0xE0 to 0xEF.
    ///
    /// # Errors
    ///
    /// [`InvalidProxyHeader::Value`] if the header has version 1, or the value is the checksum.
    /// [`InvalidProxyHeader::TooLong`] if the header would exceed [`MAX_V2`](Self::MAX_V2).
    pub fn with_value(mut self, kind: u8, value: &[u8]) -> Result<Self, InvalidProxyHeader> {
        if self.version == ProxyVersion::V1 || kind == CHECKSUM {
            return Err(InvalidProxyHeader::Value);
        }
        let most = Self::MAX_V2 - ADDRESSES_V6 - TLV_HEADER - CHECKSUM_OCTETS;
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        if self.tlvs.len() + TLV_HEADER + value.len() > most {
            return Err(InvalidProxyHeader::TooLong);
        }
        self.tlvs.push(kind);
        self.tlvs.extend_from_slice(&length.to_be_bytes());
        self.tlvs.extend_from_slice(value);
        Ok(self)
    }

    /// Adds a checksum (CRC32c) to a header of version 2. Has no effect on version 1.
    #[must_use]
    pub fn with_checksum(mut self) -> Self {
        self.has_checksum = self.version == ProxyVersion::V2;
        self
    }

    /// Parses a header at the start of the input. Returns the header and its length in octets, or `None` if the header is
    /// incomplete. The octets after it belong to the session.
    ///
    /// The result does not depend on the octets after the header; after an error, more input gives the same error.
    ///
    /// # Errors
    ///
    /// If the input does not begin with a header, or if the header is malformed, too long, or fails its checksum.
    ///
    /// ```
    /// use smtp_driver::{InvalidProxyHeader, ProxyHeader};
    ///
    /// assert_eq!(ProxyHeader::parse(b"PROXY UNKNO"), Ok(None));
    /// assert_eq!(ProxyHeader::parse(b"EHLO client.example\r\n"), Err(InvalidProxyHeader::Missing));
    /// ```
    pub fn parse(input: &[u8]) -> Result<Option<(Self, usize)>, InvalidProxyHeader> {
        read::header(input)
    }

    /// Returns the octets to send.
    #[must_use]
    pub fn to_octets(&self) -> Vec<u8> {
        write::header(self)
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> ProxyVersion {
        self.version
    }

    /// The addresses.
    #[must_use]
    pub const fn addresses(&self) -> ProxyAddresses {
        self.addresses
    }

    /// The address of the client. Returns `None` if the header has none: use the address of the connection.
    #[must_use]
    pub const fn source(&self) -> Option<SocketAddr> {
        match self.addresses {
            ProxyAddresses::Tcp { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The address that the client connected to. Returns `None` if the header has none: use the address of the connection.
    #[must_use]
    pub const fn destination(&self) -> Option<SocketAddr> {
        match self.addresses {
            ProxyAddresses::Tcp { destination, .. } => Some(destination),
            _ => None,
        }
    }

    /// Returns true if the header has a checksum. [`parse`](Self::parse) has verified it.
    #[must_use]
    pub const fn has_checksum(&self) -> bool {
        self.has_checksum
    }

    /// The further values of version 2 (TLVs) as kind and octets, in the order of the header, without the checksum.
    pub fn values(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = &*self.tlvs;
        core::iter::from_fn(move || {
            let ([kind, high, low], after) = rest.split_first_chunk()?;
            let (value, after) = after.split_at_checked(u16::from_be_bytes([*high, *low]).into())?;
            rest = after;
            Some((*kind, value))
        })
    }

    /// The first value of this kind. Returns `None` if there is none.
    #[must_use]
    pub fn value(&self, kind: u8) -> Option<&[u8]> {
        self.values()
            .find_map(|(of, value)| (of == kind).then_some(value))
    }
}

/// A fault in a header of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxyHeader {
    /// There is no header.
    #[error("connection does not begin with a PROXY header")]
    Missing,
    /// The line of version 1 is not one of the forms in the specification.
    #[error("PROXY header is malformed")]
    Malformed,
    /// The header is longer than [`ProxyHeader::MAX_V1`] or [`ProxyHeader::MAX_V2`].
    #[error("PROXY header is too long")]
    TooLong,
    /// The binary header has a version other than 2, or a command other than `LOCAL` and `PROXY`.
    #[error("PROXY header has an unknown version or command")]
    Version,
    /// The binary header has an address family that the specification does not define.
    #[error("PROXY header has an unknown address family")]
    Family,
    /// The binary header is too short for its addresses.
    #[error("PROXY header is too short for its addresses")]
    Addresses,
    /// A value (TLV) is malformed, or not allowed there.
    #[error("value of the PROXY header is malformed")]
    Value,
    /// The checksum is wrong.
    #[error("checksum of the PROXY header is wrong")]
    Checksum,
}

fn mapped(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) => SocketAddrV6::new(ip.to_ipv6_mapped(), address.port(), 0, 0).into(),
        IpAddr::V6(_) => address,
    }
}

/// The first octets of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The kind of the value with the checksum.
const CHECKSUM: u8 = 0x03;

const CHECKSUM_OCTETS: usize = 4;

/// Octets of a value before its content: kind and length.
const TLV_HEADER: usize = 3;

/// Octets of a block with IPv6 addresses, the longest that is written.
const ADDRESSES_V6: usize = 36;

/// The checksum of version 2 (section 2.2.4).
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

#[cfg(test)]
mod tests;
