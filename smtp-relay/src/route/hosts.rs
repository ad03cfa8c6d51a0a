//! The hosts of a destination, in the order in which they are tried (RFC 5321 section 5.1).

use alloc::{collections::VecDeque, vec, vec::Vec};
use core::net::IpAddr;

use super::{Answer, Config, Denied, Exchange, Mx, Peer, Reason, Security, level::contains};
use crate::{Name, random::Random};

/// The hosts not yet tried, best first.
#[derive(Debug)]
pub(super) struct Hosts {
    list: VecDeque<Host>,
    /// The number of preferences removed from the list.
    removed: usize,
    /// The security of the list.
    pub(super) security: Security,
    /// The name of the next hop at the end of its aliases.
    pub(super) expanded: Option<Name>,
    position: Position,
}

/// A host and its preference.
#[derive(Clone, Debug)]
pub(super) struct Host {
    preference: u16,
    pub(super) peer: Peer,
}

/// The position of this relay among the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Not among the hosts, as far as is known.
    Outside,
    /// Less preferred than the hosts in the list.
    Backup,
    /// Not checked, because the settings or the sender chose the host: a smart host or a literal.
    Irrelevant,
}

impl Hosts {
    /// Creates the list for a destination that is one chosen host.
    pub(super) fn chosen(peer: Peer) -> Self {
        Self {
            list: VecDeque::from([Host { preference: 0, peer }]),
            removed: 0,
            // The name is not from the DNS, so it cannot be forged there.
            security: Security::Secure,
            expanded: None,
            position: Position::Irrelevant,
        }
    }

    /// Creates the list for a domain from the answer for its MX records. Fails with [`Reason::Dns`] if the lookup failed.
    pub(super) fn of(
        domain: &Name,
        answer: Answer,
        config: &Config,
        random: &mut Random,
    ) -> Result<Self, Reason> {
        let (name, mut records, security) = match answer {
            Answer::Mx {
                name,
                records,
                security,
            } if !records.is_empty() => (name, records, security),
            Answer::None {
                denied: Denied::Name, ..
            } => return Err(Reason::NoSuchDomain),
            // The domain is its own only exchanger (implicit MX, RFC 5321 section 5.1).
            Answer::None { security, .. } | Answer::Mx { security, .. } => {
                let exchange = Exchange::Host(domain.clone());
                (
                    domain.clone(),
                    vec![Mx {
                        preference: 0,
                        exchange,
                    }],
                    security,
                )
            }
            _ => return Err(Reason::Dns),
        };
        if matches!(
            &records[..],
            [Mx {
                exchange: Exchange::Root,
                ..
            }]
        ) {
            return Err(Reason::NullMx);
        }
        random.shuffle(&mut records);
        records.sort_by_key(|record| record.preference); // stable: equal preferences remain shuffled
        let mut position = Position::Outside;
        if let Some(own) = records.iter().find(|record| is_own(record, config)) {
            let own = own.preference;
            records.retain(|record| record.preference < own);
            position = Position::Backup;
            if records.is_empty() {
                return Err(Reason::LoopsBack);
            }
        }
        let mut list = VecDeque::<Host>::new();
        for host in records.into_iter().filter_map(Host::of) {
            if list.len() == config.max_hosts {
                break;
            }
            // If a host is listed twice, its better preference counts.
            if list.iter().all(|other| other.peer != host.peer) {
                list.push_back(host);
            }
        }
        if list.is_empty() {
            return Err(Reason::NoAddress);
        }
        Ok(Self {
            list,
            removed: 0,
            security,
            expanded: Some(name),
            position,
        })
    }

    /// Removes the hosts of the best preference, and returns them.
    pub(super) fn best(&mut self) -> Vec<Host> {
        let Some(preference) = self.list.front().map(|host| host.preference) else {
            return Vec::new();
        };
        self.removed += 1;
        let number = self
            .list
            .iter()
            .take_while(|host| host.preference == preference)
            .count();
        self.list.drain(..number).collect()
    }

    /// The number of hosts that are left.
    pub(super) fn left(&self) -> usize {
        self.list.len()
    }

    /// Removes all hosts, because this relay is among those removed last. Returns true if there were better hosts.
    pub(super) fn cut(&mut self) -> bool {
        self.list.clear();
        self.position = Position::Backup;
        self.removed > 1
    }

    /// The addresses of this relay, or none if hosts with these addresses may be used.
    pub(super) fn own_addresses<'c>(&self, config: &'c Config) -> &'c [IpAddr] {
        match self.position {
            Position::Irrelevant => &[],
            Position::Outside | Position::Backup => &config.own_addresses,
        }
    }

    /// Returns true if this relay is a host of the destination, and the hosts in the list are better.
    pub(super) fn is_backup(&self) -> bool {
        self.position == Position::Backup
    }
}

impl Host {
    fn of(record: Mx) -> Option<Self> {
        let peer = match record.exchange {
            Exchange::Host(name) => Peer::Name(name),
            Exchange::Address(address) => Peer::Address(address),
            // The root beside other records is ignored (RFC 7505 section 3).
            Exchange::Root | Exchange::Malformed => return None,
        };
        Some(Self {
            preference: record.preference,
            peer,
        })
    }
}

fn is_own(record: &Mx, config: &Config) -> bool {
    match &record.exchange {
        Exchange::Host(name) => config.own_names.contains(name),
        Exchange::Address(address) => contains(&config.own_addresses, *address),
        Exchange::Root | Exchange::Malformed => false,
    }
}
