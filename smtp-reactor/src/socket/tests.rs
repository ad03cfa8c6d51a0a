use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    pin::pin,
    task::Waker,
    thread,
};

use super::*;
use crate::block_on;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

#[test]
fn operations_wait_until_the_socket_is_ready() {
    let (near, far) = UnixStream::pair().unwrap();
    let (near, far) = (Socket::new(near), Socket::new(Stream::Unix(far)));
    let octets = vec![7; 4 << 20];
    let writing = thread::spawn(move || {
        let mut rest = &octets[..];
        while !rest.is_empty() {
            let written = near.write_with(|mut near| near.write(rest));
            rest = &rest[block_on(written).unwrap()..];
        }
    });
    let (mut read, mut buffer) = (0, [0; 10_000]);
    loop {
        let octets = far.read_with(|far| Ok(rustix::io::read(far, &mut buffer)?));
        match block_on(octets).unwrap() {
            0 => break,
            octets => read += octets,
        }
    }
    assert_eq!(read, 4 << 20);
    writing.join().unwrap();
}

#[test]
fn no_read_follows_a_write_that_answers_the_input() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut near = Socket::new(near);
    let mut room = [MaybeUninit::uninit(); 8];
    let cx = &Context::from_waker(Waker::noop());
    let mut read = |near: &mut Socket<_>| near.poll_read(cx, &mut room, &mut |_| {}).map(Result::unwrap);
    far.write_all(b"MAIL").unwrap();
    assert_eq!(read(&mut near), Poll::Ready(4));
    assert!(near.poll_write(cx, &[IoSlice::new(b"250")]).is_ready());
    // The octets are available, so `Pending` shows that no read was made.
    far.write_all(b"RCPT and").unwrap();
    assert_eq!(read(&mut near), Poll::Pending);
    assert_eq!(read(&mut near), Poll::Ready(8));
    // There may be more than there was room for.
    far.write_all(b"DATA").unwrap();
    assert!(near.poll_write(cx, &[IoSlice::new(b"250")]).is_ready());
    assert_eq!(read(&mut near), Poll::Ready(4));
}

#[test]
fn the_first_address_that_accepts_is_connected() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut stream = block_on(connect(&[unused, address][..], LONG)).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
    // The stream blocks, as one of the standard library does.
    let begin = Instant::now();
    stream.set_read_timeout(Some(SHORT)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(begin.elapsed() >= SHORT);
    let refused = block_on(connect(unused, LONG)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let none = block_on(connect(&[][..], LONG)).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn connecting_ends_after_its_time() {
    // A queue for one connection, from which no connection is accepted.
    let listener = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut connected = Vec::new();
    let error = loop {
        match block_on(connect(address, Duration::from_millis(200))) {
            Ok(stream) => connected.push(stream),
            Err(error) => break error,
        }
        assert!(connected.len() < 100, "the queue has no end");
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn connecting_to_a_unix_socket_waits_for_room_in_its_queue() {
    let path = std::env::temp_dir().join(format!("smtp-reactor-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let address = SockAddr::unix(&path).unwrap();
    let listener = socket2::Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(0).unwrap();
    let mut waiting = Vec::new();
    let late = loop {
        match block_on(connect_unix(&path, SHORT)) {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
        assert!(waiting.len() < 100, "the queue has no end");
    };
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    let mut connecting = pin!(connect_unix(&path, LONG));
    let first = block_on(poll_fn(|cx| Poll::Ready(connecting.as_mut().poll(cx))));
    assert!(first.is_pending());
    drop(listener.accept().unwrap());
    block_on(connecting).unwrap();
    drop(listener);
    std::fs::remove_file(&path).unwrap();
    let missing = block_on(connect_unix(&path, LONG)).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

#[test]
fn a_listener_accepts_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connected = TcpStream::connect(address).unwrap();
    let (stream, peer, local) = block_on(Socket::new(listener).accept()).unwrap();
    assert!(matches!(stream, Stream::Tcp(stream) if stream.nodelay().unwrap()));
    assert_eq!(
        (peer, local),
        (Some(connected.local_addr().unwrap()), Some(address))
    );
}
