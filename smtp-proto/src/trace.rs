//! Trace fields, which a server adds at the top of a message (RFC 5321 section 4.4).

use core::{fmt, net::IpAddr};

use crate::{
    calendar::CalendarDate,
    tls::TlsInfo,
    types::{ClientName, ForwardPath, Host, Priority, ReversePath, write_address},
};

/// A `Received` field: the client, the server and the time of a transaction.
///
/// `Display` writes the whole field, folded with CRLF and with a CRLF at its end:
///
/// ```
/// use smtp_proto::{trace::Received, types::{ClientName, Host}};
///
/// let name = ClientName::parse("client.example")?;
/// let host = Host::parse("mx.example.org")?;
/// let received = Received::new(&name, [192, 0, 2, 1].into(), &host, "ESMTP", 1_767_225_600).with_id("4f2a");
/// assert_eq!(
///     received.to_string(),
///     "Received: from client.example ([192.0.2.1])\r\n\tby mx.example.org with ESMTP id 4f2a;\r\n\t\
///      Thu, 01 Jan 2026 00:00:00 +0000\r\n",
/// );
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    from: &'a ClientName<'static>,
    peer: IpAddr,
    by: &'a Host<'static>,
    with: &'a str,
    id: Option<&'a str>,
    recipient: Option<&'a ForwardPath<'a>>,
    cipher: Option<&'a str>,
    priority: Option<Priority>,
    unix_time: u64,
}

impl<'a> Received<'a> {
    /// Creates a field:
    ///
    /// - `from`: the name of the client in EHLO;
    /// - `peer`: the IP address of the client;
    /// - `by`: the name of the server;
    /// - `with`: the protocol, as [`Server::protocol_name`](crate::server::Server::protocol_name) returns it;
    /// - `unix_time`: seconds since 1970.
    #[must_use]
    pub const fn new(
        from: &'a ClientName<'static>,
        peer: IpAddr,
        by: &'a Host<'static>,
        with: &'a str,
        unix_time: u64,
    ) -> Self {
        Self {
            from,
            peer,
            by,
            with,
            id: None,
            recipient: None,
            cipher: None,
            priority: None,
            unix_time,
        }
    }

    /// Adds the identifier of the message in the queue. Omits characters except letters, digits, dots, hyphens and
    /// underscores.
    #[must_use]
    pub const fn with_id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Adds the recipient. Add it only if there is one recipient, because recipients must not learn of each other
    /// (RFC 5321 section 7.2).
    #[must_use]
    pub const fn with_recipient(mut self, recipient: &'a ForwardPath<'a>) -> Self {
        self.recipient = Some(recipient);
        self
    }

    /// Adds the TLS cipher suite, if `info` has its name in valid form (RFC 8314 section 4.3):
    ///
    /// ```abnf
    /// tls-cipher-clause = CFWS "tls" FWS tls-cipher [ CFWS tls-dh-group-clause ]
    /// tls-cipher        = tls-cipher-name / tls-cipher-hex
    /// tls-cipher-name   = ALPHA *(ALPHA / DIGIT / "_")
    /// ```
    #[must_use]
    pub fn with_tls(mut self, info: &'a TlsInfo) -> Self {
        self.cipher = info.cipher.as_deref().filter(|name| {
            name.starts_with(|char: char| char.is_ascii_alphabetic())
                && name
                    .bytes()
                    .all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
        });
        self
    }

    /// Adds the priority that MAIL had (RFC 6710 section 7):
    ///
    /// ```abnf
    /// Pri = CFWS "PRIORITY" FWS priority-value
    /// ```
    #[must_use]
    pub const fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Writes the field to `out`, with the same text as `Display`. Faster than `write!`, because it needs no
    /// [`Formatter`](fmt::Formatter).
    ///
    /// # Errors
    ///
    /// Returns the error of `out`.
    pub fn write_to(&self, out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
        out.write_str("Received: from ")?;
        out.write_str(self.from.as_str())?;
        out.write_str(" (")?;
        write_address(self.peer, out)?;
        out.write_str(")\r\n\tby ")?;
        out.write_str(self.by.as_str())?;
        out.write_str(" with ")?;
        write_atom(self.with, out)?;
        if let Some(id) = self.id {
            out.write_str(" id ")?;
            write_atom(id, out)?;
        }
        if let Some(recipient) = self.recipient {
            out.write_str("\r\n\tfor <")?;
            out.write_str(recipient.as_str())?;
            out.write_str(">")?;
        }
        if let Some(cipher) = self.cipher {
            out.write_str("\r\n\ttls ")?;
            out.write_str(cipher)?;
        }
        if let Some(priority) = self.priority {
            write!(out, "\r\n\tPRIORITY {priority}")?;
        }
        out.write_str(";\r\n\t")?;
        Date(self.unix_time).write_to(out)?;
        out.write_str("\r\n")
    }
}

impl fmt::Display for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// Writes the letters, digits, dots, hyphens and underscores of `text`.
fn write_atom(text: &str, out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
    text.split(|char: char| !char.is_ascii_alphanumeric() && !matches!(char, '.' | '-' | '_'))
        .try_for_each(|part| out.write_str(part))
}

/// A `Return-Path` field: the address for notifications about the message.
///
/// The server that makes final delivery adds it at the top, and removes an earlier one (RFC 5321 section 4.4).
///
/// ```
/// use smtp_proto::{trace::ReturnPath, types::ReversePath};
///
/// assert_eq!(ReturnPath(&ReversePath::parse("ann@example.org")?).to_string(), "Return-Path: <ann@example.org>\r\n");
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the field has one part")]
pub struct ReturnPath<'a>(pub &'a ReversePath<'a>);

impl ReturnPath<'_> {
    /// Writes the field to `out`, as [`Received::write_to`] does.
    ///
    /// # Errors
    ///
    /// Returns the error of `out`.
    pub fn write_to(&self, out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
        out.write_str("Return-Path: <")?;
        out.write_str(self.0.as_str())?;
        out.write_str(">\r\n")
    }
}

impl fmt::Display for ReturnPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// A `date-time` of RFC 5322 section 3.3 in UTC, from seconds since 1970.
///
/// ```
/// assert_eq!(smtp_proto::trace::Date(1_767_225_600).to_string(), "Thu, 01 Jan 2026 00:00:00 +0000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a time is one number")]
pub struct Date(pub u64);

impl Date {
    fn write_to(self, out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
        const WEEKDAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
        const MONTHS: [&[u8; 3]; 12] = [
            b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
        ];
        let days = i64::try_from(self.0 / 86_400).unwrap_or_default();
        let (CalendarDate { year, month, day }, second) = (CalendarDate::of_day(days), self.0 % 86_400);
        let [w1, w2, w3] = WEEKDAYS
            .get(days.rem_euclid(7) as usize)
            .map_or(*b"   ", |name| **name);
        let month = usize::from(month.wrapping_sub(1));
        let [n1, n2, n3] = MONTHS.get(month).map_or(*b"   ", |name| **name);
        let ([d1, d2], [h1, h2]) = (two_digits(day.into()), two_digits(second / 3600));
        let ([m1, m2], [s1, s2]) = (two_digits(second / 60 % 60), two_digits(second % 60));
        let date = [w1, w2, w3, b',', b' ', d1, d2, b' ', n1, n2, n3, b' '];
        write_ascii(&date, out)?;
        match u64::try_from(year) {
            Ok(year @ 0..=9999) => {
                let ([y1, y2], [y3, y4]) = (two_digits(year / 100), two_digits(year % 100));
                write_ascii(&[y1, y2, y3, y4], out)?;
            }
            _ => write!(out, "{year}")?,
        }
        write_ascii(&[b' ', h1, h2, b':', m1, m2, b':', s1, s2], out)?;
        out.write_str(" +0000")
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

/// The digits of a number below 100.
const fn two_digits(number: u64) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

fn write_ascii(octets: &[u8], out: &mut (impl fmt::Write + ?Sized)) -> fmt::Result {
    out.write_str(str::from_utf8(octets).unwrap_or_default())
}

#[cfg(test)]
mod tests;
