//! A parser of the machine-readable part.

use alloc::{borrow::Cow, string::String, vec::Vec};

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while1},
    character::complete::{space0, space1},
    combinator::{eof, opt, recognize},
    multi::{many0_count, many1},
    sequence::{preceded, terminated},
};
use smtp_proto::types::EnhancedCode;
use thiserror::Error;

use super::{Action, clean};

/// The content of a part `message/delivery-status` or `message/global-delivery-status` (RFC 3464 section 2, RFC 6533
/// section 3).
///
/// Lines may end with only LF, because some mail stores convert CRLF. Octets that are not UTF-8 become U+FFFD.
///
/// ```
/// use smtp_relay::dsn::{Action, Status};
///
/// let status = Status::parse(
///     b"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1 (gone)\r\n",
/// )?;
/// let bob = &status.recipients[0];
/// assert_eq!((&*bob.final_recipient.value, bob.action, bob.status.to_string()), ("bob@example.net", Action::Failed, "5.1.1".into()));
/// # Ok::<(), smtp_relay::dsn::InvalidStatus>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status<'a> {
    /// The fields of the message.
    pub message: MessageFields<'a>,
    /// The fields of each recipient, at least one.
    pub recipients: Vec<RecipientFields<'a>>,
}

/// The fields of the message (RFC 3464 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageFields<'a> {
    /// `Original-Envelope-Id`: ENVID, decoded.
    pub original_envelope_id: Option<Cow<'a, str>>,
    /// `Reporting-MTA`.
    pub reporting_mta: Typed<'a>,
    /// `Arrival-Date`, as it was sent.
    pub arrival_date: Option<Cow<'a, str>>,
    /// All other fields.
    pub others: Vec<Field<'a>>,
}

/// The fields of a recipient (RFC 3464 section 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipientFields<'a> {
    /// `Original-Recipient`: ORCPT, decoded.
    pub original_recipient: Option<Typed<'a>>,
    /// `Final-Recipient`.
    pub final_recipient: Typed<'a>,
    /// `Action`.
    pub action: Action,
    /// `Status`.
    pub status: EnhancedCode,
    /// `Remote-MTA`.
    pub remote_mta: Option<Typed<'a>>,
    /// `Diagnostic-Code`.
    pub diagnostic_code: Option<Typed<'a>>,
    /// `Last-Attempt-Date`, as it was sent.
    pub last_attempt_date: Option<Cow<'a, str>>,
    /// `Will-Retry-Until`, as it was sent.
    pub will_retry_until: Option<Cow<'a, str>>,
    /// All other fields.
    pub others: Vec<Field<'a>>,
}

/// A value with its type, such as `dns; mx.example.org`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Typed<'a> {
    /// The type, as it was sent: `rfc822`, `utf-8`, `dns`, `smtp`.
    pub kind: Cow<'a, str>,
    /// The value. An address of the type `utf-8` is decoded.
    pub value: Cow<'a, str>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The name, as it was sent.
    pub name: &'a str,
    /// The value, unfolded, without spaces at its ends.
    pub value: Cow<'a, str>,
}

/// The reason why octets are not the content of a delivery status part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidStatus {
    /// No field begins at this octet, counted from 0.
    #[error("no field at octet {0}")]
    Syntax(usize),
    /// A group of fields lacks a required field. Group 0 is that of the message; group 1 is that of the first recipient.
    #[error("group {group} has no field {field}")]
    Missing {
        /// The number of the group.
        group: usize,
        /// The field.
        field: &'static str,
    },
    /// A field of a group has an invalid value.
    #[error("group {group} has an invalid {field}")]
    Value {
        /// The number of the group.
        group: usize,
        /// The field.
        field: &'static str,
    },
    /// There are more than [`Status::MAX_RECIPIENTS`] recipients.
    #[error("too many recipients: at most {} are read", Status::MAX_RECIPIENTS)]
    TooMany,
}

impl<'a> Status<'a> {
    /// Maximum recipients of a report: 10,000, because a transaction usually has at most 100 (RFC 5321 section 4.5.3.1.8).
    pub const MAX_RECIPIENTS: usize = 10_000;

    /// Parses the decoded content of the part. If a group repeats a field, the first one counts.
    ///
    /// ```abnf
    /// delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidStatus`] if the text is not a list of fields, or a required field is missing or invalid.
    pub fn parse(content: &'a [u8]) -> Result<Self, InvalidStatus> {
        let mut groups = Vec::new();
        let mut rest = content;
        loop {
            rest = blank_lines(rest).map_or(rest, |(rest, ())| rest);
            if rest.is_empty() {
                break;
            }
            if groups.len() > Self::MAX_RECIPIENTS {
                return Err(InvalidStatus::TooMany);
            }
            let (after, fields) = many1(field)
                .parse(rest)
                .map_err(|_| InvalidStatus::Syntax(content.len() - rest.len()))?;
            groups.push(Group {
                number: groups.len(),
                fields,
            });
            rest = after;
        }
        let mut groups = groups.into_iter();
        let first = groups.next().unwrap_or(Group {
            number: 0,
            fields: Vec::new(),
        });
        let message = first.into_message()?;
        let recipients: Vec<_> = groups.map(Group::into_recipient).collect::<Result<_, _>>()?;
        if recipients.is_empty() {
            return Err(InvalidStatus::Missing {
                group: 1,
                field: FINAL_RECIPIENT,
            });
        }
        Ok(Self { message, recipients })
    }
}

/// A group of fields, without an empty line between them.
struct Group<'a> {
    number: usize,
    fields: Vec<Field<'a>>,
}

impl<'a> Group<'a> {
    fn into_message(mut self) -> Result<MessageFields<'a>, InvalidStatus> {
        Ok(MessageFields {
            original_envelope_id: self.take("Original-Envelope-Id"),
            reporting_mta: self.required(REPORTING_MTA, Typed::parse)?,
            arrival_date: self.take("Arrival-Date"),
            others: self.fields,
        })
    }

    fn into_recipient(mut self) -> Result<RecipientFields<'a>, InvalidStatus> {
        Ok(RecipientFields {
            original_recipient: self.typed("Original-Recipient"),
            final_recipient: self.required(FINAL_RECIPIENT, Typed::parse)?,
            action: self.required(ACTION, |value| Action::parse(value.split_whitespace().next()?))?,
            status: self.required(STATUS, |value| {
                EnhancedCode::parse(value.as_bytes()).map(|(code, _)| code)
            })?,
            remote_mta: self.typed("Remote-MTA"),
            diagnostic_code: self.typed("Diagnostic-Code"),
            last_attempt_date: self.take("Last-Attempt-Date"),
            will_retry_until: self.take("Will-Retry-Until"),
            others: self.fields,
        })
    }

    fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let place = self
            .fields
            .iter()
            .position(|field| field.name.eq_ignore_ascii_case(name))?;
        Some(self.fields.remove(place).value)
    }

    /// Takes an optional typed field. A field without a type stays among the others.
    fn typed(&mut self, name: &str) -> Option<Typed<'a>> {
        let place = self
            .fields
            .iter()
            .position(|field| field.name.eq_ignore_ascii_case(name))?;
        let typed = Typed::parse(self.fields.get(place)?.value.clone())?;
        self.fields.remove(place);
        Some(typed)
    }

    fn required<T>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(Cow<'a, str>) -> Option<T>,
    ) -> Result<T, InvalidStatus> {
        let group = self.number;
        let value = self.take(field).ok_or(InvalidStatus::Missing { group, field })?;
        parse(value).ok_or(InvalidStatus::Value { group, field })
    }
}

impl<'a> Typed<'a> {
    fn parse(field: Cow<'a, str>) -> Option<Self> {
        let (kind, value) = match field {
            Cow::Borrowed(field) => {
                let (kind, value) = field.split_once(';')?;
                (Cow::Borrowed(kind.trim()), Cow::Borrowed(value.trim()))
            }
            Cow::Owned(field) => {
                let (kind, value) = field.split_once(';')?;
                (Cow::Owned(kind.trim().into()), Cow::Owned(value.trim().into()))
            }
        };
        if kind.is_empty() {
            return None;
        }
        let escaped = kind.eq_ignore_ascii_case("utf-8") && value.contains("\\x{");
        let value = if escaped {
            Cow::Owned(clean::unescape(&value).into_owned())
        } else {
            value
        };
        Some(Self { kind, value })
    }
}

/// ```abnf
/// field      = field-name ":" unstructured CRLF       ; RFC 5322 section 2.2
/// field-name = 1*( %d33-57 / %d59-126 )
/// ```
fn field(input: &[u8]) -> IResult<&[u8], Field<'_>> {
    let (rest, name) = take_while1(|octet| matches!(octet, b'!'..=b'9' | b';'..=b'~')).parse(input)?;
    let (rest, _) = (space0, tag(":")).parse(rest)?;
    let (rest, body) = recognize((text, many0_count(preceded(line_end, (space1, text))))).parse(rest)?;
    let (rest, _) = alt((line_end, eof)).parse(rest)?;
    let name = str::from_utf8(name).unwrap_or_default();
    Ok((
        rest,
        Field {
            name,
            value: unfold(body),
        },
    ))
}

/// Returns the text without the line ends of folding, and without spaces at its ends.
fn unfold(body: &[u8]) -> Cow<'_, str> {
    let lossy = String::from_utf8_lossy(body);
    match lossy {
        Cow::Borrowed(text) if !text.contains('\n') => Cow::Borrowed(text.trim()),
        text => Cow::Owned(text.replace("\r\n", "").replace('\n', "").trim().into()),
    }
}

/// The rest of a line.
fn text(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let end = input
        .iter()
        .position(|octet| *octet == b'\n')
        .unwrap_or(input.len());
    let end = match input.get(..end) {
        Some([.., b'\r']) if end < input.len() => end - 1,
        _ => end,
    };
    Ok((
        input.get(end..).unwrap_or_default(),
        input.get(..end).unwrap_or_default(),
    ))
}

fn line_end(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((tag("\r\n"), tag("\n"))).parse(input)
}

/// Empty lines, and spaces at the end of the text.
fn blank_lines(input: &[u8]) -> IResult<&[u8], ()> {
    let (rest, _) = many0_count(terminated(space0, line_end)).parse(input)?;
    let (rest, _) = opt(terminated(space1, eof)).parse(rest)?;
    Ok((rest, ()))
}

const REPORTING_MTA: &str = "Reporting-MTA";
const FINAL_RECIPIENT: &str = "Final-Recipient";
const ACTION: &str = "Action";
const STATUS: &str = "Status";

#[cfg(test)]
mod tests;
