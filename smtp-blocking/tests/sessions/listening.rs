//! Listening on TCP and Unix sockets, and connecting to them.

use std::{
    future::poll_fn,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::net::UnixListener,
    task::Poll,
    thread,
};

use smtp_blocking::{
    Acceptor, Address, Client, Listener, Peer, ServeOptions, ShutdownHandle, block_on, serve_sessions,
};
use smtp_proto::{Step, server::Event, types::Protocol};

use crate::support::{Mailbox, bob, client_config, server_config};

/// A path for a socket, removed at the end.
struct Path(std::path::PathBuf);

impl Path {
    fn new(name: &str) -> Self {
        let name = format!("smtp-blocking-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn address(&self) -> Address {
        Address::unix(self.0.to_str().unwrap())
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Sends a message over LMTP to a server on this listener.
fn deliver(listener: impl Into<Listener>, address: impl Into<Address>) {
    let listener = listener.into();
    let stop = ShutdownHandle::new();
    let stopping = stop.clone();
    let local = listener.local().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut config = server_config();
            config.protocol = Protocol::Lmtp;
            serve_sessions(
                listener,
                config,
                ServeOptions::default(),
                stopping,
                move |mut session| {
                    assert_eq!(session.local(), local);
                    assert_eq!(session.peer().ip().is_some(), local.ip().is_some());
                    let mut mailbox = Mailbox::default();
                    loop {
                        let (step, server) = session.poll();
                        match step {
                            Step::Wait(wait) => session.wait(wait),
                            Step::Event(Event::Closed(_)) => break session.close(),
                            Step::Event(event) => mailbox.see(event, server),
                        }
                    }
                },
            )
            .unwrap();
        });
        let mut config = client_config();
        config.protocol = Protocol::Lmtp;
        let mut client = Client::builder(config).connect(address).unwrap();
        assert!(client.send(bob(), "Hello\r\n").unwrap().all_accepted());
        client.quit().unwrap();
        stop.shut_down();
    });
}

#[test]
fn a_message_is_delivered_over_tcp() {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        panic!("it is a TCP socket");
    };
    deliver(listener, address);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    deliver(listener, ("127.0.0.1", address.port()));
}

#[test]
fn a_message_is_delivered_over_a_unix_socket() {
    let path = Path::new("bound");
    deliver(Listener::bind_unix(&path.0).unwrap(), path.address());
    let path = Path::new("passed");
    let listener = UnixListener::bind(&path.0).unwrap();
    deliver(listener, path.address());
}

#[test]
fn accepting_is_cancel_safe() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local().unwrap();
    let Peer::Ip(to) = address else {
        panic!("it is a TCP socket");
    };
    let acceptor = Acceptor::from(listener);
    block_on(async {
        let mut given_up = Box::pin(acceptor.accept());
        assert!(poll_fn(|cx| Poll::Ready(given_up.as_mut().poll(cx).is_pending())).await);
        drop(given_up);
        let client = TcpStream::connect(to).unwrap();
        let (_, peer, local) = acceptor.accept().await.unwrap();
        assert_eq!((peer, local), (client.local_addr().unwrap().into(), address));
    });
}

/// Runs this test again in its own process, which receives the numbers of the sockets in its environment.
#[cfg(feature = "systemd")]
#[test]
fn a_server_inherits_sockets_from_systemd() {
    use std::process::{Command, Stdio};

    const CHILD: &str = "SMTP_BLOCKING_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let listeners = Listener::from_env().unwrap();
        let [tcp, unix] = &listeners[..] else {
            panic!("{listeners:?}");
        };
        assert!(matches!(tcp.local().unwrap(), Peer::Ip(_)));
        assert_eq!(unix.local().unwrap(), Peer::Unix);
        assert!(Listener::from_env().unwrap().is_empty());
        return;
    }
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let path = Path::new("systemd");
    let unix = UnixListener::bind(&path.0).unwrap();
    // The shell puts the sockets, which it has as standard input and error, where systemd would.
    let script = "LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" listening::a_server_inherits_sockets_from_systemd 3<&0 4<&2 2>&1";
    let child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(tcp)))
        .stderr(Stdio::from(std::os::fd::OwnedFd::from(unix)))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}
