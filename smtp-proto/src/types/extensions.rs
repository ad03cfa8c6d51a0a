//! The set of extensions that a server offers.

use alloc::{borrow::Cow, boxed::Box, string::String};
use core::{array, fmt, iter};

mod rare;

use self::rare::Rare;
use super::{
    AnnouncedLimits, ClientAttributes, Extension, FutureReleaseLimits, Keyword, SolicitationKeywords,
    extension::is_mechanism,
};

/// The set of extensions in an EHLO reply, each with its parameters (RFC 5321 section 4.1.1.1).
///
/// A known extension is a bit and a value, so [`Extensions::has`] is one comparison.
///
/// ```
/// # use smtp_proto::types::{Extension, Extensions, Keyword};
/// let offered: Extensions = [Extension::Pipelining, Extension::Size(Some(1 << 20))].into_iter().collect();
/// assert!(offered.has(Keyword::Pipelining) && !offered.has(Keyword::StartTls));
/// assert_eq!(offered.size_limit(), Some(1_048_576));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Extensions {
    /// A bit for each [`Keyword`].
    known: u32,
    /// Octets of the mechanisms in `text`.
    auth: u16,
    /// 0 if there is no limit.
    size: u64,
    limits: AnnouncedLimits,
    /// The mechanisms, separated by spaces; then a line for each unknown extension, with `\n` at its end.
    text: String,
    /// The values of rare extensions; `None` if there is none.
    rare: Option<Box<Rare>>,
}

impl Extensions {
    /// Maximum octets of the mechanisms: the rest of an AUTH line.
    const MAX_AUTH: usize = Extension::MAX_LEN - "AUTH ".len();

    /// Capacity for a usual AUTH line and two unknown extensions, so that one allocation is enough.
    const USUAL_TEXT: usize = 128;

    /// Returns the set with one more extension; see [`Extensions::add`].
    #[must_use]
    pub fn with(mut self, extension: Extension<'_>) -> Self {
        self.add(extension);
        self
    }

    /// Adds an extension.
    ///
    /// - A known extension replaces the value of an earlier one.
    /// - AUTH adds its mechanisms to the earlier ones, up to one reply line. AUTH without a mechanism adds nothing.
    /// - LIMITS without a number removes LIMITS.
    /// - An unknown extension is added even if there is one with the same keyword.
    pub fn add(&mut self, extension: Extension<'_>) {
        let keyword = extension.keyword();
        match extension {
            Extension::Size(limit) => self.size = limit.unwrap_or(0),
            Extension::Limits(limits) => self.limits = limits,
            Extension::Auth(mechanisms) => return self.add_mechanisms(&mechanisms),
            Extension::Other { keyword, params } => return self.add_other(&keyword, &params),
            rare @ (Extension::FutureRelease(_)
            | Extension::MtPriority(_)
            | Extension::DeliverBy(_)
            | Extension::NoSoliciting(_)
            | Extension::Xclient(_)
            | Extension::Xforward(_)
            | Extension::Burl(_)) => self.change_rare(|values| values.set(rare)),
            _ => {}
        }
        self.known |= keyword.map_or(0, bit);
        if self.limits == AnnouncedLimits::default() {
            self.known &= !bit(Keyword::Limits);
        }
    }

    /// Adds a known extension without a value.
    pub(crate) fn mark(&mut self, keyword: Keyword) {
        self.known |= bit(keyword);
    }

    /// Removes a known extension and its value.
    pub fn remove(&mut self, keyword: Keyword) {
        self.known &= !bit(keyword);
        match keyword {
            Keyword::Size => self.size = 0,
            Keyword::Limits => self.limits = AnnouncedLimits::default(),
            Keyword::Auth => {
                self.text.drain(..usize::from(self.auth));
                self.auth = 0;
            }
            _ if self.rare.is_some() => self.change_rare(|rare| rare.remove(keyword)),
            _ => {}
        }
    }

    /// Removes all extensions.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns true if there is no extension.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.known == 0 && self.text.is_empty()
    }

    /// Returns true if the set has a known extension.
    #[must_use]
    pub const fn has(&self, keyword: Keyword) -> bool {
        self.known & bit(keyword) != 0
    }

    /// Returns the maximum size of a message in octets. Returns `None` without SIZE or if SIZE sets no limit (RFC 1870
    /// section 4).
    #[must_use]
    pub const fn size_limit(&self) -> Option<u64> {
        if self.size == 0 { None } else { Some(self.size) }
    }

    /// Returns the announced limits (RFC 9422). They are empty without LIMITS.
    #[must_use]
    pub const fn limits(&self) -> AnnouncedLimits {
        self.limits
    }

    /// Returns the bounds of future message release (RFC 4865). They are empty without FUTURERELEASE.
    #[must_use]
    pub fn future_release(&self) -> FutureReleaseLimits {
        self.rare()
            .map_or_else(Default::default, |rare| rare.future_release)
    }

    /// Returns the name of the priority policy (RFC 6710). Returns `None` without MT-PRIORITY or if none is disclosed.
    #[must_use]
    pub fn priority_policy(&self) -> Option<&str> {
        self.rare()?.priority_policy.as_deref()
    }

    /// Returns the minimum seconds of a deadline with mode R (RFC 2852). Returns `None` without DELIVERBY or if no
    /// minimum is announced.
    #[must_use]
    pub fn deliver_by_min(&self) -> Option<u32> {
        self.rare()?.deliver_by_min
    }

    /// Returns the classes of mail that are refused (RFC 3865). Returns `None` without NO-SOLICITING or if no class is
    /// announced.
    #[must_use]
    pub fn no_soliciting(&self) -> Option<&SolicitationKeywords<'static>> {
        self.rare()?.no_soliciting.as_ref()
    }

    /// Returns the attributes that XCLIENT may have. They are empty without XCLIENT.
    #[must_use]
    pub fn xclient(&self) -> ClientAttributes {
        self.rare().map_or_else(Default::default, |rare| rare.xclient)
    }

    /// Returns the attributes that XFORWARD may have. They are empty without XFORWARD.
    #[must_use]
    pub fn xforward(&self) -> ClientAttributes {
        self.rare().map_or_else(Default::default, |rare| rare.xforward)
    }

    /// Returns the kinds of URL that BURL may have, separated by spaces (RFC 4468). They are empty without BURL.
    #[must_use]
    pub fn burl(&self) -> &str {
        self.rare()
            .and_then(|rare| rare.burl.as_deref())
            .unwrap_or_default()
    }

    /// Iterates over the authentication mechanisms as they were sent, each once.
    pub fn auth_mechanisms(&self) -> impl Iterator<Item = &str> {
        self.mechanisms().split_ascii_whitespace()
    }

    /// Iterates over the unknown extensions: the keyword and the parameters, which may be empty.
    pub fn others(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines()
    }

    fn lines(&self) -> Lines<'_> {
        Lines(self.text.get(usize::from(self.auth)..).unwrap_or_default())
    }

    /// Returns the parameters of the first unknown extension with this keyword, in any case of letters.
    #[must_use]
    pub fn other(&self, keyword: &str) -> Option<&str> {
        self.others()
            .find(|(other, _)| other.eq_ignore_ascii_case(keyword))
            .map(|(_, params)| params)
    }

    /// Iterates over all extensions, in the order in which EHLO lists them: known ones as in [`Keyword::ALL`], then the
    /// others as they were added.
    #[must_use]
    pub fn iter(&self) -> ExtensionsIter<'_> {
        ExtensionsIter {
            extensions: self,
            keywords: Keyword::ALL.into_iter(),
            others: self.lines(),
        }
    }

    /// Iterates over the known keywords in the set.
    pub(crate) fn keywords(&self) -> impl Iterator<Item = Keyword> {
        let mut left = self.known;
        iter::from_fn(move || {
            let keyword = *Keyword::ALL.get(left.trailing_zeros() as usize)?;
            left &= !bit(keyword);
            Some(keyword)
        })
    }

    /// Returns the number of extensions.
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
            Keyword::FutureRelease => Extension::FutureRelease(self.future_release()),
            Keyword::MtPriority => {
                Extension::MtPriority(Cow::Borrowed(self.priority_policy().unwrap_or_default()))
            }
            Keyword::DeliverBy => Extension::DeliverBy(self.deliver_by_min()),
            Keyword::Rrvs => Extension::Rrvs,
            Keyword::NoSoliciting => {
                Extension::NoSoliciting(self.no_soliciting().map(SolicitationKeywords::as_borrowed))
            }
            Keyword::Prdr => Extension::Prdr,
            Keyword::Xclient => Extension::Xclient(self.xclient()),
            Keyword::Xforward => Extension::Xforward(self.xforward()),
            Keyword::Atrn => Extension::Atrn,
            Keyword::Mtrk => Extension::Mtrk,
            Keyword::ConPerm => Extension::ConPerm,
            Keyword::ConNeg => Extension::ConNeg,
            Keyword::Burl => Extension::Burl(Cow::Borrowed(self.burl())),
        }
    }

    /// Returns true if the set has an extension of this keyword, known or not.
    pub(crate) fn offers(&self, keyword: &str) -> bool {
        match Keyword::find(keyword.as_bytes()) {
            Some(known) => self.has(known),
            None => self.other(keyword).is_some(),
        }
    }

    fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }

    fn change_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().unwrap_or_default();
        change(&mut rare);
        self.rare = (*rare != Rare::default()).then_some(rare);
    }

    pub(crate) fn mechanisms(&self) -> &str {
        self.text.get(..usize::from(self.auth)).unwrap_or_default()
    }

    /// Adds the words that are names of mechanisms and not in the set yet, until the line is full.
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

/// Adds each extension, as [`Extensions::add`] does.
impl<'a> Extend<Extension<'a>> for Extensions {
    fn extend<I: IntoIterator<Item = Extension<'a>>>(&mut self, extensions: I) {
        extensions.into_iter().for_each(|extension| self.add(extension));
    }
}

impl<'a> FromIterator<Extension<'a>> for Extensions {
    fn from_iter<I: IntoIterator<Item = Extension<'a>>>(extensions: I) -> Self {
        let mut set = Self::default();
        set.extend(extensions);
        set
    }
}

impl<'a> IntoIterator for &'a Extensions {
    type Item = Extension<'a>;
    type IntoIter = ExtensionsIter<'a>;

    fn into_iter(self) -> ExtensionsIter<'a> {
        self.iter()
    }
}

/// An iterator over [`Extensions`], created by [`Extensions::iter`].
#[derive(Clone, Debug)]
pub struct ExtensionsIter<'a> {
    extensions: &'a Extensions,
    keywords: array::IntoIter<Keyword, { Keyword::ALL.len() }>,
    others: Lines<'a>,
}

impl<'a> Iterator for ExtensionsIter<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        let extensions = self.extensions;
        if let Some(keyword) = self.keywords.find(|keyword| extensions.has(*keyword)) {
            return Some(extensions.known(keyword));
        }
        let (keyword, params) = self.others.next()?;
        Some(Extension::Other {
            keyword: Cow::Borrowed(keyword),
            params: Cow::Borrowed(params),
        })
    }
}

/// The lines of the unknown extensions: each is a keyword and parameters.
#[derive(Clone, Debug)]
struct Lines<'a>(&'a str);

impl<'a> Iterator for Lines<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        if self.0.is_empty() {
            return None; // the usual case
        }
        let (line, rest) = self.0.split_once('\n')?;
        self.0 = rest;
        Some(line.split_once(' ').unwrap_or((line, "")))
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
