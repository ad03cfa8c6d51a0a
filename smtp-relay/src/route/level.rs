//! The addresses of the hosts of one preference.
//!
//! The lookups run concurrently, and end before the first of these hosts is tried: if one of them is this relay, none is used
//! (RFC 5321 section 5.1).

use alloc::{vec, vec::Vec};
use core::net::IpAddr;

use super::{
    Answer, Families, Family, Peer, Question, Security, StaleTicket, Step,
    hosts::Host,
    ticket::{Query, Tickets},
};
use crate::Name;

/// Maximum addresses of one answer that are kept, more than the limits on connections need.
const MAX_KEPT: usize = 32;

/// The hosts of one preference, whose addresses are being looked up.
#[derive(Debug)]
pub(super) struct Level(Vec<Resolving>);

#[derive(Debug)]
struct Resolving {
    host: Host,
    lookups: Vec<Lookup>,
}

#[derive(Debug)]
enum Lookup {
    Open(Query),
    Done(Found),
}

/// The answer of one lookup.
#[derive(Debug)]
enum Found {
    /// Addresses that include one of this relay.
    Own,
    Addresses(Group),
    /// There are none.
    Nothing,
    Failed,
}

/// A host and its addresses.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) host: Host,
    /// The addresses, grouped by the chain of records that led to them: one or two groups.
    pub(super) groups: Vec<Group>,
    /// The number of families with addresses.
    pub(super) families: usize,
}

/// Addresses from one chain of records, or from two equal ones.
#[derive(Debug)]
pub(super) struct Group {
    /// The name at the end of the aliases. `None`: an address without a name.
    pub(super) name: Option<Name>,
    pub(super) security: Security,
    pub(super) addresses: Vec<IpAddr>,
}

/// The end of the lookups for one host.
#[derive(Debug)]
pub(super) enum Ended {
    /// The host has an address of this relay.
    Own,
    Resolved(Resolved),
    NoAddress,
    DnsFailed,
}

impl Level {
    pub(super) fn new(hosts: Vec<Host>, families: Families, first: Family) -> Self {
        let resolve = |host: Host| Resolving {
            lookups: lookups(&host.peer, families, first),
            host,
        };
        Self(hosts.into_iter().map(resolve).collect())
    }

    /// Asks the next question. Returns `None` if all answers have arrived.
    pub(super) fn poll(&mut self, tickets: &mut Tickets) -> Option<Step> {
        let mut waits = None;
        for lookup in self.0.iter_mut().flat_map(|host| &mut host.lookups) {
            if let Lookup::Open(query) = lookup {
                match query.ask(tickets) {
                    Step::Wait => waits = Some(Step::Wait),
                    asked => return Some(asked),
                }
            }
        }
        waits
    }

    /// Takes an answer. A host with one of the `own` addresses is this relay.
    pub(super) fn answer(&mut self, number: u32, answer: Answer, own: &[IpAddr]) -> Result<(), StaleTicket> {
        let mut lookups = self.0.iter_mut().flat_map(|host| &mut host.lookups);
        let is_asked = |lookup: &&mut Lookup| matches!(lookup, Lookup::Open(query) if query.has(number));
        let lookup = lookups.find(is_asked).ok_or(StaleTicket)?;
        *lookup = Lookup::Done(found(answer, own));
        Ok(())
    }

    /// Returns the results, in the order in which the hosts are tried.
    pub(super) fn end(self) -> impl Iterator<Item = Ended> {
        self.0.into_iter().map(Resolving::end)
    }
}

impl Resolving {
    fn end(self) -> Ended {
        let (mut groups, mut families, mut failed) = (Vec::<Group>::new(), 0, false);
        for lookup in self.lookups {
            match lookup {
                Lookup::Done(Found::Own) => return Ended::Own,
                Lookup::Done(Found::Nothing) => {}
                Lookup::Done(Found::Failed) | Lookup::Open(_) => failed = true,
                Lookup::Done(Found::Addresses(group)) => {
                    families += 1;
                    let alike =
                        |other: &&mut Group| (&other.name, other.security) == (&group.name, group.security);
                    match groups.iter_mut().find(alike) {
                        Some(other) => other.addresses = take_turns(&other.addresses, &group.addresses),
                        None => groups.push(group),
                    }
                }
            }
        }
        match (groups.is_empty(), failed) {
            (true, true) => Ended::DnsFailed,
            (true, false) => Ended::NoAddress,
            // One family is enough: RFC 7672 section 2.2.2 treats each separately.
            (false, _) => Ended::Resolved(Resolved {
                host: self.host,
                groups,
                families,
            }),
        }
    }
}

/// Returns the lookups for a host, beginning with the family that is tried first.
fn lookups(peer: &Peer, families: Families, first: Family) -> Vec<Lookup> {
    let name = match peer {
        Peer::Name(name) => name,
        Peer::Address(address) => {
            return vec![Lookup::Done(Found::Addresses(Group {
                name: None,
                security: Security::Insecure,
                addresses: vec![*address],
            }))];
        }
    };
    let families = match families {
        Families::Both => vec![first, first.other()],
        Families::Only(family) => vec![family],
    };
    let ask = |family| Lookup::Open(Query::new(Question::Addresses(name.clone(), family)));
    families.into_iter().map(ask).collect()
}

fn found(answer: Answer, own: &[IpAddr]) -> Found {
    match answer {
        Answer::Addresses { addresses, .. } if addresses.iter().any(|address| contains(own, *address)) => {
            Found::Own
        }
        Answer::Addresses { addresses, .. } if addresses.is_empty() => Found::Nothing,
        Answer::Addresses {
            name,
            mut addresses,
            security,
        } => {
            addresses.truncate(MAX_KEPT);
            Found::Addresses(Group {
                name: Some(name),
                security,
                addresses,
            })
        }
        Answer::None { .. } => Found::Nothing,
        _ => Found::Failed,
    }
}

/// Returns true if the list has this address. An IPv4-mapped IPv6 address equals its IPv4 address.
pub(super) fn contains(addresses: &[IpAddr], address: IpAddr) -> bool {
    let canonical = address.to_canonical();
    addresses.iter().any(|other| other.to_canonical() == canonical)
}

/// Alternates the items of two lists, so that a limit leaves both a share.
pub(super) fn take_turns(first: &[IpAddr], second: &[IpAddr]) -> Vec<IpAddr> {
    let longest = first.len().max(second.len());
    (0..longest)
        .flat_map(|index| [first.get(index), second.get(index)])
        .flatten()
        .copied()
        .collect()
}
