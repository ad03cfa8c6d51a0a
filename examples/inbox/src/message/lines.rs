//! Line ends: a message in which a bare CR or LF ended a line, as many programs send it.

/// The bare line ends of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineFaults {
    pub(crate) bare_lf: usize,
    pub(crate) bare_cr: usize,
    /// The line with the first of them, from 1.
    pub(crate) first: usize,
}

/// Makes each bare CR and LF a CRLF, as a relay that is lenient does, and counts them.
pub(crate) fn normalise(content: Vec<u8>) -> (Vec<u8>, LineFaults) {
    let mut faults = LineFaults::default();
    let mut lines = 1;
    let mut before = 0;
    let mut octets = content.iter().copied().peekable();
    // Most messages have no fault, and need no copy.
    while let Some(octet) = octets.next() {
        let is_bare_lf = octet == b'\n' && before != b'\r';
        let is_bare_cr = octet == b'\r' && octets.peek() != Some(&b'\n');
        faults.bare_lf += usize::from(is_bare_lf);
        faults.bare_cr += usize::from(is_bare_cr);
        if (is_bare_lf || is_bare_cr) && faults.first == 0 {
            faults.first = lines;
        }
        lines += usize::from(octet == b'\n' || is_bare_cr);
        before = octet;
    }
    if faults == LineFaults::default() {
        return (content, faults);
    }
    let mut normal = Vec::with_capacity(content.len() + faults.bare_lf + faults.bare_cr);
    let mut octets = content.into_iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' => {
                octets.next_if_eq(&b'\n');
                normal.extend_from_slice(b"\r\n");
            }
            b'\n' => normal.extend_from_slice(b"\r\n"),
            other => normal.push(other),
        }
    }
    (normal, faults)
}

/// Returns true if a client meant this to be the end of a message: a dot between bare line ends.
pub(crate) fn has_bare_end(content: &[u8]) -> bool {
    let mut octets = content.strip_suffix(b"\r").unwrap_or(content);
    octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    octets = octets.strip_suffix(b"\r").unwrap_or(octets);
    // The dot of `LF . CRLF` was not removed, because it does not begin a line.
    matches!(octets, [b'.'] | [.., b'\n' | b'\r', b'.'])
}

#[cfg(test)]
mod tests {
    use super::{LineFaults, has_bare_end, normalise};

    #[test]
    fn bare_line_ends_become_crlf() {
        let (content, faults) = normalise(b"a\r\nb\nc\rd\r\n".to_vec());
        assert_eq!(content, b"a\r\nb\r\nc\r\nd\r\n");
        let expected = LineFaults {
            bare_lf: 1,
            bare_cr: 1,
            first: 2,
        };
        assert_eq!(faults, expected);
    }

    #[test]
    fn right_line_ends_stay() {
        let (content, faults) = normalise(b"a\r\n\r\nb\r\n".to_vec());
        assert_eq!(
            (content, faults),
            (b"a\r\n\r\nb\r\n".to_vec(), LineFaults::default())
        );
    }

    #[test]
    fn finds_a_bare_line_ending_at_the_end_of_data() {
        for end in [&b"text\n.\n"[..], b"text\n.\r\n", b"text\r.\r", b"."] {
            assert!(has_bare_end(end), "{end:?}");
        }
        for end in [&b"text\r\n"[..], b"text.\n", b""] {
            assert!(!has_bare_end(end), "{end:?}");
        }
    }
}
