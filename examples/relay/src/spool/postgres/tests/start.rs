//! The start: a database that is away, and TLS.

use std::{
    env,
    io::{Read, Write},
    net::{Shutdown, TcpListener as StdListener},
    sync::mpsc,
    thread,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use super::*;

#[tokio::test]
async fn a_database_that_is_not_there_stores_nothing() {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://relay:secret@{}/mail", listener.local_addr().unwrap());
    drop(listener);
    let error = Postgres::open_for_commands(&url).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot connect to the database: "), "{error}");
    let spool = Postgres::with(Arc::new(pool(&url, "test").unwrap()), 1, LEASE);
    let place = Place {
        spool,
        suffix: "example".into(),
    };
    assert!(
        store(
            &place.spool,
            place.head(&["b@x"]),
            facts(CONTENT),
            &[CONTENT.into()]
        )
        .await
        .is_err()
    );
}

/// Answers each connection so, and closes it.
fn answering(answer: &'static [u8]) -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://relay:secret@{}/mail", listener.local_addr().unwrap());
    let (sender, heard) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = vec![0; 8];
            let _ = stream.read_exact(&mut request);
            let _ = stream.write_all(answer);
            let _ = stream.shutdown(Shutdown::Write);
            let _ = stream.read_to_end(&mut request);
            let _ = sender.send(request);
        }
    });
    (url, heard)
}

#[tokio::test]
async fn required_tls_sends_nothing_to_a_server_without_tls() {
    for mode in ["require", "verify-full"] {
        let (url, heard) = answering(b"N");
        let url = format!("{url}?sslmode={mode}");
        let opened = Postgres::open(&url, None, LEASE);
        let error = timeout(LEASE, opened).await.unwrap().unwrap_err().to_string();
        assert!(error.contains("does not support TLS"), "{error}");
        // The request for TLS, and nothing else.
        let heard = heard.recv().unwrap();
        assert_eq!(heard, [0, 0, 0, 8, 4, 210, 22, 47], "{mode}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_handshake_is_no_reason_to_wait() {
    let (url, _) = answering(b"Sorry, this is not TLS");
    let opened = Postgres::open(&url, None, LEASE);
    assert!(timeout(LEASE, opened).await.unwrap().is_err());
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_database_that_is_away_at_the_start_is_waited_for() {
    let url = url();
    let address = url
        .split('@')
        .next_back()
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let closed = StdListener::bind("127.0.0.1:0").unwrap();
    let front = closed.local_addr().unwrap();
    drop(closed);
    let through = url.replacen(&address, &front.to_string(), 1);
    let opened = tokio::spawn(async move { Postgres::open(&through, Some("patient"), LEASE).await });
    tokio::pin!(opened);
    assert!(timeout(Duration::from_millis(200), &mut opened).await.is_err());
    let listener = TcpListener::bind(front).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(&address).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let spool = opened.await.unwrap().unwrap();
    spool.list().await.unwrap();
}

#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn a_fault_that_stays_ends_the_start() {
    let (base, _) = url()
        .rsplit_once('/')
        .map(|(base, name)| (base.to_owned(), name.to_owned()))
        .unwrap();
    let url = format!("{base}/there_is_none");
    let opened = Postgres::open(&url, None, LEASE);
    assert!(timeout(LEASE, opened).await.unwrap().is_err());
}

/// `RELAY_TEST_CA` is a file with the server's certificate, which is for `localhost`; `RELAY_TEST_OTHER_CA` has another one.
#[tokio::test]
#[ignore = "needs a database: tests/relay.sh"]
async fn the_url_selects_the_encryption_of_the_connection() {
    let base = url();
    let named = base.replacen("127.0.0.1", "localhost", 1);
    let ca = env::var("RELAY_TEST_CA").unwrap();
    let another = env::var("RELAY_TEST_OTHER_CA").unwrap();
    for (url, expected) in [
        (base.clone(), Some(true)),
        (format!("{base}?sslmode=disable"), Some(false)),
        (format!("{base}?sslmode=prefer"), Some(true)),
        (format!("{base}?sslmode=require"), Some(true)),
        (
            format!("{named}?sslmode=verify-full&sslrootcert={ca}"),
            Some(true),
        ),
        // The name is another one.
        (format!("{base}?sslmode=verify-full&sslrootcert={ca}"), None),
        // No authority, or another authority, issued the certificate.
        (format!("{named}?sslmode=verify-full"), None),
        (format!("{named}?sslmode=verify-full&sslrootcert={another}"), None),
    ] {
        let encrypted = match timeout(LEASE, Postgres::open(&url, Some("tls"), LEASE))
            .await
            .unwrap()
        {
            Ok(spool) => Some(is_encrypted(&spool).await),
            Err(_) => None,
        };
        assert_eq!(encrypted, expected, "{url}");
    }
}

async fn is_encrypted(spool: &Postgres) -> bool {
    const IS_ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let rows = spool.0.pool.query(IS_ENCRYPTED, &[]).await.unwrap();
    rows[0].get(0)
}
