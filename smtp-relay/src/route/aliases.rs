//! Chains of aliases.

use alloc::vec::Vec;

use super::Security;
use crate::Name;

/// A chain of CNAME records, for a caller whose DNS library does not follow aliases.
///
/// ```
/// use smtp_relay::{Name, route::{Aliases, Security}};
///
/// let mut aliases = Aliases::new(Name::parse("a.example")?);
/// aliases.follow(Name::parse("b.example")?, Security::Secure)?;
/// assert_eq!(aliases.end().as_str(), "b.example");
/// assert!(aliases.follow(Name::parse("a.example")?, Security::Secure).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Aliases {
    before: Vec<Name>,
    end: Name,
    security: Security,
}

/// The error for a chain that is a loop or has more than [`Aliases::MAX`] aliases. Answer with
/// [`Answer::Failed`](super::Answer::Failed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(clippy::exhaustive_structs, reason = "nothing can be added")]
#[error("aliases form a loop or are too many")]
pub struct TooManyAliases;

impl Aliases {
    /// Maximum number of aliases: 16, because resolvers have limits from 8 to 16. RFC 1034 section 3.6.2 advises against any
    /// chain.
    pub const MAX: usize = 16;

    /// Creates a chain without an alias.
    #[must_use]
    pub const fn new(name: Name) -> Self {
        Self {
            before: Vec::new(),
            end: name,
            security: Security::Secure,
        }
    }

    /// Adds an alias: the target of the name at the end, and the security of its record.
    ///
    /// # Errors
    /// Returns [`TooManyAliases`] if the name was met before, or there are too many aliases.
    pub fn follow(&mut self, to: Name, security: Security) -> Result<(), TooManyAliases> {
        if self.before.len() == Self::MAX || to == self.end || self.before.contains(&to) {
            return Err(TooManyAliases);
        }
        self.before.push(core::mem::replace(&mut self.end, to));
        self.security = self.security.min(security);
        Ok(())
    }

    /// The name at the end.
    #[must_use]
    pub const fn end(&self) -> &Name {
        &self.end
    }

    /// The security of the whole chain, given the security of the records at its end.
    #[must_use]
    pub fn whole(&self, records: Security) -> Security {
        self.security.min(records)
    }
}
