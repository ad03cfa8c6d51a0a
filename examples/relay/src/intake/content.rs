//! Facts of a content, collected while it arrives.

use smtp_proto::{
    data::{ContentScanner, ContentSummary},
    types::{ForwardPath, Rejection},
};
use smtp_relay::loops::Trace;

use crate::spool::Facts;

/// Maximum octets of a header line that are checked.
const MAX_LINE: usize = 256;

/// A reader of a content in pieces.
pub(crate) struct Content {
    scanner: ContentScanner,
    trace: Trace,
    field: TlsRequired,
}

/// A search for the header field `TLS-Required: No` (RFC 8689 section 3).
#[derive(Debug, Default)]
struct TlsRequired {
    /// The beginning of the current line.
    line: Vec<u8>,
    in_body: bool,
    is_no: bool,
}

impl Content {
    pub(crate) fn new() -> Self {
        Self {
            scanner: ContentScanner::new(),
            trace: Trace::new(),
            field: TlsRequired::default(),
        }
    }

    pub(crate) fn feed(&mut self, octets: &[u8]) {
        self.scanner.feed(octets);
        self.trace.feed(octets);
        self.field.feed(octets);
    }

    /// Returns the facts of the whole content.
    ///
    /// # Errors
    ///
    /// The rejection for a content that is in a loop, or contains a bare CR or LF.
    pub(crate) fn finish<'a>(
        self,
        mut recipients: impl Iterator<Item = &'a ForwardPath<'static>>,
    ) -> Result<Facts, Rejection> {
        let loops =
            self.trace.is_loop() || recipients.all(|recipient| self.trace.was_delivered_to(recipient));
        if loops {
            return Err(Rejection::LOOP);
        }
        let summary: ContentSummary = self.scanner.finish();
        if summary.bare {
            return Err(Rejection::BARE_LINE_ENDING);
        }
        Ok(Facts {
            tls_optional: self.field.is_no,
            ..Facts::of(&summary)
        })
    }
}

impl TlsRequired {
    fn feed(&mut self, octets: &[u8]) {
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.in_body {
                return;
            }
            let room = MAX_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            if !part.ends_with(b"\n") {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.trim_ascii_end();
            self.in_body = line.is_empty();
            let mut halves = line.splitn(2, |octet| *octet == b':');
            let name = halves.next().unwrap_or_default().trim_ascii_end();
            let value = halves.next().unwrap_or_default().trim_ascii();
            self.is_no |= name.eq_ignore_ascii_case(b"TLS-Required") && value.eq_ignore_ascii_case(b"No");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(content: &[u8]) -> Result<Facts, Rejection> {
        let bob = ForwardPath::parse("bob@example.org").unwrap().into_owned();
        // However it is cut.
        let mut results = (0..content.len()).map(|cut| {
            let mut found = Content::new();
            found.feed(&content[..cut]);
            found.feed(&content[cut..]);
            found.finish([&bob].into_iter())
        });
        let first = results.next().unwrap();
        assert!(results.all(|other| other == first));
        first
    }

    #[test]
    fn the_field_tls_required_is_found_in_the_header_section_only() {
        assert!(
            facts(b"Subject: x\r\nTLS-REQUIRED:  no \r\n\r\nhello\r\n")
                .unwrap()
                .tls_optional
        );
        assert!(
            !facts(b"Subject: x\r\n\r\nTLS-Required: No\r\n")
                .unwrap()
                .tls_optional
        );
        assert!(!facts(b"TLS-Required: Yes\r\n\r\n").unwrap().tls_optional);
    }

    #[test]
    fn a_loop_and_bare_line_ends_are_refused() {
        assert_eq!(
            facts(b"Delivered-To: bob@example.org\r\n\r\n"),
            Err(Rejection::LOOP)
        );
        assert_eq!(
            facts(b"Subject: x\r\n\r\na\nb\r\n"),
            Err(Rejection::BARE_LINE_ENDING)
        );
        let mut loops = b"Received: from a by b\r\n".repeat(120);
        loops.extend(b"\r\n");
        let mut found = Content::new();
        found.feed(&loops);
        let bob = ForwardPath::parse("bob@example.org").unwrap().into_owned();
        assert_eq!(found.finish([&bob].into_iter()), Err(Rejection::LOOP));
    }
}
