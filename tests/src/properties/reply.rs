use smtp_proto::{
    syntax::{ReplyFault, parse_reply},
    types::{Code, EnhancedCode, Printable, Reply, Text},
};

/// Input: a reply. Property: the result agrees with RFC 5321 section 4.2; a part of a reply is incomplete; octets after a
/// reply are an error; a written reply parses to the same codes and text.
pub fn reply(data: &[u8]) {
    let found = parse_reply(data);
    if let Err(error) = &found {
        assert!(
            !error.to_string().contains(|letter| !Printable::allows(letter)),
            "{error}"
        );
        assert!(error.position() <= data.len(), "{error}");
    }
    let lines = lines(data);
    assert_eq!(
        found.as_ref().ok().map(Reply::code),
        lines.as_deref().and_then(code),
        "{found:?}"
    );
    if let (Ok(reply), Some(lines)) = (found, lines) {
        assert_eq!(reply.raw(), data);
        assert!(
            reply
                .lines()
                .eq(lines.iter().map(|line| line.get(4..).unwrap_or_default()))
        );
        for length in (0..data.len()).take(200) {
            let error = parse_reply(&data[..length]).expect_err("a part of a reply");
            assert_eq!(
                (error.fault(), error.position()),
                (ReplyFault::Incomplete, length)
            );
        }
        let more = [data, b"2"].concat();
        let error = parse_reply(&more).expect_err("more than a reply");
        assert_eq!(
            (error.fault(), error.position()),
            (ReplyFault::Trailing, data.len())
        );
        let shown = reply.to_string();
        assert!(
            !shown.contains(|letter| !Printable::allows(letter)) && shown.chars().count() < 2000,
            "{shown:?}"
        );
        let _ = reply.forward_path();
        write(&reply);
    }
}

/// Returns the lines of `data` without their CRLFs, if it consists of whole lines.
fn lines(data: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut lines, mut rest) = (Vec::new(), data);
    while !rest.is_empty() {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    Some(lines)
}

/// RFC 5321 section 4.2: the code of these lines, if they are one reply. Choice: the codes may differ but for the first digit, and
/// the last counts.
fn code(lines: &[&[u8]]) -> Option<Code> {
    let (last, others) = lines.split_last()?;
    let digits = last
        .get(..3)
        .filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let fits = others.iter().all(|line| {
        line.first() == digits.first()
            && line.iter().take(3).filter(|octet| octet.is_ascii_digit()).count() == 3
            && line.get(3) == Some(&b'-')
    }) && matches!(last.get(3), None | Some(b' '))
        && !lines.iter().any(|line| has_bare(line));
    let code = str::from_utf8(digits).ok()?.parse().ok()?;
    Code::new(code).filter(|_| fits)
}

/// RFC 5321 section 2.3.8: a LF, or a CR that no CR or line end follows.
fn has_bare(line: &[u8]) -> bool {
    line.contains(&b'\n') || line.windows(2).any(|two| two[0] == b'\r' && two[1] != b'\r')
}

/// Writes a reply with the text of this one.
fn write(reply: &Reply<'_>) {
    let texts: Option<Vec<&str>> = reply.lines().map(|line| str::from_utf8(line).ok()).collect();
    let Some(text) = texts.and_then(|texts| Text::new(texts.join("\n")).ok()) else {
        return;
    };
    let code = reply.code();
    let enhanced = EnhancedCode::new((code.get() / 100) as u8, 1, 10);
    for enhanced in [None, enhanced] {
        let Ok(written) = Reply::new(code, enhanced, &text) else {
            continue;
        };
        let read = parse_reply(written.raw()).expect("a reply that is written can be read");
        assert_eq!(read, written);
        assert!(enhanced.is_none() || read.enhanced() == enhanced);
        let prefix = enhanced.map_or(String::new(), |enhanced| format!("{enhanced} "));
        assert!(
            read.lines()
                .eq(text.lines().map(|line| [&prefix, line].concat().into_bytes()))
        );
    }
}
