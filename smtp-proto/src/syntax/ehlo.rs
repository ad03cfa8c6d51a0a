//! The reply to EHLO.

use core::num::NonZeroU32;

use super::class::{self, KEYWORD};
use crate::{
    output::Sink,
    types::{AnnouncedLimits, Extension, Extensions, Keyword, Printable, Reply, is_keyword, line_end},
};

/// Reads the reply to EHLO: the name that the server gives itself, and what it offers (RFC 5321 section 4.1.1.1).
///
/// ```abnf
/// ehlo-ok-rsp = ( "250" SP Domain [ SP ehlo-greet ] CRLF )
///             / ( "250-" Domain [ SP ehlo-greet ] CRLF *( "250-" ehlo-line CRLF ) "250" SP ehlo-line CRLF )
/// ehlo-line = ehlo-keyword *( SP ehlo-param )
/// ```
///
/// Nothing a server says here is an error. The first line is always its greeting; the name is empty when there is
/// none or when it is not printable. Keywords have no case. Blanks beyond the grammar, `=` behind a keyword (as in
/// the old `AUTH=LOGIN`), blank lines and repeated lines are taken as they are meant; a line that is none is left out.
#[must_use]
pub fn parse_ehlo<'r>(reply: &'r Reply<'_>) -> (&'r str, Extensions) {
    let name = reply.lines().next().map(server_name).unwrap_or_default();
    let mut extensions = Extensions::default();
    let raw = reply.raw();
    let mut rest = line_end(raw, 0)
        .and_then(|end| raw.get(end..))
        .unwrap_or_default();
    while let Some((keyword, params)) = next_line(&mut rest) {
        read_line(keyword, params, &mut extensions);
    }
    (name, extensions)
}

/// Writes the reply to EHLO; the inverse of [`parse_ehlo`].
///
/// `greeting` is the domain of the server, with or without words behind it.
pub(crate) fn write_ehlo<S: Sink>(sink: &mut S, greeting: &str, extensions: &Extensions) {
    let mut left = extensions.len();
    sink.put(if left > 0 { b"250-" } else { b"250 " });
    sink.put(greeting.as_bytes());
    let mut next = |sink: &mut S, keyword: &str| {
        left -= 1;
        sink.put(if left > 0 { b"\r\n250-" } else { b"\r\n250 " });
        sink.put(keyword.as_bytes());
    };
    for keyword in extensions.keywords() {
        next(sink, keyword.as_str());
        write_value(sink, keyword, extensions);
    }
    for (keyword, params) in extensions.others() {
        next(sink, keyword);
        if !params.is_empty() {
            sink.put(b" ");
            sink.put(params.as_bytes());
        }
    }
    sink.put(b"\r\n");
}

/// The first word of the greeting.
fn server_name(line: &[u8]) -> &str {
    let line = line.trim_ascii_start();
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let printable = line.iter().take_while(|octet| octet.is_ascii_graphic()).count();
    let (word, plain) = match line.get(printable) {
        Some(octet) if !is_blank(octet) => (line.split(is_blank).next(), false),
        _ => (line.get(..printable), true), // as most names are
    };
    word.and_then(|word| str::from_utf8(word).ok())
        .filter(|word| plain || Printable::allows_all(word))
        .unwrap_or_default()
}

/// Takes the next line off a reply: a keyword, and what follows it. The keyword is empty where the line is none.
fn next_line<'r>(rest: &mut &'r [u8]) -> Option<(&'r [u8], &'r [u8])> {
    let text = rest.get(4..)?;
    let keyword = class::run(text, KEYWORD);
    // Most keywords have a line to themselves, whose end needs no search then.
    if let Some([b'\r', b'\n', behind @ ..]) = text.get(keyword.len()..) {
        *rest = behind;
        return Some((keyword, &[]));
    }
    let (line, behind) = rest.split_at_checked(line_end(rest, 4)?)?;
    *rest = behind;
    let text = line.strip_suffix(b"\r\n").and_then(|line| line.get(4..));
    let text = text.unwrap_or_default().trim_ascii_start();
    let keyword = class::run(text, KEYWORD);
    Some(match text.get(keyword.len()..) {
        Some([b' ' | b'\t' | b'=', params @ ..]) => (keyword, params.trim_ascii()),
        Some([]) => (keyword, &[]),
        _ => (&[], &[]),
    })
}

/// Reads one `ehlo-line`, tolerantly.
fn read_line(keyword: &[u8], params: &[u8], extensions: &mut Extensions) {
    match Keyword::find(keyword) {
        Some(Keyword::Size) => extensions.add(Extension::Size(size(params))),
        Some(Keyword::Limits) => {
            if let Some(limits) = limits(params) {
                extensions.add(Extension::Limits(limits));
            }
        }
        Some(Keyword::Auth) => {
            if let Ok(mechanisms) = str::from_utf8(params) {
                extensions.add(Extension::Auth(mechanisms.into()));
            }
        }
        Some(keyword) => extensions.mark(keyword),
        None if is_keyword(keyword) && params.iter().all(|octet| matches!(octet, b' '..=b'~')) => {
            if let (Ok(keyword), Ok(params)) = (str::from_utf8(keyword), str::from_utf8(params)) {
                extensions.add(Extension::Other {
                    keyword: keyword.into(),
                    params: params.into(),
                });
            }
        }
        None => {}
    }
}

/// `size-param = *DIGIT` of RFC 1870 section 4. What is no number, or beyond 64 bits, sets no limit.
fn size(params: &[u8]) -> Option<u64> {
    let (first, rest) = params.split_first().filter(|(first, _)| first.is_ascii_digit())?;
    let mut digits = rest.iter().take_while(|octet| !octet.is_ascii_whitespace());
    digits.try_fold(u64::from(first - b'0'), |size, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        size.checked_mul(10)?.checked_add(digit)
    })
}

/// Reads the parameters of LIMITS (RFC 9422 section 3).
///
/// ```abnf
/// limit = limit-name ["=" limit-value]          ; one or more, parted by spaces
/// limit-name = 1*(ALPHA / DIGIT / "-" / "_")    limit-value = 1*(%d33-58 / %d60-126)
/// ```
///
/// An unknown limit, or one with a bad number, is left out; words that are no limits spoil them all (section 3.7).
fn limits(params: &[u8]) -> Option<AnnouncedLimits> {
    let mut limits = AnnouncedLimits::default();
    for word in params
        .split(|octet| *octet == b' ')
        .filter(|word| !word.is_empty())
    {
        let (name, value) = match word.iter().position(|octet| *octet == b'=') {
            Some(at) => (word.get(..at)?, Some(word.get(at + 1..)?)),
            None => (word, None),
        };
        let is_name = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        let is_value = |value: &[u8]| {
            !value.is_empty()
                && value
                    .iter()
                    .all(|octet| matches!(octet, b'!'..=b':' | b'<'..=b'~'))
        };
        if name.is_empty() || !name.iter().all(is_name) || !value.is_none_or(is_value) {
            return None;
        }
        let Some(number) = value.and_then(limit) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"MAILMAX") {
            limits = limits.with_mail_max(number);
        } else if name.eq_ignore_ascii_case(b"RCPTMAX") {
            limits = limits.with_rcpt_max(number);
        } else if name.eq_ignore_ascii_case(b"RCPTDOMAINMAX") {
            limits = limits.with_rcpt_domain_max(number);
        }
    }
    Some(limits)
}

/// `%x31-39 *5DIGIT`: one to six digits without a leading zero (RFC 9422 section 4).
fn limit(value: &[u8]) -> Option<NonZeroU32> {
    if value.len() > 6 || !matches!(value, [b'1'..=b'9', ..]) || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    NonZeroU32::new(
        value
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0')),
    )
}

/// Writes what stands behind the keyword of a known extension.
fn write_value(sink: &mut impl Sink, keyword: Keyword, extensions: &Extensions) {
    match keyword {
        Keyword::Size => {
            if let Some(limit) = extensions.size_limit() {
                sink.put(b" ");
                sink.put_decimal(limit);
            }
        }
        Keyword::Auth => {
            sink.put(b" ");
            sink.put(extensions.mechanisms().as_bytes());
        }
        Keyword::Limits => {
            let limits = extensions.limits();
            for (name, limit) in [
                (b" MAILMAX=".as_slice(), limits.mail_max()),
                (b" RCPTMAX=", limits.rcpt_max()),
                (b" RCPTDOMAINMAX=", limits.rcpt_domain_max()),
            ] {
                if let Some(limit) = limit {
                    sink.put(name);
                    sink.put_decimal(limit.get().into());
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
