//! Departures from the grammar that a parser accepts.

/// Departures from the grammar that are common in practice, and that a server can accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Leniency {
    /// Spaces between `FROM:` or `TO:` and the path: `MAIL FROM: <a@b.example>`. Default: `true`, because many clients
    /// send them, and their meaning is clear.
    pub space_after_colon: bool,
    /// A path without angle brackets: `MAIL FROM:a@b.example`. Default: `false`.
    pub missing_brackets: bool,
    /// Names after EHLO, HELO and LHLO that are neither a domain nor an address literal, such as `my_pc`. These are
    /// names with underscores or hyphens anywhere, or with a dot at the end, which is dropped (`localhost.`), and IPv6
    /// addresses without their tag or with a zone (`[::1]`, `[IPv6:fe80::1%eth0]`). Default: `true`, because nothing
    /// depends on this name.
    pub loose_hello_names: bool,
    /// A dot after the domain of a path, which is dropped: `<a@b.example.>`. Default: `false`.
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
