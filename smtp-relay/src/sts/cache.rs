//! The decisions of a cache of policies.

use thiserror::Error;

use super::{Id, Mode, Policy};

/// Seconds after which a fresh policy is fetched again: one day (RFC 8461 section 3.3). An attacker who blocks the DNS can
/// hide a new policy, but cannot make an old one expire earlier.
pub const REFRESH_AFTER: u64 = 86_400;

/// Seconds between two attempts to fetch the policy of one identifier: five minutes (RFC 8461 section 3.3).
pub const FETCH_PAUSE: u64 = 300;

/// A fetched policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cached {
    /// The policy.
    pub policy: Policy,
    /// The identifier in the record for which it was fetched.
    pub id: Id,
    /// The time of the fetch, in seconds since 1970.
    pub fetched: u64,
}

/// A fetch that failed, or that gave an invalid policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedFetch {
    /// The identifier in the record.
    pub id: Id,
    /// The time of the attempt, in seconds since 1970.
    pub at: u64,
}

/// The error for a failed lookup of a domain's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[expect(clippy::exhaustive_structs, reason = "nothing can be added")]
#[error("the lookup of the MTA-STS record failed")]
pub struct LookupFailed;

/// The next step for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers match on each")]
pub enum Decision {
    /// The cached policy is in force.
    UseCached,
    /// Fetch the policy. If that fails, use [`in_force`], and store the [`FailedFetch`].
    Fetch(Id),
    /// The domain has no policy.
    NoPolicy,
}

/// Decides if the policy of a domain must be fetched (RFC 8461 sections 3.1, 3.3 and 5.1).
///
/// `record` is the result of [`parse_record`](super::parse_record), with `None` for a domain without a valid record. A policy
/// stays in force until it expires or a new policy replaces it, even if the record is missing or its lookup fails. Times are
/// in seconds since 1970.
#[must_use]
pub fn decide(
    cached: Option<&Cached>,
    record: Result<Option<&Id>, LookupFailed>,
    failed: Option<&FailedFetch>,
    now: u64,
) -> Decision {
    let fresh = cached.filter(|cached| cached.is_fresh(now));
    let cached_or_none = match fresh {
        Some(_) => Decision::UseCached,
        None => Decision::NoPolicy,
    };
    let Ok(Some(id)) = record else {
        return cached_or_none;
    };
    let is_current = |cached: &Cached| cached.id == *id && now.saturating_sub(cached.fetched) < REFRESH_AFTER;
    let failed_just_now =
        |failed: &FailedFetch| failed.id == *id && now.saturating_sub(failed.at) < FETCH_PAUSE;
    if fresh.is_some_and(is_current) || failed.is_some_and(failed_just_now) {
        return cached_or_none;
    }
    Decision::Fetch(id.clone())
}

/// Returns the policy in force: fresh, and not of mode `none`. Returns `None` if there is none.
#[must_use]
pub fn in_force(cached: Option<&Cached>, now: u64) -> Option<&Policy> {
    cached
        .filter(|cached| cached.is_fresh(now))
        .map(|cached| &cached.policy)
        .filter(|policy| policy.mode != Mode::None)
}

impl Cached {
    /// Creates an entry for a fetched policy.
    #[must_use]
    pub const fn new(policy: Policy, id: Id, fetched: u64) -> Self {
        Self { policy, id, fetched }
    }

    /// Returns true if at most `max_age` seconds have passed since the fetch.
    #[must_use]
    pub const fn is_fresh(&self, now: u64) -> bool {
        now.saturating_sub(self.fetched) < self.policy.max_age
    }
}

impl FailedFetch {
    /// Creates an entry for a failed fetch.
    #[must_use]
    pub const fn new(id: Id, at: u64) -> Self {
        Self { id, at }
    }
}
