//! The rule that combines all policies into one TLS demand.

use alloc::vec::Vec;

use super::{Need, Reason, Security, TlsDemand};
use crate::{Name, tlsa::Association};

/// The TLSA records of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tlsa {
    /// There are no records, or none that DNSSEC secures.
    Absent,
    /// There are records, and none is usable.
    Unusable,
    /// There are usable records.
    Usable {
        associations: Vec<Association>,
        /// The TLSA base domain.
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

/// Returns the TLS demand on a host with a name; `Err` excludes the host. DANE takes precedence over MTA-STS (RFC 8461
/// section 2), but does not permit a host that the policy excludes.
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
) -> Result<TlsDemand, Reason> {
    if need == Need::Optional {
        return Ok(TlsDemand::Opportunistic);
    }
    if sts == StsVerdict::EnforceMismatch {
        return Err(Reason::PolicyMismatch);
    }
    let web_pki = || TlsDemand::WebPki { name: host.clone() };
    // A name that `enforce` permits counts as verified, too; the demand is then the same without REQUIRETLS.
    let is_verified = mx == Security::Secure || sts == StsVerdict::TestingMatch;
    match (tlsa, sts) {
        (Tlsa::Usable { associations, base }, _) => Ok(TlsDemand::Dane {
            associations,
            names: reference_names(base, next_hops),
        }),
        (_, StsVerdict::EnforceMatch) => Ok(web_pki()),
        _ if need == Need::RequireTls && is_verified => Ok(web_pki()),
        _ if need == Need::RequireTls => Err(Reason::TlsNeeded),
        (Tlsa::Unusable, _) => Ok(TlsDemand::Encrypted),
        (Tlsa::Absent, StsVerdict::TestingMatch | StsVerdict::TestingMismatch) => {
            Ok(TlsDemand::Report { name: host.clone() })
        }
        (Tlsa::Absent, _) => Ok(TlsDemand::Opportunistic),
    }
}

/// Returns the reference identifiers for DANE-TA (RFC 7672 section 3.2.2): the TLSA base domain, then the next-hop domain and
/// the end of its aliases. The aliases are trusted, because DANE requires a secure chain.
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
