//! A service on one stream, without a listener.

use smtp_driver::{
    About, Accept, Bytes, Client, Connection, Peer, Service, Session, converse,
    proto::{
        TlsInfo,
        server::Server,
        types::{Extension, Keyword, Mail, Rcpt, Rejection},
    },
    testing::{Duplex, Network, join},
};

use crate::support::{bob, client_config, server_config};

/// Shows in a reply what it knows of the session.
struct Knowing;

impl Service for Knowing {
    type Mail = String;

    async fn mail(&self, about: &About, _: Mail<'static>) -> Result<String, Rejection> {
        let (peer, local, protocol) = (about.peer(), about.local(), about.protocol_name());
        let tls = about.tls().and_then(|info| info.protocol.clone());
        Ok(format!("{peer} {local} {protocol} {tls:?}"))
    }

    async fn body(&self, _: &mut String, _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, known: &mut String, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::text(known.clone()))
    }
}

/// Sends a message, and returns the reply to it.
fn reply_of(change: impl FnOnce(Session<Duplex>) -> Session<Duplex>, client: Option<TlsInfo>) -> String {
    let network = Network::new();
    let (near, far) = network.pair();
    let mut config = server_config();
    config.extensions.add(Extension::RequireTls);
    let connection = Connection::new(far, Server::new(config.into()));
    let peer = Peer::Ip("203.0.113.7:1025".parse().unwrap());
    let session = change(Session::new(connection, peer, Peer::Unix));
    let sending = async {
        let mut builder = Client::<Duplex>::builder(client_config());
        if let Some(info) = client {
            builder = builder.encrypted(info);
        }
        let mut client = builder.on(near).await.unwrap();
        assert_eq!(
            client.extensions().has(Keyword::RequireTls),
            client.is_encrypted()
        );
        let receipt = client.send(bob(), "Hello\r\n").await.unwrap();
        client.quit().await.unwrap();
        receipt.message().unwrap().1.to_string()
    };
    network
        .block_on(join(sending, converse(session, &Knowing, None)))
        .0
}

#[test]
fn a_service_runs_on_a_stream_of_the_application() {
    let reply = reply_of(|session| session, None);
    assert_eq!(reply, "250 2.6.0 203.0.113.7:1025 unix socket ESMTP None");
}

#[test]
fn the_tls_of_another_program_counts() {
    let mut info = TlsInfo::default();
    info.protocol = Some("TLSv1.3".into());
    let reply = reply_of(|session| session.encrypted(info.clone()), Some(info.clone()));
    assert_eq!(
        reply,
        "250 2.6.0 203.0.113.7:1025 unix socket ESMTPS Some(\"TLSv1.3\")"
    );
}
