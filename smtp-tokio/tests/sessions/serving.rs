//! Connection limits, panics and the shutdown of a server.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use smtp_proto::{
    Step,
    server::{Event, Reset},
};
use smtp_tokio::{Client, ServeOptions, Session, serve_sessions};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::support::{Mail, answer, bob, client_config, server_config};

/// The reports of the sessions.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Mail(Mail),
    Reset(Reset),
    Closed,
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    news: mpsc::UnboundedReceiver<News>,
}

async fn run(mut session: Session, news: mpsc::UnboundedSender<News>) {
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Closed(_)) => break,
            Step::Event(Event::Reset(why)) => news.send(News::Reset(why)).unwrap(),
            // Names with an effect on the session.
            Step::Event(Event::Hello { name, .. }) if name.as_str() == "panic.example" => panic!("as asked"),
            Step::Event(Event::Hello { name, .. }) if name.as_str() == "stuck.example" => {
                std::future::pending::<()>().await;
            }
            Step::Event(event) => {
                answer(event, server, &mut open, &mut taken);
                taken
                    .drain(..)
                    .for_each(|mail| news.send(News::Mail(mail)).unwrap());
            }
        }
    }
    session.close().await;
    let _ = news.send(News::Closed);
}

async fn start(options: ServeOptions) -> Running {
    start_with(options, run).await
}

async fn start_with<F>(
    options: ServeOptions,
    session: impl Fn(Session, mpsc::UnboundedSender<News>) -> F + Send + 'static,
) -> Running
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let (tell, news) = mpsc::unbounded_channel();
    let serving = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        serve_sessions(
            listener.into_std().unwrap(),
            Arc::new(server_config()),
            options,
            stopped,
            move |accepted| session(accepted, tell.clone()),
        )
        .await
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
    async fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address).await.unwrap())
    }

    async fn greeted(&self) -> Peer {
        let mut peer = self.connect().await;
        assert!(peer.line().await.starts_with("220 "));
        peer
    }

    /// Connects until the server has room.
    async fn greeted_at_last(&self) -> Peer {
        loop {
            let mut peer = self.connect().await;
            if peer.line().await.starts_with("220 ") {
                return peer;
            }
        }
    }

    async fn delivers(&mut self) {
        let mut client = Client::builder(client_config())
            .connect(self.address)
            .await
            .unwrap();
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
        while !matches!(self.news.recv().await.unwrap(), News::Mail(_)) {}
    }
}

/// A client that sends the lines of the test.
struct Peer(BufReader<TcpStream>);

impl Peer {
    fn new(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }

    /// Reads the next line; empty at the end.
    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a command, and reads the last line of the reply.
    async fn ask(&mut self, command: &str) -> String {
        self.say(command).await;
        loop {
            let line = self.line().await;
            if line.get(3..4) != Some("-") {
                return line;
            }
        }
    }

    async fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).await.unwrap();
        rest
    }
}

fn options(connections: usize, per_peer: usize) -> ServeOptions {
    let mut options = ServeOptions::default();
    (options.max_connections, options.max_connections_per_peer) = (connections, per_peer);
    options
}

#[tokio::test]
async fn one_connection_too_many_hears_421() {
    let server = start(options(2, 2)).await;
    let (first, second) = (server.greeted().await, server.greeted().await);
    for _ in 0..50 {
        let refused = server.connect().await.rest().await;
        assert!(refused.starts_with("421 "), "{refused:?}");
        assert!(
            refused.ends_with("\r\n") && refused.lines().count() == 1,
            "{refused:?}"
        );
    }
    drop(first);
    let third = server.greeted_at_last().await;
    drop((second, third));
}

#[tokio::test]
async fn one_peer_cannot_take_the_places_of_the_others() {
    let server = start(options(10, 1)).await;
    let first = server.greeted().await;
    assert!(server.connect().await.rest().await.starts_with("421 "));
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = Peer::new(socket.connect(server.address).await.unwrap());
    assert!(other.line().await.starts_with("220 "));
    drop(first);
    server.greeted_at_last().await;
}

#[tokio::test]
async fn a_session_that_panics_ends_alone_and_gives_its_place_back() {
    let mut server = start(options(2, 2)).await;
    let mut other = server.greeted().await;
    for _ in 0..5 {
        let mut peer = server.greeted_at_last().await;
        peer.say("EHLO panic.example\r\n").await;
        assert_eq!(peer.rest().await, "");
    }
    assert!(other.ask("EHLO c\r\n").await.starts_with("250 "));
    drop(server.greeted_at_last().await);
    drop(other);
    while server.news.recv().await.unwrap() != News::Closed {}
    while server.news.recv().await.unwrap() != News::Closed {}
    server.delivers().await;
}

#[tokio::test]
async fn a_panic_before_the_session_has_begun_is_contained_too() {
    let count = AtomicUsize::new(0);
    let mut server = start_with(options(1, 1), move |session, news| {
        assert!(count.fetch_add(1, Ordering::Relaxed) > 4, "as asked");
        run(session, news)
    })
    .await;
    for _ in 0..5 {
        let _ = server.connect().await.0.read_to_end(&mut Vec::new()).await;
    }
    server.delivers().await;
}

#[tokio::test]
async fn at_shutdown_the_idle_are_told_and_transactions_are_finished() {
    let mut server = start(options(10, 10)).await;
    let fresh = server.greeted().await;
    let mut idle = server.greeted().await;
    idle.ask("EHLO c\r\n").await;
    let mut busy = server.greeted().await;
    busy.ask("EHLO c\r\n").await;
    busy.ask("MAIL FROM:<a@b>\r\n").await;
    busy.ask("RCPT TO:<c@d>\r\n").await;
    server.stop.send(()).unwrap();
    for peer in [fresh, idle] {
        let said = peer.rest().await;
        assert!(
            said.starts_with("421 4.3.2") && said.lines().count() == 1,
            "{said}"
        );
    }
    // The listener is closed after all sessions were told.
    let begin = std::time::Instant::now();
    while TcpStream::connect(server.address).await.is_ok() {
        assert!(begin.elapsed().as_secs() < 60, "it does not stop");
    }
    assert!(busy.ask("RCPT TO:<e@d>\r\n").await.starts_with("250 "));
    assert!(busy.ask("DATA\r\n").await.starts_with("354 "));
    assert!(busy.ask("Hello\r\n.\r\n").await.starts_with("250 "));
    assert!(busy.rest().await.starts_with("421 "));
    server.serving.await.unwrap();
    let mut mails = 0;
    while let Some(news) = server.news.recv().await {
        mails += usize::from(matches!(news, News::Mail(mail) if mail.to.len() == 2));
    }
    assert_eq!(mails, 1);
}

#[tokio::test]
async fn after_the_grace_period_transactions_are_ended_with_421() {
    let mut options = options(10, 10);
    options.shutdown_grace = Duration::ZERO;
    let mut server = start(options).await;
    let mut busy = server.greeted().await;
    busy.ask("EHLO c\r\n").await;
    busy.ask("MAIL FROM:<a@b>\r\n").await;
    server.stop.send(()).unwrap();
    assert!(busy.rest().await.starts_with("421 "));
    server.serving.await.unwrap();
    assert_eq!(server.news.recv().await, Some(News::Reset(Reset::Closed)));
    assert_eq!(server.news.recv().await, Some(News::Closed));
}

/// Takes some seconds: the time that sessions have for closing.
#[tokio::test]
async fn sessions_that_do_not_end_are_dropped() {
    let mut options = options(10, 10);
    options.shutdown_grace = Duration::ZERO;
    let server = start(options).await;
    let mut stuck = server.greeted().await;
    stuck.say("EHLO stuck.example\r\n").await;
    let mut other = server.greeted().await;
    other.ask("EHLO c\r\n").await;
    server.stop.send(()).unwrap();
    assert!(other.rest().await.starts_with("421 "));
    server.serving.await.unwrap();
    assert_eq!(stuck.rest().await, "");
}

#[tokio::test]
async fn a_flood_of_connections_leaves_a_server_that_serves() {
    let mut server = start(options(20, 20)).await;
    let mut peers = Vec::new();
    for number in 0..300 {
        let mut peer = server.connect().await;
        match number % 3 {
            0 => drop(peer),
            1 => {
                let _ = peer.0.write_all(b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n").await;
                peers.push(peer);
            }
            _ => peers.push(peer),
        }
    }
    drop(peers);
    drop(server.greeted_at_last().await);
    loop {
        // A place is free again once the server notices that its peer is gone.
        match Client::builder(client_config()).connect(server.address).await {
            Ok(client) => break client.quit().await.unwrap(),
            Err(error) => assert!(error.to_string().contains("421"), "{error}"),
        }
    }
    server.delivers().await;
}

/// Many sessions wait, and each keeps its whole future in memory.
#[cfg(feature = "rustls")]
#[test]
fn the_future_of_a_session_is_small() {
    use smtp_tokio::tls::ServerTls;

    async fn whole_session(mut session: Session, tls: ServerTls) {
        session.start_implicit_tls(&tls);
        loop {
            match session.poll().0 {
                Step::Wait(wait) => session.wait(wait).await,
                Step::Event(Event::StartTls(upgrade)) => session.start_tls(upgrade, &tls),
                Step::Event(Event::Closed(_)) => break,
                Step::Event(_) => {}
            }
        }
        session.close().await;
    }
    fn room<F>(_: fn(Session, ServerTls) -> F) -> usize {
        size_of::<F>()
    }
    assert!(room(whole_session) <= 512, "{} octets", room(whole_session));
}
