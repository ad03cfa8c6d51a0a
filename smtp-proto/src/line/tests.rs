use std::{vec, vec::Vec};

use super::*;

/// Returns the lines of `bytes` that arrive in pieces of `size`, and the maximum number of unused octets.
fn lines(bytes: &[u8], size: usize, limit: usize) -> (Vec<Option<Vec<u8>>>, usize) {
    let mut cutter = LineCutter::default();
    let (mut buffer, mut found, mut most) = (Vec::new(), Vec::new(), 0);
    for piece in bytes.chunks(size) {
        buffer.extend_from_slice(piece);
        let mut rest = buffer.as_slice();
        loop {
            match cutter.cut(&mut rest, limit) {
                Ok(line) => found.push(Some(line.to_vec())),
                Err(NoLine::TooLong(_) | NoLine::Bare(_)) => found.push(None),
                Err(NoLine::Dropped(_)) => {}
                Err(NoLine::Incomplete) => break,
            }
        }
        most = most.max(rest.len());
        buffer = rest.to_vec();
    }
    (found, most)
}

#[test]
fn only_crlf_ends_a_line() {
    let (found, _) = lines(b"a\nb\rc\r\r\nd\r\r\ne\r\n", 100, 64);
    assert_eq!(found, vec![None, None, Some(b"e".to_vec())]);
}

#[test]
fn a_bare_cr_or_lf_is_reported_before_the_line_ends() {
    for (bytes, bare) in [(&b"EHLO x\n"[..], Bare::Lf), (b"EHLO x\rN", Bare::Cr)] {
        let mut cutter = LineCutter::default();
        let mut input = bytes.get(..7).unwrap();
        let early = cutter.cut(&mut input, 64);
        if bare == Bare::Lf {
            assert_eq!(early, Err(NoLine::Bare(bare)));
        } else {
            assert_eq!(early, Err(NoLine::Incomplete));
            let mut input: &[u8] = bytes;
            assert_eq!(cutter.cut(&mut input, 64), Err(NoLine::Bare(bare)));
            assert_eq!(input, b"N");
        }
    }
    let mut input: &[u8] = b"a\nb\nc\rd\r\nNOOP\r\n";
    let mut cutter = LineCutter::default();
    assert_eq!(cutter.cut(&mut input, 64), Err(NoLine::Bare(Bare::Lf)));
    assert_eq!(cutter.cut(&mut input, 64), Err(NoLine::Dropped(9)));
    assert_eq!(cutter.cut(&mut input, 64), Ok(&b"NOOP"[..]));
}

#[test]
fn the_lines_do_not_depend_on_the_cuts() {
    let bytes = b"EHLO x\r\n\r\nNOOP\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\rQUIT\r\n\nQUIT\r\n\
        12345678901234567890123\rx\r\n1234567890123456789012\rx\r\n12345678901234567890123\n\r\n";
    let (whole, _) = lines(bytes, bytes.len(), 24);
    assert_eq!(whole.len(), 8);
    assert_eq!(whole[3], None);
    for size in 1..bytes.len() {
        assert_eq!(lines(bytes, size, 24).0, whole, "pieces of {size}");
    }
}

#[test]
fn the_limit_counts_the_crlf() {
    assert_eq!(
        lines(b"12345678\r\n", 100, 10).0,
        vec![Some(b"12345678".to_vec())]
    );
    assert_eq!(lines(b"123456789\r\n", 100, 10).0, vec![None]);
    assert_eq!(lines(b"12345678\r\n", 1, 10).0, vec![Some(b"12345678".to_vec())]);
    assert_eq!(lines(b"123456789\r\n", 1, 10).0, vec![None]);
}

#[test]
fn an_endless_line_is_not_kept() {
    let (found, most) = lines(&vec![b'x'; 100_000], 7, 512);
    assert!(found.is_empty());
    assert!(most < 512, "{most} octets were left in the buffer");
}

#[test]
fn the_length_of_a_dropped_line_does_not_depend_on_the_cuts() {
    let bytes = [&[b'x'; 100][..], b"\r\r\r\n"].concat();
    for size in 1..=bytes.len() {
        let mut cutter = LineCutter::default();
        let mut buffer = Vec::new();
        let mut length = None;
        for piece in bytes.chunks(size) {
            buffer.extend_from_slice(piece);
            let mut rest = buffer.as_slice();
            if let Err(NoLine::TooLong(octets)) = cutter.cut(&mut rest, 10) {
                length = Some(octets);
            }
            buffer = rest.to_vec();
        }
        assert_eq!(length, Some(104), "pieces of {size}");
    }
}

#[test]
fn no_octet_is_searched_twice() {
    let mut cutter = LineCutter::default();
    let mut input: &[u8] = b"MAIL FROM:<";
    assert_eq!(cutter.cut(&mut input, 512), Err(NoLine::Incomplete));
    // The octets in front are replaced by line ends: a cutter that looks again would find them.
    let mut input: &[u8] = b"\r\n\r\n\r\n\r\n\r\n>\r\n";
    assert_eq!(cutter.cut(&mut input, 512), Ok(&b"\r\n\r\n\r\n\r\n\r\n>"[..]));
}
