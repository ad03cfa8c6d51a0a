//! The sequence of hosts: addresses, TLS demands, attempts.

use alloc::{collections::VecDeque, vec::Vec};
use core::{mem, net::IpAddr};

use super::{
    Answer, Attempted, Dane, Need, Peer, PolicyType, Reason, ResultType, Security, SmartHostTls, StaleTicket,
    Step, Target, TlsDemand,
    attempt::{Attempt, Next, Ready},
    context::Context,
    demand::{self, StsVerdict},
    fate::Trouble,
    hosts::Hosts,
    level::{Ended, Level, Resolved, contains, take_turns},
    secure::{Noted, Secured, Securing},
};
use crate::sts::{Mode, Policy};

/// The remaining hosts, and the limits for them.
#[derive(Debug)]
pub(super) struct Plan {
    policy: Option<Policy>,
    hosts: Hosts,
    /// Hosts of the current preference.
    resolved: VecDeque<Resolved>,
    /// Targets of the current host.
    ready: VecDeque<Ready>,
    /// Targets with addresses that were not tried; they follow after all hosts.
    rest: VecDeque<Ready>,
    /// Addresses that were tried, except those where only TLS failed.
    tried: Vec<IpAddr>,
    addresses_left: usize,
    sessions_left: usize,
    stage: Stage,
}

/// The current step.
#[derive(Debug)]
enum Stage {
    /// The next step must be chosen.
    Choose,
    Level(Level),
    Securing(Securing),
    Attempt(Attempt),
}

impl Plan {
    pub(super) fn new(hosts: Hosts, policy: Option<Policy>, context: &Context) -> Self {
        Self {
            policy,
            hosts,
            resolved: VecDeque::new(),
            ready: VecDeque::new(),
            rest: VecDeque::new(),
            tried: Vec::new(),
            addresses_left: context.config.max_addresses,
            sessions_left: context.config.max_sessions,
            stage: Stage::Choose,
        }
    }

    /// Takes the next step. Returns `None` if no host is left, or none is needed.
    pub(super) fn poll(&mut self, context: &mut Context) -> Option<Step> {
        loop {
            let waits = match &mut self.stage {
                Stage::Choose => None,
                Stage::Level(level) => level.poll(&mut context.tickets),
                Stage::Securing(securing) => securing.poll(&mut context.tickets),
                Stage::Attempt(attempt) => Some(attempt.poll(context)),
            };
            if waits.is_some() {
                return waits;
            }
            match mem::replace(&mut self.stage, Stage::Choose) {
                Stage::Level(level) => self.resolved(level, context),
                Stage::Securing(securing) => self.secured(securing, context),
                Stage::Choose | Stage::Attempt(_) => self.stage = self.choose(context)?,
            }
        }
    }

    pub(super) fn answer(
        &mut self,
        number: u32,
        answer: Answer,
        context: &mut Context,
    ) -> Result<(), StaleTicket> {
        match &mut self.stage {
            Stage::Level(level) => level.answer(number, answer, self.hosts.own_addresses(&context.config)),
            Stage::Securing(securing) => {
                let (noted, peer) = (securing.answer(number, answer)?, securing.peer());
                let result = match noted {
                    Noted::Nothing | Noted::Failed => None,
                    Noted::Bogus => Some(ResultType::DnssecInvalid),
                    Noted::Unusable => Some(ResultType::TlsaInvalid),
                };
                if let Some(result) = result {
                    context.note(PolicyType::Tlsa, Some(peer.clone()), Err(result));
                }
                if matches!(noted, Noted::Bogus | Noted::Failed) {
                    context.recipients.trouble(&Trouble::Soft(Reason::Dns));
                }
                Ok(())
            }
            Stage::Choose | Stage::Attempt(_) => Err(StaleTicket),
        }
    }

    pub(super) fn attempted(
        &mut self,
        number: u32,
        attempted: Attempted,
        context: &mut Context,
    ) -> Result<(), StaleTicket> {
        match mem::replace(&mut self.stage, Stage::Choose) {
            Stage::Attempt(attempt) if attempt.has(number) => {
                self.end_attempt(attempt, attempted, context);
                Ok(())
            }
            other => {
                self.stage = other;
                Err(StaleTicket)
            }
        }
    }

    /// Chooses the next step. Returns `None` if there is none.
    fn choose(&mut self, context: &mut Context) -> Option<Stage> {
        loop {
            if context.recipients.are_done() || self.addresses_left == 0 || self.sessions_left == 0 {
                return None;
            }
            if let Some(ready) = self.ready.pop_front() {
                if let Some(attempt) = self.begin_attempt(ready) {
                    return Some(Stage::Attempt(attempt));
                }
            } else if let Some(resolved) = self.resolved.pop_front() {
                let dane = match context.config.dane {
                    Dane::Verify if context.heeds_policies() => self.hosts.security,
                    Dane::Verify | Dane::Ignore => Security::Insecure,
                };
                return Some(Stage::Securing(Securing::new(resolved, context.port(), dane)));
            } else if self.hosts.left() > 0 {
                let level = self.hosts.best();
                let (families, first) = (context.config.families, context.first_family());
                return Some(Stage::Level(Level::new(level, families, first)));
            } else {
                self.ready.push_back(self.rest.pop_front()?);
            }
        }
    }

    /// Processes the addresses of the hosts of one preference.
    fn resolved(&mut self, level: Level, context: &mut Context) {
        let ended: Vec<_> = level.end().collect();
        if ended.iter().any(|ended| matches!(ended, Ended::Own)) {
            // All of these hosts have the same preference as this relay.
            if !self.hosts.cut() {
                context
                    .recipients
                    .trouble(&context.about_destination(Reason::LoopsBack));
            }
            return;
        }
        for ended in ended {
            match ended {
                Ended::Resolved(resolved) => self.resolved.push_back(resolved),
                Ended::DnsFailed => context.recipients.trouble(&Trouble::Soft(Reason::Dns)),
                Ended::NoAddress | Ended::Own => {
                    context
                        .recipients
                        .trouble(&context.about_destination(Reason::NoAddress));
                }
            }
        }
    }

    /// Creates targets for a host: one for each TLS demand of its addresses.
    fn secured(&mut self, securing: Securing, context: &mut Context) {
        let (resolved, secured) = securing.end();
        let peer = &resolved.host.peer;
        let verdict = self.sts_verdict(peer);
        if matches!(verdict, StsVerdict::EnforceMismatch | StsVerdict::TestingMismatch) {
            context.note(
                PolicyType::Sts,
                Some(peer.clone()),
                Err(ResultType::ValidationFailure),
            );
        }
        let mut targets: Vec<Target> = Vec::new();
        for Secured { addresses, tlsa } in secured {
            match self.tls(peer, verdict, tlsa, context) {
                Err(why) => context.recipients.trouble(&context.lacking(why)),
                Ok(tls) => match targets.iter_mut().find(|target| target.tls == tls) {
                    Some(target) => target.addresses = take_turns(&target.addresses, &addresses),
                    None => targets.push(context.target(peer.clone(), addresses, tls)),
                },
            }
        }
        // If the families differ, try the more secure one first.
        targets.sort_by_key(|target| target.tls.permits_plaintext());
        let ready = |target: Target| Ready {
            policy: policy_type(&target.tls, verdict),
            families: resolved.families,
            target,
        };
        self.ready.extend(targets.into_iter().map(ready));
    }

    /// Returns the TLS demand on a host, from the settings or from its policies.
    fn tls(
        &self,
        peer: &Peer,
        verdict: StsVerdict,
        tlsa: demand::Tlsa,
        context: &Context,
    ) -> Result<TlsDemand, Reason> {
        match (context.smart_host_tls(), context.to.name(), peer) {
            (Some(SmartHostTls::Plaintext), ..) if context.need == Need::RequireTls => Err(Reason::TlsNeeded),
            (Some(SmartHostTls::Plaintext), ..) => Ok(TlsDemand::Plaintext),
            (Some(SmartHostTls::StartTls | SmartHostTls::Implicit), Some(name), _) => {
                Ok(TlsDemand::WebPki { name: name.clone() })
            }
            // A certificate cannot be verified without a name.
            (Some(SmartHostTls::StartTls | SmartHostTls::Implicit), None, _) => Err(Reason::TlsNeeded),
            (_, _, Peer::Name(host)) => {
                let next_hops: Vec<_> = context
                    .to
                    .name()
                    .into_iter()
                    .chain(&self.hosts.expanded)
                    .collect();
                demand::demand(context.need, self.hosts.security, verdict, tlsa, host, &next_hops)
            }
            (_, _, Peer::Address(_)) => match (context.need, verdict) {
                (Need::Optional, _) => Ok(TlsDemand::Opportunistic),
                (_, StsVerdict::EnforceMatch | StsVerdict::EnforceMismatch) => Err(Reason::PolicyMismatch),
                (Need::RequireTls, _) => Err(Reason::TlsNeeded),
                _ => Ok(TlsDemand::Opportunistic),
            },
        }
    }

    /// Returns the verdict of the policy on a host. An implicit MX has the name of the domain (RFC 5321 section 5.1).
    fn sts_verdict(&self, peer: &Peer) -> StsVerdict {
        let Some(policy) = &self.policy else {
            return StsVerdict::NoPolicy;
        };
        let matches = matches!(peer, Peer::Name(name) if policy.matches(name));
        match (policy.mode, matches) {
            (Mode::None, _) => StsVerdict::NoPolicy,
            (Mode::Enforce, true) => StsVerdict::EnforceMatch,
            (Mode::Enforce, false) => StsVerdict::EnforceMismatch,
            (Mode::Testing, true) => StsVerdict::TestingMatch,
            (Mode::Testing, false) => StsVerdict::TestingMismatch,
        }
    }

    /// Begins an attempt with the remaining addresses, within the limits. Returns `None` if there are none.
    ///
    /// Each host may use two addresses, but leaves one for each host after it.
    fn begin_attempt(&mut self, mut ready: Ready) -> Option<Attempt> {
        let mut addresses = Vec::new();
        for address in ready.target.addresses {
            if !contains(&self.tried, address) && !contains(&addresses, address) {
                addresses.push(address);
            }
        }
        let waiting = self.ready.len() + self.resolved.len() + self.hosts.left();
        let reserved = self.addresses_left.saturating_sub(2).min(waiting);
        let limit = (self.addresses_left - reserved).min(addresses.len());
        let beyond = addresses.split_off(limit);
        ready.target.addresses = addresses;
        (limit > 0).then(|| Attempt::new(ready, beyond))
    }

    /// Takes the outcome of an attempt.
    fn end_attempt(&mut self, attempt: Attempt, attempted: Attempted, context: &mut Context) {
        match attempt.end(attempted, context) {
            Next::Again(attempt) => self.stage = Stage::Attempt(attempt),
            Next::Host(spent) => {
                self.addresses_left = self.addresses_left.saturating_sub(spent.addresses);
                self.sessions_left = self.sessions_left.saturating_sub(spent.sessions);
                self.tried.extend(spent.tried);
                self.rest.extend(spent.rest);
            }
        }
    }

    /// Returns true if this relay is a host of the destination, and no better host is left.
    pub(super) fn is_backup(&self) -> bool {
        self.hosts.is_backup()
    }
}

/// Returns the policy from which a demand comes, for reports.
fn policy_type(tls: &TlsDemand, verdict: StsVerdict) -> PolicyType {
    match (tls, verdict) {
        (TlsDemand::Dane { .. } | TlsDemand::Encrypted, _) => PolicyType::Tlsa,
        (_, StsVerdict::NoPolicy) => PolicyType::NoPolicyFound,
        _ => PolicyType::Sts,
    }
}
