//! The connection by itself.

use std::{
    io::{self, IoSlice, Read, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use smtp_blocking::{Client, Connection, Socket};
use smtp_proto::{
    Phase, Step,
    server::{Closed, EarlyTalker, Event, Server, ticket::Ticket},
};

use crate::support::{PATIENCE, SHORT, bob, client_config, drip, narrow, receive, server_config, text};

#[test]
fn answers_may_come_from_another_thread() {
    let (near, far) = narrow();
    let receiving = thread::spawn(move || {
        let mut conn = Connection::new(far, Server::new(Arc::new(server_config())));
        let waker = conn.waker().unwrap();
        let (ask, asked) = mpsc::channel::<Ticket>();
        let (tell, told) = mpsc::channel();
        let answering = thread::spawn(move || {
            for ticket in asked {
                thread::sleep(Duration::from_millis(1));
                tell.send(ticket).unwrap();
                waker.wake();
            }
        });
        let why = loop {
            for ticket in told.try_iter() {
                conn.machine_mut().accept(ticket).unwrap();
            }
            match conn.poll().0 {
                Step::Wait(wait) => conn.wait(wait),
                Step::Event(Event::Closed(why)) => break why,
                Step::Event(event) => {
                    if let Some(ticket) = event.into_ticket() {
                        ask.send(ticket).unwrap();
                    }
                }
            }
        };
        drop(ask);
        answering.join().unwrap();
        why
    });
    let mut client = Client::on(near, client_config()).unwrap();
    assert!(client.send(bob(), b"Hello\r\n").unwrap().all_accepted());
    client.quit().unwrap();
    assert_eq!(receiving.join().unwrap(), Closed::Quit);
}

#[test]
fn a_client_that_says_all_and_closes_its_side_hears_all() {
    let (mut near, far) = narrow();
    let receiving = thread::spawn(move || receive(far, server_config()));
    let said = b"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nHello\r\n.\r\n";
    near.read_exact(&mut [0; 4]).unwrap();
    near.write_all(said).unwrap();
    near.shutdown(std::net::Shutdown::Write).unwrap();
    let mut heard = String::new();
    near.read_to_string(&mut heard).unwrap();
    let (mails, why) = receiving.join().unwrap();
    assert_eq!((mails.len(), why), (1, Closed::ConnectionClosed));
    assert!(heard.contains("354 "), "{heard}");
    assert!(
        heard.trim_end().lines().last().unwrap().starts_with("250 2."),
        "{heard}"
    );
}

#[test]
fn the_farewell_arrives_although_input_is_left_unread() {
    for _ in 0..10 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let serving = thread::spawn(move || receive(listener.accept().unwrap().0, server_config()).1);
        stream.read_exact(&mut [0; 4]).unwrap();
        // The length of this chunk is not understood, so the session ends with much left to be read.
        let mut said = b"EHLO c\r\nBDAT x\r\n".to_vec();
        said.extend(b"x".repeat(200_000));
        stream.write_all(&said).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        drop(stream);
        assert!(heard.lines().last().unwrap().starts_with("421 "), "{heard}");
        assert_eq!(serving.join().unwrap(), Closed::ChunkSizeUnknown);
    }
}

#[test]
fn a_client_that_stalls_or_drips_is_given_up_at_the_deadline() {
    for drips in [false, true] {
        let (mut near, far) = narrow();
        let mut config = server_config();
        config.timeouts.command = SHORT;
        let talking = thread::spawn(move || {
            near.read_exact(&mut [0; 4]).unwrap();
            if drips {
                drip(near, b'x');
                return String::new();
            }
            near.write_all(b"EHLO c\r\nNO").unwrap();
            let mut heard = String::new();
            near.read_to_string(&mut heard).unwrap();
            heard
        });
        let (_, why) = receive(far, config);
        assert_eq!(why, Closed::TimedOut(Phase::Command));
        let heard = talking.join().unwrap();
        assert!(
            drips || heard.lines().last().unwrap().starts_with("421 "),
            "{heard}"
        );
    }
}

#[test]
fn a_client_that_does_not_read_is_given_up_at_the_deadline() {
    // The client says NOOP for ever and reads nothing.
    let (mut near, far) = narrow();
    let mut config = server_config();
    config.limits.max_idle_commands = u32::MAX;
    config.early_talker = EarlyTalker::Tolerate;
    config.timeouts.write = SHORT;
    let talking = thread::spawn(move || while near.write_all(b"NOOP\r\n").is_ok() {});
    let (_, why) = receive(far, config);
    assert_eq!(why, Closed::TimedOut(Phase::Write));
    talking.join().unwrap();
}

#[test]
fn a_client_that_reads_late_loses_nothing() {
    // More replies than the stream holds, and the commands behind them, wait for the client to read.
    let (mut near, far) = narrow();
    let mut config = server_config();
    config.limits.max_idle_commands = u32::MAX;
    config.early_talker = EarlyTalker::Tolerate;
    let receiving = thread::spawn(move || receive(far, config).1);
    let mut talking = near.try_clone().unwrap();
    let talking = thread::spawn(move || {
        talking.write_all(b"EHLO c\r\n").unwrap();
        for _ in 0..20_000 {
            talking.write_all(b"NOOP\r\n").unwrap();
        }
        talking.write_all(b"QUIT\r\n").unwrap();
    });
    thread::sleep(SHORT);
    let mut heard = String::new();
    near.read_to_string(&mut heard).unwrap();
    assert_eq!(receiving.join().unwrap(), Closed::Quit);
    talking.join().unwrap();
    assert!(heard.lines().count() > 20_000 && heard.contains("\r\n221 "));
}

/// A stream of one's own, which does little at a time and often not at once.
struct Own {
    stream: UnixStream,
    calls: usize,
}

impl Own {
    fn may(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.calls % 4 {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            1 => Err(io::ErrorKind::Interrupted.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Own {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.may()?;
        let most = buffer.len().min(5);
        self.stream.read(&mut buffer[..most])
    }
}

impl Write for Own {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.may()?;
        self.stream.write(&octets[..octets.len().min(7)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write(&slices[0])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.may()
    }
}

impl AsFd for Own {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

impl Socket for Own {
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn shut_down(&mut self) -> io::Result<()> {
        self.may()?;
        self.stream.shut_down()
    }
}

#[test]
fn a_stream_of_ones_own_may_do_little_at_a_time() {
    let message = text(3000);
    let (near, far) = narrow();
    let own = |stream| Own { stream, calls: 0 };
    let boxed: Box<dyn Socket + Send> = Box::new(own(far));
    let receiving = thread::spawn(move || receive(boxed, server_config()));
    let mut client = Client::on(own(near), client_config()).unwrap();
    assert!(client.send(bob(), &message).unwrap().all_accepted());
    client.quit().unwrap();
    let (mails, why) = receiving.join().unwrap();
    assert_eq!(why, Closed::Quit);
    assert!(mails[0].body == message);
}

#[test]
fn a_stream_that_breaks_ends_a_session_at_once() {
    let (mut near, far) = narrow();
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    let receiving = thread::spawn(move || receive(far, server_config()));
    near.read_exact(&mut [0; 4]).unwrap();
    near.write_all(b"EHLO c\r\nMAIL FROM:<a@b>\r\n").unwrap();
    drop(near);
    let (mails, why) = receiving.join().unwrap();
    assert!(mails.is_empty());
    assert!(
        matches!(why, Closed::ConnectionLost | Closed::ConnectionClosed),
        "{why}"
    );
}
