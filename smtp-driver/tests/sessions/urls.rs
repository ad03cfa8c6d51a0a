//! Mailers of URLs, from the URL to the stored message.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
};

use smtp_driver::{
    About, Accept, Address, AuthAttempt, Bytes, Mailer, MailerError, ServeOptions, Service, ShutdownHandle,
    Url,
    proto::{
        client,
        sasl::{AuthOutcome, AuthRequest, Mechanism},
        server::Config,
        types::{Mail, Protocol, Rcpt, Rejection},
    },
    serve,
    testing::{Duplex, Network, PretendTls, join},
};

use crate::support::{bob, server_config};

/// Stores messages, each after the protocol of its session, the name of the client, and the user.
#[derive(Default)]
struct Keeper(Mutex<Vec<String>>);

impl Service for Keeper {
    type Mail = String;

    async fn auth(&self, _: &About, attempt: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
        Ok(match &attempt.request {
            AuthRequest::Password { user, password, .. } if user == "ann" && password.matches(b"secret") => {
                AuthOutcome::Accept(user.clone())
            }
            _ => AuthOutcome::Reject,
        })
    }

    async fn mail(&self, about: &About, _: Mail<'static>) -> Result<String, Rejection> {
        let client = about.hello().unwrap();
        let user = about.identity().unwrap_or("nobody");
        Ok(format!("{} {client} {user}: ", about.protocol_name()))
    }

    async fn body(&self, kept: &mut String, octets: Bytes) -> Result<(), Rejection> {
        kept.push_str(&String::from_utf8_lossy(&octets));
        Ok(())
    }

    async fn message(&self, kept: &mut String, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        self.0.lock().unwrap().push(kept.clone());
        Ok(Accept::Yes)
    }
}

/// Sends a message to the server at this address by the mailer of a URL, and returns what the server keeps.
fn send(
    url: &str,
    address: impl Into<Address>,
    config: Config,
    options: ServeOptions,
) -> Result<String, MailerError<io::Error>> {
    let network = Network::new();
    let listener = network.listen(address);
    let (keeper, stop) = (Arc::new(Keeper::default()), ShutdownHandle::new());
    let client = client::Config::new("client.example".parse().unwrap());
    let tls = |host: &str| {
        assert_eq!(host, "mx.example");
        Ok::<_, Infallible>(PretendTls::client())
    };
    let Ok(mailer) = Mailer::<Duplex>::from_url_with(&Url::parse(url)?, client, tls);
    let serving = serve::<Network, _>(
        listener,
        config.into(),
        options,
        stop.clone(),
        Arc::clone(&keeper),
    );
    let sending = async {
        let sent = mailer.send((bob(), "Hello\r\n")).await;
        mailer.close().await;
        stop.shut_down();
        sent
    };
    let (sent, served) = network.block_on(join(sending, serving));
    served.unwrap();
    let sent = sent?;
    assert!(sent.receipt().all_accepted());
    Ok(keeper.0.lock().unwrap().concat())
}

fn starttls() -> ServeOptions {
    ServeOptions::default().starttls(PretendTls::server())
}

/// A server that accepts mail from authenticated clients only.
fn submission() -> Config {
    Config::submission(server_config().hostname, [Mechanism::PLAIN])
}

fn lmtp() -> Config {
    let mut config = server_config();
    config.protocol = Protocol::Lmtp;
    config
}

#[test]
fn a_submission_url_logs_in_after_starttls() {
    let kept = send(
        "smtp://ann:secret@mx.example",
        "mx.example:587",
        submission(),
        starttls(),
    );
    assert_eq!(kept.unwrap(), "ESMTPSA client.example ann: Hello\r\n");
}

#[test]
fn an_smtps_url_logs_in_under_implicit_tls() {
    let implicit = ServeOptions::default().implicit_tls(PretendTls::server());
    let url = "smtps://ann:secret@mx.example/laptop.example";
    let kept = send(url, "mx.example:465", submission(), implicit);
    assert_eq!(kept.unwrap(), "ESMTPSA laptop.example ann: Hello\r\n");
}

#[test]
fn an_opportunistic_url_uses_tls_if_the_server_offers_it() {
    let url = "smtp://mx.example:25?tls=opportunistic";
    for (options, protocol) in [(starttls(), "ESMTPS"), (ServeOptions::default(), "ESMTP")] {
        let kept = send(url, "mx.example:25", server_config(), options);
        assert_eq!(
            kept.unwrap(),
            format!("{protocol} client.example nobody: Hello\r\n")
        );
    }
}

#[test]
fn a_url_without_login_requires_starttls() {
    let url = "smtp://mx.example";
    let kept = send(url, "mx.example:587", server_config(), starttls());
    assert_eq!(kept.unwrap(), "ESMTPS client.example nobody: Hello\r\n");
    let failed = send(url, "mx.example:587", server_config(), ServeOptions::default()).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "server does not offer STARTTLS, and TLS is required"
    );
}

#[test]
fn an_lmtp_url_is_for_tcp_or_for_a_unix_socket() {
    for (url, address) in [
        ("lmtp://mx.example", Address::from("mx.example:24")),
        ("lmtp+unix:///run/lmtp.sock", Address::unix("/run/lmtp.sock")),
    ] {
        let kept = send(url, address, lmtp(), ServeOptions::default());
        assert_eq!(kept.unwrap(), "LMTP client.example nobody: Hello\r\n");
    }
    let url = "lmtp://mx.example?tls=required";
    let kept = send(url, "mx.example:24", lmtp(), starttls());
    assert_eq!(kept.unwrap(), "LMTPS client.example nobody: Hello\r\n");
}
