//! Servers on each kind of listener.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic here is the report of a failed test"
)]

use std::{
    future::poll_fn,
    io::{BufRead, BufReader, Read, Write},
    net::{self, Ipv4Addr},
    os::{
        fd::AsFd,
        unix::net::{UnixListener, UnixStream},
    },
    task::Poll,
};

use smtp_proto::{
    Step,
    server::{Config, Event},
    types::Host,
};
use smtp_tokio::{Acceptor, Listener, Peer, ServeOptions, Session, Stream, serve_sessions};
use tokio::{sync::mpsc, task};

fn config() -> Config {
    Config::new(Host::parse("mx.example").unwrap().into_owned())
}

/// Serves until one session has ended, and returns the addresses that it knew.
async fn serve_one(listener: Listener) -> (Peer, Peer) {
    let (ended, mut news) = mpsc::unbounded_channel();
    let (report, mut known) = mpsc::unbounded_channel();
    let stop = async { news.recv().await.unwrap() };
    serve_sessions(
        listener,
        config(),
        ServeOptions::default(),
        stop,
        move |mut session: Session| {
            let (ended, report) = (ended.clone(), report.clone());
            async move {
                report.send((session.peer(), session.local())).unwrap();
                loop {
                    let (step, server) = session.poll();
                    match step {
                        Step::Wait(wait) => session.wait(wait).await,
                        Step::Event(Event::Closed(_)) => break,
                        Step::Event(other) => server.proceed(other).unwrap(),
                    }
                }
                session.close().await;
                ended.send(()).unwrap();
            }
        },
    )
    .await
    .unwrap();
    known.recv().await.unwrap()
}

/// Reads a greeting and quits.
fn quit(stream: impl Read + Write) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert!(line.starts_with("220 mx.example"), "{line}");
    stream.get_mut().write_all(b"QUIT\r\n").unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("221 "), "{rest}");
}

fn tcp_address(listener: &Listener) -> net::SocketAddr {
    match listener.local().unwrap() {
        Peer::Ip(address) => address,
        Peer::Unix => panic!("a TCP socket has an address"),
    }
}

#[tokio::test]
async fn tcp() {
    let by_name = Listener::bind("127.0.0.1:0").unwrap();
    let by_address = Listener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let of_std = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let of_tokio = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for listener in [
        by_name,
        by_address,
        of_std.into(),
        of_tokio.into_std().unwrap().into(),
    ] {
        let address = tcp_address(&listener);
        let client = task::spawn_blocking(move || {
            let stream = net::TcpStream::connect(address).unwrap();
            let own = stream.local_addr().unwrap();
            quit(stream);
            own
        });
        let known = serve_one(listener).await;
        let own = client.await.unwrap();
        assert_eq!(known, (Peer::Ip(own), Peer::Ip(address)));
    }
}

#[tokio::test]
async fn unix_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
    let [a, b, c] = &paths;
    let own = Listener::bind_unix(a).unwrap();
    let of_std = UnixListener::bind(b).unwrap();
    let of_tokio = tokio::net::UnixListener::bind(c).unwrap();
    for (listener, path) in [own, of_std.into(), of_tokio.into_std().unwrap().into()]
        .into_iter()
        .zip(paths)
    {
        assert_eq!(listener.local().unwrap(), Peer::Unix);
        let client = task::spawn_blocking(move || quit(UnixStream::connect(path).unwrap()));
        assert_eq!(serve_one(listener).await, (Peer::Unix, Peer::Unix));
        client.await.unwrap();
    }
}

#[tokio::test]
async fn accepting_is_cancel_safe() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = tcp_address(&listener);
    let acceptor = Acceptor::try_from(listener).unwrap();
    let mut given_up = Box::pin(acceptor.accept());
    assert!(poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx).is_pending())).await);
    drop(given_up);
    let client = net::TcpStream::connect(address).unwrap();
    let (mut io, peer, local) = acceptor.accept().await.unwrap();
    assert_eq!(
        (peer, local),
        (client.local_addr().unwrap().into(), address.into())
    );

    // The stream can be reached in each way.
    let descriptor = io.get_mut().as_fd().try_clone_to_owned().unwrap();
    assert!(net::TcpStream::from(descriptor).nodelay().unwrap());
    let Stream::Tcp(stream) = io.into_inner() else {
        panic!("it is a TCP socket");
    };
    assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
}

#[cfg(feature = "systemd")]
mod systemd {
    use std::{
        env,
        fs::File,
        os::fd::OwnedFd,
        process::{Command, Stdio},
    };

    use super::*;

    /// The name of the test whose process is the server, too.
    const TEST: &str = "systemd::listeners_are_inherited_from_the_service_manager";

    fn child(socket: impl Into<OwnedFd>) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", TEST]);
        // A test can pass a descriptor as standard input only; a service manager begins at 3.
        command.env("LISTEN_FDS", "1").env("LISTEN_FDS_FIRST_FD", "0");
        command.stdin(Stdio::from(socket.into())).stdout(Stdio::null());
        command
    }

    #[test]
    fn listeners_are_inherited_from_the_service_manager() {
        if env::var_os("LISTEN_FDS").is_some() {
            return be_the_server();
        }
        let tcp = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let mut server = child(tcp).spawn().unwrap();
        quit(net::TcpStream::connect(address).unwrap());
        assert!(server.wait().unwrap().success());

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("smtp.sock");
        let mut server = child(UnixListener::bind(&path).unwrap()).spawn().unwrap();
        quit(UnixStream::connect(&path).unwrap());
        assert!(server.wait().unwrap().success());
    }

    #[test]
    fn a_descriptor_that_is_no_listener_is_an_error() {
        let mut command = child(File::open("/dev/null").unwrap());
        let output = command.stderr(Stdio::piped()).output().unwrap();
        assert!(!output.status.success());
    }

    #[tokio::main(flavor = "current_thread")]
    async fn be_the_server() {
        let mut listeners = Listener::from_env().unwrap();
        assert_eq!(listeners.len(), 1);
        serve_one(listeners.remove(0)).await;
        assert!(Listener::from_env().unwrap().is_empty());
    }
}
