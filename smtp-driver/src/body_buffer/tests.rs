use std::{format, vec::Vec};

use super::*;

fn block(content: &BodyBuffer<'_>) -> (usize, More) {
    let (block, more) = content.block();
    (block.len(), more)
}

#[test]
fn a_message_in_memory_is_returned_block_by_block() {
    for (octets, sizes) in [
        (0, Vec::from([0])),
        (10, Vec::from([10])),
        (BLOCK, Vec::from([BLOCK])),
        (2 * BLOCK + 1, Vec::from([BLOCK, BLOCK, 1])),
    ] {
        let message = b"x".repeat(octets);
        let mut content = BodyBuffer::in_memory(&message);
        let last = sizes.len() - 1;
        for (index, size) in sizes.into_iter().enumerate() {
            assert!(!content.wants() && content.room().is_empty());
            let more = if index < last { More::Yes } else { More::Last };
            assert_eq!(block(&content), (size, more), "{octets}");
            content.consume(size);
        }
        assert_eq!(block(&content), (0, More::Last));
    }
}

#[test]
fn a_message_that_is_read_is_collected_until_a_block_is_full_or_it_ends() {
    let mut content = BodyBuffer::to_be_read();
    assert!(content.wants());
    assert_eq!(block(&content), (0, More::Yes));
    content.room()[..3].copy_from_slice(b"abc");
    content.filled(3);
    // The block has octets to send and room for more.
    assert!(!content.wants());
    assert_eq!(content.block(), (&b"abc"[..], More::Yes));
    let room = content.room();
    assert_eq!(room.len(), BLOCK - 3);
    room[..2].copy_from_slice(b"de");
    content.filled(2);
    content.consume(1);
    assert_eq!(content.block(), (&b"bcde"[..], More::Yes));
    let left = content.room().len();
    content.filled(left);
    assert!(content.room().is_empty(), "a block is full");
    // A reader that keeps its contract reports neither.
    content.filled(0);
    content.filled(1);
    assert_eq!(block(&content), (BLOCK - 1, More::Yes));
    content.consume(BLOCK - 2);
    assert!(!content.wants());
    content.consume(1);
    assert!(content.wants());
    assert_eq!(content.room().len(), BLOCK);
    content.room()[0] = b'z';
    content.filled(1);
    content.filled(0);
    assert_eq!(content.block(), (&b"z"[..], More::Last));
    assert!(content.room().is_empty(), "it has ended");
    content.consume(1);
    assert!(!content.wants());
    assert_eq!(block(&content), (0, More::Last));
}

#[test]
fn debug_output_hides_the_octets() {
    let content = BodyBuffer::in_memory(b"private");
    assert_eq!(format!("{content:?}"), "BodyBuffer(7 octets, Last)");
}
