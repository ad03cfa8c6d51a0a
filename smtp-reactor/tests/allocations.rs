//! Heap allocations of a wait.

use std::{
    future::poll_fn,
    io::Read,
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use allocation_counter::measure;
use smtp_reactor::{Socket, block_on, poll_deadline};

/// Waits for a silent socket until a deadline.
fn wait(socket: &Socket<UnixStream>) {
    let until = Instant::now() + Duration::from_millis(1);
    block_on(poll_fn(|cx| {
        let read = socket.poll_read_with(cx, |mut stream| stream.read(&mut [0]));
        assert!(read.is_pending(), "{read:?}");
        poll_deadline(cx, Some(until))
    }));
}

#[test]
fn a_wait_for_one_socket_allocates_nothing() {
    let (near, _far) = UnixStream::pair().unwrap();
    let socket = Socket::new(near);
    // The first wait of a thread creates its bell.
    wait(&socket);
    let counted = measure(|| wait(&socket));
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
