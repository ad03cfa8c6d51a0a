//! Converting octets to readable text, and back.

use std::fmt::Write as _;

use smtp_proto::types::Printable;

/// Converts the escapes of a transcript to octets: `\r \n \t \0 \s \\ \xHH`, and `\{3*ab}` for `ababab`.
///
/// # Errors
///
/// The fault of the escape.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let mut letters = behind.chars();
        let letter = letters.next().ok_or("a backslash at the end of the line")?;
        rest = letters.as_str();
        octets.push(match letter {
            'r' => b'\r',
            'n' => b'\n',
            't' => b'\t',
            '0' => 0,
            's' => b' ',
            '\\' => b'\\',
            'x' => {
                let (digits, behind) = rest.split_at_checked(2).ok_or("two digits behind \\x")?;
                rest = behind;
                u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?
            }
            '{' => {
                let (repeated, behind) = rest.split_once('}').ok_or("no } behind \\{")?;
                let (times, what) = repeated.split_once('*').ok_or("no * between \\{ and }")?;
                let times = times.parse().map_err(|_| "no number behind \\{")?;
                octets.extend(unescape(what)?.repeat(times));
                rest = behind;
                continue;
            }
            other => return Err(format!("unknown escape \\{other}")),
        });
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}

/// Returns octets as one line of printable text.
#[must_use]
pub fn escape(octets: &[u8]) -> String {
    let mut text = String::new();
    for chunk in octets.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\r' => text.push_str("\\r"),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\0' => text.push_str("\\0"),
                '\\' => text.push_str("\\\\"),
                letter if !Printable::allows(letter) => {
                    for octet in letter.encode_utf8(&mut [0; 4]).bytes() {
                        let _ = write!(text, "\\x{octet:02x}");
                    }
                }
                letter => text.push(letter),
            }
        }
        for octet in chunk.invalid() {
            let _ = write!(text, "\\x{octet:02x}");
        }
    }
    text
}

/// Returns octets as graphic ASCII, so that no editor removes spaces.
#[must_use]
pub fn escape_all(octets: &[u8]) -> String {
    let mut text = String::new();
    for octet in octets {
        match octet {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b' ' => text.push_str("\\s"),
            b'\\' => text.push_str("\\\\"),
            octet if octet.is_ascii_graphic() => text.push(char::from(*octet)),
            octet => {
                let _ = write!(text, "\\x{octet:02x}");
            }
        }
    }
    text
}
