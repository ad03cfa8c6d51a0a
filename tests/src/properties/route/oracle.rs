//! A second implementation of the rules of a route: it has all answers, and checks each target afterwards.

use std::{collections::BTreeMap, net::IpAddr};

use smtp_proto::client::Retry;
use smtp_relay::{
    Name,
    route::{
        Answer, Attempted, Dane, Destination, Exchange, Fallback, Families, Family, Fate, Final, HostLookup,
        Keyword, Mx, Need, Outcome, Past, Peer, Question, Reason, Security, SmartHostTls, Target, TlsDemand,
        TlsStart,
    },
    sts::{Mode, Policy},
};

use super::world::{Setting, domain};

#[derive(Debug)]
pub(super) struct Oracle {
    setting: Setting,
    answers: BTreeMap<String, Answer>,
    recipients: Vec<Known>,
    addresses_left: usize,
    sessions_left: usize,
    /// The addresses that must not be tried again.
    used: Vec<IpAddr>,
    /// The previous target, if its handshake failed and plaintext may follow.
    repeats: Option<Target>,
    /// The tried hosts, and the preference of the last new host.
    seen: Vec<Peer>,
    preference: u16,
}

/// The fate of a recipient so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Open,
    Accepted,
    Failed,
    Deferred,
}

/// TLSA records for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Records {
    /// The address must not be used.
    Excluded,
    Absent,
    Unusable,
    Usable,
}

impl Oracle {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            recipients: vec![Known::Open; setting.recipients],
            addresses_left: setting.config.max_addresses,
            sessions_left: setting.config.max_sessions,
            answers: BTreeMap::new(),
            used: Vec::new(),
            repeats: None,
            seen: Vec::new(),
            preference: 0,
            setting,
        }
    }

    pub(super) fn answered(&mut self, question: &Question, answer: &Answer) {
        self.answers.insert(question.to_string(), answer.clone());
    }

    /// Checks a target and the recipients that are offered to it.
    pub(super) fn connect(&mut self, target: &Target, recipients: &[usize]) {
        let open: Vec<_> = (0..self.recipients.len())
            .filter(|index| self.recipients[*index] == Known::Open)
            .collect();
        assert_eq!(recipients, open, "not exactly the open recipients");
        assert!(!recipients.is_empty(), "a target for nobody");
        assert!(!target.addresses.is_empty(), "a target without addresses");
        assert!(
            target.addresses.len() <= self.addresses_left,
            "too many addresses"
        );
        assert!(self.sessions_left > 0, "too many sessions");
        for (index, address) in target.addresses.iter().enumerate() {
            assert!(!target.addresses[..index].contains(address), "{address} twice");
            assert!(!self.used.contains(address), "{address} again");
            self.judge_address(target, *address);
        }
        match (self.repeats.take(), &target.tls) {
            (Some(before), TlsDemand::Plaintext) => {
                assert_eq!((&before.host, target.require_tls), (&target.host, Keyword::Omit));
                assert!(
                    target
                        .addresses
                        .iter()
                        .all(|address| before.addresses.contains(address))
                );
            }
            (Some(_), other) => panic!("{other:?} after a handshake that failed"),
            (None, demand) => {
                self.judge_order(target);
                self.judge_demand(target, demand);
            }
        }
    }

    /// Checks that the address belongs to the host, and not to this relay.
    fn judge_address(&self, target: &Target, address: IpAddr) {
        let chosen = match &self.setting.to {
            Destination::SmartHost(smart) => {
                smart.lookup == HostLookup::Address || matches!(smart.host, Peer::Address(_))
            }
            _ => false,
        };
        let is_own = self.setting.config.own_addresses.contains(&address);
        assert!(chosen || !is_own, "{address} is of this relay");
        match &target.host {
            Peer::Address(host) => assert_eq!(*host, address),
            Peer::Name(name) => {
                assert!(self.chain(name, address).is_some(), "{address} is not of {name}");
            }
        }
    }

    /// The end and the security of the chain that led to an address of a host.
    fn chain(&self, host: &Name, address: IpAddr) -> Option<(&Name, Security)> {
        let question = Question::Addresses(host.clone(), Family::of(address));
        match self.answers.get(&question.to_string()) {
            Some(Answer::Addresses {
                name,
                addresses,
                security,
            }) if addresses.contains(&address) => Some((name, *security)),
            _ => None,
        }
    }

    /// Checks that better hosts precede others, and that only hosts better than this relay are tried.
    fn judge_order(&mut self, target: &Target) {
        let Some(records) = self.mx() else {
            return;
        };
        let names = |record: &Mx| match (&record.exchange, &target.host) {
            (Exchange::Host(name), Peer::Name(host)) => name == host,
            (Exchange::Address(address), Peer::Address(host)) => address == host,
            _ => false,
        };
        let preferences = records
            .iter()
            .filter(|record| names(record))
            .map(|record| record.preference);
        let best = preferences.min().expect("a host of the list");
        let own = records
            .iter()
            .filter(|record| self.is_own(record))
            .map(|record| record.preference)
            .min();
        assert!(
            own.is_none_or(|own| best < own),
            "{} is not better than this relay",
            target.host
        );
        if !self.seen.contains(&target.host) {
            assert!(best >= self.preference, "{} is late", target.host);
            self.preference = best;
            self.seen.push(target.host.clone());
        }
    }

    fn mx(&self) -> Option<Vec<Mx>> {
        let question = Question::Mx(self.next_hop()?);
        match self.answers.get(&question.to_string()) {
            Some(Answer::Mx { records, .. }) if !records.is_empty() => Some(records.clone()),
            _ => None,
        }
    }

    fn is_own(&self, record: &Mx) -> bool {
        let config = &self.setting.config;
        let Exchange::Host(name) = &record.exchange else {
            return false;
        };
        let has_own = |family| {
            let question = Question::Addresses(name.clone(), family);
            matches!(self.answers.get(&question.to_string()), Some(Answer::Addresses { addresses, .. })
                if addresses.iter().any(|address| config.own_addresses.contains(address)))
        };
        config.own_names.contains(name) || has_own(Family::V4) || has_own(Family::V6)
    }

    fn next_hop(&self) -> Option<Name> {
        match &self.setting.to {
            Destination::Domain(name) => Some(name.clone()),
            Destination::SmartHost(smart) => match &smart.host {
                Peer::Name(name) => Some(name.clone()),
                Peer::Address(_) => None,
            },
            _ => None,
        }
    }

    /// Checks that the TLS demand is not weaker than any policy.
    fn judge_demand(&self, target: &Target, demand: &TlsDemand) {
        let need = self.setting.need;
        let keyword = match need {
            Need::RequireTls => Keyword::Required,
            Need::RequireTlsIfOffered => Keyword::IfOffered,
            Need::Usual | Need::Optional => Keyword::Omit,
        };
        assert_eq!(target.require_tls, keyword);
        let is_verified = matches!(demand, TlsDemand::Dane { .. } | TlsDemand::WebPki { .. });
        assert!(
            need != Need::RequireTls || is_verified,
            "REQUIRETLS with {demand:?}"
        );
        if let Destination::SmartHost(smart) = &self.setting.to {
            let starts = (
                smart.tls == SmartHostTls::Implicit,
                target.start == TlsStart::Implicit,
            );
            assert_eq!(starts.0, starts.1);
            match smart.tls {
                SmartHostTls::Plaintext => return assert_eq!(*demand, TlsDemand::Plaintext),
                SmartHostTls::StartTls | SmartHostTls::Implicit => return assert!(is_verified),
                SmartHostTls::Opportunistic => {}
            }
        }
        assert_ne!(*demand, TlsDemand::Plaintext, "plaintext at once");
        if need == Need::Optional {
            return assert_eq!(*demand, TlsDemand::Opportunistic);
        }
        if let Some(policy) = self.policy() {
            let matches = matches!(&target.host, Peer::Name(name) if policy.matches(name));
            if policy.mode == Mode::Enforce {
                assert!(
                    matches && is_verified,
                    "{demand:?} at {} with {policy:?}",
                    target.host
                );
            }
            if policy.mode == Mode::Testing && matches!(target.host, Peer::Name(_)) {
                assert_ne!(*demand, TlsDemand::Opportunistic, "nothing to report");
            }
        }
        if let (TlsDemand::WebPki { name }, Peer::Name(host)) = (demand, &target.host) {
            assert_eq!(name, host);
        }
        for address in &target.addresses {
            let records = self.records(&target.host, *address);
            let fits = match records {
                Records::Excluded => false,
                Records::Absent => !matches!(demand, TlsDemand::Dane { .. } | TlsDemand::Encrypted),
                Records::Unusable => matches!(demand, TlsDemand::Encrypted | TlsDemand::WebPki { .. }),
                Records::Usable => matches!(demand, TlsDemand::Dane { .. }),
            };
            assert!(fits, "{records:?} and {demand:?} for {address}");
        }
    }

    fn policy(&self) -> Option<&Policy> {
        let question = Question::Sts(self.next_hop()?);
        match self.answers.get(&question.to_string()) {
            Some(Answer::Sts { policy, .. }) => policy.as_ref(),
            _ => None,
        }
    }

    /// The TLSA records for an address of a host. Panics if the route omitted a required question.
    fn records(&self, host: &Peer, address: IpAddr) -> Records {
        let Peer::Name(host) = host else {
            return Records::Absent;
        };
        if self.setting.config.dane == Dane::Ignore || self.list_security() == Security::Insecure {
            return Records::Absent;
        }
        let (end, security) = self.chain(host, address).expect("an address of the host");
        match (end == host, security) {
            (true, Security::Secure) => self.tlsa(host, None),
            (true, Security::Insecure) => Records::Absent,
            (false, Security::Secure) => self.tlsa(end, Some(host)),
            (false, Security::Insecure) => match self.answers.get(&Question::Cname(host.clone()).to_string())
            {
                Some(Answer::Cname {
                    security: Security::Secure,
                }) => self.tlsa(host, None),
                Some(Answer::Cname { .. } | Answer::None { .. }) => Records::Absent,
                Some(_) => Records::Excluded,
                None => panic!("the alias {host} was not examined"),
            },
        }
    }

    fn list_security(&self) -> Security {
        let chosen =
            matches!(&self.setting.to, Destination::SmartHost(smart) if smart.lookup == HostLookup::Address);
        if chosen {
            return Security::Secure;
        }
        match self
            .answers
            .get(&Question::Mx(self.next_hop().unwrap_or_else(domain)).to_string())
        {
            Some(Answer::Mx { security, .. } | Answer::None { security, .. }) => *security,
            _ => Security::Insecure,
        }
    }

    fn tlsa(&self, base: &Name, next: Option<&Name>) -> Records {
        let port = match &self.setting.to {
            Destination::SmartHost(smart) => smart.port,
            _ => self.setting.config.port,
        };
        let question = Question::Tlsa {
            port,
            host: base.clone(),
        };
        match self.answers.get(&question.to_string()) {
            Some(Answer::Tlsa {
                records,
                security: Security::Secure,
            }) if !records.is_empty() => {
                let usable = records.iter().any(|record| record.association().is_ok());
                if usable {
                    Records::Usable
                } else {
                    Records::Unusable
                }
            }
            Some(Answer::Tlsa { .. } | Answer::None { .. }) => {
                next.map_or(Records::Absent, |next| self.tlsa(next, None))
            }
            Some(_) => Records::Excluded,
            None => panic!("{question} was not asked"),
        }
    }

    /// Records the outcome of an attempt.
    pub(super) fn attempted(&mut self, target: &Target, recipients: &[usize], attempted: &Attempted) {
        let tried = attempted.addresses.clamp(1, target.addresses.len());
        let tls_failed = matches!(attempted.outcome, Outcome::TlsFailed(_));
        let may_repeat = matches!(target.tls, TlsDemand::Opportunistic | TlsDemand::Report { .. })
            && self.setting.config.fallback == Fallback::Plaintext;
        if tls_failed && may_repeat {
            self.repeats = Some(target.clone());
            return;
        }
        self.addresses_left -= tried;
        if !tls_failed {
            self.used.extend(&target.addresses[..tried]);
        }
        match &attempted.outcome {
            Outcome::HostRefused(_) | Outcome::LoginFailed(_) | Outcome::Unsendable(_) => {
                self.sessions_left -= 1;
            }
            Outcome::Ran(fates) => {
                self.sessions_left -= 1;
                for (index, fate) in recipients.iter().zip(fates) {
                    self.recipients[*index] = self.known(target, fate);
                }
            }
            _ => {}
        }
    }

    fn known(&self, target: &Target, fate: &Fate) -> Known {
        match fate {
            Fate::Accepted(_) => Known::Accepted,
            Fate::Unknown => Known::Deferred,
            Fate::Refused {
                reply,
                retry: Retry::Never,
                ..
            } => {
                let is_policy = reply.enhanced().is_some_and(|code| code.subject() == 7);
                let first = self.setting.past == Past::None && self.setting.config.families == Families::Both;
                if is_policy && first && self.is_dual(&target.host) {
                    Known::Deferred
                } else {
                    Known::Failed
                }
            }
            _ => Known::Open,
        }
    }

    fn is_dual(&self, host: &Peer) -> bool {
        let Peer::Name(name) = host else {
            return false;
        };
        let has = |family| {
            let question = Question::Addresses(name.clone(), family);
            matches!(self.answers.get(&question.to_string()), Some(Answer::Addresses { addresses, .. }) if !addresses.is_empty())
        };
        has(Family::V4) && has(Family::V6)
    }

    /// Checks the results.
    pub(super) fn end(&self, results: &[Final]) {
        assert_eq!(
            results.len(),
            self.recipients.len(),
            "one result for each recipient"
        );
        for (known, result) in self.recipients.iter().zip(results) {
            match (known, result) {
                (Known::Accepted, Final::Delivered { .. })
                | (Known::Failed, Final::Failed(Reason::Reply(_)))
                | (Known::Deferred, Final::Deferred(Reason::Reply(_) | Reason::Lost))
                | (Known::Open, Final::Deferred(_)) => {}
                (Known::Open, Final::Failed(why)) => self.judge_failure(why),
                _ => panic!("{known:?} became {result:?}"),
            }
            assert_eq!(result.rejection().is_none(), *known == Known::Accepted);
        }
    }

    /// A temporary reason must not fail a recipient.
    fn judge_failure(&self, why: &Reason) {
        let is_final = match why {
            Reason::NoSuchDomain
            | Reason::NullMx
            | Reason::NoAddress
            | Reason::LoopsBack
            | Reason::Unsendable(_) => true,
            Reason::TlsNeeded | Reason::RequireTlsUnsupported => self.setting.need == Need::RequireTls,
            Reason::Reply(refusal) => refusal.reply.is_permanent(),
            _ => false,
        };
        assert!(is_final, "failed by {why:?}");
    }
}
