//! Networks of IP addresses.

use core::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// A network of IP addresses, or one address: `192.0.2.0/24`, `2001:db8::/32`, `127.0.0.1`.
///
/// ```
/// use smtp_driver::IpNetwork;
///
/// let network: IpNetwork = "127.0.0.0/8".parse()?;
/// assert!(network.contains("127.0.0.1".parse()?));
/// assert!(network.contains("::ffff:127.0.0.1".parse()?), "an IPv4 client of an IPv6 socket");
/// assert!(!network.contains("192.0.2.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNetwork(IpNet);

impl IpNetwork {
    /// Returns true if the address is in the network. An IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl From<IpAddr> for IpNetwork {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl FromStr for IpNetwork {
    type Err = InvalidIpNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidIpNetwork> {
        let network = text.parse::<IpNet>().map(|network| Self(network.trunc()));
        network
            .or_else(|_| text.parse::<IpAddr>().map(Self::from))
            .map_err(|_| InvalidIpNetwork)
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The error for a text that is neither an IP address nor a network (address, slash and prefix length).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network: write an IP address, or an IP address, a slash and the length of the prefix")]
#[non_exhaustive]
pub struct InvalidIpNetwork;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_or_a_prefix() {
        for (text, inside, outside) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.7/24", "192.0.2.255", "192.0.3.0"),
            ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
            ("::1", "::1", "::2"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ] {
            let network: IpNetwork = text.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{text}");
            assert!(!network.contains(outside.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "localhost",
            "192.0.2.1/33",
            "192.0.2/24",
            "::1/129",
            "192.0.2.1/",
        ] {
            assert_eq!(text.parse::<IpNetwork>(), Err(InvalidIpNetwork), "{text}");
        }
    }
}
