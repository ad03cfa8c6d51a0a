//! Certificates of servers and clients.

use std::io;

use rcgen::{CertificateParams, KeyPair};
use smtp_proto::{client, server};
use smtp_tokio::{
    Client, Error,
    tls::{
        ClientSettings, ClientTls, Identity, Roots, ServerSettings,
        rustls::{self, CertificateError, RootCertStore, pki_types::PrivateKeyDer},
    },
};
use tokio::{io::duplex, net::TcpListener};

use super::{Pair, closed, offering, receive, receive_over_tls, requiring, session, wanting};
use crate::support::{client_config, on_with_starttls};

/// Clients that must refuse the server, and true for the one that refuses its name.
fn distrustful(pair: &Pair) -> [(ClientTls, bool); 2] {
    let other_name = pair.client.to("other.example").unwrap();
    [(other_name, true), (Pair::new().client, false)]
}

/// Returns true if rustls refused the certificate for its name, or for its issuer, as `its_name` says.
fn minds(error: &io::Error, its_name: bool) -> bool {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => its_name,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => !its_name,
        _ => false,
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_nobody_trusted_ends_the_session() {
    let pair = Pair::new();
    for (tls, its_name) in distrustful(&pair) {
        for policy in [client::Tls::Required, client::Tls::Opportunistic] {
            let (near, far) = duplex(4096);
            let connecting = on_with_starttls(near, wanting(policy), tls.clone());
            let (client, received) = tokio::join!(connecting, receive(far, offering(), &pair.server));
            let (why, source) = closed(client);
            assert_eq!(why, client::Closed::TlsFailed);
            let source = source.unwrap();
            assert!(minds(&source, its_name), "{source}");
            assert_eq!(received.why, server::Closed::TlsFailed);
            assert!(received.mails.is_empty() && received.info.is_none());
        }
    }
}

#[tokio::test]
async fn neither_satisfies_when_tls_comes_first() {
    let pair = Pair::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for (tls, its_name) in distrustful(&pair) {
        let receiving = async {
            let (stream, _) = listener.accept().await.unwrap();
            receive_over_tls(stream, offering(), &pair.server).await
        };
        let builder = Client::builder(client_config()).implicit_tls(tls);
        let connecting = builder.connect(address);
        let (client, received) = tokio::join!(connecting, receiving);
        match client {
            Err(Error::Handshake(error)) => assert!(minds(&error, its_name), "{error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(received.why, server::Closed::TlsFailed);
        assert!(received.mails.is_empty());
    }
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_ends_the_session() {
    let mut params = CertificateParams::new(vec!["mx.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let mut store = RootCertStore::empty();
    store.add(certificate.clone()).unwrap();
    let tls = ClientTls::trusting(&Roots::new(store).unwrap(), "mx.example").unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let identity = Identity::new(vec![certificate], key).unwrap();
    let server = ServerSettings::new(identity).build().unwrap();
    let (near, far) = duplex(4096);
    let connecting = on_with_starttls(near, wanting(client::Tls::Opportunistic), tls);
    let (client, received) = tokio::join!(connecting, receive(far, offering(), &server));
    let (why, source) = closed(client);
    assert_eq!(why, client::Closed::TlsFailed);
    let source = source.unwrap();
    assert!(
        matches!(
            source.get_ref().and_then(|inner| inner.downcast_ref()),
            Some(rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. }
            ))
        ),
        "{source}"
    );
    assert_eq!(received.why, server::Closed::TlsFailed);
}

#[tokio::test]
async fn a_client_certificate_reaches_the_server_if_there_is_one() {
    let (host, user) = (made_up("mx.example"), made_up("user.example"));
    let server = ServerSettings::new(host.clone())
        .with_client_roots(user.to_roots().unwrap())
        .build()
        .unwrap();
    let settings = ClientSettings::trusting(host.to_roots().unwrap());
    let without = settings.for_server("mx.example").unwrap();
    let with = settings.with_identity(user.clone());
    let with = with.for_server("mx.example").unwrap();
    for implicit in [false, true] {
        let (_, received) = session(&server, &without, implicit).await;
        assert_eq!(received.info.unwrap().peer_certificate, None);
        let (near, received) = session(&server, &with, implicit).await;
        let shown = received.info.unwrap().peer_certificate;
        assert_eq!(shown.as_deref(), user.certificate().map(AsRef::as_ref));
        assert_eq!(
            near.peer_certificate.as_deref(),
            host.certificate().map(AsRef::as_ref)
        );
    }
}

#[tokio::test]
async fn a_client_certificate_of_nobody_trusted_ends_the_session() {
    let host = made_up("mx.example");
    let server = ServerSettings::new(host.clone())
        .with_client_roots(made_up("user.example").to_roots().unwrap())
        .build()
        .unwrap();
    let tls = ClientSettings::trusting(host.to_roots().unwrap())
        .with_identity(made_up("user.example"))
        .for_server("mx.example")
        .unwrap();
    let (near, far) = duplex(4096);
    let connecting = on_with_starttls(near, wanting(client::Tls::Required), tls);
    let (client, received) = tokio::join!(connecting, receive(far, requiring(), &server));
    // With TLS 1.3, the handshake of the client is done before the server refuses.
    let (why, source) = closed(client);
    assert_eq!(why, client::Closed::ConnectionLost);
    assert!(source.is_some());
    assert_eq!(received.why, server::Closed::TlsFailed);
    assert!(received.info.is_none() && received.error.is_some());
}

#[tokio::test]
async fn the_name_that_is_asked_for_picks_the_certificate() {
    let (first, second) = (made_up("mx.example"), made_up("mx.test"));
    let server = ServerSettings::new(first.clone())
        .with_identity(second.clone())
        .build()
        .unwrap();
    for (name, identity) in [("mx.example", &first), ("mx.test", &second)] {
        let tls = ClientTls::trusting(&identity.to_roots().unwrap(), name).unwrap();
        let (near, received) = session(&server, &tls, false).await;
        assert_eq!(
            near.peer_certificate.as_deref(),
            identity.certificate().map(AsRef::as_ref)
        );
        assert_eq!(received.info.unwrap().server_name.as_deref(), Some(name));
    }
}

fn made_up(name: &str) -> Identity {
    Identity::self_signed([name]).unwrap()
}
