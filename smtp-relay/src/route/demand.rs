//! The rule that makes one demand of all policies.

use alloc::vec::Vec;

use super::{Need, Security, TlsDemand, Why};
use crate::{Name, tlsa::Association};

/// The TLSA records of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tlsa {
    /// None, or none that are secure.
    Absent,
    /// Some, and none is usable.
    Unusable,
    /// Usable ones.
    Usable {
        associations: Vec<Association>,
        /// The name under which they were found.
        base: Name,
    },
}

/// The verdict of the MTA-STS policy about a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StsVerdict {
    /// There is no policy.
    NoPolicy,
    /// Mode `enforce`, and the name is permitted.
    EnforceMatch,
    /// Mode `enforce`, and the name is not permitted.
    EnforceMismatch,
    /// Mode `testing`, and the name is permitted.
    TestingMatch,
    /// Mode `testing`, and the name is not permitted.
    TestingMismatch,
}

/// The demand on a host with a name. DANE precedes MTA-STS (RFC 8461 section 2), but permits no host that the policy
/// excludes. `Err` excludes the host.
///
/// | TLSA records | demand |
/// |---|---|
/// | usable | DANE (RFC 7672 section 2.2) |
/// | otherwise, `enforce` | certificate for the name (RFC 8461 section 5) |
/// | otherwise, REQUIRETLS and a verified name | certificate for the name (RFC 8689 section 4.2.1) |
/// | otherwise, none is usable | encryption (RFC 7672 section 2.2) |
/// | otherwise, `testing` | report |
/// | otherwise | opportunistic |
pub(super) fn demand(
    need: Need,
    mx: Security,
    sts: StsVerdict,
    tlsa: Tlsa,
    host: &Name,
    next_hops: &[&Name],
) -> Result<TlsDemand, Why> {
    if need == Need::Optional {
        return Ok(TlsDemand::Opportunistic);
    }
    if sts == StsVerdict::EnforceMismatch {
        return Err(Why::PolicyMismatch);
    }
    let web_pki = || TlsDemand::WebPki { name: host.clone() };
    // A name that `enforce` permits is verified, too; its demand is the same without REQUIRETLS.
    let is_verified = mx == Security::Secure || sts == StsVerdict::TestingMatch;
    match (tlsa, sts) {
        (Tlsa::Usable { associations, base }, _) => Ok(TlsDemand::Dane {
            associations,
            names: reference_names(base, next_hops),
        }),
        (_, StsVerdict::EnforceMatch) => Ok(web_pki()),
        _ if need == Need::RequireTls && is_verified => Ok(web_pki()),
        _ if need == Need::RequireTls => Err(Why::TlsNeeded),
        (Tlsa::Unusable, _) => Ok(TlsDemand::Encrypted),
        (Tlsa::Absent, StsVerdict::TestingMatch | StsVerdict::TestingMismatch) => {
            Ok(TlsDemand::Report { name: host.clone() })
        }
        (Tlsa::Absent, _) => Ok(TlsDemand::Opportunistic),
    }
}

/// The reference identifiers for DANE-TA (RFC 7672 section 3.2.2): the TLSA base domain, then the next hop as it was
/// given and at the end of its aliases, which is trusted because DANE requires a secure chain.
fn reference_names(base: Name, next_hops: &[&Name]) -> Vec<Name> {
    let mut names = Vec::from([base]);
    for name in next_hops {
        if !names.contains(name) {
            names.push((*name).clone());
        }
    }
    names
}

#[cfg(test)]
mod tests;
