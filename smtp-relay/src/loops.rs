//! Facts of a header section: signs of a mail loop, and of an automatic message.

use alloc::{string::String, vec::Vec};

use smtp_proto::types::ForwardPath;

/// A reader of a header section in pieces, which finds the signs of a mail loop (RFC 5321 section 6.3).
///
/// Memory is bounded: it keeps at most [`Trace::MAX_RECEIVED`] addresses and one line.
///
/// ```
/// use smtp_proto::types::ForwardPath;
/// use smtp_relay::loops::Trace;
///
/// let mut trace = Trace::new();
/// trace.feed(b"Received: from a.example by b.example\r\nDelivered-To: bob@example.net\r\nSubj");
/// trace.feed(b"ect: x\r\n\r\nReceived: in the body\r\n");
/// assert_eq!(trace.received(), 1);
/// assert!(!trace.is_loop());
/// assert!(trace.was_delivered_to(&ForwardPath::parse("Bob@EXAMPLE.net")?));
/// # Ok::<_, smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The beginning of the current line.
    line: Vec<u8>,
    in_body: bool,
    received: usize,
    delivered_to: Vec<String>,
    automatic: bool,
}

impl Trace {
    /// Maximum `Received` fields of a message that is not in a loop: 100, the least that RFC 5321 section 6.3 allows.
    pub const MAX_RECEIVED: usize = 100;

    /// Creates a reader at the beginning of a message.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            line: Vec::new(),
            in_body: false,
            received: 0,
            delivered_to: Vec::new(),
            automatic: false,
        }
    }

    /// Reads the next octets. Ignores octets after the header section.
    pub fn feed(&mut self, octets: &[u8]) {
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.in_body {
                return;
            }
            let room = MAX_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            if part.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    /// The number of `Received` fields so far.
    #[must_use]
    pub const fn received(&self) -> usize {
        self.received
    }

    /// Returns true if the message has more than [`Trace::MAX_RECEIVED`] `Received` fields. Reject it with status 5.4.6.
    #[must_use]
    pub const fn is_loop(&self) -> bool {
        self.received > Self::MAX_RECEIVED
    }

    /// Returns true if a `Delivered-To` field has this address, in any case of letters: the message was in that mailbox and
    /// came back. Reject it with status 5.4.6. qmail and Postfix write this field, which is in no standard.
    #[must_use]
    pub fn was_delivered_to(&self, recipient: &ForwardPath<'_>) -> bool {
        recipient.mailbox().is_some_and(|mailbox| {
            self.delivered_to
                .iter()
                .any(|address| address.eq_ignore_ascii_case(mailbox.as_str()))
        })
    }

    /// Returns true if the message is from a program or a mailing list, so that a responder must not answer it (RFC 3834
    /// section 2): it has `Auto-Submitted` other than `no`, or a `List-` field. This has no effect on notifications.
    #[must_use]
    pub const fn is_automatic(&self) -> bool {
        self.automatic
    }

    fn end_line(&mut self) {
        let line = core::mem::take(&mut self.line);
        let text = line.trim_ascii_end();
        if text.is_empty() {
            self.in_body = true;
            return;
        }
        // A folded line continues the field before it.
        if !matches!(text, [b' ' | b'\t', ..])
            && let Some(colon) = text.iter().position(|octet| *octet == b':')
            && let Some((name, value)) = text.split_at_checked(colon)
        {
            let name = name.trim_ascii_end();
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if name.eq_ignore_ascii_case(b"Received") {
                self.received = self.received.saturating_add(1);
            } else if name.eq_ignore_ascii_case(b"Delivered-To") {
                if let Ok(address) = str::from_utf8(value)
                    && self.delivered_to.len() < Self::MAX_RECEIVED
                {
                    self.delivered_to.push(address.trim_matches(['<', '>']).into());
                }
            } else if name.eq_ignore_ascii_case(b"Auto-Submitted") {
                let keyword = value.split(|octet| matches!(octet, b';' | b' ' | b'(')).next();
                self.automatic |= !keyword.unwrap_or_default().eq_ignore_ascii_case(b"no");
            } else if name.len() > 5
                && name
                    .get(..5)
                    .is_some_and(|start| start.eq_ignore_ascii_case(b"List-"))
            {
                self.automatic = true;
            }
        }
        self.line = line;
        self.line.clear();
    }
}

/// Maximum octets of a line that are kept: enough for the name of a field and an address.
const MAX_LINE: usize = 400;

#[cfg(test)]
mod tests;
