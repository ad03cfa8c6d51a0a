//! Servers behind a proxy, and clients that are one.

mod clients;
mod closed;

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
    About, Accept, Bytes, ExpectProxy, Peer, Proxied, ProxyHeader, ProxyVersion, ServeOptions, Service,
    Session,
    proto::{
        Step,
        server::{Closed, Config, Event},
        types::{Mail, Rcpt, Rejection},
    },
    serve, serve_sessions,
    testing::{Control, Duplex, Listener, Network, ScriptedPeer},
};

use crate::support::{self, answer, server_config};

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
fn the_header_names_the_client() {
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
fn a_service_receives_the_addresses_of_client_and_proxy() {
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
fn a_header_may_arrive_octet_by_octet() {
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
    // Without a greeting delay no client is an early talker.
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
fn the_transcript_names_client_and_proxy() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&lines);
    let record = move |line: &smtp_driver::TranscriptLine<'_>| {
        recorded.lock().unwrap().push(line.to_string());
    };
    let mut running = Running::new(|options| *options = options.clone().transcript(record));
    running.connect(header(ProxyVersion::V2, "203.0.113.7:1"));
    let lines = lines.lock().unwrap();
    assert!(
        lines[0].ends_with("-- PROXY header of 192.0.2.1:1") && lines[0].starts_with("203.0.113.7:1 "),
        "{lines:?}"
    );
}
