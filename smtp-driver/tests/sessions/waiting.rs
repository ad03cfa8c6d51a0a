//! A connection that waits: for octets, for room, for time.

use std::{io, time::Duration};

use smtp_driver::{
    LINGER_TIMEOUT,
    proto::{
        Instant, Phase, Step,
        client::Closed as ClientClosed,
        server::{Closed, EarlyTalker, Event},
    },
    testing::{Network, join},
};

use crate::support::{bob, client_config, connect, converse, receive, server, server_config, text};

#[test]
fn a_message_arrives_with_any_partial_writes() {
    let message = text(3000);
    for (read, write, room) in [
        (1, 1, 1),
        (1, 1000, 3),
        (1000, 1, 100),
        (7, 5, 64),
        (9999, 9999, 9999),
    ] {
        let network = Network::new();
        let (near, far) = network.pair();
        for end in [near.control(), far.control()] {
            end.limit_reads(read);
            end.limit_writes(write);
            end.set_capacity(room);
        }
        let sending = async {
            let mut client = connect(near, client_config()).await.unwrap();
            assert!(client.send(bob(), &message).await.unwrap().all_accepted());
            client.quit().await.unwrap();
        };
        let ((), received) = network.block_on(join(sending, receive(far, server_config())));
        assert_eq!(received.why, Closed::Quit);
        assert!(received.mails[0].body == message);
        assert!(minutes_are_zero(&network));
    }
}

fn minutes_are_zero(network: &Network) -> bool {
    network.now().since_origin() < Duration::from_secs(5)
}

#[test]
fn output_waits_for_room_and_arrives_in_order() {
    let network = Network::new();
    let (near, far) = network.pair();
    let (near, peer) = (near, far.control());
    let control = near.control();
    let mut connection = server(near, server_config());
    let mut session = Box::pin(converse(&mut connection, None));
    control.allow(3);
    peer.push("");
    assert!(network.settle(&mut session).is_pending());
    network.advance(Duration::from_secs(1));
    assert!(network.settle(&mut session).is_pending());
    assert_eq!(peer.pull_text(), "220");
    control.allow_all();
    assert!(network.settle(&mut session).is_pending());
    assert!(peer.pull_text().starts_with(" mx.example"));
    peer.push("EHLO c\r\nQUIT\r\n");
    assert!(network.settle(&mut session).is_pending());
    assert!(peer.pull_text().ends_with("221 2.0.0 bye\r\n"));
}

#[test]
fn a_client_that_does_not_read_times_out_at_the_deadline() {
    let network = Network::new();
    let (near, far) = network.pair();
    near.control().set_capacity(100);
    near.control().push(b"NOOP\r\n".repeat(10_000));
    far.control().push(b"NOOP\r\n".repeat(10_000));
    far.control().allow(1000);
    let mut config = server_config();
    config.limits.max_idle_commands = u32::MAX;
    config.early_talker = EarlyTalker::Tolerate;
    let received = network.block_on(async {
        near.control().push(b"NOOP\r\n".repeat(10_000));
        receive(far, config).await
    });
    assert_eq!(received.why, Closed::TimedOut(Phase::Write));
    let seconds = network.now().since_origin().as_secs();
    assert!((300..310).contains(&seconds), "{seconds}");
}

#[test]
fn a_silent_client_times_out_at_the_deadline() {
    let network = Network::new();
    let (near, far) = network.pair();
    let received = network.block_on(receive(far, server_config()));
    assert_eq!(received.why, Closed::TimedOut(Phase::Command));
    let said = near.control().pull_text();
    assert!(said.contains("\r\n421 "), "{said}");
    // The peer does not close, so the server lingers.
    let deadline = server_config().timeouts.command;
    assert_eq!(network.now().since_origin(), deadline + LINGER_TIMEOUT);
}

#[test]
fn a_broken_stream_ends_a_session_at_once() {
    for words in ["", "EHLO c\r\nMAIL FROM:<a@b>\r\n"] {
        let network = Network::new();
        let (near, far) = network.pair();
        near.control().push(words);
        far.control().fail_writes(io::ErrorKind::BrokenPipe);
        far.control().fail_reads(io::ErrorKind::ConnectionReset);
        let mut config = server_config();
        config.early_talker = EarlyTalker::Tolerate;
        let received = network.block_on(receive(far, config));
        assert_eq!((received.mails.len(), received.why), (0, Closed::ConnectionLost));
        assert_eq!(received.error.unwrap().kind(), io::ErrorKind::BrokenPipe);
        assert!(minutes_are_zero(&network));
    }
}

#[test]
fn a_stream_that_accepts_nothing_is_broken() {
    let network = Network::new();
    let (_near, far) = network.pair();
    far.control().limit_writes(0);
    let mut connection = server(far, server_config());
    let received = network.block_on(converse(&mut connection, None));
    assert!(connection.is_write_closed());
    assert_eq!(received.error.unwrap().kind(), io::ErrorKind::WriteZero);
}

#[test]
fn a_client_reads_the_reason_before_it_reports_that_the_stream_is_broken() {
    for (words, expected) in [
        (
            "421 4.3.2 not now\r\n",
            "server closed the session with 421: 421 4.3.2 not now",
        ),
        ("220 mx\r\n", "connection lost"),
    ] {
        let network = Network::new();
        let (near, far) = network.pair();
        far.control().push(words);
        near.control().fail_writes(io::ErrorKind::BrokenPipe);
        near.control().fail_reads(io::ErrorKind::ConnectionReset);
        let refused = network.block_on(connect(near, client_config())).unwrap_err();
        assert!(refused.to_string().starts_with(expected), "{refused}");
    }
}

#[test]
fn a_reset_ends_a_client() {
    let network = Network::new();
    let (near, far) = network.pair();
    let server = far.control();
    let mut connecting = Box::pin(connect(near, client_config()));
    assert!(network.settle(&mut connecting).is_pending());
    server.push("220 mx\r\n");
    server.reset();
    match network.block_on(connecting) {
        Err(smtp_driver::Error::Closed { why, source, .. }) => {
            assert_eq!(why, ClientClosed::ConnectionLost);
            assert_eq!(source.unwrap().kind(), io::ErrorKind::ConnectionReset);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn while_the_machine_does_not_want_to_read_nothing_is_read() {
    let network = Network::new();
    let (near, far) = network.pair();
    let unread = far.control();
    let mut connection = server(far, server_config());
    let mut tickets = Vec::new();
    near.control().push("");
    let question = network.block_on(async {
        loop {
            match connection.poll() {
                (Step::Wait(wait), _) => {
                    near.control()
                        .push(if wait.want_read { "EHLO c\r\n" } else { "" });
                    connection.wait(wait).await;
                }
                (Step::Event(Event::Connect { ticket }), server) => server.accept(ticket).unwrap(),
                (Step::Event(Event::Hello { ticket, .. }), _) => break ticket,
                (Step::Event(_), _) => {}
            }
        }
    });
    near.control().push("x".repeat(100_000));
    let Step::Wait(wait) = connection.poll().0 else {
        panic!("the question is open");
    };
    assert!(wait.application_pending);
    if !wait.want_read {
        let mut waiting = Box::pin(connection.wait(wait));
        assert!(network.settle(&mut waiting).is_pending());
        drop(waiting);
        assert!(unread.pull().len() >= 100_000);
    }
    tickets.push(question);
    connection.machine_mut().accept(tickets.remove(0)).unwrap();
}

#[test]
fn a_deadline_ends_a_wait() {
    let network = Network::new();
    let (_near, far) = network.pair();
    let mut connection = server(far, server_config());
    let wait = loop {
        match connection.poll() {
            (Step::Event(event), server) => {
                if let Some(ticket) = event.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
            (Step::Wait(wait), _) => break wait,
        }
    };
    network.block_on(connection.wait(wait));
    assert_eq!(Some(network.now()), wait.deadline.map(|deadline| deadline.at));
    assert!(network.now() > Instant::ORIGIN);
}
