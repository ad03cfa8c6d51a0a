//! Addresses of servers and peers.

use alloc::string::{String, ToString};
use core::{
    fmt,
    net::{IpAddr, SocketAddr},
};

/// The address of a server to connect to.
///
/// ```
/// use smtp_driver::Address;
///
/// assert_eq!(Address::from("mx.example.org:25"), Address::Tcp("mx.example.org:25".into()));
/// assert_eq!(Address::unix("/run/lmtp.sock").to_string(), "/run/lmtp.sock");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Address {
    /// Host name or IP address, a colon, and the port. An IPv6 address is in brackets.
    Tcp(String),
    /// The path of a Unix socket.
    Unix(String),
}

impl Address {
    /// Creates the address of a Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<String>) -> Self {
        Self::Unix(path.into())
    }
}

impl From<&str> for Address {
    fn from(address: &str) -> Self {
        Self::Tcp(address.into())
    }
}

impl From<&String> for Address {
    fn from(address: &String) -> Self {
        Self::Tcp(address.clone())
    }
}

impl From<String> for Address {
    fn from(address: String) -> Self {
        Self::Tcp(address)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address.to_string())
    }
}

impl From<(&str, u16)> for Address {
    /// A host and a port. The host may be an IPv6 address without brackets.
    fn from((host, port): (&str, u16)) -> Self {
        match host.parse() {
            Ok(address) => SocketAddr::new(address, port).into(),
            Err(_) => Self::Tcp(alloc::format!("{host}:{port}")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) | Self::Unix(address) => f.write_str(address),
        }
    }
}

/// The address of one end of an accepted connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a socket is one or the other")]
pub enum Peer {
    /// An IP address and port.
    Ip(SocketAddr),
    /// A Unix socket.
    Unix,
}

impl Peer {
    /// The IP address. Returns `None` for a Unix socket.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.ip()),
            Self::Unix => None,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix => f.write_str("unix socket"),
        }
    }
}
