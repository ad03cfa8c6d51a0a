//! One attempt at one target.

use alloc::{sync::Arc, vec::Vec};
use core::{mem, net::IpAddr};

use smtp_proto::client::ReplyTo;

use super::{
    Attempted, Fallback, Families, Keyword, Outcome, Past, PolicyType, Reason, Refusal, Step, Target,
    TlsDemand, context::Context, fate::Trouble, recipients::PolicyRefusal,
};

/// A target, and facts that the caller does not need.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) target: Target,
    /// The policy from which the TLS demand comes.
    pub(super) policy: PolicyType,
    /// The number of families of the host.
    pub(super) families: usize,
}

/// An attempt that was requested or is in progress.
#[derive(Debug)]
pub(super) struct Attempt {
    ready: Ready,
    /// Addresses of the host beyond the limit of this attempt.
    beyond: Vec<IpAddr>,
    turn: Turn,
    asked: Option<Asked>,
}

/// The first or second attempt at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// With the TLS demand of the target.
    First,
    /// In plaintext, because the handshake failed and the demand permits that.
    Plaintext,
}

#[derive(Debug)]
struct Asked {
    /// The number of the ticket.
    number: u32,
    recipients: Vec<usize>,
}

/// The step after an attempt.
#[derive(Debug)]
pub(super) enum Next {
    /// Another attempt at the same host.
    Again(Attempt),
    /// Another host.
    Host(Spent),
}

/// The cost of an attempt in the limits of the route.
#[derive(Debug)]
pub(super) struct Spent {
    /// The number of addresses.
    pub(super) addresses: usize,
    /// The number of sessions.
    pub(super) sessions: usize,
    /// Addresses that must not be tried again in this route.
    pub(super) tried: Vec<IpAddr>,
    /// The target with the addresses that were not tried.
    pub(super) rest: Option<Ready>,
}

/// The use of the remaining addresses of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    /// Try them after all other hosts.
    Later,
    /// Do not try them, because they would give the same result.
    Useless,
}

impl Attempt {
    pub(super) const fn new(ready: Ready, beyond: Vec<IpAddr>) -> Self {
        Self {
            ready,
            beyond,
            turn: Turn::First,
            asked: None,
        }
    }

    /// Returns the target at the first call; waits afterwards.
    pub(super) fn poll(&mut self, context: &mut Context) -> Step {
        if self.asked.is_some() {
            return Step::Wait;
        }
        let (ticket, recipients) = (context.tickets.issue(), context.recipients.open());
        self.asked = Some(Asked {
            number: ticket.number(),
            recipients: recipients.clone(),
        });
        let target = self.ready.target.clone();
        let target = match self.turn {
            Turn::First => target,
            Turn::Plaintext => Target {
                tls: TlsDemand::Plaintext,
                require_tls: Keyword::Omit,
                ..target
            },
        };
        Step::Connect {
            target,
            recipients,
            ticket,
        }
    }

    /// Returns true if the ticket with this number belongs to the attempt.
    pub(super) fn has(&self, number: u32) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.number == number)
    }

    /// Takes the outcome.
    pub(super) fn end(mut self, attempted: Attempted, context: &mut Context) -> Next {
        self.report(&attempted, context);
        let tried = &mut self.ready.target.addresses;
        let mut others = tried.split_off(attempted.addresses.max(1).min(tried.len()));
        others.append(&mut self.beyond);
        let tls_failed = matches!(attempted.outcome, Outcome::TlsFailed(_));
        if tls_failed && self.may_repeat(context.config.fallback) {
            return Next::Again(Self {
                turn: Turn::Plaintext,
                beyond: others,
                asked: None,
                ..self
            });
        }
        let (sessions, use_of_others) = self.record(attempted.outcome, context);
        let mut rest = self.ready;
        let tried = mem::replace(&mut rest.target.addresses, others);
        let is_useful = use_of_others == Others::Later && !rest.target.addresses.is_empty();
        Next::Host(Spent {
            addresses: tried.len(),
            sessions,
            // With the name of another host, TLS may succeed at the same address.
            tried: if tls_failed { Vec::new() } else { tried },
            rest: is_useful.then_some(rest),
        })
    }

    /// Returns true if plaintext may follow a failed handshake: only without a policy.
    fn may_repeat(&self, fallback: Fallback) -> bool {
        self.turn == Turn::First
            && fallback == Fallback::Plaintext
            && matches!(
                self.ready.target.tls,
                TlsDemand::Opportunistic | TlsDemand::Report { .. }
            )
    }

    /// Notes the result for TLS reports.
    fn report(&self, attempted: &Attempted, context: &mut Context) {
        let fault = match (&attempted.outcome, attempted.tls_fault) {
            (Outcome::TlsFailed(fault), _) => Some(*fault),
            (_, fault) => fault,
        };
        let policy = self.ready.policy;
        let result = match (self.turn, fault, &attempted.outcome) {
            // The first attempt has recorded the failure.
            (Turn::Plaintext, ..) => return,
            (Turn::First, Some(fault), _) => Err(fault.into()),
            (Turn::First, None, Outcome::Ran(_)) if policy != PolicyType::NoPolicyFound => Ok(()),
            (Turn::First, None, _) => return,
        };
        context.note(policy, Some(self.ready.target.host.clone()), result);
    }

    /// Records an outcome for the recipients. Returns the number of sessions that it counts, and the use of the remaining
    /// addresses.
    fn record(&self, outcome: Outcome, context: &mut Context) -> (usize, Others) {
        let host = &self.ready.target.host;
        let refusal = |reply, to| {
            let host = host.clone();
            Reason::Reply(Arc::new(Refusal { host, to, reply }))
        };
        let in_plaintext = self.turn == Turn::Plaintext || self.ready.target.tls == TlsDemand::Plaintext;
        let (trouble, sessions, others) = match outcome {
            Outcome::Ran(fates) => {
                let policy = match (context.past, context.config.families, self.ready.families) {
                    (Past::None, Families::Both, 2) => PolicyRefusal::Temporary,
                    _ => PolicyRefusal::AsSaid,
                };
                let offered = self.asked.iter().flat_map(|asked| &asked.recipients);
                context.recipients.record(offered, fates, host, policy);
                return (1, Others::Later);
            }
            Outcome::Unreachable => (Trouble::Soft(Reason::Unreachable), 0, Others::Later),
            // The reply concerns the host, and so all its addresses (RFC 7504 section 2).
            Outcome::HostRefused(reply) if reply.is_permanent() => (
                Trouble::Hard(refusal(reply, ReplyTo::Greeting)),
                1,
                Others::Useless,
            ),
            Outcome::HostRefused(reply) => {
                (Trouble::Soft(refusal(reply, ReplyTo::Greeting)), 1, Others::Later)
            }
            Outcome::TlsFailed(_) if in_plaintext => (Trouble::Soft(Reason::Unreachable), 0, Others::Later),
            Outcome::TlsFailed(_) => (context.lacking(Reason::TlsNeeded), 0, Others::Later),
            Outcome::KeywordMissing => (context.lacking(Reason::RequireTlsUnsupported), 0, Others::Useless),
            Outcome::LoginFailed(reply) => {
                let why = reply.map_or(Reason::LoginFailed, |reply| refusal(reply, ReplyTo::Auth));
                (Trouble::Soft(why), 1, Others::Useless)
            }
            Outcome::Unsendable(lack) => (Trouble::Hard(Reason::Unsendable(lack)), 1, Others::Useless),
        };
        context.recipients.trouble(&trouble);
        (sessions, others)
    }
}
