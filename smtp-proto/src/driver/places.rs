//! How many connections there may be.

use alloc::collections::BTreeMap;
use core::net::{IpAddr, Ipv6Addr};

/// Counts connections, in all and by peer.
///
/// A peer is an IPv4 address, or an IPv6 network of 64 bits: there, whoever has one address has them all.
#[derive(Debug)]
pub struct ConnectionLimiter {
    most: usize,
    most_per_peer: usize,
    taken: usize,
    /// Those without a connection are not in it.
    by_peer: BTreeMap<IpAddr, usize>,
}

impl ConnectionLimiter {
    /// At most so many connections at a time, in all and of each peer.
    #[must_use]
    pub const fn new(most: usize, most_per_peer: usize) -> Self {
        Self {
            most,
            most_per_peer,
            taken: 0,
            by_peer: BTreeMap::new(),
        }
    }

    /// Takes a place for a connection from this address; `false` when there is none. It has to be
    /// [left](Self::leave) at the end.
    #[must_use]
    pub fn take(&mut self, address: IpAddr) -> bool {
        let peer = network(address);
        let own = self.by_peer.get(&peer).copied().unwrap_or_default();
        if self.taken >= self.most || own >= self.most_per_peer {
            return false;
        }
        self.taken += 1;
        self.by_peer.insert(peer, own + 1);
        true
    }

    /// Gives a place back that was taken for a connection from this address.
    pub fn leave(&mut self, address: IpAddr) {
        let peer = network(address);
        if let Some(own) = self.by_peer.get_mut(&peer) {
            self.taken = self.taken.saturating_sub(1);
            *own -= 1;
            if *own == 0 {
                self.by_peer.remove(&peer);
            }
        }
    }

    /// How many are taken.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }
}

/// What connections are counted by.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
