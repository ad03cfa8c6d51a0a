//! Futures that are dropped.

use std::{future::Future, pin::pin, task::Poll};

use smtp_driver::{
    Connection, Error,
    proto::{
        Machine, Step,
        client::{self, Event as ClientEvent, More},
        server::{Closed, Event},
    },
    testing::{Duplex, Network, ScriptedPeer, join},
};

use crate::support::{
    ENVELOPE, Mail, answer, bob, client_config, connect, converse, offering, receive, server, server_config,
    text, wanting,
};
use smtp_driver::testing::PretendTls;

/// Polls a future once, and drops it.
async fn glance(future: impl Future) {
    let mut future = pin!(future);
    let mut polled = false;
    std::future::poll_fn(|cx| {
        if polled || future.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        polled = true;
        // The rest of the test continues before the next poll.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Polls a future once, drops it, and lets others run.
pub(crate) async fn cancel(future: impl Future) {
    {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
    }
    glance(std::future::pending::<()>()).await;
}

#[test]
fn a_wait_of_a_server_may_be_dropped_at_any_time() {
    let message = text(3000);
    for (room, encrypted) in [(1, false), (3, false), (100, false), (7, true), (500, true)] {
        let network = Network::new();
        let (near, far) = network.pair();
        near.control().set_capacity(room);
        far.control().set_capacity(room);
        let sending = async {
            let builder = if encrypted {
                smtp_driver::Client::<Duplex>::builder(wanting(client::Tls::Required))
                    .starttls(PretendTls::client())
            } else {
                smtp_driver::Client::<Duplex>::builder(client_config())
            };
            let mut client = builder.on(near).await.unwrap();
            assert!(client.send(bob(), &message).await.unwrap().all_accepted());
            client.quit().await.unwrap();
        };
        let receiving = async {
            let mut connection = server(far, offering());
            let (mut open, mut taken) = (Mail::default(), Vec::new());
            loop {
                let (step, server) = connection.poll();
                match step {
                    Step::Wait(wait) => cancel(connection.wait(wait)).await,
                    Step::Event(Event::Closed(why)) => {
                        connection.close().await;
                        break (taken, why);
                    }
                    Step::Event(Event::StartTls(upgrade)) => {
                        connection.start_tls(upgrade, &PretendTls::server());
                    }
                    Step::Event(event) => answer(event, server, &mut open, &mut taken),
                }
            }
        };
        let ((), (mails, why)) = network.block_on(join(sending, receiving));
        assert_eq!(why, Closed::Quit);
        assert!(mails[0].body == message);
    }
}

#[test]
fn a_send_of_a_client_may_be_dropped_at_any_time() {
    let message = text(5000);
    for room in [1, 3, 100, 9999] {
        let network = Network::new();
        let (near, far) = network.pair();
        near.control().set_capacity(room);
        far.control().set_capacity(room);
        let sending = async {
            let machine = client::Client::new(client_config().into());
            let mut connection = Connection::new(near, machine);
            let (mut permit, mut rest) = (None, &*message);
            loop {
                let (step, machine) = connection.poll();
                match step {
                    Step::Event(ClientEvent::Ready) => machine.deliver(bob()).map_err(drop).unwrap(),
                    Step::Event(ClientEvent::Body(granted)) => permit = Some(granted),
                    Step::Event(ClientEvent::Finished(_)) => machine.quit().unwrap(),
                    Step::Event(ClientEvent::Closed { why, .. }) => break why,
                    Step::Event(_) => {}
                    Step::Wait(wait) => {
                        let mut used = 0;
                        cancel(async {
                            used = connection.send(wait, &mut permit, rest, More::Last).await;
                        })
                        .await;
                        rest = &rest[used..];
                    }
                }
            }
        };
        let (why, received) = network.block_on(join(sending, receive(far, server_config())));
        assert_eq!(why, client::Closed::Quit);
        assert!(received.mails[0].body == message);
    }
}

#[test]
fn a_session_whose_send_was_dropped_cannot_be_used() {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(64);
    let message = text(10_000);
    let mut client = network
        .block_on(join(connect(near, client_config()), async {
            let mut server = ScriptedPeer::server(far);
            server
                .play("S: 220 mx\nC: EHLO client.example\nS: 250-mx\nS: 250-8BITMIME\nS: 250 PIPELINING")
                .await
                .unwrap();
            server
        }))
        .0
        .unwrap();
    network.block_on(cancel(client.send(bob(), &message)));
    assert!(matches!(network.block_on(client.noop()), Err(Error::Rejected(_))));
    // The client sends no part of another message in the open transaction.
    let failed = network.block_on(client.send(bob(), b"Another\r\n")).unwrap_err();
    assert!(matches!(failed.error, Error::Rejected(_)), "{failed}");
}

#[test]
fn a_client_that_is_dropped_in_a_message_closes_without_the_final_dot() {
    let network = Network::new();
    let (near, far) = network.pair();
    far.control().set_capacity(100);
    let message = text(10_000);
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        cancel(client.send(bob(), &message)).await;
        let mut sending = Box::pin(client.send(bob(), &message));
        let _ = std::future::poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx).is_ready())).await;
    };
    let receiving = async { converse(&mut server(far, server_config()), None).await };
    let ((), received) = network.block_on(join(sending, receiving));
    assert_eq!(received.why, Closed::ConnectionClosed);
    assert!(received.mails.is_empty());
}

#[test]
fn the_script_of_an_envelope_is_that_of_this_client() {
    let network = Network::new();
    let (near, far) = network.pair();
    let sending = async {
        let mut client = connect(near, client_config()).await.unwrap();
        client.send(bob(), b"x\r\n").await
    };
    let playing = async {
        let mut server = ScriptedPeer::server(far);
        server.play(ENVELOPE).await?;
        server.play("C: x\nC: .\nS: 250 ok").await
    };
    let (sent, played) = network.block_on(join(sending, playing));
    played.unwrap();
    assert!(sent.unwrap().all_accepted());
}

#[test]
fn the_output_of_a_machine_is_not_lost_with_its_wait() {
    let network = Network::new();
    let (near, far) = network.pair();
    let mut connection = server(far, server_config());
    near.control().push("");
    network.block_on(async {
        loop {
            match connection.poll() {
                (Step::Event(Event::Connect { ticket }), server) => {
                    server.accept(ticket).unwrap();
                    break;
                }
                (Step::Wait(wait), _) => connection.wait(wait).await,
                (Step::Event(_), _) => {}
            }
        }
    });
    connection.transport().control().allow(0);
    let Step::Wait(wait) = connection.poll().0 else {
        panic!("output waits");
    };
    assert!(wait.want_write);
    network.block_on(cancel(connection.wait(wait)));
    assert!(connection.machine().output().starts_with(b"220 "));
}
