//! Demands on TLS: neither a server nor a man in the middle receives mail in plaintext or without the demanded
//! authentication.

use smtp_driver::{
    Client,
    proto::{client::Tls, server::Closed},
    testing::{Duplex, Network, ScriptedPeer, join},
};
use smtp_rustls::{CertificateFault, ClientSettings, Dane, Identity, Roots, ServerSettings, ServerTls, Tlsa};

use crate::support::{bob, converse, offering, server, wanting};

/// A server, and an impostor with its name.
struct Hosts {
    genuine: Identity,
    impostor: Identity,
}

impl Hosts {
    fn new() -> Self {
        let identity = || Identity::self_signed(["mx.example"]).unwrap();
        Self {
            genuine: identity(),
            impostor: identity(),
        }
    }

    fn roots(&self) -> Roots {
        self.genuine.to_roots().unwrap()
    }

    /// The demand of a TLSA record with this usage, of the genuine certificate.
    fn dane(&self, usage: u8) -> ClientSettings {
        let record = Tlsa::new(usage, 0, 0, self.genuine.certificate().unwrap().to_vec());
        ClientSettings::dane(Dane::new([record], "mx.example").unwrap())
    }

    /// The demands that authenticate the server.
    fn demands(&self) -> [ClientSettings; 3] {
        [ClientSettings::trusting(self.roots()), self.dane(3), self.dane(2)]
    }
}

fn serving(identity: &Identity) -> ServerTls {
    ServerSettings::new(identity.clone()).build().unwrap()
}

/// Sends a message by the policy of the settings. Returns the fault of the certificate if no message was sent.
async fn send(near: Duplex, demand: &ClientSettings) -> Result<(), Option<CertificateFault>> {
    let builder = Client::<Duplex>::builder(wanting(demand.policy()));
    let builder = builder.starttls(demand.for_server("mx.example").unwrap());
    let mut client = builder
        .on(near)
        .await
        .map_err(|error| CertificateFault::find(&error))?;
    let sent = client.send(bob(), "Subject: x\r\n\r\nsecret\r\n").await.unwrap();
    assert!(sent.all_accepted());
    client.quit().await.unwrap();
    Ok(())
}

#[test]
fn no_demand_is_served_in_plaintext() {
    let hosts = Hosts::new();
    let demands = hosts.demands().into_iter();
    for demand in demands.chain([ClientSettings::encrypted_unverified(), ClientSettings::platform()]) {
        for script in [
            // STARTTLS is not offered, be it by the server or by a man in the middle.
            "S: 220 mx.example
             C: EHLO client.example
             S: 250 mx.example",
            "S: 220 mx.example
             C: EHLO client.example
             S: 502 no EHLO",
            // It is offered and refused.
            "S: 220 mx.example
             C: EHLO client.example
             S: 250-mx.example
             S: 250 STARTTLS
             C: STARTTLS
             S: 454 not now",
            "S: 220 mx.example
             C: EHLO client.example
             S: 250-mx.example
             S: 250 STARTTLS
             C: STARTTLS
             S: 502 unknown",
            // It is accepted, and what follows is no TLS, or nothing.
            "S: 220 mx.example
             C: EHLO client.example
             S: 250-mx.example
             S: 250 STARTTLS
             C: STARTTLS
             S: 220 go on
             S: 250 mx.example",
            "S: 220 mx.example
             C: EHLO client.example
             S: 250-mx.example
             S: 250 STARTTLS
             C: STARTTLS
             S: 220 go on
             S: <close>",
        ] {
            let network = Network::new();
            let (near, far) = network.pair();
            let control = near.control();
            control.record_writes();
            let mut peer = ScriptedPeer::server(far);
            let playing = async {
                peer.play(script).await.unwrap();
                // To the end of the session, at the latest by the client's timeout.
                network.sleep(std::time::Duration::from_secs(1)).await;
                peer.close().await;
            };
            let (sent, ()) = network.block_on(join(send(near, &demand), playing));
            assert_eq!(sent, Err(None), "{script}");
            let wire = control.writes().concat();
            for forbidden in ["MAIL", "RCPT", "DATA", "alice", "bob", "secret"] {
                let mut octets = wire.windows(forbidden.len());
                assert!(!octets.any(|octets| octets == forbidden.as_bytes()), "{script}");
            }
        }
    }
}

#[test]
fn an_impostor_receives_no_mail() {
    let hosts = Hosts::new();
    let run = |demand: &ClientSettings, identity| {
        let network = Network::new();
        let (near, far) = network.pair();
        let tls = serving(identity);
        let receiving = async { converse(&mut server(far, offering()), Some(&tls)).await };
        network.block_on(join(send(near, demand), receiving))
    };
    for (index, demand) in hosts.demands().iter().enumerate() {
        let (sent, received) = run(demand, &hosts.impostor);
        let fault = sent.unwrap_err().unwrap();
        assert!(
            matches!(
                fault,
                CertificateFault::NotTrusted | CertificateFault::NoTlsaMatch
            ) || index == 2 && fault == CertificateFault::Other,
            "{fault:?}"
        );
        assert!(received.mails.is_empty());
        assert!(!matches!(received.why, Closed::Quit), "{:?}", received.why);
    }
    for demand in &hosts.demands()[..2] {
        let (sent, received) = run(demand, &hosts.genuine);
        assert_eq!((sent, received.mails.len()), (Ok(()), 1));
    }
    // Without authentication both pass.
    let (sent, received) = run(&ClientSettings::encrypted_unverified(), &hosts.impostor);
    assert!(received.encrypted);
    assert_eq!((sent, received.mails.len()), (Ok(()), 1));
}

#[test]
fn only_opportunistic_tls_is_served_in_plaintext() {
    let demand = ClientSettings::opportunistic_unverified();
    assert_eq!(demand.policy(), Tls::Opportunistic);
    let network = Network::new();
    let (near, far) = network.pair();
    let mut peer = ScriptedPeer::server(far);
    let playing = peer.play(
        "S: 220 mx.example
         C: EHLO client.example
         S: 250 mx.example
         C: MAIL FROM:<alice@client.example>
         S: 250 ok
         C: RCPT TO:<bob@mx.example>
         S: 250 ok
         C: DATA
         S: 354 go on
         C: Subject: x
         C:
         C: secret
         C: .
         S: 250 ok
         C: QUIT
         S: 221 bye
         S: <close>",
    );
    let (sent, played) = network.block_on(join(send(near, &demand), playing));
    played.unwrap();
    assert_eq!(sent, Ok(()));
}
