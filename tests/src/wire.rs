//! Parsing octets on the wire without a machine.

/// Returns the codes of the replies in these octets. Returns `None` if they are not whole replies (RFC 5321 section 4.2).
///
/// Only an AUTH challenge may have an empty text (RFC 4954 section 4).
#[must_use]
pub fn codes(said: &[u8]) -> Option<Vec<u16>> {
    let mut codes = Vec::new();
    let mut open: Option<u16> = None;
    for line in said.split_inclusive(|octet| *octet == b'\n') {
        let (digits, separator) = (line.get(..3)?, *line.get(3)?);
        let text = line.get(4..)?.strip_suffix(b"\r\n")?;
        let well_formed = matches!(digits[0], b'2'..=b'5')
            && digits.iter().all(u8::is_ascii_digit)
            && matches!(separator, b' ' | b'-')
            && line.len() <= 512
            && (digits == b"334" || !text.is_empty())
            && text.iter().all(|octet| *octet >= b' ' && *octet != 0x7f);
        let code: u16 = str::from_utf8(digits).ok()?.parse().ok()?;
        if !well_formed || open.is_some_and(|open| open != code) {
            return None;
        }
        open = (separator == b'-').then_some(code);
        if open.is_none() {
            codes.push(code);
        }
    }
    open.is_none().then_some(codes)
}
