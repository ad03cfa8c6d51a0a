//! The set of extensions that one side offers.

use alloc::{borrow::Cow, string::String};
use core::{fmt, iter};

use super::{AnnouncedLimits, Extension, Keyword, extension::is_mechanism};

/// The extensions of an EHLO reply (RFC 5321 section 4.1.1.1).
///
/// What is known is a bit and a value; mechanisms and unknown extensions are kept as text. Asking for one is a
/// single comparison.
///
/// ```
/// # use smtp_proto::types::{Extension, Extensions, Keyword};
/// let offered = Extensions::default().with(Extension::Pipelining).with(Extension::Size(Some(1 << 20)));
/// assert!(offered.has(Keyword::Pipelining) && !offered.has(Keyword::StartTls));
/// assert_eq!(offered.size_limit(), Some(1_048_576));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// A bit for each [`Keyword`].
    known: u32,
    /// How much of `text` are mechanisms.
    auth: u16,
    /// 0 when there is no limit.
    size: u64,
    limits: AnnouncedLimits,
    /// The mechanisms, parted by spaces; then a line for each unknown extension, ended by `\n`.
    text: String,
}

impl Extensions {
    /// The most octets of mechanisms that are kept: what an AUTH line can hold.
    const MAX_AUTH: usize = Extension::MAX_LEN - "AUTH ".len();

    /// Room for a usual AUTH line and an unknown extension or two, so that one allocation does.
    const USUAL_TEXT: usize = 128;

    /// The set with one more extension; see [`Extensions::add`].
    #[must_use]
    pub fn with(mut self, extension: Extension<'_>) -> Self {
        self.add(extension);
        self
    }

    /// Adds an extension.
    ///
    /// A known one that is there already takes the new value; mechanisms are added to those that are there, up to
    /// a reply line in all. An unknown one is kept beside others of the same keyword. Limits without a number and
    /// AUTH without a mechanism offer nothing.
    pub fn add(&mut self, extension: Extension<'_>) {
        let keyword = extension.keyword();
        match extension {
            Extension::Size(limit) => self.size = limit.unwrap_or(0),
            Extension::Limits(limits) => self.limits = limits,
            Extension::Auth(mechanisms) => return self.add_mechanisms(&mechanisms),
            Extension::Other { keyword, params } => return self.add_other(&keyword, &params),
            _ => {}
        }
        self.known |= keyword.map_or(0, bit);
        if self.limits == AnnouncedLimits::default() {
            self.known &= !bit(Keyword::Limits);
        }
    }

    /// Adds a known extension that has no value.
    pub(crate) fn mark(&mut self, keyword: Keyword) {
        self.known |= bit(keyword);
    }

    /// Takes a known extension out, with its value.
    pub fn remove(&mut self, keyword: Keyword) {
        self.known &= !bit(keyword);
        match keyword {
            Keyword::Size => self.size = 0,
            Keyword::Limits => self.limits = AnnouncedLimits::default(),
            Keyword::Auth => {
                self.text.drain(..usize::from(self.auth));
                self.auth = 0;
            }
            _ => {}
        }
    }

    /// Takes all extensions of an unknown keyword out, in any case.
    pub fn remove_other(&mut self, keyword: &str) {
        let mut kept = Self {
            text: self.mechanisms().into(),
            ..Self::default()
        };
        for (other, params) in self
            .others()
            .filter(|(other, _)| !other.eq_ignore_ascii_case(keyword))
        {
            kept.add_other(other, params);
        }
        self.text = kept.text;
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing is offered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.known == 0 && self.text.is_empty()
    }

    /// Whether a known extension is offered.
    #[must_use]
    pub const fn has(&self, keyword: Keyword) -> bool {
        self.known & bit(keyword) != 0
    }

    /// The largest message in octets; nothing when SIZE is not offered or sets no limit (RFC 1870 section 4).
    #[must_use]
    pub const fn size_limit(&self) -> Option<u64> {
        if self.size == 0 { None } else { Some(self.size) }
    }

    /// The limits that are announced (RFC 9422); none when LIMITS is not offered.
    #[must_use]
    pub const fn limits(&self) -> AnnouncedLimits {
        self.limits
    }

    /// The authentication mechanisms, as they were sent, each once.
    pub fn auth_mechanisms(&self) -> impl Iterator<Item = &str> {
        self.mechanisms().split_ascii_whitespace()
    }

    /// The unknown extensions: keyword and parameters, which may be empty.
    pub fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = self.text.get(usize::from(self.auth)..).unwrap_or_default();
        iter::from_fn(move || {
            if rest.is_empty() {
                return None; // as most of the time
            }
            let (line, behind) = rest.split_once('\n')?;
            rest = behind;
            Some(line.split_once(' ').unwrap_or((line, "")))
        })
    }

    /// The parameters of the first unknown extension with this keyword, in any case.
    #[must_use]
    pub fn other(&self, keyword: &str) -> Option<&str> {
        self.others()
            .find(|(other, _)| other.eq_ignore_ascii_case(keyword))
            .map(|(_, params)| params)
    }

    /// All extensions in the order in which they are written: known ones as in [`Keyword::ALL`], then the others as added.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'_>> {
        let others = self.others().map(|(keyword, params)| Extension::Other {
            keyword: Cow::Borrowed(keyword),
            params: Cow::Borrowed(params),
        });
        self.keywords().map(|keyword| self.known(keyword)).chain(others)
    }

    /// The known ones of them.
    pub(crate) fn keywords(&self) -> impl Iterator<Item = Keyword> {
        Keyword::ALL.into_iter().filter(|keyword| self.has(*keyword))
    }

    /// How many [`iter`](Self::iter) gives.
    pub(crate) fn len(&self) -> usize {
        self.known.count_ones() as usize + self.others().count()
    }

    fn known(&self, keyword: Keyword) -> Extension<'_> {
        match keyword {
            Keyword::Pipelining => Extension::Pipelining,
            Keyword::Size => Extension::Size(self.size_limit()),
            Keyword::EightBitMime => Extension::EightBitMime,
            Keyword::SmtpUtf8 => Extension::SmtpUtf8,
            Keyword::EnhancedStatusCodes => Extension::EnhancedStatusCodes,
            Keyword::Dsn => Extension::Dsn,
            Keyword::Chunking => Extension::Chunking,
            Keyword::BinaryMime => Extension::BinaryMime,
            Keyword::StartTls => Extension::StartTls,
            Keyword::Auth => Extension::Auth(Cow::Borrowed(self.mechanisms())),
            Keyword::RequireTls => Extension::RequireTls,
            Keyword::Limits => Extension::Limits(self.limits),
            Keyword::Vrfy => Extension::Vrfy,
            Keyword::Expn => Extension::Expn,
            Keyword::Help => Extension::Help,
            Keyword::Etrn => Extension::Etrn,
        }
    }

    pub(crate) fn mechanisms(&self) -> &str {
        self.text.get(..usize::from(self.auth)).unwrap_or_default()
    }

    /// Keeps the words that name a mechanism and are not there yet, while there is room.
    fn add_mechanisms(&mut self, words: &str) {
        let others = self.text.split_off(usize::from(self.auth));
        for word in words.split_ascii_whitespace().filter(|word| is_mechanism(word)) {
            if self.auth_mechanisms().any(|kept| kept.eq_ignore_ascii_case(word)) {
                continue;
            }
            let space = usize::from(!self.text.is_empty());
            if self.text.len() + space + word.len() > Self::MAX_AUTH {
                break;
            }
            self.make_room();
            if space > 0 {
                self.text.push(' ');
            }
            self.text.push_str(word);
            self.auth = self.text.len() as u16;
            self.known |= bit(Keyword::Auth);
        }
        self.text.push_str(&others);
    }

    fn add_other(&mut self, keyword: &str, params: &str) {
        self.make_room();
        self.text.push_str(keyword);
        if !params.is_empty() {
            self.text.push(' ');
            self.text.push_str(params);
        }
        self.text.push('\n');
    }

    fn make_room(&mut self) {
        if self.text.is_empty() {
            self.text.reserve(Self::USUAL_TEXT);
        }
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

const fn bit(keyword: Keyword) -> u32 {
    1 << keyword as u32
}

#[cfg(test)]
mod tests;
