use std::{error::Error as _, format};

use smtp_proto::types::{ClientName, Protocol};

use super::*;
use crate::{
    Error, TlsMode,
    pool::double::{Memory, World, run, to},
};

type NoTls = Arc<dyn TlsSettings>;

const MESSAGE: &[u8] = b"Subject: Hi\r\n\r\nHi\r\n";

fn config() -> Config {
    Config::new(ClientName::parse("client.example.org").unwrap())
}

fn mailer(url: &str) -> Mailer<Memory> {
    let url = Url::parse(url).unwrap();
    Mailer::from_url_with(&url, config(), |_| Err::<NoTls, _>("no TLS")).unwrap()
}

#[test]
fn a_url_is_enough_to_send() {
    for (scheme, protocol) in [("smtp", Protocol::Smtp), ("lmtp", Protocol::Lmtp)] {
        let world = World::new(protocol);
        let mailer = mailer(&format!("{scheme}://{}?tls=none", world.address()));
        for _ in 0..2 {
            let sent = run(mailer.send((to("bob@example.net"), MESSAGE))).unwrap();
            let (_, status) = sent.receipt().recipients().next().unwrap();
            assert!(matches!(status, RecipientStatus::Accepted(_)));
            assert!(Receipt::from(sent).all_accepted());
        }
        assert_eq!(world.contents(), [MESSAGE, MESSAGE]);
        run(mailer.close());
        assert!(world.seen().iter().all(|seen| seen.quit));
    }
}

#[test]
fn clones_share_the_sessions() {
    let world = World::new(Protocol::Smtp);
    let mailer = mailer(&format!("smtp://{}?tls=none", world.address()));
    for mailer in [mailer.clone(), mailer.clone()] {
        run(mailer.send((to("bob@example.net"), MESSAGE))).unwrap();
    }
    assert_eq!((world.messages(), mailer.pool().idle()), (vec![2], 1));
}

#[test]
fn tls_settings_are_made_for_the_host() {
    for (url, host) in [
        ("smtps://ann:secret@mail.example.org", "mail.example.org"),
        ("smtp://[2001:db8::1]:25?tls=opportunistic", "2001:db8::1"),
        ("smtp://192.0.2.1", "192.0.2.1"),
    ] {
        let url = Url::parse(url).unwrap();
        assert_ne!(url.tls(), TlsMode::Disabled);
        let made = Mailer::<Memory>::from_url_with(&url, config(), |name| Err::<NoTls, _>(name.to_owned()));
        assert_eq!(made.unwrap_err(), host);
    }
}

/// The server in memory has no STARTTLS.
#[test]
fn a_required_tls_is_not_left_out() {
    #[derive(Debug)]
    struct Never;
    impl TlsSettings for Never {
        fn session(&self) -> Result<Box<dyn crate::TlsSession>, StreamError> {
            Err(StreamError::WriteZero)
        }
    }
    let world = World::new(Protocol::Smtp);
    let url = Url::parse(&format!("smtp://{}", world.address())).unwrap();
    let mailer = Mailer::<Memory>::from_url_with(&url, config(), |_| Ok::<_, Error<()>>(Never)).unwrap();
    let failed = run(mailer.send((to("bob@example.net"), MESSAGE))).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "server does not offer STARTTLS, and TLS is required"
    );
    assert!(world.contents().is_empty());
}

#[test]
fn a_refusal_is_an_error() {
    let world = World::new(Protocol::Smtp);
    let mailer = mailer(&format!("smtp://{}?tls=none", world.address()));
    let failed = run(mailer.send((to("bob@example.net nobody@example.net"), MESSAGE))).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "server refused nobody@example.net: 550 5.1.1 no such user here"
    );
    assert!(failed.source().is_none());
    assert_eq!(failed.retry(), Retry::Never);
    let MailerError::Refused(receipt) = failed else {
        panic!("{failed}");
    };
    assert_eq!(receipt.recipients().count(), 2);
    // The other recipient has it.
    assert_eq!(world.contents(), [MESSAGE]);

    let failed = run(mailer.send((to("nobody@x nobody@y"), MESSAGE))).unwrap_err();
    assert!(failed.to_string().ends_with(" (and 1 more)"));
    // The session continues.
    assert_eq!(world.seen().len(), 1);
}

#[test]
fn a_message_without_recipients_is_an_error() {
    let world = World::new(Protocol::Smtp);
    let mailer = mailer(&format!("smtp://{}?tls=none", world.address()));
    let failed = run(mailer.send((to(""), MESSAGE))).unwrap_err();
    assert_eq!(failed.to_string(), "envelope has no recipients");
    assert_eq!(failed.retry(), Retry::Never);
    run(mailer.close());
    let failed = run(mailer.send((to("bob@example.net"), MESSAGE))).unwrap_err();
    assert_eq!(failed.retry(), Retry::Later);
}

#[cfg(feature = "mail-builder")]
#[test]
fn a_message_of_mail_builder_is_sent() {
    let world = World::new(Protocol::Smtp);
    let mailer = mailer(&format!("smtp://{}?tls=none", world.address()));
    let message = mail_builder::MessageBuilder::new()
        .from("ann@example.org")
        .to("bob@example.net")
        .text_body("Hi");
    run(mailer.send(&message)).unwrap();
    assert!(
        world
            .contents()
            .concat()
            .starts_with(b"From: <ann@example.org>\r\nTo: <bob@example.net>\r\n")
    );
    let failed = run(mailer.send(message.cc("nonsense"))).unwrap_err();
    assert_eq!(failed.to_string(), "invalid address \"nonsense\"");
    assert!(failed.source().is_some());
}

#[test]
fn a_url_names_the_fault() {
    let error = Mailer::<Memory>::from_url("smtp//mail.example.org").unwrap_err();
    assert!(matches!(error, MailerError::Url(_)), "{error}");
    // The transport in memory has no TLS of its own.
    let error = Mailer::<Memory>::from_url("smtps://mail.example.org").unwrap_err();
    assert_eq!(error.to_string(), "no TLS settings");
    assert!(error.source().unwrap().to_string().contains("mail.example.org"));
}

#[test]
fn the_client_is_called_by_the_url_or_by_its_address() {
    for (path, name) in [("", "[127.0.0.1]"), ("/client.example.org", "client.example.org")] {
        let mailer = Mailer::<Memory>::from_url(&format!("smtp://mail.example.org{path}?tls=none")).unwrap();
        assert_eq!(mailer.pool().builder().config().hello.to_string(), name);
    }
}
