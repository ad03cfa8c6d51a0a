//! The state of a route that lasts from its first question to its end.

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use core::net::IpAddr;

use super::{
    Config, Destination, Families, Family, Finding, Keyword, Need, Past, Peer, PolicyType, Reason,
    ResultType, SmartHostTls, Target, TlsDemand, TlsStart, fate::Trouble, recipients::Recipients,
    ticket::Tickets,
};
use crate::random::Random;

#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: Arc<Config>,
    pub(super) to: Destination,
    pub(super) need: Need,
    pub(super) past: Past,
    pub(super) random: Random,
    pub(super) tickets: Tickets,
    pub(super) recipients: Recipients,
    /// Findings that were not reported yet.
    pub(super) findings: VecDeque<Finding>,
}

impl Context {
    /// Adds a finding. Does nothing if the destination has no name, because there is no receiver of a report.
    pub(super) fn note(&mut self, policy: PolicyType, host: Option<Peer>, result: Result<(), ResultType>) {
        let Some(domain) = self.to.name() else {
            return;
        };
        self.findings.push_back(Finding {
            domain: domain.clone(),
            policy,
            host,
            result,
        });
    }

    /// Returns the reason against recipients if a host does not fulfil a TLS demand. It is permanent for REQUIRETLS (RFC 8689
    /// section 4.2.1), and temporary for a policy (RFC 8461 section 5, RFC 7672 section 2.2).
    pub(super) fn lacking(&self, why: Reason) -> Trouble {
        match (self.need, &why) {
            (Need::RequireTls, Reason::TlsNeeded | Reason::RequireTlsUnsupported) => Trouble::Hard(why),
            _ => Trouble::Soft(why),
        }
    }

    /// Returns the reason against recipients for a fault of the destination. It is temporary for a smart host, because the
    /// settings can be corrected.
    pub(super) const fn about_destination(&self, why: Reason) -> Trouble {
        match self.to {
            Destination::SmartHost(_) => Trouble::Soft(why),
            Destination::Domain(_) | Destination::Literal(_) => Trouble::Hard(why),
        }
    }

    /// Creates a target.
    pub(super) fn target(&self, host: Peer, addresses: Vec<IpAddr>, tls: TlsDemand) -> Target {
        let start = match self.smart_host_tls() {
            Some(SmartHostTls::Implicit) => TlsStart::Implicit,
            _ => TlsStart::StartTls,
        };
        let require_tls = match self.need {
            Need::Usual | Need::Optional => Keyword::Omit,
            Need::RequireTlsIfOffered => Keyword::IfOffered,
            Need::RequireTls => Keyword::Required,
        };
        Target {
            host,
            addresses,
            port: self.port(),
            start,
            tls,
            require_tls,
        }
    }

    /// The port of the hosts.
    pub(super) fn port(&self) -> u16 {
        match &self.to {
            Destination::SmartHost(smart) => smart.port,
            Destination::Domain(_) | Destination::Literal(_) => self.config.port,
        }
    }

    /// The TLS policy. Returns `None` unless the destination is a smart host.
    pub(super) const fn smart_host_tls(&self) -> Option<SmartHostTls> {
        match &self.to {
            Destination::SmartHost(smart) => Some(smart.tls),
            Destination::Domain(_) | Destination::Literal(_) => None,
        }
    }

    /// Returns true if the policies of the destination apply.
    pub(super) fn heeds_policies(&self) -> bool {
        self.need != Need::Optional
            && matches!(self.smart_host_tls(), None | Some(SmartHostTls::Opportunistic))
    }

    /// The family whose addresses come first: not the one that the last attempt began with, at first IPv6 (RFC 6724 section 2.1).
    pub(super) fn first_family(&self) -> Family {
        match (self.config.families, self.past) {
            (Families::Only(family), _) => family,
            (Families::Both, Past::Over(family)) => family.other(),
            (Families::Both, Past::None) => Family::V6,
        }
    }
}
