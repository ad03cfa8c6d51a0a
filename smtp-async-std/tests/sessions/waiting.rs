//! Peers that do nothing, or take nothing. Nothing is asserted of how long it takes at most.

use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use smtp_async_std::Error;
use smtp_proto::{
    Phase, client,
    server::{self, Closed},
};

use crate::{
    runtimes::Runtime,
    support::{bob, client_config, options, server_config, start, text},
};

on_each_runtime! {
    a_client_that_stalls_is_told_and_given_up,
    a_client_that_does_not_read_is_given_up,
    a_server_that_stalls_is_given_up,
    a_server_that_takes_nothing_is_given_up,
    a_server_that_says_why_is_heard_although_it_takes_nothing,
}

const SHORT: Duration = Duration::from_millis(200);

fn a_client_that_stalls_is_told_and_given_up<R: Runtime>() {
    let begin = Instant::now();
    let mut config = server_config();
    config.timeouts.command = SHORT;
    let server = start::<R>(config, options(10, 10));
    let mut dripping = server.greeted();
    dripping.say("EHLO");
    let silent = server.greeted();
    for peer in [dripping, silent] {
        assert!(peer.rest().starts_with("421 4.4.2 "));
        assert_eq!(server.closed(), Closed::TimedOut(Phase::Command));
    }
    assert!(begin.elapsed() >= SHORT);
}

/// Says NOOP for ever and reads nothing.
fn a_client_that_does_not_read_is_given_up<R: Runtime>() {
    let mut config = server_config();
    config.timeouts.write = SHORT;
    config.limits.max_idle_commands = u32::MAX;
    config.early_talker = server::EarlyTalker::Tolerate;
    let server = start::<R>(config, options(10, 10));
    let mut stream = TcpStream::connect(server.address).unwrap();
    let noops = b"NOOP\r\n".repeat(10_000);
    while stream.write_all(&noops).is_ok() {}
    assert_eq!(server.closed(), Closed::TimedOut(Phase::Write));
    server.delivers::<R>();
}

fn a_server_that_stalls_is_given_up<R: Runtime>() {
    let begin = Instant::now();
    // It is the system that accepts.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = client_config();
    config.timeouts = client::Timeouts::all(SHORT);
    match R::connect(listener.local_addr().unwrap(), config) {
        Err(Error::Closed {
            why: client::Closed::TimedOut(_),
            ..
        }) => {}
        other => panic!("the session should have ended: {other:?}"),
    }
    assert!(begin.elapsed() >= SHORT);
}

/// Takes an envelope, and says this when it has begun to take nothing.
fn take_envelope(listener: TcpListener, word: &'static str) -> thread::JoinHandle<TcpStream> {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mx\r\n").unwrap();
        let mut peer = crate::support::Peer(std::io::BufReader::new(stream.try_clone().unwrap()));
        for (verb, reply) in [
            ("EHLO", "250 mx\r\n"),
            ("MAIL", "250 ok\r\n"),
            ("RCPT", "250 ok\r\n"),
            ("DATA", "354 go on\r\n"),
        ] {
            assert!(peer.line().starts_with(verb));
            peer.say(reply);
        }
        thread::sleep(SHORT);
        stream.write_all(word.as_bytes()).unwrap();
        stream
    })
}

fn a_server_that_takes_nothing_is_given_up<R: Runtime>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = take_envelope(listener, "");
    let mut config = client_config();
    config.timeouts.data_block = SHORT * 2;
    let mut client = R::connect(address, config).unwrap();
    let error = R::block_on(client.send(bob(), &text(32 << 20))).unwrap_err();
    match error.error {
        Error::Closed {
            why: client::Closed::TimedOut(_),
            ..
        } => {}
        other => panic!("the time should have been over: {other:?}"),
    }
    drop(serving.join().unwrap());
}

fn a_server_that_says_why_is_heard_although_it_takes_nothing<R: Runtime>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = take_envelope(listener, "552 5.3.4 too big\r\n");
    let mut client = R::connect(address, client_config()).unwrap();
    let error = R::block_on(client.send(bob(), &text(32 << 20))).unwrap_err();
    assert!(error.to_string().contains("552 5.3.4 too big"), "{error}");
    drop(serving.join().unwrap());
}
