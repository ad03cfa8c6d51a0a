//! The original message, as the last part of a report (RFC 6522 section 3, RFC 6533 section 6).

use alloc::{borrow::Cow, vec::Vec};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use smtp_proto::types::{MailParameters, Ret};

use super::{Action, Form};

/// The part of the original message that a report returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 3461 section 4.3 has these two")]
pub enum Returned<'a> {
    /// The header section of this message; the beginning of the message is enough. A header section of more than
    /// [`Returned::MAX_HEADERS`] octets is cut at the end of a line.
    Headers(&'a [u8]),
    /// This whole message. If the form of the report cannot carry it, only its header section is returned.
    Full(&'a [u8]),
}

impl<'a> Returned<'a> {
    /// Maximum octets of a returned header section: 64 KiB, enough for about 100 `Received` fields and long lists of
    /// recipients.
    pub const MAX_HEADERS: usize = 64 << 10;

    /// Decides how much of the message is returned. It is the whole message if the sender requested RET=FULL, a recipient
    /// failed, the message had no REQUIRETLS, and it has at most `limit` octets (RFC 3461 sections 4.3 and 6.2, RFC 8689
    /// section 5). Otherwise it is the header section.
    ///
    /// Without RET it is the header section, too: the sender may be forged, and the report may go to a stranger.
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

    /// Creates the part for this form.
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
                // A header section with other octets is legal only as message/global.
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

/// Facts of octets that determine their encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Facts {
    ascii: bool,
    utf8: bool,
    /// True if no line has more than 998 octets, and CR and LF occur only as CRLF, and NUL does not occur (RFC 2045 section
    /// 2.7).
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

/// Returns the header section of a message without the empty line at its end, and true if it is complete.
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

/// Octets of a base64 line of 76 characters (RFC 2045 section 6.8).
const LINE: usize = 57;

/// Octets of a piece, a whole number of lines.
const PIECE: usize = LINE * 1024;

#[cfg(test)]
mod tests;
