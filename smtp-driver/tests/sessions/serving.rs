//! Servers: places, shutdown, panics.

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
    ServeOptions, Session, TranscriptLine,
    proto::{
        Step,
        server::{Closed, Event},
    },
    serve_sessions,
    testing::{Control, Duplex, Listener, Network, PretendTls, ScriptedPeer},
};

use crate::support::{Mail, answer, server_config};

type Ends = Arc<Mutex<Vec<(Closed, usize)>>>;

async fn run(mut session: Session<Duplex>, ends: Ends) {
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::Mail { mail, .. }) if mail.reverse_path().as_str().contains("panic") => {
                std::panic::resume_unwind(Box::new("as asked"))
            }
            Step::Event(Event::Mail { mail, .. }) if mail.reverse_path().as_str().contains("stuck") => {
                std::future::pending::<()>().await;
            }
            Step::Event(event) => answer(event, server, &mut open, &mut taken),
        }
    };
    session.close().await;
    ends.lock().unwrap().push((why, taken.len()));
}

/// A server that runs.
struct Running {
    network: Network,
    listener: Listener,
    serving: Pin<Box<dyn Future<Output = ()>>>,
    stop: Arc<AtomicBool>,
    ends: Ends,
}

impl Running {
    fn new(options: ServeOptions) -> Self {
        let network = Network::new();
        let listener = network.listen("mx.example:25");
        let (stop, ends) = (Arc::new(AtomicBool::new(false)), Ends::default());
        let (stopping, ended) = (Arc::clone(&stop), Arc::clone(&ends));
        let serving = serve_sessions::<Network, _>(
            listener.clone(),
            Arc::new(server_config()),
            options,
            std::future::poll_fn(move |_| {
                if stopping.load(Ordering::Relaxed) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }),
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

    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.settle();
    }

    fn connect(&mut self) -> Peer {
        let end = self.listener.connect();
        self.settle();
        self.network.advance(Duration::from_secs(1));
        self.settle();
        Peer {
            control: end.control(),
            end: Some(end),
        }
    }

    fn ask(&mut self, peer: &Peer, text: &str) -> String {
        peer.control.push(text);
        self.settle();
        peer.control.pull_text()
    }
}

struct Peer {
    control: Control,
    end: Option<Duplex>,
}

fn options(connections: usize, per_peer: usize) -> ServeOptions {
    let mut options = ServeOptions::default();
    options.max_connections = connections;
    options.max_connections_per_peer = per_peer;
    options
}

#[test]
fn a_connection_over_the_limit_receives_421() {
    for options in [options(2, 9), options(9, 2)] {
        let mut running = Running::new(options);
        let first = running.connect();
        let mut second = running.connect();
        assert!(running.ask(&first, "").starts_with("220 "));
        let mut third = running.connect();
        assert!(running.ask(&third, "").starts_with("421 "));
        let mut third = ScriptedPeer::client(third.end.take().unwrap());
        let closed = running.network.settle(&mut Box::pin(third.expect_close()));
        assert!(matches!(closed, Poll::Ready(Ok(()))));
        second.end = None;
        running.settle();
        let fourth = running.connect();
        assert!(running.ask(&fourth, "").starts_with("220 "));
    }
}

#[test]
fn under_implicit_tls_a_connection_over_the_limit_receives_nothing() {
    let mut running = Running::new(options(1, 1).implicit_tls(PretendTls::server()));
    let _first = running.connect();
    let second = running.connect();
    assert_eq!(running.ask(&second, ""), "");
}

#[test]
fn a_session_that_panics_ends_alone_and_frees_its_place() {
    let mut running = Running::new(options(2, 2));
    let first = running.connect();
    let second = running.connect();
    running.ask(&second, "EHLO c\r\nMAIL FROM:<panic@b>\r\n");
    let third = running.connect();
    assert!(running.ask(&third, "").starts_with("220 "));
    assert!(running.ask(&first, "NOOP\r\n").contains("250 "));
}

#[test]
fn at_shutdown_idle_sessions_send_421_and_transactions_are_finished() {
    let mut running = Running::new(options(9, 9));
    let mut idle = running.connect();
    let mut busy = running.connect();
    running.ask(&idle, "EHLO c\r\n");
    let replies = running.ask(&busy, "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    assert!(replies.contains("354 "), "{replies}");
    running.stop();
    let last = idle.control.pull_text();
    assert!(last.starts_with("421 "), "{last}");
    assert_eq!(busy.control.pull_text(), "");
    let replies = running.ask(&busy, "Hello\r\n.\r\n");
    assert!(
        replies.starts_with("250 ") && replies.contains("\r\n421 "),
        "{replies}"
    );
    idle.end = None;
    busy.end = None;
    assert!(running.settle(), "all sessions have ended");
    assert_eq!(
        *running.ends.lock().unwrap(),
        [(Closed::Shutdown, 0), (Closed::Shutdown, 1)]
    );
    assert!(running.network.now().since_origin() < Duration::from_secs(5));
}

#[test]
fn after_the_grace_period_transactions_end_with_421() {
    let mut running = Running::new(options(9, 9));
    let busy = running.connect();
    running.ask(&busy, "EHLO c\r\nMAIL FROM:<a@b>\r\n");
    running.stop();
    assert_eq!(busy.control.pull_text(), "");
    running.network.advance(Duration::from_secs(30));
    running.settle();
    assert!(busy.control.pull_text().starts_with("421 "));
    let Running { network, serving, .. } = running;
    network.block_on(serving);
}

#[test]
fn sessions_that_do_not_end_are_dropped() {
    let mut running = Running::new(options(9, 9));
    let stuck = running.connect();
    running.ask(&stuck, "EHLO c\r\nMAIL FROM:<stuck@b>\r\n");
    running.stop();
    let begin = running.network.now();
    let Running {
        network,
        serving,
        ends,
        ..
    } = running;
    network.block_on(serving);
    assert_eq!(network.now().since(begin), Duration::from_secs(35));
    assert!(ends.lock().unwrap().is_empty());
}

#[test]
fn dropping_a_server_drops_its_sessions() {
    let mut running = Running::new(options(9, 9));
    let peer = running.connect();
    running.ask(&peer, "EHLO c\r\n");
    let Running { network, serving, .. } = running;
    drop(serving);
    network.settle_tasks();
    let mut other = ScriptedPeer::client(peer.end.unwrap());
    network.block_on(other.expect_close()).unwrap();
}

#[test]
fn the_sessions_of_a_server_are_recorded_with_the_address_of_the_client() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&lines);
    let options = options(9, 9).transcript(move |line: &TranscriptLine<'_>| {
        recorded.lock().unwrap().push(line.to_string());
    });
    let mut running = Running::new(options);
    let first = running.connect();
    let second = running.connect();
    running.ask(&first, "QUIT\r\n");
    running.ask(&second, "RSET\r\n");
    let lines = lines.lock().unwrap();
    assert!(lines[0].starts_with("192.0.2.1:1 0.000 S: 220 "), "{lines:?}");
    assert!(
        lines.contains(&"192.0.2.1:1 2.000 C: QUIT".to_owned()),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"192.0.2.1:2 2.000 C: RSET".to_owned()),
        "{lines:?}"
    );
}
