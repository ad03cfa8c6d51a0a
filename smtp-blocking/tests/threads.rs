//! The threads of a server. The pool serves the whole process, so this test has one of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic here is the report of a failed test"
)]

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Mutex},
    thread,
};

use smtp_blocking::{
    Listener, Peer, ServeOptions, Session, ShutdownHandle,
    proto::{
        Step,
        server::{Config, Event},
        types::Host,
    },
    serve_sessions,
};

fn converse(mut session: Session) {
    loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait),
            Step::Event(Event::Closed(_)) => break session.close(),
            Step::Event(Event::Hello { name, .. }) if name.as_str() == "panic.example" => panic!("as asked"),
            Step::Event(event) => server.proceed(event).unwrap(),
        }
    }
}

#[test]
fn as_many_threads_as_connections_serve_all_connections() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        panic!("it is a TCP socket");
    };
    let mut options = ServeOptions::default();
    options.max_connections = 1;
    let stop = ShutdownHandle::new();
    let stopping = stop.clone();
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let seen = Arc::clone(&threads);
    let serving = thread::spawn(move || {
        let config = Config::new(Host::parse("mx.example").unwrap());
        serve_sessions(listener, config, options, stopping, move |session| {
            seen.lock().unwrap().insert(thread::current().id());
            converse(session);
        })
    });
    // A connection has a place once the thread of the previous connection is free.
    let greeted = || loop {
        let (mut peer, mut greeting) = (TcpStream::connect(address).unwrap(), [0; 4]);
        if peer.read_exact(&mut greeting).is_ok() && &greeting == b"220 " {
            break peer;
        }
    };
    for name in ["c", "panic.example", "c", "c"].repeat(10) {
        greeted()
            .write_all(format!("EHLO {name}\r\n").as_bytes())
            .unwrap();
    }
    drop(greeted());
    stop.shut_down();
    serving.join().unwrap().unwrap();
    assert_eq!(threads.lock().unwrap().len(), 1);
}
