//! MTA-STS (RFC 8461): the record, the policy, its match with a mail exchanger, and the decisions of a cache.
//!
//! The steps of a caller:
//!
//! 1. Look up the TXT records of `_mta-sts.DOMAIN`, and pass them to [`parse_record`].
//! 2. Call [`decide`], which decides if the policy must be fetched.
//! 3. Fetch `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`: TLS with a valid certificate for that name, no redirects,
//!    `text/plain`, at most [`FETCH_TIMEOUT`] seconds and [`MAX_POLICY`] octets (section 3.3).
//! 4. Pass the body to [`parse_policy`].
//!
//! ```
//! use smtp_relay::{Name, sts};
//!
//! let records: [&[u8]; 2] = [b"v=spf1 -all", b"v=STSv1; id=20261128;"];
//! let id = sts::parse_record(records)?;
//! assert_eq!(sts::decide(None, Ok(Some(&id)), None, 1_800_000_000), sts::Decision::Fetch(id.clone()));
//!
//! let policy = sts::parse_policy(b"version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 604800\n")?;
//! assert!(policy.matches(&Name::parse("mx1.example.org")?));
//! let cached = sts::Cached::new(policy, id, 1_800_000_000);
//! assert!(cached.is_fresh(1_800_000_000 + 604_799));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
mod policy;
mod record;

pub use cache::{Cached, Decision, FETCH_PAUSE, FailedFetch, LookupFailed, REFRESH_AFTER, decide, in_force};
pub use policy::{FETCH_TIMEOUT, InvalidPolicy, MAX_AGE, MAX_POLICY, Mode, Pattern, Policy, parse_policy};
pub use record::{Id, InvalidId, NoRecord, parse_record};

#[cfg(test)]
mod tests;
