//! Handshakes that fail.

use std::{io, sync::Arc, time::Duration};

use smtp_proto::{Phase, Step, client, server};
use smtp_tokio::{Client, Error, ServeOptions, Session, serve_sessions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    time,
};

use super::{Pair, asked_for_tls, closed, greeted, heard, offering, receive, receive_over_tls, wanting};
use crate::support::on_with_starttls;

#[tokio::test(start_paused = true)]
async fn a_client_gives_a_stalling_handshake_up_in_time() {
    let pair = Pair::new();
    let (near, far) = duplex(4096);
    let begin = time::Instant::now();
    let serving = async {
        let mut fake = asked_for_tls(far).await;
        fake.say("220 go\r\n").await;
        // Single octets do not extend the deadline.
        loop {
            time::sleep(Duration::from_secs(20)).await;
            if fake.stream.write_all(b"\x16").await.is_err() {
                break;
            }
        }
    };
    let connecting = async { on_with_starttls(near, wanting(client::Tls::Required), pair.client()).await };
    let (client, ()) = tokio::join!(connecting, serving);
    let (why, _) = closed(client);
    assert_eq!(why, client::Closed::TimedOut(Phase::Handshake));
    assert!(begin.elapsed() < Duration::from_secs(81), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_gives_a_stalling_handshake_up_in_time() {
    let pair = Pair::new();
    for implicit in [false, true] {
        let (mut near, far) = duplex(4096);
        let begin = time::Instant::now();
        let talking = async {
            if !implicit {
                greeted(&mut near).await;
                near.write_all(b"STARTTLS\r\n").await.unwrap();
                assert_eq!(heard(&mut near).await, "220 2.0.0 ready for TLS\r\n");
            }
            // The beginning of a handshake record, without the rest.
            near.write_all(b"\x16\x03\x01").await.unwrap();
            assert_eq!(heard(&mut near).await, "", "closed, and nothing more is said");
        };
        let receiving = async {
            if implicit {
                receive_over_tls(far, offering(), &pair.server).await
            } else {
                receive(far, offering(), &pair.server).await
            }
        };
        let ((), received) = tokio::join!(talking, receiving);
        assert_eq!(received.why, server::Closed::TimedOut(Phase::Handshake));
        assert!(received.info.is_none());
        let elapsed = begin.elapsed().as_secs();
        assert!((60..70).contains(&elapsed), "{elapsed}");
    }
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_session_of_a_client() {
    let pair = Pair::new();
    for policy in [client::Tls::Required, client::Tls::Opportunistic] {
        let (near, far) = duplex(4096);
        let serving = async {
            let mut fake = asked_for_tls(far).await;
            fake.say("220 go\r\n").await;
            assert_eq!(fake.octets(1).await, b"\x16", "the client begins its handshake");
            fake.say("250 what was that?\r\n").await;
            let mut rest = Vec::new();
            fake.stream.read_to_end(&mut rest).await.unwrap();
            assert!(
                !rest
                    .windows(4)
                    .any(|window| window == b"EHLO" || window == b"MAIL")
            );
        };
        let connecting = async {
            on_with_starttls(near, wanting(policy), pair.client())
                .await
                .map(drop)
        };
        let (client, ()) = tokio::join!(connecting, serving);
        let (why, source) = closed(client);
        assert_eq!(why, client::Closed::TlsFailed);
        assert_eq!(source.unwrap().kind(), io::ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_session_of_a_server() {
    let pair = Pair::new();
    for implicit in [false, true] {
        let (mut near, far) = duplex(4096);
        let talking = async {
            if !implicit {
                greeted(&mut near).await;
                near.write_all(b"STARTTLS\r\n").await.unwrap();
                assert_eq!(heard(&mut near).await, "220 2.0.0 ready for TLS\r\n");
            }
            near.write_all(b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\n")
                .await
                .unwrap();
            let mut rest = Vec::new();
            near.read_to_end(&mut rest).await.unwrap();
            assert!(!rest.windows(2).any(|window| window == b"\r\n"), "{rest:?}");
        };
        let receiving = async {
            if implicit {
                receive_over_tls(far, offering(), &pair.server).await
            } else {
                receive(far, offering(), &pair.server).await
            }
        };
        let ((), received) = tokio::join!(talking, receiving);
        assert_eq!(received.why, server::Closed::TlsFailed);
        assert_eq!(received.error.unwrap().kind(), io::ErrorKind::InvalidData);
        assert!(received.info.is_none() && received.mails.is_empty());
    }
}

#[tokio::test]
async fn a_client_gives_a_stalling_handshake_up_when_tls_comes_first() {
    let pair = Pair::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = wanting(client::Tls::Required);
    config.timeouts.handshake = Duration::from_millis(50);
    let builder = Client::builder(config).implicit_tls(pair.client());
    let connecting = builder.connect(listener.local_addr().unwrap());
    let accepting = async {
        let stream = listener.accept().await.unwrap().0;
        time::sleep(Duration::from_secs(100)).await;
        drop(stream);
    };
    let client = tokio::select! {
        client = connecting => client,
        () = accepting => panic!("it should have given up"),
    };
    match client {
        Err(Error::Handshake(error)) => assert_eq!(error.kind(), io::ErrorKind::TimedOut),
        other => panic!("{other:?}"),
    }
}

/// Runs a session with implicit TLS, and reports its end.
async fn run(mut session: Session, pair: Arc<Pair>, ended: mpsc::UnboundedSender<server::Closed>) {
    session.start_implicit_tls(&pair.server);
    let why = loop {
        match session.poll().0 {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(server::Event::Closed(why)) => break why,
            Step::Event(_) => {}
        }
    };
    session.close().await;
    ended.send(why).unwrap();
}

#[tokio::test]
async fn where_tls_comes_first_nothing_is_ever_said_in_clear() {
    let pair = Arc::new(Pair::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut options = ServeOptions::default();
    options.max_connections = 1;
    options.implicit_tls = true;
    let (stop, stopped) = oneshot::channel::<()>();
    let (ended, mut news) = mpsc::unbounded_channel();
    let serving = serve_sessions(
        listener.into_std().unwrap(),
        Arc::new(offering()),
        options,
        async { drop(stopped.await) },
        move |session| run(session, Arc::clone(&pair), ended.clone()),
    );
    let talking = async {
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(b"\x16\x03\x01").await.unwrap();
        // One connection too many is closed without a reply.
        let mut second = TcpStream::connect(address).await.unwrap();
        assert_eq!(heard(&mut second).await, "");
        // A session in its handshake is not told of the shutdown.
        stop.send(()).unwrap();
        assert_eq!(heard(&mut first).await, "");
        assert_eq!(news.recv().await, Some(server::Closed::Shutdown));
    };
    let (served, ()) = tokio::join!(serving, talking);
    served.unwrap();
}
