//! Accepting connections and running sessions on the executors.

use std::net::{Ipv4Addr, TcpStream};

use futures_lite::future::{block_on, poll_once};
use smtp_async_std::{Acceptor, Listener, Peer};
use socket2::SockRef;

use crate::{
    runtimes::Runtime,
    support::{converse, options, server_config, start_with},
};

on_each_runtime! {
    a_session_knows_its_connection,
}

fn a_session_knows_its_connection<R: Runtime>() {
    let server = start_with::<R, _>(server_config(), options(10, 10), |session, news| async move {
        let socket = SockRef::from(session.transport().get_ref());
        assert!(socket.tcp_nodelay().unwrap());
        assert_eq!(session.peer().ip(), Some(Ipv4Addr::LOCALHOST.into()));
        let local = socket.local_addr().unwrap().as_socket().unwrap();
        assert_eq!(session.local(), Peer::Ip(local));
        converse(session, news).await;
    });
    server.delivers::<R>();
}

#[test]
fn accepting_is_cancel_safe() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local().unwrap();
    let Peer::Ip(to) = address else {
        panic!("it is a TCP socket");
    };
    let acceptor = Acceptor::try_from(listener).unwrap();
    block_on(async {
        // It yields first, and waits for a connection at the second poll.
        for polls in [1, 2] {
            let mut given_up = Box::pin(acceptor.accept());
            for _ in 0..polls {
                assert!(poll_once(&mut given_up).await.is_none());
            }
            drop(given_up);
            let client = TcpStream::connect(to).unwrap();
            let (mut io, peer, local) = acceptor.accept().await.unwrap();
            assert_eq!((peer, local), (client.local_addr().unwrap().into(), address));
            assert!(SockRef::from(&*io.get_mut()).tcp_nodelay().unwrap());
            let stream = io.into_inner();
            assert!(SockRef::from(&stream).tcp_nodelay().unwrap());
        }
    });
}

/// Runs this test again in its own process, which receives the number of the socket in its environment.
#[cfg(all(unix, feature = "smol", feature = "systemd"))]
#[test]
fn a_socket_of_the_service_manager_is_inherited() {
    use std::{
        env,
        net::TcpListener,
        os::fd::OwnedFd,
        process::{Command, Stdio},
    };

    use smtp_async_std::{Client, Runtime};
    use smtp_proto::server::Closed;

    use crate::support::{client_config, start_on};

    const TEST: &str = "serving::a_socket_of_the_service_manager_is_inherited";
    if env::var_os("LISTEN_FDS").is_some() {
        let mut listeners = Listener::from_env().unwrap();
        assert_eq!(listeners.len(), 1);
        let server = start_on::<Runtime>(listeners.remove(0), server_config());
        assert_eq!(server.closed(), Closed::Quit);
        assert!(Listener::from_env().unwrap().is_empty());
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // A test can pass a descriptor as standard input only; a service manager begins at 3.
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env("LISTEN_FDS", "1")
        .env("LISTEN_FDS_FIRST_FD", "0")
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    block_on(async {
        let client = Client::builder(client_config()).connect(address).await.unwrap();
        client.quit().await.unwrap();
    });
    assert!(child.wait().unwrap().success());
}

#[cfg(feature = "smol")]
#[test]
fn a_server_may_move_between_threads() {
    use smtp_async_std::{ServeOptions, Session, smol};

    fn is_send(_: &impl Send) {}
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let session = |session: Session| async { session.close().await };
    let never = std::future::pending();
    let options = ServeOptions::default();
    is_send(&smol::serve_sessions(
        listener,
        server_config(),
        options,
        never,
        session,
    ));
}
