//! Accepting connections within limits, until the server is stopped.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use smtp_blocking::{Listener, Peer, ServeOptions, Session, ShutdownHandle, serve_sessions};
use smtp_proto::{Step, server::Event};

use crate::support::{PATIENCE, server_config};

struct Running {
    address: SocketAddr,
    stop: ShutdownHandle,
    serving: JoinHandle<()>,
}

fn run(mut session: Session) {
    loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait),
            Step::Event(Event::Closed(_)) => break,
            Step::Event(Event::Hello { name, .. }) if name.as_str() == "stuck.example" => {
                thread::sleep(PATIENCE);
            }
            Step::Event(event) => server.proceed(event).unwrap(),
        }
    }
    session.close();
}

fn start(options: ServeOptions) -> Running {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = match listener.local().unwrap() {
        Peer::Ip(address) => address,
        Peer::Unix => unreachable!(),
    };
    let stop = ShutdownHandle::new();
    let stopping = stop.clone();
    let serving = thread::spawn(move || {
        let config = Arc::new(server_config());
        serve_sessions(listener, config, options, stopping, run).unwrap();
    });
    Running {
        address,
        stop,
        serving,
    }
}

impl Running {
    fn connect(&self) -> Hand {
        Hand::new(TcpStream::connect(self.address).unwrap())
    }

    fn greeted(&self) -> Hand {
        let mut peer = self.connect();
        assert!(peer.line().starts_with("220 "));
        peer
    }
}

/// A client by hand.
struct Hand(BufReader<TcpStream>);

impl Hand {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The next line; empty at the end.
    fn line(&mut self) -> String {
        let mut line = String::new();
        // One that was closed with something unread is reset.
        let _ = self.0.read_line(&mut line);
        line
    }

    fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Sends a command, and reads the last line of the reply.
    fn ask(&mut self, command: &str) -> String {
        self.say(command);
        loop {
            let line = self.line();
            if line.get(3..4) != Some("-") {
                return line;
            }
        }
    }

    fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }
}

fn options(connections: usize, per_peer: usize) -> ServeOptions {
    let mut options = ServeOptions::default();
    (options.max_connections, options.max_connections_per_peer) = (connections, per_peer);
    options
}

#[test]
fn a_session_that_is_never_idle_receives_the_shutdown() {
    let server = start(options(10, 10));
    let mut busy = server.greeted();
    busy.ask("EHLO c\r\n");
    let mut talking = busy.0.get_ref().try_clone().unwrap();
    let talking = thread::spawn(move || while talking.write_all(&b"RSET\r\n".repeat(100)).is_ok() {});
    assert!(busy.line().starts_with("250 "));
    server.stop.shut_down();
    while !busy.line().is_empty() {}
    server.serving.join().unwrap();
    drop(busy);
    talking.join().unwrap();
}

/// Takes as many seconds as a session may need to close after 421.
#[test]
fn the_server_stops_without_sessions_that_do_not_end() {
    let mut options = options(10, 10);
    options.shutdown_grace = Duration::ZERO;
    let server = start(options);
    let mut stuck = server.greeted();
    stuck.say("EHLO stuck.example\r\n");
    let mut other = server.greeted();
    other.ask("EHLO c\r\n");
    server.stop.shut_down();
    assert!(other.rest().starts_with("421 "));
    server.serving.join().unwrap();
}

#[test]
fn one_stop_ends_several_servers_and_servers_that_begin_later() {
    let serve = |stop: ShutdownHandle| {
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        serve_sessions(listener, server_config(), ServeOptions::default(), stop, drop).unwrap();
    };
    let stop = ShutdownHandle::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            let stop = stop.clone();
            scope.spawn(move || serve(stop));
        }
        stop.shut_down();
    });
    serve(stop);
}
