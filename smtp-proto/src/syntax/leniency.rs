//! What a parser lets pass.

/// Departures from the grammar that the field is full of: which of them a server accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Leniency {
    /// Blanks between `FROM:` or `TO:` and the path: `MAIL FROM: <a@b.example>`. On by default: many clients send
    /// them, and they can mean one thing only.
    pub space_after_colon: bool,
    /// A path without angle brackets: `MAIL FROM:a@b.example`. Off by default.
    pub missing_brackets: bool,
    /// Host names with underscores or with hyphens at an edge behind EHLO, HELO and LHLO: `EHLO my_pc`. On by
    /// default: nothing depends on this name.
    pub underscore_in_hello: bool,
    /// A dot behind a domain, `<a@b.example.>`, which is dropped. Off by default.
    pub trailing_dot: bool,
    /// A local part with a dot at an edge or two together, `<a..b@c.example>`, as some mobile carriers gave them
    /// out; it becomes `<"a..b"@c.example>`. Off by default.
    pub loose_dots: bool,
}

impl Leniency {
    /// No departures at all.
    pub const STRICT: Self = Self {
        space_after_colon: false,
        missing_brackets: false,
        underscore_in_hello: false,
        trailing_dot: false,
        loose_dots: false,
    };
}

impl Default for Leniency {
    fn default() -> Self {
        Self {
            space_after_colon: true,
            underscore_in_hello: true,
            ..Self::STRICT
        }
    }
}
