//! Waits of a connection.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use smtp_proto::{
    Step,
    server::{Closed, Event, Server, ticket::Ticket},
};
use smtp_tokio::{Connection, Io, Reader};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex},
    net::{TcpListener, TcpStream},
    task, time,
};

use crate::support::{Mail, answer, bob, client_config, on, receive, server_config, text};

#[tokio::test]
async fn a_wait_may_be_dropped_at_any_time() {
    let message = text(3000);
    for room in [1, 3, 100] {
        let (near, far) = duplex(room);
        let sending = async {
            let mut client = on(near, client_config()).await.unwrap();
            assert!(client.send(bob(), &message).await.unwrap().all_accepted());
            client.quit().await.unwrap();
        };
        let receiving = async {
            let mut conn = Connection::new(Io::new(far), Server::new(Arc::new(server_config())));
            let (mut open, mut taken) = (Mail::default(), Vec::new());
            loop {
                let (step, server) = conn.poll();
                match step {
                    Step::Wait(wait) => tokio::select! {
                        biased;
                        () = conn.wait(wait) => {}
                        // The wait is dropped after it was polled once.
                        () = task::yield_now() => {}
                    },
                    Step::Event(Event::Closed(why)) => break (taken, why),
                    Step::Event(event) => answer(event, server, &mut open, &mut taken),
                }
            }
        };
        let ((), (mails, why)) = tokio::join!(sending, receiving);
        assert_eq!(why, Closed::Quit);
        assert!(mails[0].body == message);
    }
}

#[tokio::test]
async fn answers_may_come_from_another_task() {
    let (near, far) = duplex(100);
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        assert!(client.send(bob(), b"Hello\r\n").await.unwrap().all_accepted());
        client.quit().await.unwrap();
    };
    let receiving = async {
        let mut conn = Connection::new(Io::new(far), Server::new(Arc::new(server_config())));
        let mut answering: task::JoinSet<Ticket> = task::JoinSet::new();
        loop {
            let (step, _) = conn.poll();
            match step {
                Step::Wait(wait) => tokio::select! {
                    () = conn.wait(wait) => {}
                    Some(ticket) = answering.join_next() => conn.machine_mut().accept(ticket.unwrap()).unwrap(),
                },
                Step::Event(Event::Closed(why)) => break why,
                Step::Event(event) => {
                    if let Some(ticket) = event.into_ticket() {
                        answering.spawn(async move {
                            task::yield_now().await;
                            ticket
                        });
                    }
                }
            }
        }
    };
    let ((), why) = tokio::join!(sending, receiving);
    assert_eq!(why, Closed::Quit);
}

#[tokio::test]
async fn a_client_that_says_all_and_closes_its_side_hears_all() {
    let (mut near, far) = duplex(20);
    let talking = async {
        let (mut read, mut write) = tokio::io::split(&mut near);
        let said = b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nHello\r\n.\r\n";
        let mut greeting = [0; 4];
        read.read_exact(&mut greeting).await.unwrap();
        let writing = async {
            write.write_all(said).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let mut heard = String::new();
        let ((), read) = tokio::join!(writing, read.read_to_string(&mut heard));
        read.unwrap();
        heard
    };
    let (heard, (mails, why)) = tokio::join!(talking, receive(far, server_config()));
    assert_eq!((mails.len(), why), (1, Closed::ConnectionClosed));
    assert!(heard.contains("354 "), "{heard}");
    assert!(
        heard.trim_end().lines().last().unwrap().starts_with("250 2."),
        "{heard}"
    );
}

#[tokio::test]
async fn the_farewell_arrives_although_input_is_left_unread() {
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            receive(stream, server_config()).await.1
        });
        let mut greeting = [0; 4];
        stream.read_exact(&mut greeting).await.unwrap();
        // The size of this chunk is invalid, so the session ends while much input is unread.
        let mut said = b"EHLO c\r\nBDAT x\r\n".to_vec();
        said.extend(b"x".repeat(200_000));
        stream.write_all(&said).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        drop(stream);
        assert!(heard.lines().last().unwrap().starts_with("421 "), "{heard}");
        assert_eq!(serving.await.unwrap(), Closed::ChunkSizeUnknown);
    }
}

/// A stream whose writes fail, and whose reads fail after some octets.
#[derive(Debug)]
struct Broken {
    words: &'static [u8],
    read: io::ErrorKind,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.words.is_empty() {
            return Poll::Ready(Err(self.read.into()));
        }
        buffer.put_slice(std::mem::take(&mut self.words));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_ends_a_session_at_once() {
    let begin = time::Instant::now();
    let words: [&[u8]; 2] = [b"", b"EHLO c\r\nMAIL FROM:<a@b>\r\n"];
    for words in words {
        let read = io::ErrorKind::ConnectionReset;
        let mut config = server_config();
        config.early_talker = smtp_proto::server::EarlyTalker::Tolerate;
        let (mails, why) = receive(Broken { words, read }, config).await;
        assert_eq!((mails.len(), why), (0, Closed::ConnectionLost));
    }
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_client_hears_why_before_it_hears_that_the_stream_is_broken() {
    let words = b"421 4.3.2 not now\r\n";
    let read = io::ErrorKind::ConnectionReset;
    let refused = on(Broken { words, read }, client_config()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "server closed the session with 421: 421 4.3.2 not now"
    );
    let words = b"220 mx\r\n";
    let refused = on(Broken { words, read }, client_config()).await.unwrap_err();
    assert!(refused.to_string().starts_with("connection lost"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up_at_the_deadline() {
    // The client sends NOOP forever and reads nothing.
    let (mut near, far) = duplex(100);
    let mut config = server_config();
    config.limits.max_idle_commands = u32::MAX;
    let talking = tokio::spawn(async move { while near.write_all(b"NOOP\r\n").await.is_ok() {} });
    config.early_talker = smtp_proto::server::EarlyTalker::Tolerate;
    let begin = time::Instant::now();
    let (_, why) = receive(far, config).await;
    assert_eq!(why, Closed::TimedOut(smtp_proto::Phase::Write));
    let span = begin.elapsed().as_secs();
    assert!((300..310).contains(&span), "{span}");
    talking.await.unwrap();
}

#[test]
fn what_is_awaited_may_move_between_threads() {
    fn is_send(_: &impl Send) {}
    let (near, far) = duplex(1);
    is_send(&receive(near, server_config()));
    is_send(&async move {
        let mut client = on(far, client_config()).await.unwrap();
        client.send(bob(), b"").await.unwrap();
        client.send_from(bob(), Reader(tokio::io::empty())).await.unwrap();
        client.noop().await.unwrap();
        client.quit().await.unwrap();
    });
}

/// An application awaits these futures within its own, so they must not be large.
#[tokio::test]
async fn the_future_of_a_send_is_small() {
    let (near, far) = duplex(1000);
    let sending = async {
        let mut client = on(near, client_config()).await.unwrap();
        let send = size_of_val(&client.send(bob(), b"Hello\r\n"));
        assert!(send <= 1536, "{send} octets");
        let send_from = size_of_val(&client.send_from(bob(), Reader(tokio::io::empty())));
        assert!(send_from <= 1536, "{send_from} octets");
        client.quit().await.unwrap();
    };
    tokio::join!(sending, receive(far, server_config()));
}
