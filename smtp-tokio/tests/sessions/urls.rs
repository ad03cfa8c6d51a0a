//! Mailers of URLs, with the default TLS settings.

use std::future::pending;

use smtp_proto::types::{Mail, Rcpt, Rejection};
use smtp_tokio::{
    About, Accept, Bytes, Listener, Mailer, MailerError, Peer, ServeOptions, Service, serve_until,
    tls::{Identity, ServerSettings},
};

use crate::support::{bob, server_config};

/// Replies with the protocol of the session.
struct Echo;

impl Service for Echo {
    type Mail = &'static str;

    async fn mail(&self, about: &About, _: Mail<'static>) -> Result<&'static str, Rejection> {
        Ok(about.protocol_name())
    }

    async fn body(&self, _: &mut &'static str, _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, protocol: &mut &'static str, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        Ok(Accept::text(*protocol))
    }
}

#[tokio::test]
async fn only_an_opportunistic_url_accepts_a_self_signed_certificate() {
    let identity = Identity::self_signed(["127.0.0.1"]).unwrap();
    let options = ServeOptions::default().starttls(ServerSettings::new(identity).build().unwrap());
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let Peer::Ip(address) = listener.local().unwrap() else {
        unreachable!("a TCP listener")
    };
    tokio::spawn(serve_until(listener, server_config(), options, pending(), Echo));

    let mailer = Mailer::from_url(&format!("smtp://{address}?tls=opportunistic")).unwrap();
    let sent = mailer.send((bob(), "Hello\r\n")).await.unwrap();
    let (_, reply) = sent.receipt().message().unwrap();
    assert_eq!(reply.to_string(), "250 2.6.0 ESMTPS");

    // A computer without any certificates returns an error before it connects.
    if let Ok(mailer) = Mailer::from_url(&format!("smtp://{address}")) {
        let failed = mailer.send((bob(), "Hello\r\n")).await.unwrap_err();
        assert!(matches!(failed, MailerError::Send(_)), "{failed}");
    }
}
