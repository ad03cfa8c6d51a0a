//! Octets as text: the escapes of the stories in `tests/transcripts`.

/// Parses the inputs of a file, one per line. Skips empty lines and lines that begin with `#`.
pub(crate) fn inputs(text: &str) -> Result<Vec<Vec<u8>>, String> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| octets(line).ok_or_else(|| format!("an escape that is none: {line}")))
        .collect()
}

/// `\r \n \t \0 \s` (blank) `\\ \xHH`, and `\{3*ab}` for `ababab`.
fn octets(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        octets.extend_from_slice(plain.as_bytes());
        let mut used = 1;
        match escape.chars().next()? {
            'r' => octets.push(b'\r'),
            'n' => octets.push(b'\n'),
            't' => octets.push(b'\t'),
            's' => octets.push(b' '),
            '0' => octets.push(0),
            '\\' => octets.push(b'\\'),
            'x' => {
                octets.push(u8::from_str_radix(escape.get(1..3)?, 16).ok()?);
                used = 3;
            }
            '{' => {
                let end = escape.find('}')?;
                let (times, what) = escape[1..end].split_once('*')?;
                octets.extend(self::octets(what)?.repeat(times.parse().ok()?));
                used = end + 1;
            }
            _ => return None,
        }
        rest = &escape[used..];
    }
    octets.extend_from_slice(rest.as_bytes());
    Some(octets)
}

/// The way back, in ASCII. A run of more than sixteen of the same octet is written as a repetition.
pub(crate) fn escaped(octets: &[u8]) -> String {
    octets
        .chunk_by(|one, next| one == next)
        .map(|run| match run {
            [octet, ..] if run.len() > 16 => format!("\\{{{}*{}}}", run.len(), escaped_octet(*octet)),
            _ => run.iter().copied().map(escaped_octet).collect(),
        })
        .collect()
}

fn escaped_octet(octet: u8) -> String {
    match octet {
        b'\r' => "\\r".into(),
        b'\n' => "\\n".into(),
        b'\t' => "\\t".into(),
        0 => "\\0".into(),
        b'\\' => "\\\\".into(),
        b' '..=b'~' => char::from(octet).into(),
        _ => format!("\\x{octet:02X}"),
    }
}
