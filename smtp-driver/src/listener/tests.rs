#![cfg(unix)]

use std::{
    io::{ErrorKind, Read},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, Socket, Type};

use super::*;

fn bind() -> (Listener, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        panic!("it is a TCP socket");
    };
    (listener, address)
}

#[test]
fn an_address_in_use_is_an_error() {
    let (_listener, address) = bind();
    let again = Listener::bind(address).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AddrInUse);
}

#[test]
fn a_path_in_use_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtp.sock");
    let _listener = Listener::bind_unix(&path).unwrap();
    let again = Listener::bind_unix(&path).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AddrInUse);
}

/// A server can be started again while the system still keeps connections of the earlier one (the state TIME-WAIT of TCP).
/// No test of this program starts a process: it would have a copy of the listening socket until it executes its program.
#[test]
fn an_address_can_be_used_again_at_once() {
    let (listener, address) = bind();
    let mut client = TcpStream::connect(address).unwrap();
    let Listener::Tcp(listener) = listener else {
        panic!("it is a TCP socket");
    };
    drop(listener.accept().unwrap());
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop((client, listener));
    let other = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let refused = other.bind(&address.into()).unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::AddrInUse,
        "the system keeps no connection"
    );
    Listener::bind(address).unwrap();
}

/// More connections than the queue of the standard library holds wait for a server that accepts none.
#[test]
fn the_queue_is_long() {
    let (_listener, address) = bind();
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(10)).unwrap();
    // All of them stay connected.
    let waiting: Vec<_> = (0..500).map(connect).collect();
    drop(waiting);
}
