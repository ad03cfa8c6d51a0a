use std::sync::Arc;

use smtp_proto::{
    Deadline, Step,
    server::{Config, Event, Server},
    types::Host,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::Connection;

fn connection() -> (DuplexStream, Connection<DuplexStream, Server>) {
    let (near, far) = duplex(100_000);
    let config = Config::new(Host::parse("mx.example").unwrap().into_owned());
    (near, Connection::new(Io::new(far), Server::new(Arc::new(config))))
}

/// Goes on until the session can do nothing but wait for the peer or a deadline, and says for what deadline.
async fn settle(conn: &mut Connection<DuplexStream, Server>) -> Option<Deadline> {
    loop {
        let (step, server) = conn.poll();
        match step {
            Step::Event(event) => {
                if let Some(ticket) = event.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
            Step::Wait(wait) => tokio::select! {
                biased;
                () = conn.wait(wait) => {}
                () = tokio::task::yield_now() => return wait.deadline,
            },
        }
    }
}

fn timer(conn: &Connection<DuplexStream, Server>) -> time::Instant {
    conn.transport().sleep.as_ref().unwrap().deadline()
}

#[tokio::test(start_paused = true)]
async fn a_timer_serves_for_many_deadlines_and_none_is_missed() {
    let (mut peer, mut conn) = connection();
    // Each command moves the deadline on; the timer stays where it was.
    settle(&mut conn).await;
    let set = timer(&conn);
    for _ in 0..2 {
        time::advance(Duration::from_secs(100)).await;
        peer.write_all(b"EHLO c\r\n").await.unwrap();
        settle(&mut conn).await;
    }
    assert_eq!(timer(&conn), set);
    // 200 seconds have passed, and 300 are left.
    let begin = time::Instant::now();
    loop {
        match conn.poll().0 {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(_)) => break,
            Step::Event(_) => {}
        }
    }
    assert_eq!(begin.elapsed().as_secs(), 300);
    drop(conn);
    let mut said = String::new();
    peer.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("\r\n421 4.4.2 "), "{said}");
}
