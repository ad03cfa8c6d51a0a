//! The whole way: a client, the relay, and a next hop.

use std::{
    fs,
    net::TcpListener as StdListener,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use clap::Parser;
use smtp_driver::{About, Accept, Bytes};
use smtp_proto::{
    server,
    types::{
        Envelope, ForwardPath, Host, Keyword, Mail, MailParameters, Notify, Rcpt, RcptParameters, Rejection,
        ReversePath,
    },
};
use smtp_tokio::{Client, ClientBuilder, Listener};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::*;
use crate::spool::faulty::{Faults, Faulty};

/// A next hop that stores messages. It refuses the users `nobody`, and `later` at first.
#[derive(Default)]
struct Catcher {
    taken: Mutex<Vec<(String, Vec<String>, String)>>,
    sessions: AtomicUsize,
    refused: AtomicUsize,
}

impl Service for Catcher {
    type Mail = (String, Vec<u8>);

    async fn connect(&self, _: &About) -> Result<Accept, Rejection> {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Ok(Accept::Yes)
    }

    async fn mail(&self, _: &About, mail: Mail<'static>) -> Result<Self::Mail, Rejection> {
        Ok((mail.reverse_path().as_str().to_owned(), Vec::new()))
    }

    async fn recipient(&self, _: &Self::Mail, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        let path = rcpt.forward_path().as_str();
        if path.contains("nobody@") {
            return Err(Rejection::NO_SUCH_USER);
        }
        if path.contains("later@") && self.refused.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(Rejection::MAILBOX_BUSY);
        }
        Ok(Accept::Yes)
    }

    async fn body(&self, mail: &mut Self::Mail, octets: Bytes) -> Result<(), Rejection> {
        mail.1.extend_from_slice(&octets);
        Ok(())
    }

    async fn message(&self, mail: &mut Self::Mail, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let to = to
            .iter()
            .map(|rcpt| rcpt.forward_path().as_str().to_owned())
            .collect();
        let content = String::from_utf8(std::mem::take(&mut mail.1)).unwrap();
        self.taken.lock().unwrap().push((mail.0.clone(), to, content));
        Ok(Accept::Yes)
    }
}

/// A relay and its next hop.
struct World {
    catcher: Arc<Catcher>,
    address: String,
    stop: ShutdownHandle,
    relay: JoinHandle<Result<Exit, String>>,
    folder: tempfile::TempDir,
}

impl World {
    async fn new(more: &[&str]) -> Self {
        Self::with(more, |files| files).await
    }

    /// Creates a relay whose spool fails at the places that the test selects.
    async fn with_faults(set: impl FnOnce(&Faults)) -> (Self, Arc<Faults>) {
        let faults = Arc::<Faults>::default();
        set(&faults);
        let given = Arc::clone(&faults);
        let world = Self::with(&[], |files| Faulty { files, faults: given }).await;
        (world, faults)
    }

    async fn with<S: Spool>(more: &[&str], spool: impl FnOnce(Files) -> S) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let catcher = Arc::<Catcher>::default();
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let port = listener.local().unwrap().to_string();
        let port = port.rsplit(':').next().unwrap().to_owned();
        let mut config = server::Config::new(Host::parse("mx.example.org").unwrap());
        // Without DSN at the next hop, the relay sends the reports about deliveries.
        config.extensions.remove(Keyword::Dsn);
        tokio::spawn(smtp_tokio::serve(listener, config, Arc::clone(&catcher)));
        let table = folder.path().join("dns.txt");
        let records =
            ["example.org", "sender.example"].map(|domain| format!("{domain} MX 10 mx.example.org\n"));
        fs::write(&table, records.concat() + "mx.example.org A 127.0.0.1\n").unwrap();
        // Free now, and most probably still free in a moment.
        let address = StdListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let (table, place) = (table.to_str().unwrap(), folder.path().join("spool"));
        let usual = [
            "relay",
            "--listen",
            &address,
            "--relay-from",
            "127.0.0.0/8",
            "--hostname",
            "relay.test",
        ];
        let rest = [
            "--retry", "1s", "--expire", "60s", "--dns", table, "--port", &port, "--spool",
        ];
        let flags = usual
            .into_iter()
            .chain(more.iter().copied())
            .chain(rest)
            .chain(place.to_str());
        let flags = RelayFlags::try_parse_from(flags).unwrap();
        let (parts, stop) = (Parts::new(&flags).unwrap(), ShutdownHandle::new());
        let files = Files::open(&flags.place.spool).await.unwrap();
        let signal = stop.clone();
        let spool = spool(files);
        let relay = tokio::spawn(async move { relay(&flags, parts, spool, signal).await });
        Self {
            catcher,
            address,
            stop,
            relay,
            folder,
        }
    }

    async fn client(&self) -> Client {
        let mut config = client::Config::new("client.example".parse().unwrap());
        config.tls = client::Tls::Disabled;
        loop {
            match ClientBuilder::new(config.clone())
                .connect(self.address.as_str())
                .await
            {
                Ok(client) => return client,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Sends a message to each of these users. Returns true if all were accepted.
    async fn send(&self, users: &[&str]) -> bool {
        let mut client = self.client().await;
        let mut all = true;
        for user in users {
            let envelope = Envelope::parse("ann@sender.example", [format!("{user}@example.org")]).unwrap();
            let sent = client.send(envelope, b"Subject: hello\r\n\r\nhello\r\n").await;
            all &= sent.is_ok_and(|receipt| receipt.all_accepted());
        }
        let _ = client.quit().await;
        all
    }

    async fn wait(&self, messages: usize) {
        for _ in 0..500 {
            if self.catcher.taken.lock().unwrap().len() >= messages {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("only these arrived: {:?}", self.catcher.taken.lock().unwrap());
    }

    /// Stops the relay. Returns the messages that arrived, and the names of the files that are left.
    async fn stop(self) -> (Vec<(String, Vec<String>, String)>, Vec<PathBuf>) {
        self.stop.shut_down();
        assert_eq!(self.relay.await.unwrap(), Ok(Exit::Success));
        let left = fs::read_dir(self.folder.path().join("spool/queue")).unwrap();
        let taken = self.catcher.taken.lock().unwrap().clone();
        (taken, left.map(|entry| entry.unwrap().path()).collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_once_each_and_sessions_are_kept() {
    let world = World::new(&["--sessions", "1"]).await;
    assert!(world.send(&["a", "b", "c", "d", "e"]).await);
    world.wait(5).await;
    let sessions = world.catcher.sessions.load(Ordering::Relaxed);
    let (taken, left) = world.stop().await;
    let mut to: Vec<_> = taken.iter().flat_map(|(_, to, _)| to.clone()).collect();
    to.sort();
    assert_eq!(
        to,
        ["a", "b", "c", "d", "e"].map(|user| format!("{user}@example.org"))
    );
    for (from, _, content) in &taken {
        assert_eq!(from, "ann@sender.example");
        let received = content.strip_suffix("Subject: hello\r\n\r\nhello\r\n").unwrap();
        assert!(
            received.starts_with("Received: from client.example"),
            "{received}"
        );
    }
    assert!(left.is_empty(), "{left:?}");
    assert!(sessions < 5, "{sessions} sessions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_reported_and_a_delay_is_not() {
    let world = World::new(&[]).await;
    assert!(world.send(&["nobody", "later"]).await);
    world.wait(2).await;
    let (mut taken, left) = world.stop().await;
    taken.sort();
    let [(sender, to, report), (_, later, _)] = &taken[..] else {
        panic!("{taken:?}");
    };
    assert_eq!(
        (sender.as_str(), &to[..]),
        ("", &["ann@sender.example".to_owned()][..])
    );
    for line in [
        "Action: failed",
        "Final-Recipient: rfc822; nobody@example.org",
        "Remote-MTA: dns; mx.example.org",
    ] {
        assert!(report.contains(&format!("\r\n{line}\r\n")), "{line}: {report}");
    }
    assert_eq!(later[..], ["later@example.org"]);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_panics_is_tried_again() {
    let (world, faults) = World::with_faults(|faults| faults.content.fail([1])).await;
    assert!(world.send(&["a"]).await);
    world.wait(1).await;
    let (taken, left) = world.stop().await;
    assert_eq!((taken.len(), faults.content.number()), (1, 2));
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_at_the_report_forgets_no_failure() {
    // The report reads the message, too.
    let (world, _) = World::with_faults(|faults| faults.content.fail([2])).await;
    assert!(world.send(&["nobody"]).await);
    world.wait(1).await;
    let (taken, left) = world.stop().await;
    assert!(
        matches!(&taken[..], [(sender, ..)] if sender.is_empty()),
        "{taken:?}"
    );
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_results_cannot_be_recorded_stays_in_the_queue() {
    let (world, _) = World::with_faults(|faults| faults.record.fail([1, 2])).await;
    assert!(world.send(&["a"]).await);
    // The host accepted the message, but the relay does not know the outcome.
    world.wait(2).await;
    let (taken, left) = world.stop().await;
    assert_eq!(taken.len(), 2);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_stored_is_stored_later_and_once() {
    let (world, faults) = World::with_faults(|faults| faults.report.fail([1, 2])).await;
    assert!(world.send(&["nobody", "a"]).await);
    world.wait(2).await;
    let (mut taken, left) = world.stop().await;
    taken.sort();
    assert!(
        matches!(&taken[..], [(none, ..), (ann, ..)] if none.is_empty() && ann == "ann@sender.example"),
        "{taken:?}"
    );
    assert_eq!(faults.report.number(), 3);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_about_a_delivery_that_cannot_be_stored_is_owed() {
    let (world, faults) = World::with_faults(|faults| faults.report.fail([1, 2])).await;
    let path = |user: &str| {
        ForwardPath::parse(&format!("{user}@example.org"))
            .unwrap()
            .into_owned()
    };
    // The second recipient keeps the message in the queue, too.
    let envelope = Envelope::new(ReversePath::parse("ann@sender.example").unwrap().into_owned())
        .recipient_with(path("a"), RcptParameters::default().with_notify(Notify::SUCCESS))
        .recipient_with(path("later"), RcptParameters::default());
    let mut client = world.client().await;
    let sent = client.send(envelope, b"Subject: hello\r\n\r\nhello\r\n").await;
    assert!(sent.is_ok_and(|receipt| receipt.all_accepted()));
    let _ = client.quit().await;
    world.wait(3).await;
    let (mut taken, left) = world.stop().await;
    taken.sort();
    let [(null, to, report), (_, first, _), (_, second, _)] = &taken[..] else {
        panic!("{taken:?}");
    };
    assert_eq!((null.as_str(), to[0].as_str()), ("", "ann@sender.example"));
    for line in [
        "Action: relayed",
        "Final-Recipient: rfc822; a@example.org",
        "Remote-MTA: dns; mx.example.org",
        "Status: 2.6.0",
    ] {
        assert!(report.contains(&format!("\r\n{line}\r\n")), "{line}: {report}");
    }
    // Once to each.
    assert_eq!(
        (&first[..], &second[..]),
        (
            &["a@example.org".to_owned()][..],
            &["later@example.org".to_owned()][..]
        )
    );
    assert_eq!(faults.report.number(), 3);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_stored_does_not_hold_a_stop_up() {
    let (world, faults) = World::with_faults(|faults| faults.report.fail(1..1000)).await;
    assert!(world.send(&["nobody"]).await);
    for _ in 0..500 {
        if faults.report.number() > 0 {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let (taken, left) = timeout(Duration::from_secs(20), world.stop()).await.unwrap();
    assert!(taken.is_empty(), "{taken:?}");
    assert!(!left.is_empty(), "the failure is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_cut_through_the_verdict_of_the_next_hop_is_the_answer() {
    let world = World::new(&["--cut-through"]).await;
    assert!(!world.client().await.extensions().has(Keyword::Dsn));
    assert!(world.send(&["a", "b"]).await);
    assert!(!world.send(&["nobody"]).await);
    assert!(!world.send(&["later"]).await);
    assert!(world.send(&["later"]).await);
    let (taken, left) = world.stop().await;
    assert_eq!(taken.len(), 3);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_cut_through_a_destination_has_as_many_sessions_as_it_may() {
    let world = World::new(&["--cut-through", "--sessions", "1"]).await;
    let mut first = world.client().await;
    let mail = Mail::new(
        ReversePath::parse("<ann@sender.example>").unwrap(),
        MailParameters::default(),
    );
    assert!(first.mail(mail).await.unwrap().is_positive_completion());
    let rcpt = Rcpt::new(
        ForwardPath::parse("<a@example.org>").unwrap(),
        RcptParameters::default(),
    );
    assert!(first.rcpt(rcpt).await.unwrap().is_positive_completion());
    let mut second = Box::pin(world.send(&["b"]));
    // It waits for the session of the first client.
    assert!(timeout(Duration::from_millis(300), &mut second).await.is_err());
    assert_eq!(world.catcher.sessions.load(Ordering::Relaxed), 1);
    drop(first);
    assert!((&mut second).await);
    drop(second);
    let (taken, _) = world.stop().await;
    assert_eq!(taken.len(), 1);
}
