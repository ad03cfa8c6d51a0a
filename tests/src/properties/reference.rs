//! A second, slow implementation of the rules of message content and encodings, on complete octets.

use smtp_proto::data::BareLineEndings;

/// RFC 5321 section 4.5.2: returns the message and the octets after it, if there is a final dot.
pub(super) fn unstuff(wire: &[u8], policy: BareLineEndings) -> Option<(Vec<u8>, &[u8])> {
    let (mut message, mut rest) = (Vec::new(), wire);
    loop {
        if let Some(behind) = rest.strip_prefix(b".\r\n") {
            return Some((message, behind));
        }
        let line = rest.strip_prefix(b".").unwrap_or(rest);
        let end = line.windows(2).position(|two| two == b"\r\n")?;
        match policy {
            BareLineEndings::Normalize => message.extend(with_crlf(&line[..end])),
            _ => message.extend_from_slice(&line[..end]),
        }
        message.extend_from_slice(b"\r\n");
        rest = &line[end + 2..];
    }
}

/// RFC 5321 section 2.3.8: replaces each bare CR or LF by CRLF.
pub(super) fn with_crlf(content: &[u8]) -> Vec<u8> {
    let mut made = Vec::new();
    for (at, octet) in content.iter().enumerate() {
        match octet {
            b'\r' if content.get(at + 1) == Some(&b'\n') => made.push(b'\r'),
            b'\n' if at > 0 && content[at - 1] == b'\r' => made.push(b'\n'),
            b'\r' | b'\n' => made.extend_from_slice(b"\r\n"),
            octet => made.push(*octet),
        }
    }
    made
}

/// The position of the first CR without LF or LF without CR.
pub(super) fn first_bare(content: &[u8]) -> Option<usize> {
    (0..content.len()).find(|at| match content[*at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => *at == 0 || content[at - 1] != b'\r',
        _ => false,
    })
}

/// Encodes base64 (RFC 4648 section 4).
pub(super) fn to_base64(octets: &[u8]) -> String {
    let mut text = String::new();
    for three in octets.chunks(3) {
        let number = (0..3).fold(0, |number, at| {
            number << 8 | u32::from(*three.get(at).unwrap_or(&0))
        });
        for at in 0..4 {
            let digit = BASE64[(number >> (18 - 6 * at) & 63) as usize];
            text.push(if at > three.len() { '=' } else { digit.into() });
        }
    }
    text
}

/// Decodes base64 (RFC 4648 section 4). Accepts only the output of [`to_base64`].
pub(super) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text
        .strip_suffix(b"==")
        .or(text.strip_suffix(b"="))
        .unwrap_or(text);
    let mut octets = Vec::new();
    for four in digits.chunks(4) {
        let mut number = 0;
        for at in 0..4 {
            let digit = four.get(at).unwrap_or(&b'A');
            number = number << 6 | BASE64.iter().position(|one| one == digit)?;
        }
        octets.extend_from_slice(&number.to_be_bytes()[5..4 + four.len()]);
    }
    (to_base64(&octets).as_bytes() == text).then_some(octets)
}

/// Decodes xtext (RFC 3461 section 4).
pub(super) fn from_xtext(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        octets.push(match first {
            b'+' => {
                let digits = str::from_utf8(rest.get(..2)?).ok()?;
                rest = &rest[2..];
                let hexadecimal = digits
                    .bytes()
                    .all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
                u8::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)?
            }
            b'!'..=b'~' if *first != b'=' => *first,
            _ => return None,
        });
    }
    Some(octets)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
