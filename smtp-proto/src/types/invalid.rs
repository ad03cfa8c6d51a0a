//! Errors of values: the fault, and its position in the text.
//!
//! Each error is a small `Copy` value with a [`fault`](InvalidAddress::fault) to match on and a
//! [`position`](InvalidAddress::position), the offset of the fault in octets. The message names the fault and shows
//! a bounded piece of the text, without control characters.

use core::error::Error;
use core::fmt;

use super::excerpt::Spot;
use super::{AddressLiteral, Domain, Mailbox, Path, Printable};

/// Error for a text that is not a domain, an address literal, a mailbox or a path (RFC 5321 section 4.1.2).
///
/// ```
/// use smtp_proto::types::{AddressFault, Mailbox};
///
/// let error = Mailbox::parse("alice@exa_mple").unwrap_err();
/// assert_eq!(error.fault(), AddressFault::LabelCharacter);
/// assert_eq!(error.position(), 9);
/// assert_eq!(error.to_string(), "domain label `exa_mple` contains `_`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidAddress {
    fault: AddressFault,
    spot: Spot,
}

/// The kinds of [`InvalidAddress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressFault {
    /// The domain is empty.
    EmptyDomain,
    /// The domain has two dots together, or a dot at its start or end.
    EmptyLabel,
    /// A label of the domain contains a character other than letters, digits and hyphens.
    LabelCharacter,
    /// A label of the domain begins or ends with a hyphen.
    LabelHyphen,
    /// A label of the domain is longer than [`Domain::MAX_LABEL`].
    LongLabel,
    /// The domain is longer than [`Domain::MAX`].
    LongDomain,
    /// The domain must be ASCII here.
    NonAsciiDomain,
    /// The domain is not valid by IDNA 2008.
    Idna,
    /// The address literal is malformed.
    Literal,
    /// The address literal is longer than [`AddressLiteral::MAX`].
    LongLiteral,
    /// The local part is empty.
    EmptyLocalPart,
    /// The unquoted local part contains a character that must be quoted.
    LocalPartCharacter,
    /// The unquoted local part has two dots together, or a dot at its start or end.
    LocalPartDot,
    /// The local part is longer than [`Mailbox::MAX_LOCAL_PART`].
    LongLocalPart,
    /// The quoted local part has no closing quote.
    UnclosedQuotes,
    /// In the quoted local part, a backslash precedes a character that cannot be quoted.
    QuotedPair,
    /// The local part is not followed by `@`.
    MissingAt,
    /// The source route is malformed.
    Route,
    /// The source route is longer than [`Path::MAX_ROUTE`].
    LongRoute,
    /// The path does not begin with `<`.
    OpeningBracket,
    /// The path does not end with `>`.
    ClosingBracket,
    /// The null path is not a recipient.
    Null,
    /// Octets follow the address.
    Trailing,
    /// The address contains a control character.
    Control,
}

impl InvalidAddress {
    /// Describes the fault that a parser found at `position` of `text`.
    #[cold]
    pub(crate) fn new(text: &str, position: usize, fault: AddressFault) -> Self {
        let before = text.get(..position).unwrap_or_default();
        let rest = text.get(position..).unwrap_or_default();
        let fault = refine(fault, before, rest);
        let (starts, ends): (&[char], &[char]) = match fault {
            AddressFault::LabelCharacter
            | AddressFault::LabelHyphen
            | AddressFault::LongLabel
            | AddressFault::NonAsciiDomain => {
                (&['.', '@', '<', ',', ':', ' '], &['.', '@', '>', ',', ':', ' '])
            }
            AddressFault::EmptyLabel => (&['@', '<', ',', ':', ' '], &['@', '>', ',', ':', ' ']),
            AddressFault::Literal | AddressFault::LongLiteral => (&['@', '<'], &['>', ' ']),
            AddressFault::Idna => (&[], &[]),
            _ => {
                return Self {
                    fault,
                    spot: Spot::new(text, position),
                };
            }
        };
        let start = before.rfind(starts).map_or(0, |at| at + 1); // the separators are ASCII
        let inside = rest.chars().next().map_or(0, char::len_utf8);
        let behind = rest.get(inside..).unwrap_or_default();
        let end = behind.find(ends).map_or(text.len(), |at| position + inside + at);
        Self {
            fault,
            spot: Spot::new(text, position).with_excerpt(text.get(start..end).unwrap_or_default()),
        }
    }

    /// The same error in a longer text, with this number of octets before it.
    pub(crate) const fn after(mut self, octets: usize) -> Self {
        self.spot = self.spot.after(octets);
        self
    }

    /// The kind of fault.
    #[must_use]
    pub const fn fault(&self) -> AddressFault {
        self.fault
    }

    /// The position of the fault: an offset in octets from the start of the text, at most its length.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.spot.position
    }
}

/// Names a fault by the characters around it. The parsers only report the rule that did not match.
fn refine(fault: AddressFault, before: &str, rest: &str) -> AddressFault {
    use AddressFault as Fault;

    let (previous, found) = (before.chars().next_back(), rest.chars().next());
    match (fault, found) {
        (_, Some(character)) if !Printable::allows(character) => Fault::Control,
        (Fault::EmptyLabel, None | Some('>' | ',' | ':')) if previous != Some('.') => Fault::EmptyDomain,
        (Fault::EmptyLabel, Some(found)) if !matches!(found, '.' | '>' | ',' | ':') => Fault::LabelCharacter,
        (Fault::EmptyLocalPart, _) if previous == Some('.') || found == Some('.') => Fault::LocalPartDot,
        (Fault::EmptyLocalPart, Some(found)) if !matches!(found, '@' | '>') => Fault::LocalPartCharacter,
        (Fault::MissingAt, Some(found)) if found != '>' && previous != Some('"') => Fault::LocalPartCharacter,
        // A character after a label that is not a delimiter was meant to be part of the label.
        (Fault::ClosingBracket | Fault::Trailing | Fault::Route, Some(found))
            if !previous.is_none_or(delimits) && !delimits(found) =>
        {
            Fault::LabelCharacter
        }
        (Fault::ClosingBracket, Some(_)) => Fault::Trailing,
        (Fault::UnclosedQuotes, Some('\\')) if rest.len() > 1 => Fault::QuotedPair,
        _ => fault,
    }
}

fn delimits(character: char) -> bool {
    " <>,;:()[]\"".contains(character)
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use AddressFault as Fault;

        let (excerpt, found) = (self.spot.excerpt, self.spot.found());
        match self.fault {
            Fault::EmptyDomain => f.write_str("the domain is empty"),
            Fault::EmptyLabel => write!(f, "domain {excerpt} has an empty label"),
            Fault::LabelCharacter => write!(f, "domain label {excerpt} contains {found}"),
            Fault::LabelHyphen => write!(f, "domain label {excerpt} begins or ends with a hyphen"),
            Fault::LongLabel => write!(
                f,
                "domain label {excerpt} is longer than {} octets",
                Domain::MAX_LABEL
            ),
            Fault::LongDomain => write!(f, "the domain is longer than {} octets", Domain::MAX),
            Fault::NonAsciiDomain => write!(f, "domain label {excerpt} is not ASCII"),
            Fault::Idna => write!(f, "domain {excerpt} is not valid by IDNA"),
            Fault::Literal => write!(f, "address literal {excerpt} is malformed"),
            Fault::LongLiteral => write!(
                f,
                "address literal {excerpt} is longer than {} octets",
                AddressLiteral::MAX
            ),
            Fault::EmptyLocalPart => f.write_str("the local part is empty"),
            Fault::LocalPartCharacter => write!(f, "the local part contains {found} (must be quoted)"),
            Fault::LocalPartDot => f.write_str("the local part contains a misplaced dot (must be quoted)"),
            Fault::LongLocalPart => write!(
                f,
                "the local part is longer than {} octets",
                Mailbox::MAX_LOCAL_PART
            ),
            Fault::UnclosedQuotes => f.write_str("the quoted local part has no closing quote"),
            Fault::QuotedPair => f.write_str("a backslash precedes a character that cannot be quoted"),
            Fault::MissingAt => f.write_str("`@` is missing after the local part"),
            Fault::Route => write!(f, "the source route is malformed at {found}"),
            Fault::LongRoute => write!(f, "the source route is longer than {} octets", Path::MAX_ROUTE),
            Fault::OpeningBracket => f.write_str("`<` is missing before the address"),
            Fault::ClosingBracket => f.write_str("`>` is missing after the address"),
            Fault::Null => f.write_str("the null path is not a recipient"),
            Fault::Trailing => write!(f, "{found} after the address"),
            Fault::Control => write!(f, "control character {found} in the address"),
        }
    }
}

impl Error for InvalidAddress {}

/// Error for a MAIL or RCPT parameter that is malformed (RFC 5321 section 4.1.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidParameter {
    fault: ParameterFault,
    spot: Spot,
}

/// The kinds of [`InvalidParameter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParameterFault {
    /// The keyword is not an `esmtp-keyword`.
    Keyword,
    /// The value is malformed or out of range.
    Value,
    /// The parameter needs a value.
    MissingValue,
    /// The parameter takes no value (SMTPUTF8, RFC 6531 section 3.4; REQUIRETLS, RFC 8689 section 2; PRDR, draft-hall-prdr).
    UnwantedValue,
    /// The parameter was given before.
    Repeated,
    /// The value is longer than its definition allows: [`Xtext::MAX`](super::Xtext::MAX),
    /// [`Xtext::MAX_ENVELOPE_ID`](super::Xtext::MAX_ENVELOPE_ID),
    /// [`OriginalRecipient::MAX`](super::OriginalRecipient::MAX).
    Long,
    /// This crate has a type and a method for the parameter.
    Known,
}

impl InvalidParameter {
    /// Describes the fault that a parser found at `position` of `text`.
    #[cold]
    pub(crate) fn new(text: &str, position: usize, fault: ParameterFault) -> Self {
        let start = text.get(..position).and_then(|before| before.rfind([' ', '=']));
        let excerpt = text.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
        let end = match fault {
            ParameterFault::Keyword | ParameterFault::Known | ParameterFault::Repeated => {
                excerpt.find([' ', '='])
            }
            _ => excerpt.find(' '),
        };
        let excerpt = end.and_then(|end| excerpt.get(..end)).unwrap_or(excerpt);
        Self {
            fault,
            spot: Spot::new(text, position).with_excerpt(excerpt),
        }
    }

    /// The same error in a longer text, with this number of octets before it.
    pub(crate) const fn after(mut self, octets: usize) -> Self {
        self.spot = self.spot.after(octets);
        self
    }

    /// The kind of fault.
    #[must_use]
    pub const fn fault(&self) -> ParameterFault {
        self.fault
    }

    /// The position of the fault: an offset in octets from the start of the text, at most its length.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.spot.position
    }
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let excerpt = self.spot.excerpt;
        match self.fault {
            ParameterFault::Keyword => write!(f, "{excerpt} is not a parameter keyword"),
            ParameterFault::Value => write!(f, "{excerpt} is not a valid value"),
            ParameterFault::MissingValue => f.write_str("the value is missing"),
            ParameterFault::UnwantedValue => write!(f, "value {excerpt} where none is allowed"),
            ParameterFault::Repeated => write!(f, "{excerpt} is given twice"),
            ParameterFault::Long => write!(f, "value {excerpt} is too long"),
            ParameterFault::Known => write!(f, "{excerpt} has its own method: use that"),
        }
    }
}

impl Error for InvalidParameter {}

/// Error for a text that is not a valid argument of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvalidArgument {
    fault: ArgumentFault,
    spot: Spot,
}

/// The kinds of [`InvalidArgument`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArgumentFault {
    /// The argument is missing or consists of blanks.
    Empty,
    /// The argument is too long: [`Argument::MAX`](super::Argument::MAX),
    /// [`Auth::MAX_MECHANISM`](super::Auth::MAX_MECHANISM), [`Auth::MAX_INITIAL`](super::Auth::MAX_INITIAL),
    /// [`UnknownCommand::MAX_VERB`](super::UnknownCommand::MAX_VERB).
    Long,
    /// The argument contains a control character, or another forbidden character.
    Character,
    /// The argument begins or ends with a blank.
    Blanks,
    /// The last word of a VRFY or EXPN argument would be read as the SMTPUTF8 parameter.
    SmtpUtf8,
    /// The verb has its own variant of [`Command`](super::Command).
    KnownVerb,
    /// The command takes no argument.
    Unexpected,
    /// MAIL is not followed by `FROM:`.
    MissingFrom,
    /// RCPT is not followed by `TO:`.
    MissingTo,
    /// BDAT is not followed by a number.
    ChunkSize,
    /// The chunk size is followed by something other than `LAST`.
    EndMarker,
    /// An attribute of XCLIENT or XFORWARD is unknown, or its value is missing or malformed.
    Attribute,
}

impl InvalidArgument {
    /// Describes the fault that was found at `position` of `text`.
    #[cold]
    pub(crate) fn new(text: &str, position: usize, fault: ArgumentFault) -> Self {
        let excerpt = text.get(position..).unwrap_or_default();
        let excerpt = excerpt
            .find(' ')
            .and_then(|end| excerpt.get(..end))
            .unwrap_or(excerpt);
        Self {
            fault,
            spot: Spot::new(text, position).with_excerpt(excerpt),
        }
    }

    /// Describes a fault in a text that must not be shown.
    #[cold]
    pub(crate) const fn hidden(position: usize, fault: ArgumentFault) -> Self {
        Self {
            fault,
            spot: Spot::hidden(position),
        }
    }

    /// The same error in a longer text, with this number of octets before it.
    pub(crate) const fn after(mut self, octets: usize) -> Self {
        self.spot = self.spot.after(octets);
        self
    }

    /// The kind of fault.
    #[must_use]
    pub const fn fault(&self) -> ArgumentFault {
        self.fault
    }

    /// The position of the fault: an offset in octets from the start of the text, at most its length.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.spot.position
    }
}

impl fmt::Display for InvalidArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (excerpt, found) = (self.spot.excerpt, self.spot.found);
        match self.fault {
            ArgumentFault::Empty => f.write_str("the argument is missing"),
            ArgumentFault::Long => f.write_str("the argument is too long"),
            ArgumentFault::Character if found.is_none() => {
                f.write_str("the argument contains a character that is not allowed")
            }
            ArgumentFault::Character => write!(f, "the argument contains {}", self.spot.found()),
            ArgumentFault::Blanks => f.write_str("the argument begins or ends with a blank"),
            ArgumentFault::SmtpUtf8 => f.write_str("the argument ends with the word SMTPUTF8"),
            ArgumentFault::KnownVerb => write!(f, "{excerpt} has its own type"),
            ArgumentFault::Unexpected => write!(f, "unexpected argument {excerpt}"),
            ArgumentFault::MissingFrom => f.write_str("`FROM:` is missing"),
            ArgumentFault::MissingTo => f.write_str("`TO:` is missing"),
            ArgumentFault::ChunkSize if found.is_none() => f.write_str("the chunk size is missing"),
            ArgumentFault::ChunkSize => write!(f, "the chunk size is not a number: {excerpt}"),
            ArgumentFault::Attribute => {
                write!(f, "{excerpt} is not an attribute with a valid value")
            }
            ArgumentFault::EndMarker => write!(f, "{excerpt} after the chunk size is not LAST"),
        }
    }
}

impl Error for InvalidArgument {}
