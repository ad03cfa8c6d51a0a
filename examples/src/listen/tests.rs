use std::{
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use super::*;

/// More than the standard library's queue holds, and few enough for the usual limit of 1,024 descriptors.
const BURST: usize = 900;

#[test]
fn a_burst_of_connections_waits_to_be_accepted() {
    let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let patience = Duration::from_secs(20);
    let burst: Result<Vec<_>, _> = (0..BURST)
        .map(|_| TcpStream::connect_timeout(&address, patience))
        .collect();
    assert_eq!(burst.unwrap().len(), BURST);
}

#[test]
fn nothing_blocks_for_a_runtime() {
    let listener = listen_nonblocking((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}
