//! The original message, as the last part of a report (RFC 6522 section 3, RFC 6533 section 6).

use alloc::{borrow::Cow, vec::Vec};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use smtp_proto::types::{MailParameters, Ret};

use super::{Action, Form};

/// The part of the original message that a report returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 section 4.3 has these two")]
pub enum Returned<'a> {
    /// The header section of this message. What follows it is not looked at, so the beginning of a message is enough. A
    /// header section of more than [`Returned::MAX_HEADERS`] octets is cut after a line.
    Headers(&'a [u8]),
    /// This message. If the form of the report cannot carry it, its header section is returned.
    Full(&'a [u8]),
}

impl<'a> Returned<'a> {
    /// Maximum octets of a header section that is returned. Enough for about 100 `Received` fields and long lists of
    /// recipients.
    pub const MAX_HEADERS: usize = 64 << 10;

    /// Decides what is returned: the whole message only if RET=FULL was asked for, some recipient failed, the message had no
    /// REQUIRETLS, and it has at most `limit` octets (RFC 3461 sections 4.3 and 6.2, RFC 8689 section 5).
    ///
    /// Without RET only the header section is returned: the sender may be forged, and then the report goes to a stranger.
    #[must_use]
    pub fn choose(
        message: &MailParameters<'_>,
        actions: impl IntoIterator<Item = Action>,
        size: u64,
        limit: u64,
    ) -> Ret {
        let failed = actions.into_iter().any(|action| action == Action::Failed);
        if message.ret() == Some(Ret::Full) && failed && !message.require_tls() && size <= limit {
            Ret::Full
        } else {
            Ret::Headers
        }
    }

    /// Makes the part of this form.
    pub(super) fn part(self, form: Form) -> Part<'a> {
        let (octets, full) = match self {
            Self::Headers(octets) => (octets, false),
            Self::Full(octets) => (octets, true),
        };
        let (header, complete) = header_section(octets);
        let facts = Facts::of(header);
        if full && complete {
            let whole = Facts::of(octets);
            let international = !facts.ascii;
            let fits = match form {
                Form::SevenBit => whole.ascii,
                // A header of other octets is legal only as message/global.
                Form::EightBit => facts.ascii,
                Form::International => facts.utf8,
            };
            if whole.lines && fits {
                return Part {
                    kind: if international {
                        "message/global"
                    } else {
                        "message/rfc822"
                    },
                    encoding: if whole.ascii {
                        Encoding::SevenBit
                    } else {
                        Encoding::EightBit
                    },
                    octets,
                    full,
                };
            }
        }
        let eight_bit = form == Form::International && facts.utf8;
        Part {
            kind: if !facts.ascii && facts.utf8 {
                "message/global-headers"
            } else {
                "text/rfc822-headers"
            },
            encoding: match facts.lines {
                true if facts.ascii => Encoding::SevenBit,
                true if eight_bit => Encoding::EightBit,
                _ => Encoding::Base64,
            },
            octets: header,
            full: false,
        }
    }
}

/// The last part of a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) kind: &'static str,
    pub(super) encoding: Encoding,
    pub(super) octets: &'a [u8],
    pub(super) full: bool,
}

/// The encoding of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    SevenBit,
    EightBit,
    Base64,
}

impl Encoding {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Base64 => "base64",
        }
    }
}

impl<'a> Part<'a> {
    /// The octets of the part, in its encoding.
    pub(super) fn pieces(self) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let encoded = self.encoding == Encoding::Base64;
        self.octets.chunks(PIECE).map(move |piece| match encoded {
            false => Cow::Borrowed(piece),
            true => {
                let mut lines = Vec::with_capacity(piece.len() / LINE * (76 + 2) + 80);
                for line in piece.chunks(LINE) {
                    lines.extend_from_slice(STANDARD.encode(line).as_bytes());
                    lines.extend_from_slice(b"\r\n");
                }
                Cow::Owned(lines)
            }
        })
    }
}

/// Facts of octets that decide about their encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts {
    ascii: bool,
    utf8: bool,
    /// No line has more than 998 octets, and CR, LF and NUL stand only as CRLF (RFC 2045 section 2.7).
    lines: bool,
}

impl Facts {
    fn of(octets: &[u8]) -> Self {
        let lines = octets.split_inclusive(|octet| *octet == b'\n').all(|line| {
            let text = match line.strip_suffix(b"\r\n") {
                Some(text) => text,
                None if line.ends_with(b"\n") => return false,
                None => line,
            };
            text.len() <= 998 && !text.iter().any(|octet| matches!(octet, b'\r' | 0))
        });
        Self {
            ascii: octets.is_ascii(),
            utf8: str::from_utf8(octets).is_ok(),
            lines,
        }
    }
}

/// The header section of a message, without the empty line at its end, and if it is complete.
fn header_section(octets: &[u8]) -> (&[u8], bool) {
    let mut end = 0;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if matches!(line, b"\r\n" | b"\n") {
            break;
        }
        if end + line.len() > Returned::MAX_HEADERS {
            return (octets.get(..end).unwrap_or_default(), false);
        }
        end += line.len();
    }
    (octets.get(..end).unwrap_or_default(), true)
}

/// Octets of a line in base64: 76 characters (RFC 2045 section 6.8).
const LINE: usize = 57;

/// Octets of a piece: whole lines.
const PIECE: usize = LINE * 1024;

#[cfg(test)]
mod tests;
