//! TLS over streams of the caller's that take and give little.

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::{block_on, zip};
use smtp_async_std::{Client, Connection, Stream};
use smtp_proto::{
    Step,
    client::{self, ExtensionUse},
    server::{self, Closed, Event, Server},
    types::{Extension, Keyword},
};

use super::Pair;
use crate::{
    streams::pair,
    support::{Mail, answer, bob, client_config, server_config, text},
};

/// A whole session of a server that takes nothing in clear.
async fn receive<S>(stream: S, tls: &Pair, implicit: bool) -> (Vec<Mail>, Closed)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut config = server_config();
    config.extensions.add(Extension::StartTls);
    config.tls = server::Tls::Required;
    let mut conn = Connection::new(Stream::clear(stream), Server::new(config.into()));
    if implicit {
        conn.start_implicit_tls(&tls.server).await;
    }
    let (mut open, mut taken) = (Mail::default(), Vec::new());
    let why = loop {
        let (step, server) = conn.poll();
        match step {
            Step::Wait(wait) => conn.wait(wait).await,
            Step::Event(Event::Closed(why)) => break why,
            Step::Event(Event::StartTls(upgrade)) => conn.start_tls(upgrade, &tls.server).await,
            Step::Event(event) => answer(event, server, &mut open, &mut taken),
        }
    };
    conn.close().await;
    (taken, why)
}

#[test]
fn both_kinds_of_tls_in_both_roles_however_little_the_stream_takes() {
    let tls = Pair::new();
    // A message of several blocks where that does not take long.
    for (room, octets) in [(16, 9000), (100, 9000), (4096, 300_000)] {
        let message = text(octets);
        for (implicit, chunking) in [
            (false, ExtensionUse::Never),
            (false, ExtensionUse::IfOffered),
            (true, ExtensionUse::Never),
            (true, ExtensionUse::IfOffered),
        ] {
            let (near, far) = pair(room);
            let mut config = client_config();
            config.chunking = chunking;
            let sending = async {
                let mut client = if implicit {
                    Client::on_over_tls(near, config, &tls.client).await
                } else {
                    config.tls = client::Tls::Required;
                    Client::on_with_tls(near, config, tls.client.clone()).await
                }
                .unwrap();
                assert!(client.is_encrypted());
                assert!(!client.extensions().has(Keyword::StartTls), "learnt under TLS");
                assert!(client.send(bob(), &message).await.unwrap().all_accepted());
                client.quit().await.unwrap();
            };
            let receiving = receive(far, &tls, implicit);
            let ((), (mails, why)) = block_on(zip(sending, receiving));
            assert_eq!(why, Closed::Quit);
            assert!(mails[0].body == message, "room {room}");
        }
    }
}
