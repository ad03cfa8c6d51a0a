//! The reply to EHLO.

use alloc::string::{String, ToString};
use core::num::NonZeroU32;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{not, opt, peek, value, verify};
use nom::multi::fold_many0;
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::class::{self, KEYWORD};
use super::combinator::{Fault, blanks, digits, end, run};
use super::parameter::number;
use super::solicitation::solicitation_keywords;
use super::timestamp::date_time;
use crate::{
    output::Sink,
    types::{
        AnnouncedLimits, ClientAttribute, Extension, Extensions, FutureReleaseLimits, Keyword, Printable,
        Reply, SolicitationKeywords, is_keyword, is_priority_profile, line_end,
    },
};

/// Parses the reply to EHLO: the name of the server, and its extensions (RFC 5321 section 4.1.1.1).
///
/// ```abnf
/// ehlo-ok-rsp = ( "250" SP Domain [ SP ehlo-greet ] CRLF ) /
///               ( "250-" Domain [ SP ehlo-greet ] CRLF
///                 *( "250-" ehlo-line CRLF )
///                 "250" SP ehlo-line CRLF )
/// ehlo-line   = ehlo-keyword *( SP ehlo-param )
/// ```
///
/// Accepts any reply, and skips malformed lines, which offer nothing. The first line is always the greeting. The name
/// is empty if it is missing or not printable. The case of letters in keywords does not matter. Several blanks, `=`
/// after a keyword (as in the old `AUTH=LOGIN`) and repeated lines are accepted.
///
/// ```
/// use smtp_proto::{syntax::{parse_ehlo, parse_reply}, types::Keyword};
///
/// let reply = parse_reply(b"250-mx.example.org hello\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n")?;
/// let (name, extensions) = parse_ehlo(&reply);
/// assert_eq!(name, "mx.example.org");
/// assert_eq!(extensions.size_limit(), Some(1000));
/// assert!(extensions.has(Keyword::Auth));
/// # Ok::<_, smtp_proto::syntax::ReplyError>(())
/// ```
#[must_use]
pub fn parse_ehlo<'r>(reply: &'r Reply<'_>) -> (&'r str, Extensions) {
    let greeting = reply.lines().next().unwrap_or_default();
    let name = server_name(greeting).map_or("", |(_, name)| name);
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
/// `greeting` is the domain of the server. More words may follow.
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

/// The name of the server, as it sends it: the first word of the greeting.
///
/// ```abnf
/// Domain [ SP ehlo-greet ]
/// ```
fn server_name(input: &[u8]) -> IResult<&[u8], &str, Fault> {
    let is_blank = |octet| matches!(octet, b' ' | b'\t');
    let usual = terminated(
        take_while(|octet: u8| octet.is_ascii_graphic()),
        peek(alt((
            end,
            value((), satisfy(|character| matches!(character, ' ' | '\t'))),
        ))),
    );
    let utf8 = verify(take_till(is_blank), |word: &[u8]| {
        str::from_utf8(word).is_ok_and(Printable::allows_all)
    });
    preceded(whitespace, alt((usual, utf8)))
        .map_opt(|word| str::from_utf8(word).ok())
        .parse_complete(input)
}

/// Cuts the next line off a reply: a keyword, and the text after it. The keyword is empty if the line is malformed.
fn next_line<'r>(rest: &mut &'r [u8]) -> Option<(&'r [u8], &'r [u8])> {
    let text = rest.get(4..)?;
    // Most lines have only a keyword, so that their end needs no search.
    if let Ok((behind, keyword)) = terminated(run(KEYWORD), tag("\r\n")).parse_complete(text) {
        *rest = behind;
        return Some((keyword, &[]));
    }
    let end = line_end(rest, 4)?;
    let line = rest.get(4..end - 2).unwrap_or_default();
    *rest = rest.get(end..)?;
    Some(ehlo_line(line).map_or((&[], &[]), |(params, keyword)| (keyword, params)))
}

/// ```abnf
/// ehlo-line    = ehlo-keyword *( SP ehlo-param )
/// ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
/// ```
/// Accepts blanks before the keyword, and a tab or `=` after it. The rest of the line is the parameters.
fn ehlo_line(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    let separator = alt((end, value((), one_of(" \t="))));
    let (rest, keyword) = delimited(whitespace, run(KEYWORD), separator).parse_complete(input)?;
    Ok((rest.trim_ascii(), keyword))
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
        Some(
            keyword @ (Keyword::FutureRelease
            | Keyword::MtPriority
            | Keyword::DeliverBy
            | Keyword::NoSoliciting
            | Keyword::Xclient
            | Keyword::Xforward
            | Keyword::Burl),
        ) => read_rare(keyword, params, extensions),
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

/// Reads the parameters of an extension that few servers offer. Skips malformed parameters.
#[cold]
fn read_rare(keyword: Keyword, params: &[u8], extensions: &mut Extensions) {
    let params = str::from_utf8(params).unwrap_or_default();
    extensions.add(match keyword {
        Keyword::FutureRelease => Extension::FutureRelease(future_release(params)),
        Keyword::MtPriority if is_priority_profile(params) => Extension::MtPriority(params.into()),
        Keyword::MtPriority => Extension::MtPriority("".into()),
        Keyword::DeliverBy => Extension::DeliverBy(nine_digits(params)),
        Keyword::NoSoliciting => Extension::NoSoliciting(
            terminated(solicitation_keywords, end)
                .parse_complete(params.as_bytes())
                .ok()
                .map(|_| SolicitationKeywords::trusted(params)),
        ),
        Keyword::Xclient => Extension::Xclient(attributes(params).collect()),
        Keyword::Xforward => Extension::Xforward(attributes(params).collect()),
        _ => match Extension::burl(params) {
            Ok(burl) => burl,
            Err(_) => Extension::Burl("".into()),
        },
    });
}

/// The parameters of FUTURERELEASE (RFC 4865 section 3).
///
/// ```abnf
/// "FUTURERELEASE" SP max-future-release-interval SP max-future-release-date-time
/// max-future-release-interval  = %x31-39 *8DIGIT
/// max-future-release-date-time = date-time
/// ```
fn future_release(params: &str) -> FutureReleaseLimits {
    let mut words = params.split_ascii_whitespace();
    let interval = words.next().and_then(nine_digits).and_then(NonZeroU32::new);
    let time = words.next().filter(|_| interval.is_some()).and_then(|word| {
        let (_, time) = terminated(date_time, end).parse_complete(word.as_bytes()).ok()?;
        Some(time)
    });
    FutureReleaseLimits::announced(interval, time)
}

/// ```abnf
/// 1*9DIGIT   ; RFC 2852 section 2, RFC 4865 section 3
/// ```
fn nine_digits(word: &str) -> Option<u32> {
    let digits = take_while_m_n(1, 9, |octet: u8| octet.is_ascii_digit());
    let (_, number) = terminated(digits, end)
        .map_opt(number)
        .parse_complete(word.as_bytes())
        .ok()?;
    u32::try_from(number).ok()
}

/// The names of attributes after XCLIENT or XFORWARD. Unknown names are left out.
fn attributes(params: &str) -> impl Iterator<Item = ClientAttribute> {
    params
        .split_ascii_whitespace()
        .filter_map(|name| ClientAttribute::find(name.as_bytes()))
}

/// The parameter of SIZE (RFC 1870 section 4). Anything but a number of 64 bits sets no limit.
///
/// ```abnf
/// size-param = *DIGIT
/// ```
fn size(params: &[u8]) -> Option<u64> {
    let boundary = alt((
        end,
        value((), satisfy(|character| character.is_ascii_whitespace())),
    ));
    let (_, digits) = terminated(digits(), boundary).parse_complete(params).ok()?;
    number(digits)
}

/// The parameters of LIMITS (RFC 9422 section 3).
///
/// ```abnf
/// limits-params = limit *( SP limit )
/// ```
/// Skips an unknown limit, and one with a bad number. A word that is not a limit makes the whole list invalid (section
/// 3.7).
fn limits(params: &[u8]) -> Option<AnnouncedLimits> {
    let all = fold_many0(
        preceded(blanks, limit),
        AnnouncedLimits::default,
        |limits, (name, value)| match limit_number(value) {
            Some(number) if name.eq_ignore_ascii_case(b"MAILMAX") => limits.with_mail_max(number),
            Some(number) if name.eq_ignore_ascii_case(b"RCPTMAX") => limits.with_rcpt_max(number),
            Some(number) if name.eq_ignore_ascii_case(b"RCPTDOMAINMAX") => {
                limits.with_rcpt_domain_max(number)
            }
            _ => limits,
        },
    );
    let (_, limits) = terminated(all, (blanks, end)).parse_complete(params).ok()?;
    Some(limits)
}

/// ```abnf
/// limit       = limit-name ["=" limit-value]
/// limit-name  = 1*(ALPHA / DIGIT / "-" / "_")
/// limit-value = 1*(%d33-58 / %d60-126)
/// ```
/// The value is empty if there is none.
fn limit(input: &[u8]) -> IResult<&[u8], (&[u8], &[u8]), Fault> {
    let name = take_while1(|octet| octet == b'_' || class::is(octet, KEYWORD));
    let number = take_while1(|octet| matches!(octet, b'!'..=b':' | b'<'..=b'~'));
    let boundary = peek(alt((end, value((), char(' ')))));
    let number = opt(preceded(char('='), number)).map(Option::unwrap_or_default);
    terminated((name, number), boundary).parse_complete(input)
}

/// ```abnf
/// %x31-39 *5DIGIT ; one to six digits without a leading zero (RFC 9422 section 4)
/// ```
fn limit_number(value: &[u8]) -> Option<NonZeroU32> {
    let digits = terminated(take_while_m_n(1, 6, |octet: u8| octet.is_ascii_digit()), end);
    let digits = preceded(not(char('0')), digits);
    let (_, number) = digits.map_opt(number).parse_complete(value).ok()?;
    NonZeroU32::new(u32::try_from(number).ok()?)
}

/// Any number of blanks of any kind.
fn whitespace(input: &[u8]) -> IResult<&[u8], &[u8], Fault> {
    take_while(|octet: u8| octet.is_ascii_whitespace()).parse_complete(input)
}

/// Writes the parameters of a known extension.
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
        Keyword::FutureRelease => {
            let limits = extensions.future_release();
            if let Some(interval) = limits.max_interval() {
                put_word(sink, &interval.to_string());
                put_word(
                    sink,
                    &limits
                        .max_time()
                        .map_or_else(String::new, |time| time.to_string()),
                );
            }
        }
        Keyword::MtPriority => put_word(sink, extensions.priority_policy().unwrap_or_default()),
        Keyword::DeliverBy => {
            if let Some(min) = extensions.deliver_by_min() {
                put_word(sink, &min.to_string());
            }
        }
        Keyword::NoSoliciting => {
            put_word(
                sink,
                extensions
                    .no_soliciting()
                    .map_or("", SolicitationKeywords::as_str),
            );
        }
        Keyword::Xclient => put_word(sink, &extensions.xclient().to_string()),
        Keyword::Xforward => put_word(sink, &extensions.xforward().to_string()),
        Keyword::Burl => put_word(sink, extensions.burl()),
        _ => {}
    }
}

/// Writes a parameter after a space, unless it is empty.
fn put_word(sink: &mut impl Sink, word: &str) {
    if !word.is_empty() {
        sink.put(b" ");
        sink.put(word.as_bytes());
    }
}

#[cfg(test)]
mod tests;
