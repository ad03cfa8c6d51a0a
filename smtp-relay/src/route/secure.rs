//! The TLSA records of a host, for each chain of address records (RFC 7672 sections 2.1 and 2.2).

use alloc::{collections::VecDeque, vec::Vec};
use core::net::IpAddr;

use super::{
    Answer, DnsFault, Peer, Question, Security, StaleTicket, Step,
    demand::Tlsa,
    level::{Group, Resolved},
    ticket::{Query, Tickets},
};
use crate::{Name, tlsa::associations};

/// A host whose TLSA records are looked up.
#[derive(Debug)]
pub(super) struct Securing {
    resolved: Resolved,
    port: u16,
    waiting: VecDeque<Group>,
    lookup: Option<Lookup>,
    secured: Vec<Secured>,
}

/// Addresses with their TLSA records.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) tlsa: Tlsa,
}

/// The current lookup for one group.
#[derive(Debug)]
struct Lookup {
    addresses: Vec<IpAddr>,
    query: Query,
    asked: Asked,
}

#[derive(Debug)]
enum Asked {
    /// CNAME: the alias may be in a signed zone although its target is not (section 2.1.3).
    Cname { alias: Name },
    /// TLSA, and the base domain to try next (section 2.2.3).
    Tlsa { base: Name, next: Option<Name> },
}

/// A finding of a lookup for a TLS report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    Nothing,
    /// An answer is bogus. The addresses of the group are not used.
    Bogus,
    /// A lookup failed. The addresses of the group are not used.
    Failed,
    /// TLSA records exist, and none is usable.
    Unusable,
}

impl Securing {
    /// Begins the lookups for a host. If `mx` is insecure there are none, because an attacker who can forge the list of hosts
    /// can name a host of their own (section 2.2.1).
    pub(super) fn new(mut resolved: Resolved, port: u16, mx: Security) -> Self {
        let mut groups = core::mem::take(&mut resolved.groups);
        let mut secured = Vec::new();
        if mx == Security::Insecure {
            secured.extend(
                groups
                    .drain(..)
                    .map(|group| Secured::without_tlsa(group.addresses)),
            );
        }
        Self {
            resolved,
            port,
            waiting: groups.into(),
            lookup: None,
            secured,
        }
    }

    /// Asks the next question. Returns `None` if all answers have arrived.
    pub(super) fn poll(&mut self, tickets: &mut Tickets) -> Option<Step> {
        while self.lookup.is_none() {
            let group = self.waiting.pop_front()?;
            self.begin(group);
        }
        self.lookup.as_mut().map(|lookup| lookup.query.ask(tickets))
    }

    /// Returns the host, and its addresses with their TLSA records.
    pub(super) fn end(self) -> (Resolved, Vec<Secured>) {
        (self.resolved, self.secured)
    }

    /// The host.
    pub(super) const fn peer(&self) -> &Peer {
        &self.resolved.host.peer
    }

    pub(super) fn answer(&mut self, number: u32, answer: Answer) -> Result<Noted, StaleTicket> {
        let lookup = self.lookup.take_if(|lookup| lookup.query.has(number));
        let Lookup { addresses, asked, .. } = lookup.ok_or(StaleTicket)?;
        let noted = match (asked, answer) {
            (_, Answer::Failed(DnsFault::Bogus)) => Noted::Bogus,
            (
                Asked::Cname { alias },
                Answer::Cname {
                    security: Security::Secure,
                },
            ) => {
                self.ask_tlsa(addresses, alias, None);
                Noted::Nothing
            }
            (Asked::Cname { .. }, Answer::Cname { .. } | Answer::None { .. }) => {
                self.secured.push(Secured::without_tlsa(addresses));
                Noted::Nothing
            }
            (
                Asked::Tlsa { base, .. },
                Answer::Tlsa {
                    records,
                    security: Security::Secure,
                },
            ) if !records.is_empty() => {
                let associations = associations(&records);
                let (tlsa, noted) = if associations.is_empty() {
                    (Tlsa::Unusable, Noted::Unusable)
                } else {
                    (Tlsa::Usable { associations, base }, Noted::Nothing)
                };
                self.secured.push(Secured { addresses, tlsa });
                noted
            }
            (Asked::Tlsa { next: Some(next), .. }, Answer::Tlsa { .. } | Answer::None { .. }) => {
                self.ask_tlsa(addresses, next, None);
                Noted::Nothing
            }
            (Asked::Tlsa { next: None, .. }, Answer::Tlsa { .. } | Answer::None { .. }) => {
                self.secured.push(Secured::without_tlsa(addresses));
                Noted::Nothing
            }
            // An attacker who can suppress answers must not turn DANE off (section 2.1.2).
            _ => Noted::Failed,
        };
        Ok(noted)
    }

    /// Begins the lookup for a group (sections 2.2.2 and 2.2.3).
    fn begin(&mut self, group: Group) {
        let Group {
            name,
            security,
            addresses,
        } = group;
        match (&self.resolved.host.peer, name) {
            (Peer::Name(host), Some(end)) if end == *host => match security {
                Security::Secure => self.ask_tlsa(addresses, end, None),
                // In an unsigned zone, do not look up TLSA: some name servers fail at this question (section 2.2.2).
                Security::Insecure => self.secured.push(Secured::without_tlsa(addresses)),
            },
            (Peer::Name(host), Some(end)) => {
                let alias = host.clone();
                match security {
                    Security::Secure => self.ask_tlsa(addresses, end, Some(alias)),
                    Security::Insecure => {
                        let query = Query::new(Question::Cname(alias.clone()));
                        let asked = Asked::Cname { alias };
                        self.lookup = Some(Lookup {
                            addresses,
                            query,
                            asked,
                        });
                    }
                }
            }
            (Peer::Address(_), _) | (_, None) => self.secured.push(Secured::without_tlsa(addresses)),
        }
    }

    fn ask_tlsa(&mut self, addresses: Vec<IpAddr>, base: Name, next: Option<Name>) {
        let host = base.clone();
        let query = Query::new(Question::Tlsa {
            port: self.port,
            host,
        });
        let asked = Asked::Tlsa { base, next };
        self.lookup = Some(Lookup {
            addresses,
            query,
            asked,
        });
    }
}

impl Secured {
    const fn without_tlsa(addresses: Vec<IpAddr>) -> Self {
        Self {
            addresses,
            tlsa: Tlsa::Absent,
        }
    }
}
