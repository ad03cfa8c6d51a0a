use super::ChunkReader;

#[test]
fn an_empty_chunk_consumes_no_input() {
    let mut input: &[u8] = b"NOOP\r\n";
    let mut chunk = ChunkReader::new(0);
    assert_eq!(chunk.take(&mut input), None);
    assert_eq!(input, b"NOOP\r\n");
}

#[test]
fn a_chunk_is_read_in_pieces() {
    let mut chunk = ChunkReader::new(5);
    let mut taken = alloc::vec::Vec::new();
    for mut input in [&b".\r"[..], b"", b"\n", b"\0\n\xff"] {
        while let Some(piece) = chunk.take(&mut input) {
            taken.extend_from_slice(piece);
        }
        if chunk.remaining() == 0 {
            assert_eq!(input, b"\xff");
        } else {
            assert!(input.is_empty());
        }
    }
    assert_eq!(taken, b".\r\n\0\n");
}

#[test]
fn the_largest_size_counts_down_without_wrapping() {
    let mut input: &[u8] = b"abc";
    let mut chunk = ChunkReader::new(u64::MAX);
    assert_eq!(chunk.take(&mut input), Some(&b"abc"[..]));
    assert_eq!(chunk.remaining(), u64::MAX - 3);
}
