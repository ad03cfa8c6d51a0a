//! The examples do what they say: each is run here in a thread, and spoken to over loopback where it listens.
//! Nothing here depends on how long something takes; [`PATIENCE`] only keeps a failure from hanging.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a panic is the report, and drivers have streams"
)]

#[expect(dead_code, reason = "a program of its own")]
#[path = "../examples/by_hand.rs"]
mod by_hand;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../examples/readiness.rs"]
mod readiness;
#[expect(dead_code, reason = "a program of its own")]
#[path = "../examples/replay.rs"]
mod replay;

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    num::NonZeroUsize,
    sync::mpsc::{Receiver, channel},
    thread::{JoinHandle, spawn},
    time::Duration,
};

use smtp_proto::{
    Phase,
    driver::ConnectionLimiter,
    server::{Closed, Config},
    types::{Host, Rejection},
};

/// How long a client waits for anything before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A time that runs out while a test waits for that. A client has to say a few words in it.
const SHORT: Duration = Duration::from_millis(500);

/// More than the buffers of a stream hold, in octets.
const ENDLESS: usize = 1 << 26;

const MESSAGE: &str = "Subject: hi\r\n\r\n.a dot\r\n";

fn config() -> Config {
    Config::new(Host::parse("mx.test").unwrap())
}

/// The client's side of a stream.
struct Peer(BufReader<TcpStream>);

impl Peer {
    /// Connects, and does not wait for the greeting.
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn greeted(address: SocketAddr) -> Self {
        let mut peer = Self::connect(address);
        peer.hears("220 mx.test ");
        peer
    }

    fn says(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads a reply, whose last line begins like this.
    fn hears(&mut self, begin: &str) {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            assert!(
                self.0.read_line(&mut reply).unwrap() > 0,
                "the end after {reply:?}"
            );
            let line = reply.get(start..).unwrap();
            if line.get(3..4) != Some("-") {
                assert!(line.starts_with(begin), "{reply:?} and not {begin:?}");
                break;
            }
        }
    }

    fn hears_all(&mut self, replies: &[&str]) {
        for begin in replies {
            self.hears(begin);
        }
    }

    fn hears_the_end(&mut self) {
        assert_eq!(self.0.read(&mut [0]).unwrap(), 0);
    }

    /// A whole session with one message, in two groups of commands.
    fn sends_mail(&mut self, from: &str) {
        self.says("EHLO client.test\r\n");
        self.hears("250 ");
        self.says(&format!(
            "MAIL FROM:<{from}>\r\nRCPT TO:<b@mx.test>\r\nRCPT TO:<c@mx.test>\r\nDATA\r\n"
        ));
        self.hears_all(&["250 2.1.0", "250 2.1.5", "250 2.1.5", "354 "]);
        self.says("Subject: hi\r\n\r\n..a dot\r\n.\r\nQUIT\r\n");
        self.hears_all(&["250 2.6.0", "221 "]);
        self.hears_the_end();
    }
}

/// The example drives one session; this is what came of it, and what it kept.
fn by_hand<S: Write + Send + 'static>(config: Config, mut store: S) -> (SocketAddr, JoinHandle<(Closed, S)>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let session = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let why = by_hand::converse(stream, config.into(), &mut store).unwrap();
        (why, store)
    });
    (address, session)
}

#[test]
fn by_hand_takes_a_message() {
    let (address, session) = by_hand(config(), Vec::new());
    Peer::greeted(address).sends_mail("a@client.test");
    assert_eq!(session.join().unwrap(), (Closed::Quit, MESSAGE.into()));
}

#[test]
fn by_hand_takes_commands_octet_by_octet_and_all_at_once() {
    let group = "EHLO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 3\r\nno\nRSET\r\n\
                 MAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nBDAT 4 LAST\r\nyes\nQUIT\r\n";
    for size in [1, 4096] {
        let (address, session) = by_hand(config(), Vec::new());
        let mut peer = Peer::greeted(address);
        for piece in group.as_bytes().chunks(size) {
            peer.says(str::from_utf8(piece).unwrap());
        }
        peer.hears_all(&["250 ", "250 2.1.0", "250 2.1.5", "250 2.0.0", "250 2.0.0"]);
        peer.hears_all(&["250 2.1.0", "250 2.1.5", "250 2.6.0", "221 "]);
        assert_eq!(session.join().unwrap(), (Closed::Quit, b"yes\n".into()));
    }
}

#[test]
fn by_hand_refuses_what_cannot_be_kept() {
    let store: &mut [u8] = Box::leak(Box::new([0; 5]));
    let (address, session) = by_hand(config(), store);
    let mut peer = Peer::greeted(address);
    peer.says("HELO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    peer.hears_all(&["250 ", "250 ", "250 ", "354 "]);
    peer.says("too long\r\n.\r\n");
    peer.hears("452 ");
    drop(peer);
    assert_eq!(session.join().unwrap().0, Closed::ConnectionClosed);
}

#[test]
fn by_hand_gives_a_silent_client_up() {
    let mut config = config();
    config.timeouts.command = SHORT;
    let (address, session) = by_hand(config, Vec::new());
    let mut peer = Peer::greeted(address);
    peer.says("NOO");
    peer.hears("421 ");
    peer.hears_the_end();
    assert_eq!(session.join().unwrap().0, Closed::TimedOut(Phase::Command));
}

/// The example listens with so many places; what it stores comes here.
fn readiness(config: Config, places: usize) -> (SocketAddr, Receiver<Vec<u8>>) {
    let (sender, messages) = channel();
    let mut service = readiness::Service::bind(
        (Ipv4Addr::LOCALHOST, 0).into(),
        config.into(),
        ConnectionLimiter::new(places, places),
        move |message: &[u8]| sender.send(message.into()).map_err(|_| Rejection::LOCAL_ERROR),
    )
    .unwrap();
    let address = service.address().unwrap();
    spawn(move || service.run().unwrap());
    (address, messages)
}

/// Connects until there is a place.
fn connect_in_the_end(address: SocketAddr) -> Peer {
    let begin = std::time::Instant::now();
    while begin.elapsed() < PATIENCE {
        let mut peer = Peer::connect(address);
        let mut greeting = String::new();
        peer.0.read_line(&mut greeting).unwrap();
        if greeting.starts_with("220 ") {
            return peer;
        }
        assert!(greeting.starts_with("421 "), "{greeting}");
    }
    panic!("no place became free");
}

/// Says hello over and over and reads no reply, until nothing more can be said: that is the back-pressure. Gives how
/// often it was said, and what is left to say of the last.
fn talk_without_listening(peer: &mut Peer) -> (usize, &'static str) {
    const HELLO: &str = "EHLO client.test\r\n";
    let stream = peer.0.get_mut();
    let hellos = HELLO.repeat(1000);
    stream.set_write_timeout(Some(SHORT)).unwrap();
    let mut octets: usize = 0;
    loop {
        assert!(octets < ENDLESS, "it is read without end");
        let rest = hellos.as_bytes().get(octets % HELLO.len()..).unwrap();
        match stream.write(rest) {
            Ok(written) => octets += written,
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
                    "{error}"
                );
                stream.set_write_timeout(Some(PATIENCE)).unwrap();
                let left = octets.next_multiple_of(HELLO.len()) - octets;
                return (
                    octets.div_ceil(HELLO.len()),
                    HELLO.get(HELLO.len() - left..).unwrap(),
                );
            }
        }
    }
}

#[test]
fn readiness_takes_fifty_messages_at_once() {
    let (address, messages) = readiness(config(), 50);
    let mut peers: Vec<Peer> = (0..50).map(|_| Peer::greeted(address)).collect();
    // All are connected, and each waits for the others between its commands.
    for peer in &mut peers {
        peer.says("EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    }
    for peer in &mut peers {
        peer.hears_all(&["250 ", "250 2.1.0", "250 2.1.5", "354 "]);
        peer.says("Subject: hi\r\n\r\n..a d");
    }
    for peer in peers.iter_mut().rev() {
        peer.says("ot\r\n.\r\nQUIT\r\n");
    }
    for peer in &mut peers {
        peer.hears_all(&["250 2.6.0", "221 "]);
        peer.hears_the_end();
        assert_eq!(messages.recv_timeout(PATIENCE).unwrap(), MESSAGE.as_bytes());
    }
}

#[test]
fn readiness_takes_a_large_message() {
    let (address, messages) = readiness(config(), 1);
    let mut peer = Peer::greeted(address);
    let text = "x".repeat(78) + "\r\n";
    let message = text.repeat(50_000);
    peer.says("HELO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    peer.hears_all(&["250 ", "250 ", "250 ", "354 "]);
    peer.says(&message);
    peer.says(".\r\n");
    peer.hears("250 ");
    assert!(messages.recv_timeout(PATIENCE).unwrap() == message.as_bytes());
}

#[test]
fn readiness_has_so_many_places_and_no_more() {
    let (address, _messages) = readiness(config(), 2);
    let first = Peer::greeted(address);
    let _second = Peer::greeted(address);
    let mut third = Peer::connect(address);
    third.hears("421 ");
    third.hears_the_end();
    drop(first);
    connect_in_the_end(address).says("QUIT\r\n");
}

#[test]
fn readiness_lets_a_client_that_does_not_read_wait_and_no_other() {
    let mut config = config();
    config.limits.max_idle_commands = u32::MAX;
    let (address, messages) = readiness(config, 2);
    let mut stuck = Peer::greeted(address);
    let (hellos, left) = talk_without_listening(&mut stuck);
    for _ in 0..3 {
        connect_in_the_end(address).sends_mail("a@client.test");
        assert_eq!(messages.recv_timeout(PATIENCE).unwrap(), MESSAGE.as_bytes());
    }
    // It misses nothing once it reads.
    let mut stream = stuck.0.get_ref().try_clone().unwrap();
    let writer = spawn(move || write!(stream, "{left}QUIT\r\n").unwrap());
    for _ in 0..hellos {
        stuck.hears("250 ");
    }
    stuck.hears("221 ");
    stuck.hears_the_end();
    writer.join().unwrap();
}

#[test]
fn readiness_gives_a_client_that_never_reads_up() {
    let mut config = config();
    config.limits.max_idle_commands = u32::MAX;
    config.timeouts.write = SHORT;
    let (address, _messages) = readiness(config, 1);
    let mut stuck = Peer::greeted(address);
    // It is over before all that fits was said, or after that.
    let hellos = "EHLO client.test\r\n".repeat(1000);
    let stream = stuck.0.get_mut();
    stream.set_write_timeout(Some(SHORT)).unwrap();
    while stream.write(hellos.as_bytes()).is_ok() {}
    connect_in_the_end(address).sends_mail("a@client.test");
}

#[test]
fn readiness_gives_silent_clients_up() {
    let mut config = config();
    config.timeouts.command = SHORT;
    config.timeouts.data = SHORT;
    let (address, _messages) = readiness(config, 3);
    let mut silent = Peer::greeted(address);
    let mut halfway = Peer::greeted(address);
    let mut sending = Peer::greeted(address);
    halfway.says("EHLO client");
    sending.says("HELO client.test\r\nMAIL FROM:<>\r\nRCPT TO:<b@mx.test>\r\nDATA\r\n");
    sending.hears_all(&["250 ", "250 ", "250 ", "354 "]);
    sending.says("half a line");
    for peer in [&mut silent, &mut halfway, &mut sending] {
        peer.hears("421 ");
        peer.hears_the_end();
    }
    connect_in_the_end(address);
}

const RECORDING: &[u8] = include_bytes!("../examples/replay/recording.txt");

/// What a replay shows: the client's lines, the server's lines, and how it ended.
fn replayed(recording: &[u8], piece: Option<usize>) -> (Vec<String>, Vec<String>, Closed) {
    let mut out = Vec::new();
    let why = replay::replay(config(), recording, piece.and_then(NonZeroUsize::new), &mut out).unwrap();
    let (client, server) = BufRead::lines(out.as_slice())
        .map(io::Result::unwrap)
        .partition(|line| line.starts_with("C: "));
    (client, server, why)
}

#[test]
fn a_replay_shows_both_sides() {
    let (client, server, why) = replayed(RECORDING, None);
    let recorded: Vec<String> = str::from_utf8(RECORDING)
        .unwrap()
        .split_terminator("\r\n")
        .map(|line| format!("C: {line}"))
        .collect();
    assert_eq!(client, recorded);
    assert!(server.iter().all(|line| line.starts_with("S: ")));
    let accepted = server.iter().filter(|line| line.starts_with("S: 250 2.6.0 "));
    assert_eq!(accepted.count(), 2);
    assert_eq!(why, Closed::Quit);
}

#[test]
fn a_replay_is_the_same_however_it_is_cut() {
    let whole = replayed(RECORDING, None);
    for piece in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(replayed(RECORDING, Some(piece)), whole, "pieces of {piece}");
    }
}

#[test]
fn a_replay_needs_no_clock_for_replies_that_are_held_back() {
    let faults = "FROB\r\n".repeat(100);
    let (_, server, why) = replayed(faults.as_bytes(), None);
    assert_eq!(why, Closed::TooManyUnknownCommands);
    assert!(server.len() > 20, "{server:?}");
}

#[test]
fn a_replay_shows_control_characters_as_escapes() {
    let (client, _, why) = replayed(b"NOOP \x1b[2J\r\nHE", None);
    assert_eq!(client, ["C: NOOP \\u{1b}[2J"]);
    assert_eq!(why, Closed::ConnectionClosed);
}
