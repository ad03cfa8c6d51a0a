use std::sync::Arc;

use smtp_proto::{
    server::{Config, Event, Server},
    types::Host,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

fn connection() -> (DuplexStream, Connection<DuplexStream, Server>) {
    let (near, far) = duplex(100_000);
    let config = Config::new(Host::parse("mx.example").unwrap().into_owned());
    (near, Connection::new(far, Server::new(Arc::new(config))))
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

#[tokio::test]
async fn a_session_that_waits_holds_no_read_buffer() {
    let (mut peer, mut conn) = connection();
    settle(&mut conn).await;
    peer.write_all(b"EHLO c\r\n").await.unwrap();
    peer.write_all(&b"NOOP\r\n".repeat(50)).await.unwrap();
    settle(&mut conn).await;
    assert!(conn.input.is_empty());
    // A buffer that was used to its end has no capacity, but it would be used again.
    conn.input.reserve(1);
    assert!(conn.input.capacity() <= 64, "{}", conn.input.capacity());
    // Half a command is kept, in little more than it takes.
    peer.write_all(b"MAIL FRO").await.unwrap();
    settle(&mut conn).await;
    assert_eq!(&conn.input[..], b"MAIL FRO");
    assert!(conn.input.capacity() <= 64, "{}", conn.input.capacity());
}

#[tokio::test(start_paused = true)]
async fn a_timer_serves_for_many_deadlines_and_none_is_missed() {
    let (mut peer, mut conn) = connection();
    // Each command moves the deadline on; the timer stays where it was.
    settle(&mut conn).await;
    let set = conn.sleep.as_ref().unwrap().deadline();
    for _ in 0..2 {
        time::advance(Duration::from_secs(100)).await;
        peer.write_all(b"EHLO c\r\n").await.unwrap();
        settle(&mut conn).await;
    }
    assert_eq!(conn.sleep.as_ref().unwrap().deadline(), set);
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

#[tokio::test]
async fn what_is_not_taken_is_put_aside_in_order() {
    // As many octets as there are in all, less what the stream takes, are left over.
    for room in 1..30 {
        let (mut peer, far) = duplex(room);
        let config = Config::new(Host::parse("mx.example").unwrap().into_owned());
        let mut conn = Connection::new(far, Server::new(Arc::new(config)));
        if let (Step::Event(Event::Connect { ticket }), server) = conn.poll() {
            server.accept(ticket).unwrap();
        }
        let output = String::from_utf8(conn.machine.output().to_vec()).unwrap();
        conn.write_pieces(4, &[b"one ", b"", b"two "], b"").await;
        let wanted = output.replacen("220 ", "220 one two ", 1);
        assert_eq!(conn.is_writing(), room < 12, "{room}");
        // What is behind the pieces was left to the machine.
        let left = wanted.len() - room.max(12).min(wanted.len());
        assert_eq!(conn.machine.output().len(), left, "{room}");
        let mut said = vec![0; wanted.len()];
        tokio::select! {
            _ = settle_for_ever(&mut conn) => {}
            read = peer.read_exact(&mut said) => { read.unwrap(); }
        }
        assert_eq!(String::from_utf8(said).unwrap(), wanted);
    }
}

async fn settle_for_ever(conn: &mut Connection<DuplexStream, Server>) {
    loop {
        settle(conn).await;
        tokio::task::yield_now().await;
    }
}
