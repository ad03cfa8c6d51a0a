//! A world from octets, each of which is a choice. The DNS always returns the same answer to a question.

use std::{collections::BTreeMap, net::IpAddr};

use smtp_proto::{
    client::{ReplyTo, Retry},
    syntax::parse_reply,
    types::Reply,
};
use smtp_relay::{
    Name,
    route::{
        Answer, Attempted, Config, Dane, Denied, Destination, DnsFault, Fallback, Families, Family, Fate,
        HostLookup, Lack, Mx, Need, Outcome, Past, Peer, PolicyFault, Question, ResultType, Security,
        SmartHost, SmartHostTls, TlsFault,
    },
    sts::{Mode, Pattern, Policy},
    tlsa::Tlsa,
};

/// The finding about a policy, which names no host.
pub(super) const FETCH: ResultType = ResultType::StsPolicyFetchError;

pub(super) struct World<'d> {
    choices: &'d [u8],
    answers: BTreeMap<String, Answer>,
}

/// The arguments of a route.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) config: Config,
    pub(super) to: Destination,
    pub(super) recipients: usize,
    pub(super) need: Need,
    pub(super) past: Past,
    pub(super) seed: u64,
}

impl<'d> World<'d> {
    pub(super) const fn new(choices: &'d [u8]) -> Self {
        Self {
            choices,
            answers: BTreeMap::new(),
        }
    }

    /// Returns a number below `end`, or 0 if no octet is left.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.choices.split_first() else {
            return 0;
        };
        self.choices = rest;
        usize::from(first.wrapping_sub(b'0')) % end
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    pub(super) fn setting(&mut self) -> Setting {
        let mut config = Config::default();
        config.own_names = vec![host(0)];
        config.own_addresses = vec![ip("192.0.2.7"), ip("2001:db8::7")];
        config.max_addresses = self.one(&[5, 1, 2, 3, 40]);
        config.max_sessions = self.one(&[2, 1, 3, 40]);
        config.max_hosts = self.one(&[20, 1, 2]);
        config.families = self.one(&[
            Families::Both,
            Families::Both,
            Families::Only(Family::V4),
            Families::Only(Family::V6),
        ]);
        config.dane = self.one(&[Dane::Verify, Dane::Verify, Dane::Verify, Dane::Ignore]);
        config.fallback = self.one(&[Fallback::Plaintext, Fallback::Plaintext, Fallback::NextHost]);
        let to = match self.below(12) {
            0 => Destination::Literal(self.address(Family::V4)),
            1 => self.smart_host(Peer::Name(host(1))),
            2 => self.smart_host(Peer::Address(ip("192.0.2.7"))),
            _ => Destination::Domain(domain()),
        };
        Setting {
            config,
            to,
            recipients: self.one(&[3, 1, 2, 0]),
            need: self.one(&[
                Need::Usual,
                Need::Usual,
                Need::RequireTls,
                Need::RequireTlsIfOffered,
                Need::Optional,
            ]),
            past: self.one(&[Past::None, Past::Over(Family::V4), Past::Over(Family::V6)]),
            seed: self.below(256) as u64,
        }
    }

    fn smart_host(&mut self, peer: Peer) -> Destination {
        let lookup = self.one(&[HostLookup::Address, HostLookup::Mx]);
        let tls = self.one(&[
            SmartHostTls::Opportunistic,
            SmartHostTls::Plaintext,
            SmartHostTls::StartTls,
            SmartHostTls::Implicit,
        ]);
        Destination::SmartHost(SmartHost::new(peer, 587).with_lookup(lookup).with_tls(tls))
    }

    /// Returns the answer to a question, which is always the same.
    pub(super) fn answer(&mut self, question: &Question) -> Answer {
        let key = question.to_string();
        if let Some(answer) = self.answers.get(&key) {
            return answer.clone();
        }
        let answer = self.new_answer(question);
        self.answers.insert(key, answer.clone());
        answer
    }

    fn new_answer(&mut self, question: &Question) -> Answer {
        match self.below(10) {
            1 => return Answer::Failed(self.one(&[DnsFault::Unavailable, DnsFault::Bogus])),
            2 => {
                let (denied, security) = (self.one(&[Denied::Type, Denied::Name]), self.security());
                return Answer::None { denied, security };
            }
            // An answer to another question.
            3 if self.below(4) == 1 => {
                return Answer::Cname {
                    security: Security::Secure,
                };
            }
            _ => {}
        }
        match question {
            Question::Mx(name) => {
                let records = (0..self.below(6)).map(|_| self.mx()).collect();
                let name = self.one(&[name.clone(), Name::parse("e.example").expect("a name")]);
                Answer::Mx {
                    name,
                    records,
                    security: self.security(),
                }
            }
            Question::Addresses(name, family) => {
                let addresses = (0..self.below(4)).map(|_| self.address(*family)).collect();
                let name = self.one(&[
                    name.clone(),
                    name.clone(),
                    Name::parse("alias.example").expect("a name"),
                ]);
                Answer::Addresses {
                    name,
                    addresses,
                    security: self.security(),
                }
            }
            Question::Cname(_) => Answer::Cname {
                security: self.security(),
            },
            Question::Tlsa { .. } => Answer::Tlsa {
                records: (0..self.below(4)).map(|_| self.tlsa()).collect(),
                security: self.security(),
            },
            _ => self.policy(),
        }
    }

    fn mx(&mut self) -> Mx {
        let preference = self.below(4) as u16;
        match self.below(16) {
            0 => Mx::new(preference, "."),
            1 => Mx::new(preference, "192.0.2.8"),
            2 => Mx::new(preference, "a..b"),
            number => Mx::new(preference, host(number % 7).as_str()),
        }
    }

    fn address(&mut self, family: Family) -> IpAddr {
        let number = self.below(12);
        match family {
            Family::V4 => ip(&format!("192.0.2.{number}")),
            Family::V6 => ip(&format!("2001:db8::{number}")),
        }
    }

    fn tlsa(&mut self) -> Tlsa {
        let usage = self.one(&[3, 2, 1, 0, 255]);
        let length = self.one(&[32, 32, 31]);
        Tlsa::new(usage, 1, 1, vec![self.below(256) as u8; length])
    }

    fn policy(&mut self) -> Answer {
        let mode = match self.below(5) {
            0 | 1 => Mode::Enforce,
            2 => Mode::Testing,
            3 => Mode::None,
            _ => {
                let fault = self.one(&[None, Some(PolicyFault::Fetch), Some(PolicyFault::Invalid)]);
                return Answer::Sts { policy: None, fault };
            }
        };
        let wildcard = Pattern::Wildcard(Name::parse("example").expect("a name"));
        let one = Pattern::Host(host(self.below(6)));
        let mx = match self.below(3) {
            0 => vec![wildcard],
            1 => vec![one],
            _ => vec![one, Pattern::Host(domain())],
        };
        let fault = self.one(&[None, Some(PolicyFault::Fetch)]);
        Answer::Sts {
            policy: Some(Policy::new(mode, mx, 86_400)),
            fault,
        }
    }

    fn security(&mut self) -> Security {
        self.one(&[Security::Secure, Security::Insecure, Security::Secure])
    }

    /// Returns the outcome of an attempt with this number of recipients.
    pub(super) fn attempt(&mut self, recipients: usize) -> Attempted {
        let outcome = match self.below(10) {
            0 | 1 => Outcome::Unreachable,
            2 => Outcome::HostRefused(self.one(&[reply("421 busy"), reply("521 never")])),
            3 | 4 => {
                Outcome::TlsFailed(self.one(&[TlsFault::Handshake, TlsFault::NotOffered, TlsFault::Mismatch]))
            }
            5 => Outcome::KeywordMissing,
            6 => match self.below(3) {
                0 => Outcome::LoginFailed(None),
                1 => Outcome::LoginFailed(Some(reply("535 no"))),
                _ => Outcome::Unsendable(Lack::SmtpUtf8),
            },
            _ => {
                // Fates may be missing, or too many.
                let number = (recipients + 1).saturating_sub(self.below(3));
                Outcome::Ran((0..number).map(|_| self.fate()).collect())
            }
        };
        let attempted = Attempted::new(outcome);
        let attempted = match self.below(4) {
            0 | 1 => attempted,
            number => attempted.with_addresses(number - 2),
        };
        match self.below(4) {
            1 => attempted.with_tls_fault(TlsFault::Expired),
            _ => attempted,
        }
    }

    fn fate(&mut self) -> Fate {
        let refused = |text, retry| Fate::Refused {
            to: ReplyTo::Recipient(0),
            reply: reply(text),
            retry,
        };
        match self.below(7) {
            0 => Fate::Accepted(reply("250 ok")),
            1 => refused("550 5.1.1 no such user", Retry::Never),
            2 => refused("550 5.7.1 policy", Retry::Never),
            3 => refused("450 4.2.1 later", Retry::Later),
            4 => refused("552 5.5.3 too many", Retry::Later),
            5 => Fate::Unknown,
            _ => Fate::NotSent,
        }
    }
}

pub(super) fn domain() -> Name {
    Name::parse("d.example").expect("a name")
}

fn host(number: usize) -> Name {
    Name::parse(&format!("h{number}.example")).expect("a name")
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn reply(text: &str) -> Reply<'static> {
    let line = format!("{text}\r\n");
    parse_reply(line.as_bytes()).expect("a reply").into_owned()
}
