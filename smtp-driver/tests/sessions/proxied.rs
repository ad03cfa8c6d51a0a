//! Servers behind a proxy, and clients that are one.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use smtp_driver::{
    About, Accept, Bytes, Client, Connection, ExpectProxy, InvalidProxyHeader, Peer, Proxied, ProxyHeader,
    ProxyHeaderError, ProxyVersion, ServeOptions, Service, Session,
    proto::{
        Step,
        client::Tls,
        server::{Closed, Config, Event, Server},
        types::{Mail, Rcpt, Rejection},
    },
    serve, serve_sessions,
    testing::{Control, Duplex, Listener, Network, PretendTls, ScriptedPeer, join},
};

use crate::support::{self, answer, bob, client_config, converse, server_config, wanting};

/// The ends of a session as the server knows them: client, local end, proxy.
type Ends = Arc<Mutex<Vec<(Peer, Peer, Option<Peer>, Closed)>>>;

async fn run(mut session: Session<Duplex>, ends: Ends) {
    let (mut open, mut taken) = (support::Mail::default(), Vec::new());
    let proxy = session.proxied().map(Proxied::address);
    let why = loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(event) => answer(event, server, &mut open, &mut taken),
        }
    };
    ends.lock()
        .unwrap()
        .push((session.peer(), session.local(), proxy, why));
    session.close().await;
}

/// A server that expects proxies.
struct Running {
    network: Network,
    listener: Listener,
    serving: Pin<Box<dyn Future<Output = ()>>>,
    stop: Arc<AtomicBool>,
    ends: Ends,
}

impl Running {
    fn new(change: impl FnOnce(&mut ServeOptions)) -> Self {
        Self::with(server_config(), change)
    }

    fn with(config: Config, change: impl FnOnce(&mut ServeOptions)) -> Self {
        let network = Network::new();
        let listener = network.listen("mx.example:25");
        let mut options = ServeOptions::default();
        options.expect_proxy = Some(ExpectProxy::new(["192.0.2.0/24".parse().unwrap()]));
        change(&mut options);
        let (stop, ends) = (Arc::new(AtomicBool::new(false)), Ends::default());
        let (stopping, ended) = (Arc::clone(&stop), Arc::clone(&ends));
        let stopped = std::future::poll_fn(move |_| match stopping.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let serving = serve_sessions::<Network, _>(
            listener.clone(),
            Arc::new(config),
            options,
            stopped,
            move |session| run(session, Arc::clone(&ended)),
        );
        Self {
            network,
            listener,
            serving: Box::pin(serving),
            stop,
            ends,
        }
    }

    fn settle(&mut self) -> bool {
        self.network.settle(&mut self.serving).is_ready()
    }

    fn pass(&mut self, seconds: u64) {
        self.settle();
        self.network.advance(Duration::from_secs(seconds));
        self.settle();
    }

    fn connect(&mut self, octets: impl AsRef<[u8]>) -> Raw {
        let end = self.listener.connect();
        let control = end.control();
        control.push(octets);
        self.pass(1);
        Raw { control, end }
    }

    fn ask(&mut self, raw: &Raw, text: &str) -> String {
        raw.control.push(text);
        self.pass(0);
        raw.control.pull_text()
    }

    /// Returns true if the server closed the connection without a reply.
    fn is_closed(&mut self, raw: Raw) -> bool {
        self.settle();
        let text = raw.control.pull_text();
        text.is_empty() && raw.sees_close(&self.network)
    }
}

struct Raw {
    control: Control,
    end: Duplex,
}

impl Raw {
    fn sees_close(self, network: &Network) -> bool {
        let mut peer = ScriptedPeer::client(self.end);
        let mut close = Box::pin(peer.expect_close());
        matches!(network.settle(&mut close), Poll::Ready(Ok(())))
    }
}

fn peer(text: &str) -> Peer {
    Peer::Ip(text.parse().unwrap())
}

fn header(version: ProxyVersion, source: &str) -> Vec<u8> {
    ProxyHeader::new(
        version,
        source.parse().unwrap(),
        "198.51.100.25:25".parse().unwrap(),
    )
    .to_octets()
}

#[test]
fn the_client_is_the_one_in_the_header() {
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let mut running = Running::new(|_| ());
        let raw = running.connect(header(version, "203.0.113.7:4000"));
        assert!(running.ask(&raw, "").starts_with("220 "));
        running.ask(&raw, "QUIT\r\n");
        drop(raw);
        running.settle();
        assert_eq!(
            *running.ends.lock().unwrap(),
            [(
                peer("203.0.113.7:4000"),
                peer("198.51.100.25:25"),
                Some(peer("192.0.2.1:1")),
                Closed::Quit
            )]
        );
    }
}

/// A service that notes the client of each session.
struct Clients(Mutex<Vec<(Peer, Option<Peer>)>>);

impl Service for Clients {
    type Mail = ();

    async fn connect(&self, about: &About) -> Result<Accept, Rejection> {
        let proxy = about.proxied().map(Proxied::address);
        self.0.lock().unwrap().push((about.peer(), proxy));
        Ok(Accept::Yes)
    }

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        Ok(())
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, (): &mut (), _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::Yes)
    }
}

#[test]
fn a_service_knows_client_and_proxy() {
    let network = Network::new();
    let listener = network.listen("mx.example:25");
    let clients = Arc::new(Clients(Mutex::default()));
    let mut options = ServeOptions::default();
    options.expect_proxy = Some(ExpectProxy::new(["192.0.2.1".parse().unwrap()]));
    let serving = serve::<Network, _>(
        listener.clone(),
        server_config().into(),
        options,
        std::future::pending(),
        Arc::clone(&clients),
    );
    let raw = listener.connect();
    raw.control().push(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(network.settle(&mut Box::pin(serving)).is_pending());
    let proxy = Some(peer("192.0.2.1:1"));
    assert_eq!(*clients.0.lock().unwrap(), [(peer("203.0.113.7:4000"), proxy)]);
}

#[test]
fn without_addresses_the_client_is_the_proxy() {
    let headers = [
        ProxyHeader::local(ProxyVersion::V2),
        ProxyHeader::unknown(ProxyVersion::V2),
        ProxyHeader::unknown(ProxyVersion::V1),
    ];
    for header in headers {
        let mut running = Running::new(|_| ());
        let raw = running.connect(header.to_octets());
        assert!(running.ask(&raw, "").starts_with("220 "));
        running.ask(&raw, "QUIT\r\n");
        drop(raw);
        running.settle();
        let proxy = peer("192.0.2.1:1");
        assert_eq!(
            *running.ends.lock().unwrap(),
            [(proxy, peer("192.0.2.25:25"), Some(proxy), Closed::Quit)]
        );
    }
}

#[test]
fn a_header_may_come_octet_by_octet() {
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let mut running = Running::new(|_| ());
        let raw = running.connect("");
        for octet in header(version, "203.0.113.7:4000") {
            assert_eq!(raw.control.pull_text(), "");
            raw.control.push([octet]);
            running.settle();
        }
        running.pass(1);
        assert!(running.ask(&raw, "").starts_with("220 "));
        assert!(running.ask(&raw, "EHLO client.example\r\n").starts_with("250-"));
    }
}

#[test]
fn octets_after_the_header_belong_to_the_session() {
    let mut octets = header(ProxyVersion::V1, "203.0.113.7:4000");
    octets.extend(b"EHLO client.example\r\n");
    // Without a delay of the greeting nobody can be too early.
    let mut running = Running::new(|_| ());
    let raw = running.connect(&octets);
    let replies = running.ask(&raw, "QUIT\r\n");
    assert!(
        replies.starts_with("220 ") && replies.contains("\r\n221 "),
        "{replies}"
    );
    let mut config = server_config();
    config.timeouts.greeting_delay = Duration::from_secs(1);
    let mut running = Running::with(config.clone(), |_| ());
    let raw = running.connect(&octets);
    let early = running.ask(&raw, "");
    assert!(early.starts_with("554 "), "{early}");
    // The header itself is not early.
    let mut running = Running::with(config, |_| ());
    let raw = running.connect(header(ProxyVersion::V1, "203.0.113.7:4000"));
    running.pass(2);
    let replies = running.ask(&raw, "QUIT\r\n");
    assert!(
        replies.starts_with("220 ") && replies.contains("\r\n221 "),
        "{replies}"
    );
}

#[test]
fn other_beginnings_are_closed_without_a_reply() {
    for octets in [
        &b"EHLO client.example\r\n"[..],
        b"PROXY TCP4 203.0.113.7 198.51.100.25 1\r\n",
        b"PROXY UNKNOWN ................................................................................................",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        b"\x16\x03\x01",
    ] {
        let mut running = Running::new(|_| ());
        let raw = running.connect(octets);
        assert!(running.is_closed(raw), "{octets:?}");
        assert!(running.ends.lock().unwrap().is_empty());
    }
}

#[test]
fn connections_that_are_closed_are_reported() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&reports);
    let expected = move |from: &str, reported: Arc<Mutex<Vec<String>>>| {
        ExpectProxy::new([from.parse().unwrap()]).on_refused(move |peer, error| {
            reported.lock().unwrap().push(format!("{peer} {error}"));
        })
    };
    for (from, octets, cut) in [
        ("198.51.100.1", "", false),
        ("192.0.2.1", "EHLO a\r\n", false),
        ("192.0.2.1", "PROXY ", false),
        ("192.0.2.1", "PROXY ", true),
        ("192.0.2.1", "", true),
        ("192.0.2.1", "PROXY UNKNOWN\r\n", true),
    ] {
        let options = expected(from, Arc::clone(&reported));
        let mut running = Running::new(|changed| changed.expect_proxy = Some(options));
        let raw = running.connect(octets);
        if cut {
            raw.control.cut();
        }
        running.pass(5);
    }
    assert_eq!(
        *reports.lock().unwrap(),
        [
            "192.0.2.1:1 peer is not one of the expected proxies",
            "192.0.2.1:1 connection does not begin with a PROXY header",
            "192.0.2.1:1 PROXY header is incomplete after its time",
            "192.0.2.1:1 peer closed the connection before the end of its PROXY header",
            "192.0.2.1:1 peer closed the connection without a PROXY header",
        ]
    );
}

#[test]
fn a_panic_in_a_report_does_not_end_the_server() {
    for (from, octets) in [("198.51.100.1", ""), ("192.0.2.1", "EHLO a\r\n")] {
        let expected = ExpectProxy::new([from.parse().unwrap()]).on_refused(|_, _| panic!("on purpose"));
        let mut running = Running::new(|options| options.expect_proxy = Some(expected));
        for _ in 0..2 {
            let raw = running.connect(octets);
            assert!(!running.settle(), "it serves on");
            assert!(running.is_closed(raw));
        }
    }
}

#[test]
fn a_stranger_is_closed_without_a_reply() {
    let mut running = Running::new(|options| {
        options.expect_proxy = Some(ExpectProxy::new(["198.51.100.0/24".parse().unwrap()]));
    });
    let raw = running.connect(header(ProxyVersion::V1, "203.0.113.7:4000"));
    assert!(running.is_closed(raw));
    let mut nobody = Running::new(|options| options.expect_proxy = Some(ExpectProxy::new([])));
    let raw = nobody.connect(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(nobody.is_closed(raw));
}

#[test]
fn a_header_has_five_seconds_and_holds_up_nobody() {
    let mut running = Running::new(|options| options.max_connections = 2);
    let slow = running.connect("PROXY ");
    let raw = running.connect(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(running.ask(&raw, "").starts_with("220 "));
    // It counts among all connections.
    let third = running.connect("");
    assert!(running.ask(&third, "").starts_with("421 "));
    // Octets do not prolong the time.
    running.pass(2);
    slow.control.push("UNKNOWN");
    running.pass(1);
    assert!(running.is_closed(slow));
    let again = running.connect(header(ProxyVersion::V2, "203.0.113.7:4000"));
    assert!(running.ask(&again, "").starts_with("220 "));
}

#[test]
fn a_peer_that_closes_early_gives_its_place_back() {
    let mut running = Running::new(|options| options.max_connections = 1);
    let raw = running.connect("PROXY ");
    raw.control.cut();
    running.settle();
    let again = running.connect(header(ProxyVersion::V1, "203.0.113.7:4000"));
    assert!(running.ask(&again, "").starts_with("220 "));
}

#[test]
fn the_limit_of_a_peer_is_that_of_the_client() {
    let mut running = Running::new(|options| options.max_connections_per_peer = 1);
    let first = running.connect(header(ProxyVersion::V2, "203.0.113.7:1"));
    assert!(running.ask(&first, "").starts_with("220 "));
    let other = running.connect(header(ProxyVersion::V2, "203.0.113.8:1"));
    assert!(running.ask(&other, "").starts_with("220 "));
    let second = running.connect(header(ProxyVersion::V2, "203.0.113.7:2"));
    assert!(running.ask(&second, "").starts_with("421 "));
    drop(first);
    running.settle();
    let third = running.connect(header(ProxyVersion::V2, "203.0.113.7:3"));
    assert!(running.ask(&third, "").starts_with("220 "));
}

#[test]
fn a_shutdown_does_not_wait_for_headers() {
    let mut running = Running::new(|_| ());
    let raw = running.connect("PROXY ");
    running.stop.store(true, Ordering::Relaxed);
    assert!(running.settle(), "all have ended");
    assert!(raw.sees_close(&running.network));
}

#[test]
fn dropping_a_server_ends_the_headers() {
    let mut running = Running::new(|_| ());
    let raw = running.connect("PROXY ");
    let Running { network, serving, .. } = running;
    drop(serving);
    network.settle_tasks();
    assert!(raw.sees_close(&network));
}

#[test]
fn the_transcript_names_client_and_proxy() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&lines);
    let mut running = Running::new(move |options| {
        options.transcript = Some(Arc::new(move |line: &smtp_driver::TranscriptLine<'_>| {
            recorded
                .lock()
                .unwrap()
                .push(format!("{} {line}", line.peer.unwrap()));
        }));
    });
    running.connect(header(ProxyVersion::V2, "203.0.113.7:1"));
    let lines = lines.lock().unwrap();
    assert!(
        lines[0].ends_with("-- PROXY header of 192.0.2.1:1") && lines[0].starts_with("203.0.113.7:1 "),
        "{lines:?}"
    );
}

#[test]
fn where_no_proxy_is_expected_its_header_is_refused() {
    let mut running = Running::new(|options| options.expect_proxy = None);
    let raw = running.connect("");
    running.ask(&raw, "");
    let reply = running.ask(&raw, "PROXY TCP4 203.0.113.7 198.51.100.25 1 25\r\n");
    assert!(reply.starts_with("421 ") || reply.starts_with("5"), "{reply}");
    drop(raw);
    running.settle();
    assert_eq!(running.ends.lock().unwrap()[0].3, Closed::WrongProtocol);
}

#[test]
fn a_client_sends_a_header_before_everything_else() {
    for (tls, implicit) in [
        (Tls::Disabled, false),
        (Tls::Required, false),
        (Tls::Required, true),
    ] {
        for room in [1, 7, 4096] {
            let network = Network::new();
            let (near, far) = network.pair();
            far.control().set_capacity(room);
            let header = ProxyHeader::new(
                ProxyVersion::V2,
                "203.0.113.7:1".parse().unwrap(),
                "198.51.100.25:25".parse().unwrap(),
            );
            let builder = Client::<Duplex>::builder(wanting(tls)).proxy_header(header.clone());
            let sending = async {
                let builder = match (tls, implicit) {
                    (Tls::Disabled, _) => builder,
                    (_, true) => builder.implicit_tls(PretendTls::client()),
                    _ => builder.starttls(PretendTls::client()),
                };
                let mut client = builder.on(near).await.unwrap();
                let receipt = client.send(bob(), "Hello\r\n").await.unwrap();
                assert!(receipt.all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = async {
                let config = support::offering();
                let mut connection = Connection::new(far, Server::new(config.into()));
                let read = connection
                    .read_proxy_header(Duration::from_secs(5))
                    .await
                    .unwrap();
                assert_eq!(read, header);
                if implicit {
                    connection.start_implicit_tls(&PretendTls::server());
                }
                converse(&mut connection, Some(&PretendTls::server())).await
            };
            let ((), received) = network.block_on(join(sending, receiving));
            assert_eq!(received.mails.len(), 1);
            assert_eq!(received.encrypted, tls != Tls::Disabled);
        }
    }
}

#[test]
fn the_octets_after_a_header_may_be_those_of_tls() {
    // The header and the first flight of the client arrive in one read.
    let network = Network::new();
    let (near, far) = network.pair();
    let (near_control, far_control) = (near.control(), far.control());
    far_control.set_capacity(4096);
    drop(near_control);
    let builder = Client::<Duplex>::builder(wanting(Tls::Required))
        .proxy_header(ProxyHeader::unknown(ProxyVersion::V1))
        .implicit_tls(PretendTls::client());
    let sending = async {
        let client = builder.on(near).await.unwrap();
        client.quit().await.unwrap();
    };
    let receiving = async {
        network.sleep(Duration::from_secs(1)).await;
        let mut connection = Connection::new(far, Server::new(server_config().into()));
        connection
            .read_proxy_header(Duration::from_secs(5))
            .await
            .unwrap();
        connection.start_implicit_tls(&PretendTls::server());
        converse(&mut connection, None).await
    };
    let ((), received) = network.block_on(join(sending, receiving));
    assert_eq!(received.why, Closed::Quit);
}

#[test]
fn a_header_that_does_not_come_is_an_error() {
    let network = Network::new();
    let limit = Duration::from_secs(5);
    for (octets, cut, why) in [
        ("EHLO", false, "connection does not begin with a PROXY header"),
        ("PROXY", false, "PROXY header is incomplete after its time"),
        (
            "PROXY",
            true,
            "peer closed the connection before the end of its PROXY header",
        ),
    ] {
        let (near, far) = network.pair();
        near.control().push(octets);
        if cut {
            near.control().cut();
        }
        let mut connection = Connection::new(far, Server::new(server_config().into()));
        let error = network.block_on(connection.read_proxy_header(limit)).unwrap_err();
        assert_eq!(error.to_string(), why);
        if octets == "EHLO" {
            assert!(matches!(
                error,
                ProxyHeaderError::Invalid(InvalidProxyHeader::Missing)
            ));
        }
        drop(near);
    }
}

#[test]
fn a_server_that_accepts_nothing_gets_no_header() {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(0);
    let builder =
        Client::<Duplex>::builder(client_config()).proxy_header(ProxyHeader::unknown(ProxyVersion::V1));
    let error = network.block_on(builder.on(near)).unwrap_err();
    assert!(matches!(error, smtp_driver::Error::Connect(_)), "{error}");
    drop(far);
}
