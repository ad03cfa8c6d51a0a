//! Accepting connections and running sessions on the executors.

use std::net::Ipv4Addr;

use smtp_async_std::{Listener, Peer};
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
