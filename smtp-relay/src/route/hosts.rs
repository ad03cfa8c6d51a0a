//! The hosts of a destination, in the order in which they are tried (RFC 5321 section 5.1).

use alloc::{collections::VecDeque, vec, vec::Vec};
use core::net::IpAddr;

use super::{Answer, Config, Denied, Exchange, Mx, Peer, Security, Why, level::contains};
use crate::{Name, random::Random};

/// The hosts that are left to try, best first.
#[derive(Debug)]
pub(super) struct Hosts {
    list: VecDeque<Host>,
    /// The number of preferences that were removed from the list.
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

/// The place of this relay among the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Outside, as far as is known.
    Outside,
    /// Behind the hosts of the list.
    Backup,
    /// Nowhere: a smart host or a literal is chosen by the settings or the sender.
    Irrelevant,
}

impl Hosts {
    /// The only host of a destination without MX records.
    pub(super) fn chosen(peer: Peer) -> Self {
        Self {
            list: VecDeque::from([Host { preference: 0, peer }]),
            removed: 0,
            // The name does not come from the DNS.
            security: Security::Secure,
            expanded: None,
            position: Position::Irrelevant,
        }
    }

    /// The hosts of a domain, by the answer to the question for its MX records. Fails with [`Why::Dns`] if nothing was learned.
    pub(super) fn of(
        domain: &Name,
        answer: Answer,
        config: &Config,
        random: &mut Random,
    ) -> Result<Self, Why> {
        let (name, mut records, security) = match answer {
            Answer::Mx {
                name,
                records,
                security,
            } if !records.is_empty() => (name, records, security),
            Answer::None {
                denied: Denied::Name, ..
            } => return Err(Why::NoSuchDomain),
            // The domain is its only exchanger, as if an MX record named it (RFC 5321 section 5.1).
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
            _ => return Err(Why::Dns),
        };
        if matches!(
            &records[..],
            [Mx {
                exchange: Exchange::Root,
                ..
            }]
        ) {
            return Err(Why::NullMx);
        }
        random.shuffle(&mut records);
        records.sort_by_key(|record| record.preference); // stable: equal preferences remain shuffled
        let mut position = Position::Outside;
        if let Some(own) = records.iter().find(|record| is_own(record, config)) {
            let own = own.preference;
            records.retain(|record| record.preference < own);
            position = Position::Backup;
            if records.is_empty() {
                return Err(Why::LoopsBack);
            }
        }
        let mut list = VecDeque::<Host>::new();
        for host in records.into_iter().filter_map(Host::of) {
            if list.len() == config.max_hosts {
                break;
            }
            // A host that is listed twice has the better preference.
            if list.iter().all(|other| other.peer != host.peer) {
                list.push_back(host);
            }
        }
        if list.is_empty() {
            return Err(Why::NoAddress);
        }
        Ok(Self {
            list,
            removed: 0,
            security,
            expanded: Some(name),
            position,
        })
    }

    /// Removes the best hosts, which have one preference.
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

    /// Removes all hosts, because this relay is among those that were removed last. Returns true if there were better ones.
    pub(super) fn cut(&mut self) -> bool {
        self.list.clear();
        self.position = Position::Backup;
        self.removed > 1
    }

    /// The addresses of this relay, if a host with one of them may not be used.
    pub(super) fn own_addresses<'c>(&self, config: &'c Config) -> &'c [IpAddr] {
        match self.position {
            Position::Irrelevant => &[],
            Position::Outside | Position::Backup => &config.own_addresses,
        }
    }

    /// Returns true if this relay is a host of the destination, and those of the list are better.
    pub(super) fn is_backup(&self) -> bool {
        self.position == Position::Backup
    }
}

impl Host {
    fn of(record: Mx) -> Option<Self> {
        let peer = match record.exchange {
            Exchange::Host(name) => Peer::Name(name),
            Exchange::Address(address) => Peer::Address(address),
            // Beside other records the root is no host (RFC 7505 section 3).
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
