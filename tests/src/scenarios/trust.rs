//! TLS of a client: the servers that it trusts, and the cases without TLS.

use smtp_driver::Error;
use smtp_proto::{
    client::{Closed, Config, Login, MessageOutcome, Tls},
    sasl::Credentials,
};
use smtp_rustls::{ClientTls, Identity};

use super::{
    Adapter, Way,
    peer::Peer,
    stage::pair,
    talk::{Talk, ending, talk},
};

fn submission(tls: &ClientTls) -> Talk {
    talk().way(Way::StartTls(tls.clone())).with(|config| {
        *config = Config::submission(config.hello.clone(), Credentials::password("ann", "secret"));
    })
}

/// Accepts a login, then a message.
fn take_mail(peer: &mut Peer) {
    peer.command("AUTH PLAIN AGFubgBzZWNyZXQ=");
    peer.say("235 welcome\r\n");
    peer.envelope(true);
    assert_eq!(peer.content(), b"Hello\r\n");
    peer.say("250 thanks\r\n");
    peer.farewell();
}

/// Accepts STARTTLS and continues under TLS.
fn upgraded(mut peer: Peer) -> Peer {
    peer.welcome(&["STARTTLS"]);
    peer.command("STARTTLS");
    peer.say("220 go\r\n");
    peer.accept_tls(&pair().server)
}

/// STARTTLS, a login, a message.
pub fn starttls<A: Adapter>() {
    let receipt = submission(&pair().client).run::<A, _>(|peer| {
        let mut peer = upgraded(peer);
        peer.hello(&["AUTH PLAIN"]);
        take_mail(&mut peer);
    });
    assert!(receipt.unwrap().all_accepted());
}

/// TLS from the first octet, a login, a message.
pub fn implicit<A: Adapter>() {
    let tls = Way::Implicit(pair().client.clone());
    let login = Login::new(Credentials::password("ann", "secret"));
    let talk = talk().way(tls).with(|config| config.login = Some(login));
    let receipt = talk.run::<A, _>(|peer| {
        let mut peer = peer.accept_tls(&pair().server);
        peer.welcome(&["AUTH PLAIN"]);
        take_mail(&mut peer);
    });
    assert!(receipt.unwrap().all_accepted());
}

/// The EHLO reply lacks STARTTLS: a man in the middle may have removed it.
pub fn stripped<A: Adapter>() {
    let failed = submission(&pair().client).fail::<A, _>(|mut peer| {
        peer.welcome(&["AUTH PLAIN"]);
        peer.farewell();
    });
    assert_eq!(ending(&failed), (Closed::TlsNotOffered, MessageOutcome::None));
}

/// STARTTLS is offered and refused.
pub fn refused<A: Adapter>() {
    let failed = submission(&pair().client).fail::<A, _>(|mut peer| {
        peer.welcome(&["STARTTLS", "AUTH PLAIN"]);
        peer.command("STARTTLS");
        peer.say("454 not now\r\n");
        peer.farewell();
    });
    assert_eq!(ending(&failed), (Closed::TlsRefused, MessageOutcome::None));
}

/// The client does not treat plaintext after the STARTTLS reply as input under TLS.
pub fn injected<A: Adapter>() {
    let failed = submission(&pair().client).fail::<A, _>(|mut peer| {
        peer.welcome(&["STARTTLS"]);
        peer.command("STARTTLS");
        peer.say("220 go\r\n250-mx.example\r\n250 AUTH PLAIN\r\n");
        assert_eq!(peer.rest(), "");
    });
    assert_eq!(
        ending(&failed),
        (Closed::PlaintextBeforeTls, MessageOutcome::None)
    );
}

/// Fails over STARTTLS and over TLS from the first octet, without a word of SMTP.
fn fails_with<A: Adapter>(tls: &ClientTls) {
    let failed = submission(tls).fail::<A, _>(|peer| {
        let rest = upgraded(peer).rest();
        assert_eq!(rest, "");
    });
    assert_eq!(ending(&failed), (Closed::TlsFailed, MessageOutcome::None));
    let Error::Closed { source: Some(_), .. } = failed.error else {
        panic!("the cause is not told: {failed:?}");
    };
    let failed = talk().way(Way::Implicit(tls.clone())).fail::<A, _>(|peer| {
        let rest = peer.accept_tls(&pair().server).rest();
        assert_eq!(rest, "");
    });
    assert!(matches!(failed.error, Error::Handshake(_)), "{failed:?}");
}

/// The certificate is for another name.
pub fn wrong_name<A: Adapter>() {
    fails_with::<A>(&pair().client.to("other.example").unwrap());
}

/// No trusted authority issued the certificate.
pub fn wrong_issuer<A: Adapter>() {
    let other = Identity::self_signed(["mx.example"]).unwrap();
    fails_with::<A>(&ClientTls::trusting(&other.to_roots().unwrap(), "mx.example").unwrap());
}

/// Something that is no TLS where the handshake should be.
pub fn not_tls<A: Adapter>() {
    let failed = submission(&pair().client).fail::<A, _>(|mut peer| {
        peer.welcome(&["STARTTLS"]);
        peer.command("STARTTLS");
        peer.say("220 go\r\n");
        peer.octets(1);
        peer.say("250 what?\r\n".repeat(10));
        peer.rest();
    });
    assert_eq!(ending(&failed), (Closed::TlsFailed, MessageOutcome::None));
    let failed = talk()
        .way(Way::Implicit(pair().client.clone()))
        .fail::<A, _>(|mut peer| {
            peer.say("220 mx.example ESMTP\r\n");
            peer.rest();
        });
    assert!(matches!(failed.error, Error::Handshake(_)), "{failed:?}");
}

/// A client to which TLS is welcome and not needed.
pub fn opportunistic<A: Adapter>() {
    let tls = || Way::StartTls(pair().client.clone());
    let welcome = |config: &mut Config| config.tls = Tls::Opportunistic;
    let receipt = talk().way(tls()).with(welcome).run::<A, _>(|mut peer| {
        peer.welcome(&[]);
        peer.envelope(true);
        peer.content();
        peer.say("250 thanks\r\n");
        peer.farewell();
    });
    assert!(receipt.unwrap().all_accepted());
    let receipt = talk().way(tls()).with(welcome).run::<A, _>(|peer| {
        let mut peer = upgraded(peer);
        peer.hello(&[]);
        peer.envelope(true);
        peer.content();
        peer.say("250 thanks\r\n");
        peer.farewell();
    });
    assert!(receipt.unwrap().all_accepted());
}

/// Required TLS without settings is an error before any output.
pub fn no_settings<A: Adapter>() {
    let failed = talk()
        .with(|config| config.tls = Tls::Required)
        .fail::<A, _>(|mut peer| {
            assert_eq!(peer.rest(), "");
        });
    assert!(matches!(failed.error, Error::NoTls), "{failed:?}");
}
