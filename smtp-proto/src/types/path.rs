//! Reverse-paths and forward-paths.

use alloc::borrow::Cow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::domain::cmp_ignoring_case;
use super::{InvalidAddress, Mailbox, Postmaster};
use crate::syntax::address::{self, RawPath};

/// A mailbox with an optional source route: `[ A-d-l ":" ] Mailbox` (RFC 5321 section 4.1.2).
///
/// Source routes are obsolete. The parser keeps them; a server should ignore them (RFC 5321 appendix C). Comparison and
/// order use the mailbox, and then the route, ignoring the case of ASCII letters.
///
/// ```
/// use smtp_proto::types::{Mailbox, Path};
///
/// let path = Path::parse("<@relay.example:ann@example.org>")?;
/// assert_eq!(path.source_route(), Some("@relay.example"));
/// assert_eq!(path.mailbox(), Mailbox::parse("ann@example.org")?);
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone)]
pub struct Path<'a> {
    raw: Cow<'a, str>,
    /// Octets of the source route with its colon; 0 if there is none.
    route: u16,
    /// The index of the `@` of the mailbox.
    at: u16,
}

impl<'a> Path<'a> {
    /// Maximum octets of a source route with its colon: twice the limit of a whole path in RFC 5321 section 4.5.3.1.3.
    pub const MAX_ROUTE: usize = 512;

    /// Parses a path, with or without its angle brackets (RFC 5321 section 4.1.2).
    ///
    /// ```abnf
    /// Path      = "<" [ A-d-l ":" ] Mailbox ">"
    /// A-d-l     = At-domain *( "," At-domain )
    /// At-domain = "@" Domain
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if a part is missing, malformed or too long.
    ///
    /// ```
    /// use smtp_proto::types::Path;
    ///
    /// let path = Path::parse("<@relay.example:bob@example.org>")?;
    /// assert_eq!(path.source_route(), Some("@relay.example"));
    /// assert_eq!(path.mailbox().as_str(), "bob@example.org");
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        address::parse_path(text)
    }

    /// Wraps a path that the parser has already checked.
    pub(crate) const fn trusted(raw: RawPath<'a>) -> Self {
        Self {
            raw: Cow::Borrowed(raw.text),
            route: raw.route,
            at: raw.at,
        }
    }

    /// Returns the path as it was parsed, without angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Returns the source route without its colon: `@a.example,@b.example`.
    #[must_use]
    pub fn source_route(&self) -> Option<&str> {
        self.raw.get(..usize::from(self.route).checked_sub(1)?)
    }

    /// Returns the mailbox.
    #[must_use]
    pub fn mailbox(&self) -> Mailbox<'_> {
        let text = self.raw.get(usize::from(self.route)..).unwrap_or_default();
        Mailbox::trusted(text, self.at.saturating_sub(self.route))
    }

    /// Returns true if the path can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.raw.is_ascii()
    }

    /// Borrows the path.
    #[must_use]
    pub fn as_borrowed(&self) -> Path<'_> {
        Path {
            raw: Cow::Borrowed(&self.raw),
            route: self.route,
            at: self.at,
        }
    }

    /// Copies a borrowed path, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Path<'static> {
        Path {
            raw: Cow::Owned(self.raw.into_owned()),
            route: self.route,
            at: self.at,
        }
    }
}

impl<'a> From<Mailbox<'a>> for Path<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        let (raw, at) = mailbox.into_raw();
        Self { raw, route: 0, at }
    }
}

impl PartialEq<Path<'_>> for Path<'_> {
    fn eq(&self, other: &Path<'_>) -> bool {
        let routes = (
            self.source_route().unwrap_or_default(),
            other.source_route().unwrap_or_default(),
        );
        routes.0.eq_ignore_ascii_case(routes.1) && self.mailbox() == other.mailbox()
    }
}

impl Eq for Path<'_> {}

impl PartialOrd<Path<'_>> for Path<'_> {
    fn partial_cmp(&self, other: &Path<'_>) -> Option<Ordering> {
        Some(compare(self, other))
    }
}

impl Ord for Path<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other)
    }
}

fn compare(path: &Path<'_>, other: &Path<'_>) -> Ordering {
    let routes = (
        path.source_route().unwrap_or_default(),
        other.source_route().unwrap_or_default(),
    );
    path.mailbox()
        .cmp(&other.mailbox())
        .then_with(|| cmp_ignoring_case(routes.0, routes.1))
}

impl Hash for Path<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mailbox().hash(state);
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path(<{}>)", self.raw)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.raw)
    }
}

/// The sender of a message, which receives delivery status notifications: the argument of MAIL FROM (RFC 5321 section
/// 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "Reverse-path = Path / \"<>\"")]
pub enum ReversePath<'a> {
    /// `<>`: the sender of a delivery status notification. Do not send a notification about such a message (RFC 5321
    /// section 4.5.5).
    Null,
    /// A path.
    Path(Path<'a>),
}

impl<'a> ReversePath<'a> {
    /// Parses a reverse-path, with or without its angle brackets (RFC 5321 section 4.1.2).
    ///
    /// ```abnf
    /// Reverse-path = Path / "<>"
    /// ```
    /// The empty text is the null path, too.
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if a part is missing, malformed or too long.
    ///
    /// ```
    /// use smtp_proto::types::ReversePath;
    ///
    /// assert!(ReversePath::parse("<>")?.is_null());
    /// assert_eq!(ReversePath::parse("<ann@example.org>")?.as_str(), "ann@example.org");
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        match text {
            "" | "<>" => Ok(Self::Null),
            _ => Path::parse(text).map(Self::Path),
        }
    }

    /// Returns the path as it was parsed, without angle brackets. The null path is empty.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Path(path) => path.as_str(),
        }
    }

    /// Returns the mailbox of the sender. Returns `None` for the null path.
    #[must_use]
    pub fn mailbox(&self) -> Option<Mailbox<'_>> {
        match self {
            Self::Null => None,
            Self::Path(path) => Some(path.mailbox()),
        }
    }

    /// Returns true for `<>`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns true if the path can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.as_str().is_ascii()
    }

    /// Borrows the path.
    #[must_use]
    pub fn as_borrowed(&self) -> ReversePath<'_> {
        match self {
            Self::Null => ReversePath::Null,
            Self::Path(path) => ReversePath::Path(path.as_borrowed()),
        }
    }

    /// Copies a borrowed path, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> ReversePath<'static> {
        match self {
            Self::Null => ReversePath::Null,
            Self::Path(path) => ReversePath::Path(path.into_owned()),
        }
    }
}

impl<'a> From<Path<'a>> for ReversePath<'a> {
    fn from(path: Path<'a>) -> Self {
        Self::Path(path)
    }
}

impl<'a> From<Mailbox<'a>> for ReversePath<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        Self::Path(mailbox.into())
    }
}

impl fmt::Display for ReversePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

/// The address of a recipient: the argument of RCPT TO (RFC 5321 section 4.1.1.3).
///
/// ```
/// use smtp_proto::types::ForwardPath;
///
/// assert!(ForwardPath::parse("ann@example.org")?.mailbox().is_some());
/// assert!(ForwardPath::parse("<Postmaster>")?.mailbox().is_none());
/// assert!(ForwardPath::parse("<>").is_err());
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "\"<Postmaster>\" / Forward-path, which is a Path"
)]
pub enum ForwardPath<'a> {
    /// `<Postmaster>`, without a domain.
    Postmaster(Postmaster<'a>),
    /// A path.
    Path(Path<'a>),
}

impl<'a> ForwardPath<'a> {
    /// Parses a forward-path, with or without its angle brackets (RFC 5321 sections 4.1.1.3 and 4.1.2).
    ///
    /// ```abnf
    /// "<Postmaster>" / Path
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidAddress`] if a part is missing, malformed or too long, or if the path is null.
    ///
    /// ```
    /// use smtp_proto::types::{AddressFault, ForwardPath};
    ///
    /// assert!(ForwardPath::parse("<postmaster>")?.is_postmaster());
    /// assert_eq!(ForwardPath::parse("<>").unwrap_err().fault(), AddressFault::Null);
    /// # Ok::<_, smtp_proto::types::InvalidAddress>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, InvalidAddress> {
        address::parse_forward_path(text)
    }

    /// Returns the path as it was parsed, without angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Postmaster(postmaster) => postmaster.as_str(),
            Self::Path(path) => path.as_str(),
        }
    }

    /// Returns the mailbox of the recipient. Returns `None` for `<Postmaster>`, which has no domain.
    #[must_use]
    pub fn mailbox(&self) -> Option<Mailbox<'_>> {
        match self {
            Self::Postmaster(_) => None,
            Self::Path(path) => Some(path.mailbox()),
        }
    }

    /// Returns true for the postmaster, in any case of letters, with or without a domain.
    ///
    /// The caller checks that the domain is local.
    #[must_use]
    pub fn is_postmaster(&self) -> bool {
        match self {
            Self::Postmaster(_) => true,
            Self::Path(path) => path
                .mailbox()
                .unquoted_local_part()
                .eq_ignore_ascii_case(Postmaster::default().as_str()),
        }
    }

    /// Returns true if the path can be sent without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.as_str().is_ascii()
    }

    /// Borrows the path.
    #[must_use]
    pub fn as_borrowed(&self) -> ForwardPath<'_> {
        match self {
            Self::Postmaster(word) => ForwardPath::Postmaster(word.as_borrowed()),
            Self::Path(path) => ForwardPath::Path(path.as_borrowed()),
        }
    }

    /// Copies a borrowed path, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> ForwardPath<'static> {
        match self {
            Self::Postmaster(word) => ForwardPath::Postmaster(word.into_owned()),
            Self::Path(path) => ForwardPath::Path(path.into_owned()),
        }
    }
}

impl<'a> From<Postmaster<'a>> for ForwardPath<'a> {
    fn from(postmaster: Postmaster<'a>) -> Self {
        Self::Postmaster(postmaster)
    }
}

impl<'a> From<Path<'a>> for ForwardPath<'a> {
    fn from(path: Path<'a>) -> Self {
        Self::Path(path)
    }
}

impl<'a> From<Mailbox<'a>> for ForwardPath<'a> {
    fn from(mailbox: Mailbox<'a>) -> Self {
        Self::Path(mailbox.into())
    }
}

impl fmt::Display for ForwardPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.as_str())
    }
}

#[cfg(test)]
mod tests;
