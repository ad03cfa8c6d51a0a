//! The exchange of roles after ATRN (RFC 2645).

use std::{io::ErrorKind, pin::pin, task::Poll, time::Duration};

use smtp_driver::{
    Client, Error, Session,
    proto::{
        Phase, Step,
        client::{self, Closed, RequestError},
        server::{Event, UnknownPolicy},
        types::{Extension, ForwardPath},
    },
    testing::{Control, Duplex, Network, ScriptedPeer, join, session},
};

use crate::support::{bob, client_config, server_config, wanting};

/// Serves until ATRN is accepted, then exchanges the roles.
async fn serve(transport: Duplex, config: client::Config) -> Result<Client<Duplex>, Error<std::io::Error>> {
    let mut server = server_config();
    server.extensions.add(Extension::Atrn);
    server.unknown_commands = UnknownPolicy::AskApplication;
    let mut session: Session<Duplex> = session(transport, server);
    loop {
        let (step, server) = session.poll();
        match step {
            Step::Wait(wait) => session.wait(wait).await,
            Step::Event(Event::Command { command, ticket }) if command.verb() == "ATRN" => {
                server.accept(ticket).unwrap();
                return session.into_client(config).await;
            }
            Step::Event(event) => server.proceed(event).unwrap(),
        }
    }
}

const ATRN: &str = "
    S: 220 mx.example*
    C: EHLO customer.example
    S: 250-mx.example*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250-*
    S: 250 *
    C: ATRN mx.example,example.org
    S: 250 2.5.0 ok";

#[test]
fn after_atrn_the_server_delivers_on_the_same_connection() {
    for room in [1, 1 << 16] {
        let network = Network::new();
        let (near, far) = network.pair();
        near.control().set_capacity(room);
        let serving = async {
            let mut client = serve(near, client_config()).await.unwrap();
            let mail = bob().recipient(ForwardPath::parse("carl@mx.example").unwrap());
            assert!(client.send(mail, b"Hi\r\n").await.unwrap().all_accepted());
            client.quit().await.unwrap();
        };
        let playing = async {
            let mut customer = ScriptedPeer::client(far);
            customer.play(ATRN).await.unwrap();
            let mut customer = ScriptedPeer::server(customer.into_parts().0);
            customer
                .play(
                    "
                    S: 220 customer.example
                    C: EHLO client.example
                    S: 250 customer.example
                    C: MAIL FROM:<alice@client.example>
                    S: 250 ok
                    C: RCPT TO:<bob@mx.example>
                    S: 250 ok
                    C: RCPT TO:<carl@mx.example>
                    S: 250 ok
                    C: DATA
                    S: 354 go on
                    C: Hi
                    C: .
                    S: 250 stored
                    C: QUIT
                    S: 221 bye",
                )
                .await
                .unwrap();
        };
        network.block_on(join(serving, playing));
    }
}

#[test]
fn the_roles_stay_if_the_peer_has_sent_more_input() {
    let network = Network::new();
    let (near, far) = network.pair();
    let playing = async {
        let mut customer = ScriptedPeer::client(far);
        let (atrn, _) = ATRN.split_once("C: ATRN").unwrap();
        customer.play(atrn).await.unwrap();
        customer.send("ATRN mx.example\r\nNOOP\r\n").await.unwrap();
        // It stays connected.
        customer
    };
    let (turned, _customer) = network.block_on(join(serve(near, client_config()), playing));
    assert!(matches!(turned, Err(Error::Rejected(RequestError::OutOfTurn))));
}

/// Returns the error of a server whose connection ends while the reply to ATRN is written.
fn ending_before_the_reply(end: impl FnOnce(&Network, &Control)) -> (Closed, Option<ErrorKind>) {
    let network = Network::new();
    let (near, far) = network.pair();
    let control = near.control();
    let mut serving = pin!(serve(near, client_config()));
    let playing = async {
        let mut customer = ScriptedPeer::client(far);
        let (atrn, _) = ATRN.split_once("C: ATRN").unwrap();
        customer.play(atrn).await.unwrap();
        control.allow(0);
        customer.send("ATRN mx.example\r\n").await.unwrap();
        customer
    };
    let mut playing = pin!(playing);
    let _customer = loop {
        assert!(network.settle(&mut serving).is_pending());
        if let Poll::Ready(customer) = network.settle(&mut playing) {
            break customer;
        }
    };
    assert!(network.settle(&mut serving).is_pending());
    end(&network, &control);
    match network.settle(&mut serving) {
        Poll::Ready(Err(Error::Closed { why, source, .. })) => (why, source.map(|error| error.kind())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_that_ends_before_the_reply_is_no_refused_request() {
    assert_eq!(
        ending_before_the_reply(|_, control| control.fail_writes(ErrorKind::BrokenPipe)),
        (Closed::ConnectionLost, Some(ErrorKind::BrokenPipe))
    );
    assert_eq!(
        ending_before_the_reply(|network, _| network.advance(Duration::from_secs(3600))),
        (Closed::TimedOut(Phase::Write), None)
    );
}

#[test]
fn tls_is_not_begun_after_the_exchange() {
    let network = Network::new();
    let (near, far) = network.pair();
    let playing = async { ScriptedPeer::client(far).play(ATRN).await.unwrap() };
    let (turned, ()) = network.block_on(join(serve(near, wanting(client::Tls::Required)), playing));
    assert!(matches!(turned, Err(Error::NoTls)));
}
