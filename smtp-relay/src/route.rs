//! The next hop: a machine that asks questions to the DNS, names hosts to connect to, and collects outcomes.
//!
//! A [`Route`] is one attempt to deliver one message to the recipients of one destination. It asks [`Question`]s, names
//! [`Target`]s one after the other, takes [`Outcome`]s, and ends with one [`Final`] for each recipient. Deferred recipients get a new
//! route later: see [`retry`](crate::retry).
//!
//! # Rules
//!
//! - Hosts are tried by preference, hosts of equal preference in random order. If this relay is one of them, only hosts with
//!   a better preference are used (RFC 5321 section 5.1). A domain without MX records is its own host. A null MX fails the
//!   recipients (RFC 7505).
//! - The addresses of all hosts of one preference are looked up concurrently, before one of these hosts is tried.
//! - If a host refuses a recipient with 4yz, or does not decide, the next host gets it. If a host refuses it with 5yz, the
//!   recipient has failed. If the acceptance is unknown, the recipient is deferred: another host might make a second copy
//!   (RFC 1047).
//! - DANE (RFC 7672): TLSA records are looked up if the chain from the domain to the addresses is signed, separately for IPv4
//!   and IPv6. Unusable records require encryption. A failed lookup excludes the addresses.
//! - MTA-STS (RFC 8461): hosts that an enforced policy does not permit are excluded. DANE takes precedence over its demand on
//!   certificates.
//! - REQUIRETLS and `TLS-Required: No` (RFC 8689): see [`Need`].
//! - Without a policy, TLS is opportunistic: a failed handshake is followed by one attempt in plaintext on a new connection.
//!   With DANE or an enforced MTA-STS policy, the route never permits plaintext.
//!
//! # The loop
//!
//! [`poll`](Route::poll) takes one step. Several questions may be open at the same time; [`Step::Wait`] means that the route
//! needs an answer to continue. In this example, every name has one address, and every host accepts:
//!
//! ```
//! use smtp_proto::syntax::parse_reply;
//! use smtp_relay::{
//!     Name,
//!     route::{Answer, Denied, Destination, Fate, Mx, Need, Outcome, Question, Route, Security, Step},
//! };
//!
//! let domain = Name::parse("example.org")?;
//! let mut route = Route::new(Default::default(), Destination::Domain(domain), 1, Need::Usual, 7);
//! let results = loop {
//!     match route.poll() {
//!         Step::Ask { question, ticket } => {
//!             let security = Security::Insecure;
//!             let answer = match &question {
//!                 Question::Mx(name) => {
//!                     let (name, records) = (name.clone(), vec![Mx::new(10, "mx1.example.org.")]);
//!                     Answer::Mx { name, records, security }
//!                 }
//!                 Question::Addresses(name, family) if name.as_str() == "mx1.example.org" => {
//!                     let addresses = match family {
//!                         smtp_relay::route::Family::V4 => vec!["192.0.2.1".parse()?],
//!                         smtp_relay::route::Family::V6 => vec!["2001:db8::1".parse()?],
//!                     };
//!                     Answer::Addresses { name: name.clone(), addresses, security }
//!                 }
//!                 _ => Answer::None { denied: Denied::Type, security },
//!             };
//!             route.answer(ticket, answer)?;
//!         }
//!         Step::Connect { target, recipients, ticket } => {
//!             println!("{} at {:?}, TLS: {:?}", target.host, target.addresses, target.tls);
//!             // A client sends the message; `Outcome::from(&receipt)` has the fates.
//!             let accepted = parse_reply(b"250 2.0.0 queued\r\n")?.into_owned();
//!             let fates = vec![Fate::Accepted(accepted); recipients.len()];
//!             route.attempted(ticket, Outcome::Ran(fates))?;
//!         }
//!         Step::Finding(finding) => println!("for a TLS report: {finding:?}"),
//!         Step::Wait => unreachable!("every question was answered at once"),
//!         Step::Done(results) => break results,
//!     }
//! };
//! assert_eq!(results[0].status().to_string(), "2.0.0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aliases;
mod attempt;
mod config;
mod context;
mod demand;
mod fate;
mod findings;
mod hosts;
mod level;
mod outcome;
mod plan;
mod question;
mod recipients;
mod secure;
mod target;
mod ticket;

use alloc::{boxed::Box, collections::VecDeque, sync::Arc, vec::Vec};
use core::mem;

use context::Context;
use fate::Trouble;
use hosts::Hosts;
use level::contains;
use plan::Plan;
use recipients::Recipients;
use ticket::{Query, Tickets};

pub use aliases::{Aliases, TooManyAliases};
pub use config::{
    Config, Dane, Destination, Fallback, Families, HostLookup, Need, Past, Peer, SmartHost, SmartHostTls,
    TlsRequiredField,
};
pub use fate::{Final, Reason, Refusal};
pub use findings::{Finding, PolicyFault, PolicyType, ResultType};
pub use outcome::{Attempted, Fate, Lack, Outcome, TlsFault};
pub use question::{Answer, Denied, DnsFault, Exchange, Family, Mx, Question, Security};
pub use target::{Keyword, Target, TlsDemand, TlsStart};
pub use ticket::{Connection, Lookup, StaleTicket, Ticket};

use crate::{Name, random::Random, sts::Policy};

/// One attempt to deliver one message to the recipients of one destination.
///
/// The limits of [`Config`] bound the number of steps for any answers and outcomes.
#[derive(Debug)]
pub struct Route {
    context: Context,
    state: State,
}

/// A step of a route.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Step {
    /// Find the answer to a question, and pass it with the ticket to [`Route::answer`].
    Ask {
        /// The question.
        question: Question,
        /// The right to answer.
        ticket: Ticket<Lookup>,
    },
    /// Send the message to a host, and pass the outcome with the ticket to [`Route::attempted`].
    Connect {
        /// The host.
        target: Target,
        /// The recipients to offer, by their index among the recipients of the route.
        recipients: Vec<usize>,
        /// The right to report the outcome.
        ticket: Ticket<Connection>,
    },
    /// A finding for TLS reports. It needs no answer.
    Finding(Finding),
    /// The route waits for an answer to an open question, or for an outcome.
    Wait,
    /// The results, one for each recipient. Further polls return them again.
    Done(Vec<Final>),
}

#[derive(Debug)]
enum State {
    Mx { query: Query, domain: Name },
    Policy { query: Query, hosts: Hosts },
    Underway(Box<Plan>),
    Done(Vec<Final>),
}

impl Route {
    /// Begins a route for this number of recipients. `seed` determines the order of hosts with equal preference.
    #[must_use]
    pub fn new(config: Arc<Config>, to: Destination, recipients: usize, need: Need, seed: u64) -> Self {
        let mut context = Context {
            config,
            to,
            need,
            past: Past::None,
            random: Random::new(seed),
            tickets: Tickets::new(),
            recipients: Recipients::new(recipients),
            findings: VecDeque::new(),
        };
        let state = State::begin(&mut context);
        Self { context, state }
    }

    /// Sets the earlier attempts for these recipients. Default: [`Past::None`].
    #[must_use]
    pub const fn with_past(mut self, past: Past) -> Self {
        self.context.past = past;
        self
    }

    /// Takes the next step. Never fails.
    pub fn poll(&mut self) -> Step {
        loop {
            if let Some(finding) = self.context.findings.pop_front() {
                return Step::Finding(finding);
            }
            let plan = match &mut self.state {
                State::Mx { query, .. } | State::Policy { query, .. } => {
                    return query.ask(&mut self.context.tickets);
                }
                State::Done(results) => return Step::Done(results.clone()),
                State::Underway(plan) => plan,
            };
            if let Some(step) = plan.poll(&mut self.context) {
                return step;
            }
            if plan.is_backup() {
                self.context.recipients.blame_primary();
            }
            self.state = State::Done(self.context.recipients.finish());
        }
    }

    /// Takes the answer to a question.
    ///
    /// # Errors
    /// Returns [`StaleTicket`] if the ticket is that of another route.
    pub fn answer(&mut self, ticket: Ticket<Lookup>, answer: Answer) -> Result<(), StaleTicket> {
        if !self.context.tickets.issued(&ticket) {
            return Err(StaleTicket);
        }
        let (number, context) = (ticket.number(), &mut self.context);
        match mem::replace(&mut self.state, State::Done(Vec::new())) {
            State::Mx { query, domain } if query.has(number) => {
                self.state = State::after_mx(domain, answer, context);
            }
            State::Policy { query, hosts } if query.has(number) => {
                self.state = State::after_policy(hosts, answer, context);
            }
            State::Underway(mut plan) => {
                let answered = plan.answer(number, answer, context);
                self.state = State::Underway(plan);
                return answered;
            }
            other => {
                self.state = other;
                return Err(StaleTicket);
            }
        }
        Ok(())
    }

    /// Takes the outcome of an attempt: an [`Outcome`], or one with its circumstances.
    ///
    /// # Errors
    /// Returns [`StaleTicket`] if the ticket is that of another route.
    pub fn attempted(
        &mut self,
        ticket: Ticket<Connection>,
        outcome: impl Into<Attempted>,
    ) -> Result<(), StaleTicket> {
        match &mut self.state {
            State::Underway(plan) if self.context.tickets.issued(&ticket) => {
                plan.attempted(ticket.number(), outcome.into(), &mut self.context)
            }
            _ => Err(StaleTicket),
        }
    }
}

impl State {
    fn begin(context: &mut Context) -> Self {
        if context.recipients.are_done() {
            return Self::Done(Vec::new());
        }
        let chosen = match &context.to {
            Destination::Domain(name) => return Self::ask_mx(name),
            Destination::Literal(address) if contains(&context.config.own_addresses, *address) => {
                return Self::end(Trouble::Hard(Reason::LoopsBack), context);
            }
            Destination::Literal(address) => Peer::Address(*address),
            Destination::SmartHost(smart) => match (&smart.host, smart.lookup) {
                (Peer::Name(name), HostLookup::Mx) => return Self::ask_mx(name),
                (host, _) => host.clone(),
            },
        };
        Self::underway(Hosts::chosen(chosen), None, context)
    }

    fn ask_mx(domain: &Name) -> Self {
        Self::Mx {
            query: Query::new(Question::Mx(domain.clone())),
            domain: domain.clone(),
        }
    }

    fn after_mx(domain: Name, answer: Answer, context: &mut Context) -> Self {
        match Hosts::of(&domain, answer, &context.config, &mut context.random) {
            Err(Reason::Dns) => Self::end(Trouble::Soft(Reason::Dns), context),
            Err(why) => Self::end(context.about_destination(why), context),
            Ok(hosts) if context.heeds_policies() => Self::Policy {
                query: Query::new(Question::Sts(domain)),
                hosts,
            },
            Ok(hosts) => Self::underway(hosts, None, context),
        }
    }

    fn after_policy(hosts: Hosts, answer: Answer, context: &mut Context) -> Self {
        let (policy, fault) = match answer {
            Answer::Sts { policy, fault } => (policy, fault),
            _ => (None, None),
        };
        if let Some(fault) = fault {
            context.note(PolicyType::Sts, None, Err(fault.into()));
        }
        Self::underway(hosts, policy, context)
    }

    fn underway(hosts: Hosts, policy: Option<Policy>, context: &Context) -> Self {
        Self::Underway(Box::new(Plan::new(hosts, policy, context)))
    }

    fn end(trouble: Trouble, context: &mut Context) -> Self {
        context.recipients.trouble(&trouble);
        Self::Done(context.recipients.finish())
    }
}

/// Routes can be moved between threads.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Route>();
};

#[cfg(test)]
mod tests;
