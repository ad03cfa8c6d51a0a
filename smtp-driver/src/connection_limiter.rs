//! Limits on the number of connections.

use alloc::collections::BTreeMap;
use core::net::{IpAddr, Ipv6Addr};

/// A counter of connections with limits, in total and per peer.
///
/// A peer is an IPv4 address or an IPv6 /64 network, because one host usually controls a whole /64. Connections to Unix
/// sockets count only in the total.
#[derive(Debug)]
pub struct ConnectionLimiter {
    max: usize,
    max_per_peer: usize,
    taken: usize,
    /// Only peers with at least one open connection have an entry.
    by_peer: BTreeMap<IpAddr, usize>,
}

impl ConnectionLimiter {
    /// Creates a limiter with a maximum number of simultaneous connections, in total and per peer.
    #[must_use]
    pub const fn new(max: usize, max_per_peer: usize) -> Self {
        Self {
            max,
            max_per_peer,
            taken: 0,
            by_peer: BTreeMap::new(),
        }
    }

    /// Counts a connection from this address, or from a Unix socket if there is none. Returns false if a limit is reached.
    /// Call [`leave`](Self::leave) when the connection ends.
    #[must_use]
    pub fn take(&mut self, address: Option<IpAddr>) -> bool {
        if self.taken >= self.max || address.is_some_and(|address| !self.identify(address)) {
            return false;
        }
        self.taken += 1;
        true
    }

    /// Assigns an address to a connection that was [taken](Self::take) without one, because a PROXY header names the client
    /// later. Returns false if the limit of this peer is reached; then the connection still counts only in the total.
    #[must_use]
    pub fn identify(&mut self, address: IpAddr) -> bool {
        let peer = network(address);
        let own = self.by_peer.get(&peer).copied().unwrap_or_default();
        if own >= self.max_per_peer {
            return false;
        }
        self.by_peer.insert(peer, own + 1);
        true
    }

    /// Removes a connection from this address that [`take`](Self::take) or [`identify`](Self::identify) counted.
    pub fn leave(&mut self, address: Option<IpAddr>) {
        let Some(address) = address else {
            self.taken = self.taken.saturating_sub(1);
            return;
        };
        let peer = network(address);
        if let Some(own) = self.by_peer.get_mut(&peer) {
            self.taken = self.taken.saturating_sub(1);
            *own -= 1;
            if *own == 0 {
                self.by_peer.remove(&peer);
            }
        }
    }

    /// Number of open connections.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }
}

/// The key by which connections are counted.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
