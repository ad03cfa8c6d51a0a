use alloc::{string::ToString, vec::Vec};

use super::*;

/// The result of [`lines`], computed octet by octet.
fn naive_lines(bytes: &[u8], dots: bool) -> Stop {
    let mut at = 0;
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [CR, LF, DOT, ..] if dots => return Stop::Dot(at + 2),
            [CR, LF, ..] => at += 2,
            [] | [CR] => return Stop::Clean(bytes.len()),
            [CR | LF, ..] => return Stop::Bare(at),
            _ => at += 1,
        }
    }
}

fn naive_dots(bytes: &[u8]) -> Stop {
    match bytes.windows(3).position(|three| three == b"\r\n.") {
        Some(at) => Stop::Dot(at + 2),
        None => Stop::Clean(bytes.len()),
    }
}

fn agree(bytes: &[u8]) {
    let shown = || bytes.escape_ascii().to_string();
    assert_eq!(lines::<true>(bytes), naive_lines(bytes, true), "{}", shown());
    assert_eq!(lines::<false>(bytes), naive_lines(bytes, false), "{}", shown());
    assert_eq!(dots(bytes), naive_dots(bytes), "{}", shown());
}

/// A stop in a block without other stops, at every position.
#[test]
fn one_stop_is_found_at_every_position() {
    for special in [
        "\r\n.",
        "\n.",
        "\r.",
        "\n",
        "\r",
        "\r\n",
        "\n\r",
        ".",
        "\r\n.\r\n",
        "\r\r\n",
        "\n\r\n.",
    ] {
        for before in 0..BLOCK + 4 {
            for near in ["", "x\r\n", "x\r\ny\r\n", "x\r\ny\r\nz\r\n"] {
                let mut bytes = Vec::from(near);
                bytes.resize(near.len() + before, b'a');
                bytes.extend_from_slice(special.as_bytes());
                bytes.resize(3 * BLOCK, b'a');
                agree(&bytes);
            }
        }
    }
}

#[test]
fn blocks_of_one_repeated_octet_are_scanned() {
    for octet in [CR, LF, DOT, b'a'] {
        for near in ["", "x\r\n", "x\r\ny\r\n"] {
            let mut bytes = Vec::from(near);
            bytes.resize(3 * BLOCK, octet);
            agree(&bytes);
        }
    }
}
