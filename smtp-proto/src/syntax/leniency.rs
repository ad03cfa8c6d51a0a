//! Departures from the grammar that a parser accepts.

/// Departures from the grammar that are common in the field, and that a server can accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Leniency {
    /// Spaces between `FROM:` or `TO:` and the path: `MAIL FROM: <a@b.example>`. On by default: many clients send
    /// them, and their meaning is clear.
    pub space_after_colon: bool,
    /// A path without angle brackets: `MAIL FROM:a@b.example`. Off by default.
    pub missing_brackets: bool,
    /// Names after EHLO, HELO and LHLO that are neither a domain nor an address literal: with underscores or hyphens
    /// anywhere (`my_pc`), with a dot at the end (`localhost.`, which is dropped), and IPv6 addresses without their
    /// tag or with a zone (`[::1]`, `[IPv6:fe80::1%eth0]`). On by default: nothing depends on this name.
    pub loose_hello_names: bool,
    /// A dot after the domain of a path, `<a@b.example.>`, which is dropped. Off by default.
    pub trailing_dot: bool,
}

impl Leniency {
    /// Accepts nothing but the grammar.
    pub const STRICT: Self = Self {
        space_after_colon: false,
        missing_brackets: false,
        loose_hello_names: false,
        trailing_dot: false,
    };
}

impl Default for Leniency {
    fn default() -> Self {
        Self {
            space_after_colon: true,
            loose_hello_names: true,
            ..Self::STRICT
        }
    }
}
