//! Lookups in the table.

use smtp_relay::{
    Name,
    route::{Answer, Denied, DnsFault, Family, Question, Security},
};

use super::parse::{Data, Failure, Record, Table, Type, canonical};
use crate::dns::LookupFailed;

/// Maximum aliases of one lookup.
const MAX_ALIASES: usize = 16;

/// The end of a lookup.
enum Found<'a> {
    /// Records, the name at the end of the aliases, and the security of the whole chain.
    Records(String, Vec<&'a Data>, Security),
    None(Denied, Security),
    Failed(DnsFault),
}

impl Table {
    /// Answers a question of a route.
    pub(super) fn answer(&self, question: &Question) -> Answer {
        let owner = question.owner();
        let kind = match question {
            Question::Mx(_) => Type::Mx,
            Question::Addresses(_, Family::V4) => Type::A,
            Question::Addresses(_, Family::V6) => Type::Aaaa,
            Question::Cname(_) => return self.alias(&owner),
            Question::Tlsa { .. } => Type::Tlsa,
            _ => return Answer::Failed(DnsFault::Unavailable),
        };
        let (name, data, security) = match self.find(&owner, kind) {
            Found::Records(name, data, security) => (name, data, security),
            Found::None(denied, security) => return Answer::None { denied, security },
            Found::Failed(fault) => return Answer::Failed(fault),
        };
        if kind == Type::Tlsa {
            let records = data.into_iter().filter_map(|data| match data {
                Data::Tlsa(record) => Some(record.clone()),
                _ => None,
            });
            return Answer::Tlsa {
                records: records.collect(),
                security,
            };
        }
        let Ok(name) = Name::parse(&name) else {
            return Answer::Failed(DnsFault::Unavailable);
        };
        if kind == Type::Mx {
            let records = data.into_iter().filter_map(|data| match data {
                Data::Mx(record) => Some(record.clone()),
                _ => None,
            });
            return Answer::Mx {
                name,
                records: records.collect(),
                security,
            };
        }
        let addresses = data.into_iter().filter_map(|data| match data {
            Data::Address(address) => Some(*address),
            _ => None,
        });
        Answer::Addresses {
            name,
            addresses: addresses.collect(),
            security,
        }
    }

    /// Looks TXT records up.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Vec<u8>>, LookupFailed> {
        match self.find(name, Type::Txt) {
            Found::Records(_, data, _) => Ok(data
                .into_iter()
                .filter_map(|data| match data {
                    Data::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect()),
            Found::None(..) => Ok(Vec::new()),
            Found::Failed(_) => Err(LookupFailed),
        }
    }

    /// Follows aliases to the records.
    fn find(&self, owner: &str, kind: Type) -> Found<'_> {
        let (mut name, mut security) = (canonical(owner), Security::Secure);
        for _ in 0..=MAX_ALIASES {
            let failure = self
                .failure(&name, kind)
                .or_else(|| self.failure(&name, Type::Cname));
            match failure {
                Some(Failure::Unavailable) => return Found::Failed(DnsFault::Unavailable),
                Some(Failure::Bogus) => return Found::Failed(DnsFault::Bogus),
                Some(Failure::NoSuchName) => {
                    return Found::None(Denied::Name, security.min(self.zone(&name)));
                }
                None => {}
            }
            let records = self.records(&name);
            let wanted: Vec<_> = records.iter().filter(|record| record.kind() == kind).collect();
            if !wanted.is_empty() {
                let own = wanted.iter().map(|record| record.security).min();
                let data = wanted.into_iter().map(|record| &record.data).collect();
                return Found::Records(name, data, security.min(own.unwrap_or(Security::Insecure)));
            }
            let alias = records.iter().find_map(|record| match &record.data {
                Data::Alias(target) => Some((target, record.security)),
                _ => None,
            });
            let Some((target, own)) = alias else {
                return Found::None(self.denied(&name), security.min(self.zone(&name)));
            };
            (name, security) = (target.clone(), security.min(own));
        }
        Found::Failed(DnsFault::Unavailable)
    }

    fn alias(&self, owner: &str) -> Answer {
        let name = canonical(owner);
        match self.failure(&name, Type::Cname) {
            Some(Failure::Bogus) => return Answer::Failed(DnsFault::Bogus),
            Some(Failure::Unavailable) => return Answer::Failed(DnsFault::Unavailable),
            Some(Failure::NoSuchName) | None => {}
        }
        let mut records = self.records(&name).iter();
        match records.find(|record| record.kind() == Type::Cname) {
            Some(record) => Answer::Cname {
                security: record.security,
            },
            None => Answer::None {
                denied: self.denied(&name),
                security: self.zone(&name),
            },
        }
    }

    fn records(&self, name: &str) -> &[Record] {
        self.0.get(name).map_or(&[], |node| &node.records)
    }

    fn failure(&self, name: &str, kind: Type) -> Option<Failure> {
        let failures = &self.0.get(name)?.failures;
        failures
            .iter()
            .find(|(failing, _)| *failing == kind)
            .map(|(_, failure)| *failure)
    }

    /// A name exists if it has records, or a name below it has.
    fn denied(&self, name: &str) -> Denied {
        let below = |other: &String| {
            other
                .strip_suffix(name)
                .is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
        };
        if self.0.keys().any(below) {
            Denied::Type
        } else {
            Denied::Name
        }
    }

    /// The security of a denial: that of the nearest name with records.
    fn zone(&self, name: &str) -> Security {
        let mut name = name;
        loop {
            if let Some(security) = self.records(name).iter().map(|record| record.security).min() {
                return security;
            }
            match name.split_once('.') {
                Some((_, parent)) => name = parent,
                None => return Security::Insecure,
            }
        }
    }
}
