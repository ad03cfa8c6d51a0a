use std::{future::poll_fn, io::Write, os::unix::net::UnixStream};

use smtp_reactor::block_on;

use super::*;

/// Reads once, and returns the number of octets.
fn read(io: &mut Io<UnixStream>) -> usize {
    let mut octets = 0;
    block_on(poll_fn(|cx| io.poll_read(cx, &mut |part| octets += part.len()))).unwrap();
    octets
}

#[test]
fn reads_are_large_while_there_is_much_to_read() {
    let (mut near, far) = UnixStream::pair().unwrap();
    let mut io = Io::new(far);
    near.write_all(&[b'x'; SMALL_READ + LARGE_READ + 1000]).unwrap();
    for octets in [SMALL_READ, LARGE_READ, 1000] {
        assert_eq!(read(&mut io), octets);
    }
    // The last read left room.
    near.write_all(&[b'x'; SMALL_READ + 1000]).unwrap();
    assert_eq!(read(&mut io), SMALL_READ);
    assert_eq!(read(&mut io), 1000);
    drop(near);
    assert_eq!(read(&mut io), 0);
}
