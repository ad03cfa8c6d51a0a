//! Accepting connections, within limits and until told to stop.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use futures_lite::future::or;
use smtp_async_std::{Listener, serve};
use smtp_proto::server::{Closed, Reset};

use crate::{
    runtimes::Runtime,
    support::{News, converse, options, raised, server_config, start, start_with},
};

on_each_runtime! {
    one_connection_too_many_hears_421,
    where_tls_comes_first_it_hears_nothing,
    one_peer_cannot_take_the_places_of_the_others,
    a_session_that_panics_ends_alone_and_gives_its_place_back,
    a_panic_before_the_session_has_begun_is_contained_too,
    at_shutdown_the_idle_are_told_and_transactions_are_finished,
    after_the_grace_period_transactions_are_ended_with_421,
    sessions_that_do_not_end_are_dropped,
    without_the_server_there_are_no_sessions,
    a_flood_of_connections_leaves_a_server_that_serves,
    a_session_knows_its_connection,
}

fn one_connection_too_many_hears_421<R: Runtime>() {
    let server = start::<R>(server_config(), options(2, 2));
    let (first, second) = (server.greeted(), server.greeted());
    for _ in 0..20 {
        let refused = server.connect().rest();
        assert_eq!(refused, "421 too busy, try again later\r\n");
    }
    drop(first);
    let third = server.greeted_at_last();
    drop((second, third));
}

fn where_tls_comes_first_it_hears_nothing<R: Runtime>() {
    let mut options = options(1, 1);
    options.implicit_tls = true;
    let server = start::<R>(server_config(), options);
    let first = server.greeted();
    assert_eq!(server.connect().rest(), "");
    drop(first);
}

fn one_peer_cannot_take_the_places_of_the_others<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 1));
    let first = server.greeted();
    for _ in 0..5 {
        assert!(server.connect().rest().starts_with("421 "));
    }
    drop(first);
    drop(server.greeted_at_last());
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

fn at_shutdown_the_idle_are_told_and_transactions_are_finished<R: Runtime>() {
    let server = start::<R>(server_config(), options(10, 10));
    let fresh = server.greeted();
    let mut idle = server.greeted();
    idle.ask("EHLO c\r\n");
    let mut busy = server.greeted();
    busy.ask("EHLO c\r\n");
    busy.ask("MAIL FROM:<a@b>\r\n");
    busy.ask("RCPT TO:<c@d>\r\n");
    server.stop();
    for peer in [fresh, idle] {
        let said = peer.rest();
        assert!(
            said.starts_with("421 4.3.2") && said.lines().count() == 1,
            "{said}"
        );
    }
    // The listener goes once all were told.
    let begin = std::time::Instant::now();
    while TcpStream::connect(server.address).is_ok() {
        assert!(begin.elapsed().as_secs() < 60, "it does not stop");
    }
    assert!(busy.ask("RCPT TO:<e@d>\r\n").starts_with("250 "));
    assert!(busy.ask("DATA\r\n").starts_with("354 "));
    assert!(busy.ask("Hello\r\n.\r\n").starts_with("250 "));
    assert!(busy.rest().starts_with("421 "));
    server.serving.join().unwrap();
    let mails = server
        .news
        .iter()
        .filter(|news| matches!(news, News::Mail(mail) if mail.to.len() == 2));
    assert_eq!(mails.count(), 1);
}

fn after_the_grace_period_transactions_are_ended_with_421<R: Runtime>() {
    let mut options = options(10, 10);
    options.grace = Duration::ZERO;
    let server = start::<R>(server_config(), options);
    let mut busy = server.greeted();
    busy.ask("EHLO c\r\n");
    busy.ask("MAIL FROM:<a@b>\r\n");
    server.stop();
    assert!(busy.rest().starts_with("421 "));
    server.serving.join().unwrap();
    assert_eq!(server.news.recv(), Ok(News::Reset(Reset::Closed)));
    assert_eq!(server.news.recv(), Ok(News::Closed(Closed::Shutdown)));
}

/// It takes the seconds that farewells may take.
fn sessions_that_do_not_end_are_dropped<R: Runtime>() {
    let mut options = options(10, 10);
    options.grace = Duration::ZERO;
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
    let listener = R::listen();
    let address = listener.local_addr().unwrap();
    let flag = Arc::default();
    let dropped = raised(Arc::clone(&flag));
    let (tell, _news) = std::sync::mpsc::channel();
    let serving = thread::spawn(move || {
        let never = std::future::pending();
        let session = move |session| converse(session, tell.clone());
        let server = async {
            serve(listener, server_config().into(), options(10, 10), never, session)
                .await
                .unwrap();
        };
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

fn a_flood_of_connections_leaves_a_server_that_serves<R: Runtime>() {
    let server = start::<R>(server_config(), options(20, 20));
    let mut peers = Vec::new();
    for number in 0..200 {
        let mut peer = server.connect();
        match number % 3 {
            0 => drop(peer),
            1 => {
                let _ = peer.0.get_mut().write_all(b"\x16\x03\x01GET / HTTP/1.1\r\n\r\n");
                peers.push(peer);
            }
            _ => peers.push(peer),
        }
    }
    drop(peers);
    // ConnectionLimiter are given back as the server notices that their peers are gone.
    let mut peer = server.greeted_at_last();
    assert!(peer.ask("QUIT\r\n").starts_with("221 "));
    drop(server.greeted_at_last());
    while !server.greeted_at_last().ask("EHLO c\r\n").starts_with("250 ") {}
}

fn a_session_knows_its_connection<R: Runtime>() {
    let server = start_with::<R, _>(server_config(), options(10, 10), |session, news| async move {
        assert!(R::nodelay(session.stream().inner().unwrap()));
        assert_ne!(session.peer(), session.local());
        assert!(session.peer().ip().is_loopback() && session.local().ip().is_loopback());
        converse(session, news).await;
    });
    server.delivers::<R>();
}
