//! Accepting connections and running sessions on the executors.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use futures_lite::future::or;
use smtp_async_std::{Listener, Peer, driver::serve_sessions};
use smtp_proto::server::Closed;
use socket2::SockRef;

use crate::{
    runtimes::Runtime,
    support::{converse, options, raised, server_config, start, start_on, start_with},
};

on_each_runtime! {
    a_session_that_panics_ends_alone_and_gives_its_place_back,
    a_panic_before_the_session_has_begun_is_contained_too,
    sessions_that_do_not_end_are_dropped,
    without_the_server_there_are_no_sessions,
    a_session_knows_its_connection,
    a_burst_of_connections_waits_in_the_queue,
}

fn a_session_that_panics_ends_alone_and_gives_its_place_back<R: Runtime>() {
    let server = start::<R>(server_config(), options(2, 2));
    let mut other = server.greeted();
    for _ in 0..5 {
        let mut peer = server.greeted_at_last();
        peer.say("EHLO panic.example\r\n");
        assert_eq!(peer.rest(), "");
    }
    assert!(other.ask("EHLO c\r\n").starts_with("250 "));
    drop(server.greeted_at_last());
    drop(other);
    assert_eq!(
        [server.closed(), server.closed()],
        [Closed::ConnectionClosed, Closed::ConnectionClosed]
    );
    server.delivers::<R>();
    server.stop();
    server.serving.join().unwrap();
}

fn a_panic_before_the_session_has_begun_is_contained_too<R: Runtime>() {
    let count = AtomicUsize::new(0);
    let server = start_with::<R, _>(server_config(), options(1, 1), move |session, news| {
        assert!(count.fetch_add(1, Ordering::Relaxed) > 4, "as asked");
        converse(session, news)
    });
    for _ in 0..5 {
        assert_eq!(server.connect().rest(), "");
    }
    server.delivers::<R>();
}

/// It takes the seconds that a driver allows for the end.
fn sessions_that_do_not_end_are_dropped<R: Runtime>() {
    let mut options = options(10, 10);
    options.shutdown_grace = Duration::ZERO;
    let server = start::<R>(server_config(), options);
    let mut stuck = server.greeted();
    stuck.say("EHLO stuck.example\r\n");
    let mut other = server.greeted();
    other.ask("EHLO c\r\n");
    server.stop();
    assert!(other.rest().starts_with("421 "));
    server.serving.join().unwrap();
    assert_eq!(stuck.rest(), "");
}

fn without_the_server_there_are_no_sessions<R: Runtime>() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local().unwrap().to_string();
    let flag = Arc::default();
    let dropped = raised(Arc::clone(&flag));
    let (tell, _news) = mpsc::channel();
    let serving = thread::spawn(move || {
        let never = std::future::pending();
        let session = move |session| converse(session, tell.clone());
        let config = server_config().into();
        let server = serve_sessions::<R, _>(
            listener.try_into().unwrap(),
            config,
            options(10, 10),
            never,
            session,
        );
        R::block_on(or(server, dropped));
    });
    let mut stream = TcpStream::connect(address).unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).unwrap();
    stream.write_all(b"EHLO stuck.example\r\n").unwrap();
    flag.store(true, Ordering::Relaxed);
    serving.join().unwrap();
    // Until the end comes.
    let _ = stream.read_to_end(&mut Vec::new());
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

/// The listener accepts nothing yet, and the standard library's would refuse the 130th.
fn a_burst_of_connections_waits_in_the_queue<R: Runtime>() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local().unwrap().to_string();
    let peers: Vec<_> = (0..200).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let server = start_on::<R>(listener, server_config());
    for mut peer in peers {
        let mut greeting = [0; 4];
        peer.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"220 ");
    }
    server.delivers::<R>();
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
