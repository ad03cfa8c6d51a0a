//! Accepting connections, within limits and until told to stop.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use smtp_blocking::{Client, Listener, Peer, ServeOptions, Session, ShutdownHandle, serve_sessions};
use smtp_proto::{
    Step,
    server::{Event, Reset},
};

use crate::support::{Mail, PATIENCE, answer, bob, client_config, server_config};

/// What the sessions of a server tell.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Mail(Mail),
    Reset(Reset),
    Closed,
}

struct Running {
    address: SocketAddr,
    stop: ShutdownHandle,
    serving: JoinHandle<()>,
    news: Receiver<News>,
}

fn run(mut session: Session, news: &Sender<News>) {
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait),
            Step::Event(Event::Closed(_)) => break,
            Step::Event(Event::Reset(why)) => news.send(News::Reset(why)).unwrap(),
            // Names that do something to the session.
            Step::Event(Event::Hello { name, .. }) if name.as_str() == "panic.example" => panic!("as asked"),
            Step::Event(Event::Hello { name, .. }) if name.as_str() == "stuck.example" => {
                thread::sleep(PATIENCE);
            }
            Step::Event(event) => {
                answer(event, server, &mut open, &mut taken);
                taken
                    .drain(..)
                    .for_each(|mail| news.send(News::Mail(mail)).unwrap());
            }
        }
    }
    session.close();
    let _ = news.send(News::Closed);
}

fn start(options: ServeOptions) -> Running {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = match listener.local().unwrap() {
        Peer::Ip(address) => address,
        Peer::Unix => unreachable!(),
    };
    let stop = ShutdownHandle::new();
    let (tell, news) = mpsc::channel();
    let stopping = stop.clone();
    let serving = thread::spawn(move || {
        let config = Arc::new(server_config());
        serve_sessions(listener, config, options, stopping, move |session| {
            run(session, &tell);
        })
        .unwrap();
    });
    Running {
        address,
        stop,
        serving,
        news,
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

    /// Connects again and again until there is room.
    fn greeted_at_last(&self) -> Hand {
        loop {
            let mut peer = self.connect();
            if peer.line().starts_with("220 ") {
                return peer;
            }
        }
    }

    fn next(&self) -> News {
        self.news.recv_timeout(PATIENCE).unwrap()
    }

    fn delivers(&self) {
        let mut client = Client::builder(client_config()).connect(self.address).unwrap();
        assert!(client.send(bob(), b"Hello\r\n").unwrap().all_accepted());
        client.quit().unwrap();
        while !matches!(self.next(), News::Mail(_)) {}
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

    /// Says a command, and reads the last line of the reply.
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
fn one_connection_too_many_hears_421() {
    let server = start(options(2, 2));
    let (first, second) = (server.greeted(), server.greeted());
    for _ in 0..50 {
        let refused = server.connect().rest();
        assert!(refused.starts_with("421 "), "{refused:?}");
        assert!(
            refused.ends_with("\r\n") && refused.lines().count() == 1,
            "{refused:?}"
        );
    }
    drop(first);
    let third = server.greeted_at_last();
    drop((second, third));
}

#[test]
fn one_peer_cannot_take_the_places_of_the_others() {
    let server = start(options(10, 1));
    let first = server.greeted();
    assert!(server.connect().rest().starts_with("421 "));
    drop(first);
    server.greeted_at_last();
}

#[test]
fn a_session_that_panics_ends_alone_and_gives_its_place_back() {
    let server = start(options(2, 2));
    let mut other = server.greeted();
    for _ in 0..5 {
        let mut peer = server.greeted_at_last();
        peer.say("EHLO panic.example\r\n");
        assert_eq!(peer.rest(), "");
    }
    assert!(other.ask("EHLO c\r\n").starts_with("250 "));
    drop(server.greeted_at_last());
    drop(other);
    for _ in 0..2 {
        while server.next() != News::Closed {}
    }
    drop(server.greeted_at_last());
}

#[test]
fn at_shutdown_the_idle_are_told_and_transactions_are_finished() {
    let server = start(options(10, 10));
    let fresh = server.greeted();
    let mut idle = server.greeted();
    idle.ask("EHLO c\r\n");
    let mut busy = server.greeted();
    busy.ask("EHLO c\r\n");
    busy.ask("MAIL FROM:<a@b>\r\n");
    busy.ask("RCPT TO:<c@d>\r\n");
    // Nothing but this wakes them: their deadlines are minutes away.
    server.stop.shut_down();
    assert!(server.stop.is_shut_down());
    for peer in [fresh, idle] {
        let said = peer.rest();
        assert!(
            said.starts_with("421 4.3.2") && said.lines().count() == 1,
            "{said}"
        );
    }
    assert!(busy.ask("RCPT TO:<e@d>\r\n").starts_with("250 "));
    // The listener goes once all were told.
    let begin = std::time::Instant::now();
    while TcpStream::connect(server.address).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "it does not stop");
    }
    assert!(busy.ask("DATA\r\n").starts_with("354 "));
    assert!(busy.ask("Hello\r\n.\r\n").starts_with("250 "));
    assert!(busy.rest().starts_with("421 "));
    server.serving.join().unwrap();
    let mails = server
        .news
        .iter()
        .filter(|news| matches!(news, News::Mail(mail) if mail.to.len() == 2));
    assert_eq!(mails.count(), 1);
}

#[test]
fn after_the_grace_period_transactions_are_ended_with_421() {
    let mut options = options(10, 10);
    options.shutdown_grace = Duration::from_millis(100);
    let server = start(options);
    let mut busy = server.greeted();
    busy.ask("EHLO c\r\n");
    busy.ask("MAIL FROM:<a@b>\r\n");
    server.stop.shut_down();
    assert!(busy.rest().starts_with("421 "));
    assert_eq!(server.next(), News::Reset(Reset::Closed));
    assert_eq!(server.next(), News::Closed);
    server.serving.join().unwrap();
}

#[test]
fn a_session_that_is_never_idle_hears_of_the_shutdown_too() {
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

/// It takes the seconds that farewells may take.
#[test]
fn sessions_that_do_not_end_are_left_behind() {
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
fn one_stop_ends_several_servers_and_those_that_begin_later() {
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

#[test]
fn a_flood_of_connections_leaves_a_server_that_serves() {
    let server = start(options(20, 20));
    let mut peers = Vec::new();
    for number in 0..300 {
        let mut peer = server.connect();
        match number % 3 {
            0 => drop(peer),
            1 => {
                let _ = peer.0.get_mut().write_all(b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n");
                peers.push(peer);
            }
            _ => peers.push(peer),
        }
    }
    drop(peers);
    drop(server.greeted_at_last());
    loop {
        // Places are given back as the server notices that their peers are gone.
        match Client::builder(client_config()).connect(server.address) {
            Ok(client) => break client.quit().unwrap(),
            Err(error) => assert!(error.to_string().contains("421"), "{error}"),
        }
    }
    server.delivers();
}
